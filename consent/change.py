"""What would lawfully change a decision: the smallest steps that people may honestly take, each tried on the engine.

What is unknown is asked for as a question; what a person may let go names that person; the rest are levers
(`consent.levers`), singly, in pairs and in threes. Every step told was decided again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from types import MappingProxyType

from consent.decide import decide
from consent.decision import Decision
from consent.facts import FACTS, Facts, FactValue, parse_facts
from consent.levers import LEVERS, Actor, ChangedValue, Lever
from consent.rules import RuleSet
from consent.wording import authorisers, by_when, plain
from protocols.vocabulary import DataCategory as D
from protocols.vocabulary import Outcome

__all__ = ["MOST", "Actor", "Change", "what_would_change"]

MOST = 5
"""How many questions, and how many steps, are told at most."""

_TRIALS = 300
"""How often the engine is asked at most: what is not found by then is not proposed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One lawful change and what the engine answers after it.

    `facts` are those that would differ (none where it is a question or an authority), `says` a phrase such as "a signed
    agreement", `by` who acts, `leads_to` the outcome then (None for a question: it depends), `restores` the categories
    that would go and do not now. For a question `asks` is the missing fact, and `answers` the outcome of each answer
    while all else stays as it is; empty where the answer is the person's own word or there are too many.
    """

    facts: Mapping[str, ChangedValue]
    says: str
    by: tuple[Actor, ...]
    leads_to: Outcome | None
    restores: tuple[D, ...] = ()
    asks: str = ""
    answers: tuple[tuple[str, Outcome], ...] = ()


_NOT_THEIRS = frozenset({D.VICTIM_IDENTITY, D.WITNESS_IDENTITY, D.REPORTER_IDENTITY, D.THIRD_PARTY_DATA,
                         D.LEGAL_PRIVILEGED, D.GRA_PROTECTED})  # fmt: skip
"""What no consent of one person reaches by naming it; gender history has its own agreement."""

_OWN_WORD = frozenset({"consent", "consent_covers_this", "consent_freely_given", "consent_covers_special",
                       "gra_specific_agreement", "victim_wishes", "objection_received"})  # fmt: skip
"""What only the person's own answer settles; what would follow from it is not held out to anybody."""

_OPTIONS: Mapping[str, Mapping[str, FactValue]] = {
    "gillick": {"competent": "competent", "not_competent": "not_competent"},
    "capacity": {"assessed_has": "assessed_has", "assessed_lacks": "assessed_lacks"},
    "subject_age": {"under 18": 10, "18 or over": 35},
}
"""The answers to those questions whose values are not all answers."""

_RANK = {Outcome.DENY: 0, Outcome.NEEDS_AUTHORISER: 1, Outcome.PERMIT_REDACTED: 2, Outcome.PERMIT: 2}


def what_would_change(facts: Facts, rules: RuleSet, as_at: date, decision: Decision) -> tuple[Change, ...]:
    """What would lawfully change `decision`, which the engine gave on these facts, rules and date.

    First the missing facts, then the authority that may release what is held, then the smallest sets of steps after
    which the engine's answer is better: something goes that did not, or a person need no longer decide. Each step was
    decided again here, and none contains another that does as much; fewer steps first. Empty where nothing lawful would
    help, as where the person said no and nothing else stands behind the disclosure.
    """
    trial = _Trial(facts, rules, as_at, decide(facts, rules, as_at))
    return (*_questions(trial, decision), *_authority(decision), *_steps(trial))


@dataclass(slots=True)
class _Trial:
    """The engine, asked again on changed facts, and how often it may still be asked."""

    facts: Facts
    rules: RuleSet
    as_at: date
    before: Decision
    left: int = _TRIALS

    def after(self, changes: Mapping[str, ChangedValue]) -> Decision:
        self.left -= 1
        return decide(parse_facts({**self.facts.as_dict(), **changes}), self.rules, self.as_at)

    def same(self, changes: Mapping[str, ChangedValue], after: Decision) -> bool:
        """Whether `changes` lead where `after` is."""
        again = self.after(changes) if changes else self.before
        return (again.outcome, again.keep) == (after.outcome, after.keep)

    def restored(self, after: Decision) -> tuple[D, ...]:
        return tuple(category for category in after.keep if category not in self.before.keep)

    @property
    def wanted(self) -> frozenset[str]:
        """What there is to gain: a better outcome, and each category that is taken out."""
        outcome = {"outcome"} if _RANK[self.before.outcome] < _RANK[Outcome.PERMIT] else set()
        return frozenset(outcome | {str(category) for category in self.before.remove})

    def gains(self, after: Decision) -> frozenset[str]:
        """What of it `after` brings; nothing where the outcome is worse, or the same and something is lost for it."""
        rise = _RANK[after.outcome] - _RANK[self.before.outcome]
        if rise < 0 or (rise == 0 and not set(self.before.keep) <= set(after.keep)):
            return frozenset()
        restored = {str(category) for category in self.restored(after) if category in self.before.remove}
        return frozenset(restored | ({"outcome"} if rise else set()))


def _questions(trial: _Trial, decision: Decision) -> Iterator[Change]:
    """What has to be found out: every gap, and whatever else is open and would change the answer."""
    for name in decision.gaps[:MOST]:
        yield _question(name, _answers(trial, name))
    opened = [name for name in ("capacity",) if trial.facts.get(name) == "doubted"]
    if any(reason.code == "FACT_UNKNOWN" for reason in decision.reasons):
        opened += [spec.name for spec in FACTS.values() if _held(trial.facts, spec.name) is None]
    asked = len(decision.gaps)
    for name in opened if asked < MOST else ():
        answers = _answers(trial, name)
        if any(trial.gains(after) for _, after in answers) and asked < MOST:
            asked += 1
            restored = {category for _, after in answers for category in trial.restored(after)}
            yield _question(name, answers, tuple(sorted(restored)))


def _answers(trial: _Trial, name: str) -> list[tuple[str, Decision]]:
    spec = FACTS[name]
    options = _OPTIONS.get(name) or {
        value: value == "true" if spec.kind == "yes_no" else value for value in spec.allowed
    }
    if spec.kind == "categories" or len(options) > 8 or trial.left < len(options):
        return []
    return [(label, trial.after({name: value})) for label, value in options.items()]


def _question(name: str, answers: list[tuple[str, Decision]], restores: tuple[D, ...] = ()) -> Change:
    says = f"{plain(name)} established: {FACTS[name].means}"
    if name == "capacity":
        says = "an assessment of capacity for this decision by a professional"
    if name in _OWN_WORD:
        says = f"{plain(name)} looked up in the record; an answer the person gave stands"
    told = () if name in _OWN_WORD else tuple((label, after.outcome) for label, after in answers)
    return Change(MappingProxyType({}), says, (Actor.OFFICER,), None, restores, name, told)


def _authority(decision: Decision) -> Iterator[Change]:
    if decision.outcome is not Outcome.NEEDS_AUTHORISER or not decision.authoriser:
        return
    by = Actor.DPO if "data protection officer" in decision.authoriser else Actor.SUPERVISOR
    says = f"authority from {authorisers(decision.authoriser)}, not the author, {by_when(decision.within)}"
    leads_to = Outcome.PERMIT_REDACTED if decision.remove else Outcome.PERMIT
    yield Change(MappingProxyType({}), says.rstrip(", "), (by,), leads_to)


def _steps(trial: _Trial) -> list[Change]:
    """The smallest sets of levers after which the engine answers better, each for what it alone achieves."""
    open_now = [(lever, sets) for lever in LEVERS if (sets := _sets(lever, trial.facts))]
    found: list[tuple[dict[str, ChangedValue], frozenset[str], int, Change]] = []
    for chosen in (chosen for size in (1, 2, 3) for chosen in combinations(open_now, size)):
        changes = {name: value for _, sets in chosen for name, value in sets.items()}
        if len(changes) < sum(len(sets) for _, sets in chosen):
            continue
        done = frozenset[str]().union(*(gains for known, gains, *_ in found if known.items() <= changes.items()))
        if done >= trial.wanted or trial.left < len(changes) + 3:
            continue
        after = trial.after(changes)
        if trial.gains(after) - done:
            change = _change(trial, [lever for lever, _ in chosen], changes, after)
            found.append((changes, trial.gains(after), len(chosen), change))
    found.sort(key=lambda each: (each[2], -_RANK[each[3].leads_to or Outcome.DENY]))
    return [change for *_, change in found[:MOST]]


def _sets(lever: Lever, facts: Facts) -> dict[str, ChangedValue]:
    """What the lever would change here: nothing where it may not be proposed or all is so already."""
    if any(facts.term(name) not in allowed for name, allowed in lever.needs.items()):
        return {}
    sets = dict(lever.sets)
    if facts.consent_categories is not None and sets.pop("consent_covers_special", False):
        named = {*facts.consent_categories, *facts.categories} - _NOT_THEIRS
        sets["consent_categories"] = tuple(sorted(named | set(facts.consent_categories)))
    if facts.protocol_uncovered is None:
        sets.pop("protocol_uncovered", None)
    return {name: value for name, value in sets.items() if _held(facts, name) != value}


def _held(facts: Facts, name: str) -> ChangedValue:
    lists = {"categories": facts.categories, "consent_categories": facts.consent_categories,
             "protocol_uncovered": facts.protocol_uncovered}  # fmt: skip
    return lists[name] if name in lists else facts.get(name)


def _change(trial: _Trial, levers: list[Lever], changes: dict[str, ChangedValue], after: Decision) -> Change:
    return Change(
        MappingProxyType(_tightened(trial, changes, after)), "; and ".join(lever.says for lever in levers),
        tuple(dict.fromkeys(lever.by for lever in levers)), after.outcome, trial.restored(after),
    )  # fmt: skip


def _tightened(trial: _Trial, changes: dict[str, ChangedValue], after: Decision) -> dict[str, ChangedValue]:
    """The same change without what makes no difference: no kind of data named, and no fact altered, for nothing."""
    smallest = _fewer_kinds(trial.facts, changes, after)
    if not trial.same(smallest, after):
        smallest = changes
    for name in changes if len(changes) > 1 else ():
        fewer = {other: value for other, value in smallest.items() if other != name}
        if name in smallest and fewer and trial.same(fewer, after):
            smallest = fewer
    return smallest


def _fewer_kinds(facts: Facts, changes: dict[str, ChangedValue], after: Decision) -> dict[str, ChangedValue]:
    fewer, kept = dict(changes), set(after.keep)
    if "consent_categories" in fewer:
        before = set(facts.consent_categories or ())
        fewer["consent_categories"] = tuple(sorted(before | (kept - _NOT_THEIRS)))
    if "protocol_uncovered" in fewer:
        fewer["protocol_uncovered"] = tuple(sorted(set(facts.protocol_uncovered or ()) - kept))
    return {name: value for name, value in fewer.items() if _held(facts, name) != value}
