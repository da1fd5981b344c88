"""The decision procedure and the safety properties once more, for z3: a route of its own, written from law.md 4.1.

It shares the rules and the properties as data with the engine, and nothing else: what is not known is here the set of
all values that a term may have, for facts and findings alike. Each rule has a switch, so that one encoding answers for
many edited rule sets. The question is encoded as it is recorded (age, lists, raw competence), not as rules see it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from z3 import And, AtMost, Bool, BoolRef, BoolVal, If, ModelRef, Not, Or, Solver, SolverFor, is_true, sat, unknown

from consent.analyse.properties import Property
from consent.facts import FACTS
from consent.rules import Rule, RuleSet
from protocols.vocabulary import DataCategory, Outcome

UNKNOWN = "not known"
RELEASING = ("permit", "permit_redacted", "needs_authoriser")
BASES = (
    "not_personal_data", "outside_gdpr_deceased", "a6_legal_obligation", "a6_vital", "a6_rli_safeguarding",
    "a6_rli_crime", "a6_rli_security", "a6_rli_request", "a6_rli_emergency", "a6_public_task", "a6_consent",
    "a6_legit_interests",
)  # fmt: skip
"""Which basis is relied on where several fit: law.md 4.4."""

RECORDED: Mapping[str, tuple[object, ...]] = {
    **{name: spec.allowed for name, spec in FACTS.items() if spec.kind == "choice"},
    **{name: ("true", "false") for name, spec in FACTS.items() if spec.kind == "yes_no"},
    "subject_age": (5, 15, 40),
    "consent_categories": ("named", "not named"),
    "protocol_uncovered": ("covered", "not covered"),
}
"""What may be recorded of each fact, as far as rules can tell, or nothing. A list either names the item or not."""

ALWAYS_KNOWN = frozenset({"category", "company"})
REFINEMENTS = frozenset({"consent_categories", "protocol_uncovered"})
"""Lists that may be absent without being unknown: then the fact that they refine speaks alone (`docs/law.md`)."""

Possible = Mapping[str, Mapping[str, BoolRef]]
"""For each term and each of its values, where the value is not excluded."""


def any_of(conditions: Iterable[BoolRef]) -> BoolRef:
    """A disjunction that may be empty."""
    listed = list(conditions)
    return Or(listed) if len(listed) > 1 else listed[0] if listed else BoolVal(False)


def all_of(conditions: Iterable[BoolRef]) -> BoolRef:
    """A conjunction that may be empty."""
    listed = list(conditions)
    return And(listed) if len(listed) > 1 else listed[0] if listed else BoolVal(True)


@dataclass
class Question:
    """One question as recorded: for each fact one option is chosen; for the item, its category and its company."""

    solver: Solver
    name: str
    chosen: dict[str, dict[object, BoolRef]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose exactly one option of each fact."""
        for fact, options in (RECORDED | {"category": tuple(map(str, DataCategory)), "company": (True, False)}).items():
            every = options if fact in ALWAYS_KNOWN else (*options, None)
            self.chosen[fact] = {option: Bool(f"{self.name}.{fact}={option}") for option in every}
            self.solver.add(Or(list(self.chosen[fact].values())), AtMost(*self.chosen[fact].values(), 1))

    def same(self, other: "Question", fact: str) -> BoolRef:
        """Whether both record the same of `fact`."""
        return And([mine == other.chosen[fact][option] for option, mine in self.chosen[fact].items()])

    def terms(self) -> dict[str, dict[str, BoolRef]]:
        """Where each term that rules see is known to have each value (`consent.facts`, in my own words)."""
        c = self.chosen
        seen = {
            name: {str(option): c[name][option] for option in RECORDED[name]}
            for name, spec in FACTS.items()
            if spec.kind in {"choice", "yes_no"}
        }
        seen["category"] = {str(option): chosen for option, chosen in c["category"].items()}
        child = Or(c["subject_age"][5], c["subject_age"][15])
        seen["age_band"] = {"child": child, "adult": c["subject_age"][40]}
        surely_adult = And(c["subject_age"][40], Not(Or(c["subject_role"]["child"], c["subject_role"][None])))
        no_answer = Or(c["gillick"]["unknown"], And(c["gillick"]["n_a"], Not(surely_adult)))
        presumed = And(no_answer, c["jurisdiction"]["scotland"], c["subject_age"][15])
        seen["gillick"] = {
            "n_a": And(c["gillick"]["n_a"], surely_adult), "competent": Or(c["gillick"]["competent"], presumed),
            "not_competent": c["gillick"]["not_competent"], "unknown": BoolVal(False),
        }  # fmt: skip
        unlisted = c["consent_categories"][None]
        covers = c["consent_covers_special"]
        seen["consent_covers_special"] = {value: And(covers[value], unlisted) for value in ("true", "false")}
        named, clauses = c["consent_categories"], c["protocol_uncovered"]
        seen["consent_covers_item"] = {"yes": named["named"], "no": named["not named"], "unstated": unlisted}
        seen["agreement_covers_item"] = {
            "yes": clauses["covered"], "no": clauses["not covered"], "unstated": clauses[None],
        }  # fmt: skip
        anonymous = And(c["category"]["depersonalised"], Not(c["company"][True]))
        seen["pack"] = {"depersonalised": anonymous, "personal": Not(anonymous)}
        return seen


class World:
    """One question and everything that the rules say of it."""

    def __init__(self, solver: Solver, name: str, rules: Sequence[Rule], findings: Mapping[str, tuple[str, ...]],
                 switches: Mapping[str, BoolRef]) -> None:  # fmt: skip
        """Encode `rules`, each under its switch, about a new question."""
        self.solver, self.name, self.rules, self.switches = solver, name, rules, switches
        self.question = Question(solver, name)
        self.is_known = {
            term: {value: self._named(f"{term}={value}", where) for value, where in values.items()}
            for term, values in self.question.terms().items()
        }
        self.not_known = {
            term: self._named(f"{term}?", Not(Or(list(values.values())))) for term, values in self.is_known.items()
        }
        self.possible: dict[str, dict[str, BoolRef]] = {
            term: {value: self._named(f"{term}~{value}", Or(known, self.not_known[term]))
                   for value, known in values.items()}
            for term, values in self.is_known.items()
        }  # fmt: skip
        self.sure: dict[str, BoolRef] = {}
        self.may: dict[str, BoolRef] = {}
        for finding, values in findings.items():
            self._find(finding, values)
        for rule in rules:
            if rule.effect != "find":
                self._apply(rule)
        self._judge()

    def _named(self, label: str, where: BoolRef) -> BoolRef:
        """A name for a condition, so that it is written once."""
        named = Bool(f"{self.name}:{label}")
        self.solver.add(named == where)
        return named

    def _apply(self, rule: Rule) -> None:
        """A rule applies surely where nothing possible escapes it, perhaps where something possible meets each line."""
        lines = [(self.possible[term], values) for term, values in rule.when.items() if term != "outcome"]
        escapes = (where for possible, values in lines for value, where in possible.items() if value not in values)
        meets = (any_of(possible[value] for value in values) for possible, values in lines)
        switch = self.switches[rule.id]
        self.sure[rule.id] = self._named(f"{rule.id}!", And(switch, Not(any_of(escapes))))
        self.may[rule.id] = self._named(f"{rule.id}?", And(switch, all_of(meets)))

    def _find(self, finding: str, values: tuple[str, ...]) -> None:
        """The strongest value found holds; a stronger one that may be found makes it doubtful (`consent.rules`)."""
        stronger_sure: list[BoolRef] = []
        self.possible[finding] = {}
        for value in values:
            mine = [rule for rule in self.rules if (rule.finding, rule.gives) == (finding, value)]
            for rule in mine:
                self._apply(rule)
            is_default = value == values[-1]
            found = BoolVal(True) if is_default else any_of(self.may[rule.id] for rule in mine)
            where = And(found, Not(any_of(stronger_sure)))
            self.possible[finding][value] = self._named(f"{finding}~{value}", where)
            stronger_sure += [self.sure[rule.id] for rule in mine]

    def some(self, sets: Mapping[str, BoolRef], effects: Iterable[str], gives: str = "") -> BoolRef:
        """Where some rule with one of these effects, giving something that starts so, is in `sets`."""
        listed = set(effects)
        return any_of(sets[r.id] for r in self.rules if r.effect in listed and r.gives.startswith(gives))

    def _judge(self) -> None:
        """The walk of law.md 4.1 for one item: what stays, what is refused, what waits, what leaves."""
        waits = self.waits = Or([where for path, where in self.possible["path"].items()
                                 if path not in {"compulsion", "danger"}])  # fmt: skip
        unhurried = self.unhurried = And(waits, self.possible["safeguarding"]["none"])
        lacks = [
            And(self.some(self.may, ["require"], article), Not(self.some(self.sure, ["condition"], f"{article}_")))
            for article in ("a9", "a10")
        ]
        lacking = Or(lacks)
        stripped, perhaps = self.some(self.sure, ["strip"]), self.some(self.may, ["strip"])
        doubtful = Or(perhaps, And(lacking, self.some(self.may, ["condition"])))
        self.clear = self._named("clear", And(Not(perhaps), Not(lacking)))
        kept = self._named("kept", And(Not(stripped), If(doubtful, unhurried, Not(lacking))))
        self.has_basis = self.some(self.sure, ["basis"])
        self.refused = self._named(
            "refused", Or(self.some(self.sure, ["deny"]), Not(kept), Not(self.some(self.may, ["basis"])))
        )
        doubts = [self._doubtful(r) for r in self.rules if r.effect in {"deny", "hold"}]
        details = [self._doubtful(r) for r in self.rules if r.effect == "diverge" or self._owed_on_release(r)]
        self.stops = self._named("stops", Or(self.some(self.sure, ["deny", "hold"]), And(waits, any_of(doubts))))
        self.unsettled = self._named("unsettled", And(unhurried, any_of(details)))
        gap = Or(doubtful, Not(self.has_basis), self.stops, self.unsettled)
        self.held = self._named("held", And(Not(self.refused), gap))
        self.leaves = self._named("leaves", And(Not(self.refused), Not(self.held)))

    def _doubtful(self, rule: Rule) -> BoolRef:
        return And(self.may[rule.id], Not(self.sure[rule.id]))

    def _owed_on_release(self, rule: Rule) -> bool:
        return rule.effect == "oblige" and bool(set(RELEASING) & set(rule.when["outcome"]))

    def releasable(self) -> BoolRef:
        """Where it would leave once every doubt about a duty is settled."""
        return And(self.clear, self.has_basis, Not(self.stops))

    def owed(self, duty: str, outcome: str) -> BoolRef:
        """Where `duty` is owed with that outcome: attached to it, or to what refuses, holds or carries it."""
        owed: list[BoolRef] = []
        sources = {"deny"} if outcome == "deny" else {"hold", "diverge"}
        for rule in self.rules:
            if duty in rule.oblige and rule.effect in sources:
                owed.append(self.sure[rule.id])
            elif duty in rule.oblige and rule.effect == "oblige" and outcome in rule.when["outcome"]:
                owed.append(If(self.unhurried, self.sure[rule.id], self.may[rule.id]))
        if outcome != "deny":
            owed += [where for rule, where in self._relied_on() if duty in rule.oblige]
        # To ask is to tell, and silence comes before telling; who may not be asked is not asked.
        tells = duty in {"inform_before", "inform_after", "seek_consent"}
        silent = self.owed("withhold_inform", outcome) if tells else BoolVal(False)
        return And(any_of(owed), Not(silent), self._may_ask() if duty == "seek_consent" else BoolVal(True))

    def _may_ask(self) -> BoolRef:
        """Where no answer was given that a question would press, and nothing known speaks against asking."""
        known = self.is_known
        answers = ("not_asked", "given_explicit", "given_by_parent")
        against = [known["victim_wishes"]["landlord_only"], known["coercion_suspected"]["true"],
                   known["asking_would_prejudice"]["true"]]  # fmt: skip
        return And(any_of(known["consent"][answer] for answer in answers), Not(any_of(against)))

    def relies_on(self, basis: str) -> BoolRef:
        """Where that Art 6 basis is the first that fits."""
        better = BASES[: BASES.index(basis)]
        return And(self._gives("basis", basis), Not(any_of(self._gives("basis", other) for other in better)))

    def _gives(self, effect: str, token: str) -> BoolRef:
        return any_of(self.sure[r.id] for r in self.rules if (r.effect, r.gives) == (effect, token))

    def _relied_on(self) -> Iterable[tuple[Rule, BoolRef]]:
        """The rules that carry a release: the first by id to give the basis, a gateway, a ground in confidence."""
        before: dict[tuple[str, str], list[BoolRef]] = {}
        for rule in sorted(self.rules, key=lambda rule: rule.id):
            if rule.effect in {"basis", "gateway", "confidence"}:
                earlier = before.setdefault((rule.effect, rule.gives), [])
                first = And(self.sure[rule.id], Not(any_of(earlier)))
                earlier.append(self.sure[rule.id])
                yield rule, And(first, self.relies_on(rule.gives)) if rule.effect == "basis" else first

    def is_one_of(self, term: str, values: Iterable[str]) -> BoolRef:
        """Where a term is one of `values`, "not known" among them where listed."""
        return any_of(self.not_known[term] if v == UNKNOWN else self.is_known[term][v] for v in values)

    def surely(self, term: str, values: Iterable[str]) -> BoolRef:
        """Where no possible value of a term is outside `values`."""
        listed = set(values)
        return Not(any_of(where for value, where in self.possible[term].items() if value not in listed))

    def perhaps(self, term: str, values: Iterable[str]) -> BoolRef:
        """Where some possible value of a term is in `values`."""
        return any_of(where for value, where in self.possible[term].items() if value in set(values))


@dataclass(frozen=True)
class Break:
    """A question that breaks a property, as recorded, and the rules that it does so with: which were exchanged how."""

    question: Mapping[str, object]
    without: frozenset[str]
    instead: frozenset[str]


class Route:
    """A rule set on one date and edits of its rules, no two made at once: does a property hold, or after which edit?"""

    def __init__(self, rules: RuleSet, as_at: date, edits: Iterable[tuple[str, Rule]] = ()) -> None:
        """`edits`: the id of a rule, and a version to stand in its place under an id of its own."""
        listed = list({now.id: (was, now) for was, now in edits if now.is_in_force(as_at)}.values())
        versions = [*rules.rules, *(now for _, now in listed)]
        self.rules = sorted((rule for rule in versions if rule.is_in_force(as_at)), key=lambda rule: rule.id)
        self.findings = rules.findings
        self.solver = SolverFor("QF_FD")
        self.switches = {rule.id: Bool(f"in the set: {rule.id}") for rule in self.rules}
        self.shipped = frozenset(rule.id for rule in rules.rules) & set(self.switches)
        self._only_one(listed)
        self.after = World(self.solver, "after", self.rules, self.findings, self.switches)
        self._before: World | None = None
        self._broken: dict[str, BoolRef] = {}
        self._askable: set[frozenset[str]] = set()

    def _only_one(self, edits: Sequence[tuple[str, Rule]]) -> None:
        """At most one shipped rule is off, and a version is on only where its own rule is."""
        self.solver.add(AtMost(*(Not(self.switches[rule_id]) for rule_id in sorted(self.shipped)), 1))
        for was, now in edits:
            self.solver.add(Or(Not(self.switches[now.id]), Not(self.switches[was])))
        if len(edits) > 1:
            self.solver.add(AtMost(*(self.switches[now.id] for _, now in edits), 1))

    @property
    def before(self) -> World:
        """The same question with one fact changed: for what a change may do."""
        if self._before is None:
            self._before = World(self.solver, "before", self.rules, self.findings, self.switches)
        return self._before

    @cached_property
    def _same(self) -> Mapping[str, BoolRef]:
        """Where both questions record the same of each fact. Named, so that z3 learns once for all claims, not anew."""
        mine, theirs = self.after.question, self.before.question
        return {fact: self.after._named(f"{fact} stays", mine.same(theirs, fact)) for fact in mine.chosen}

    def breaks(self, one: Property, without: Iterable[str] = (), instead: Iterable[str] = ()) -> Break | None:
        """A question that breaks `one` under the shipped rules, less `without`, with `instead`; None where it holds."""
        on = (self.shipped - set(without)) | set(instead)
        self._must_be_askable(frozenset(on))
        return self._broken_by(one, [at if rule_id in on else Not(at) for rule_id, at in self.switches.items()])

    def edit_that_breaks(self, one: Property) -> Break | None:
        """One edit after which some question plainly breaks `one`; None where none known to this route does."""
        return self._broken_by(one, [], plainly_only=True)

    def _must_be_askable(self, on: frozenset[str]) -> None:
        """Nothing breaks under rules that cannot be: that must never pass for a proof."""
        if on in self._askable:
            return
        if self.solver.check(*(at if rule_id in on else Not(at) for rule_id, at in self.switches.items())) != sat:
            raise ValueError("no question can be asked of these rules: more than one edit, or one that is not known")
        self._askable.add(on)

    def _broken_by(self, one: Property, chosen: list[BoolRef], *, plainly_only: bool = False) -> Break | None:
        if one.id not in self._broken:
            self._broken[one.id] = Bool(f"broken: {one.id}")
            self.solver.add(self._broken[one.id] == self._claim(one))
        plainly = self._plainly(one)
        for besides in [plainly] if plainly_only or not plainly else [plainly, []]:
            answer = self.solver.check(*chosen, self._broken[one.id], *besides)
            if answer == unknown:
                raise ValueError(f"{one.id}: undecided, {self.solver.reason_unknown()}")
            if answer == sat:
                model = self.solver.model()
                off, on = self._exchanged(model)
                return Break(recorded(self.after, model), off, on)
        return None

    def _plainly(self, one: Property) -> list[BoolRef]:
        """What makes a break easy to see from outside: doubts about duties and rules that only may apply hide it."""
        if one.claim == "never_widens":
            return [self.after.leaves]
        if one.claim == "never_stopped_by":
            blocking = [r.id for r in self.rules if r.effect in {"deny", "hold"} and r.file.startswith(one.of)]
            seen = Bool(f"plainly: {one.id}")
            self.solver.add(Or(Not(seen), any_of(self.after.sure[rule_id] for rule_id in blocking)))
            return [seen]
        return []

    def _exchanged(self, model: ModelRef) -> tuple[frozenset[str], frozenset[str]]:
        on = {rule_id for rule_id, at in self.switches.items() if is_true(model.eval(at, model_completion=True))}
        return self.shipped - on, frozenset(on - self.shipped)

    def _claim(self, one: Property) -> BoolRef:
        """Where a question belongs to those asked about and the claim does not hold of it."""
        claims: Mapping[str, Callable[[Property], BoolRef]] = {
            "never_leaves": lambda _: self.after.leaves,
            "never_goes": lambda _: Not(self.after.refused),
            "always_leaves": lambda _: Not(self.after.leaves),
            "never_refused": lambda _: self.after.refused,
            "never_stopped_by": self._stopped,
            "has": self._lacks_ground,
            "owes": lambda one: any_of(And(ends, Not(owed)) for ends, owed in self._duties(one)),
            "never_owes": lambda one: any_of(And(ends, owed) for ends, owed in self._duties(one)),
            "never_owes_both": self._owes_both,
            "never_widens": self._widens,
        }
        return And(self._asked(one), claims[one.claim](one))

    def _asked(self, one: Property) -> BoolRef:
        """In `where`, and spared by no line of `unless`: one that may spare is enough, but where nothing must leave."""
        world = self.after
        spares = world.surely if one.claim == "never_leaves" else world.perhaps
        about = [world.is_one_of(term, values) for term, values in one.where.items()]
        spared = [all_of(spares(term, values) for term, values in line.items()) for line in one.unless]
        return And(all_of(about), Not(any_of(spared)))

    def _stopped(self, one: Property) -> BoolRef:
        world = self.after
        blocking = [r.id for r in self.rules if r.effect in {"deny", "hold", "strip"} and r.file.startswith(one.of)]
        return any_of(Or(world.sure[id_], And(world.may[id_], world.waits)) for id_ in blocking)

    def _lacks_ground(self, one: Property) -> BoolRef:
        world = self.after
        grounds = [world.relies_on(basis) for basis in BASES if basis.startswith(one.of)]
        for article in ("a9", "a10"):
            if f"{article}_" in one.of:
                given = world.some(world.sure, ["condition"], f"{article}_")
                grounds.append(And(world.some(world.may, ["require"], article), given))
        return And(world.leaves, Not(any_of(grounds)))

    def _endings(self, one: Property) -> list[tuple[BoolRef, str]]:
        leaves = (self.after.leaves, str(Outcome.PERMIT))
        return [leaves, (self.after.held, str(Outcome.NEEDS_AUTHORISER))] if one.even_held else [leaves]

    def _duties(self, one: Property) -> list[tuple[BoolRef, BoolRef]]:
        return [(ends, self.after.owed(duty, outcome)) for ends, outcome in self._endings(one) for duty in one.of]

    def _owes_both(self, one: Property) -> BoolRef:
        owed = self.after.owed
        return any_of(And(ends, *(owed(duty, outcome) for duty in one.of)) for ends, outcome in self._endings(one))

    def _widens(self, one: Property) -> BoolRef:
        """One fact is changed, all else stays: and what would not leave is let go, but for doubts about duties."""
        before, after = self.before, self.after
        facts = [fact for fact in before.question.chosen if fact not in ALWAYS_KNOWN | REFINEMENTS]
        facts = [one.fact] if one.fact in facts else facts
        same = self._same
        changes: list[BoolRef] = []
        for fact in facts:
            rest = [alike for other, alike in same.items() if other != fact]
            changes.append(And(self._changed(one, fact), *rest))
        return And(any_of(changes), after.releasable(), Not(before.releasable()))

    def _changed(self, one: Property, fact: str) -> BoolRef:
        was, now = self.before.question.chosen[fact], self.after.question.chosen[fact]
        if one.fact == fact:
            return And(any_of(was[value] for value in one.from_), now[None if one.to == UNKNOWN else one.to])
        return And(Not(was[None]), now[None])


def recorded(world: World, model: ModelRef) -> dict[str, object]:
    """The question of `world` in `model` as `parse_facts` takes it, with a companion where it is in company."""
    chosen = {
        fact: next(option for option, where in options.items() if is_true(model.eval(where, model_completion=True)))
        for fact, options in world.question.chosen.items()
    }
    category = str(chosen.pop("category"))
    company = ["incident_narrative"] if chosen.pop("company") and category == "depersonalised" else []
    lists: dict[str, dict[object, list[str]]] = {
        "consent_categories": {"named": [category], "not named": []},
        "protocol_uncovered": {"covered": [], "not covered": [category]},
    }
    truth = {"true": True, "false": False}
    question: dict[str, object] = {"categories": [category, *company]}
    for fact, option in chosen.items():
        held = lists[fact][option] if fact in lists and option is not None else option
        question[fact] = truth.get(str(option)) if FACTS[fact].kind == "yes_no" else held
    return question
