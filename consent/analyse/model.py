"""The decision procedure written once more, over sets of questions instead of one: what holds where.

The same steps as `consent.decide`, for a pack of one kind of data (company can only add refusals, holds and gaps). Any
Boolean algebra will do: diagrams for proofs, columns of bits for replaying history, a solver's terms in tests.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Generic, Protocol, Self, TypeVar

from consent.compile import CATEGORY, OUTCOME, Compiled, bits
from consent.facts import ITEM_TERMS, MAY_BE_ASKED
from consent.rules import Rule
from consent.walk import UNWAITING
from protocols.vocabulary import Basis, Obligation, Outcome

OF_ONE_ITEM = frozenset({CATEGORY, *ITEM_TERMS})
"""The terms that a rule sees of one item of a pack; every other term is of the whole."""


class Joinable(Protocol):
    """An element of a Boolean algebra."""

    def __and__(self, other: Self, /) -> Self: ...
    def __or__(self, other: Self, /) -> Self: ...
    def __invert__(self) -> Self: ...


S = TypeVar("S", bound=Joinable)


class Algebra(Protocol[S]):
    """Sets of questions, and the basic ones: where a term has one of these values."""

    @property
    def nothing(self) -> S:
        """The empty set."""
        ...

    @property
    def everything(self) -> S:
        """Every question."""
        ...

    def known(self, name: str, values: tuple[str, ...]) -> S:
        """Where term `name` is known to be one of `values`, or `values` are all that it can be."""
        ...

    def possible(self, name: str, values: tuple[str, ...]) -> S:
        """Where it is one of `values`, or not known."""
        ...

    def any_of(self, sets: Iterable[S]) -> S:
        """The union."""
        ...

    def all_of(self, sets: Iterable[S]) -> S:
        """The intersection."""
        ...


class Model(Generic[S]):
    """What a rule set answers, everywhere at once. Every attribute is a set of questions, or sets by name."""

    def __init__(self, law: Compiled, as_at: date, algebra: Algebra[S], whole: "Model[S] | None" = None) -> None:
        """Read the rules of `law` that are in force on `as_at` into `algebra`.

        `whole`: the same rules read for another item of the same packs. Only what turns on the item is read again.
        """
        self._algebra = algebra
        self._law = law
        self._findings = {finding.probe.name: finding.values for finding in law.findings}
        self.rules: tuple[Rule, ...] = tuple(law.rules[index] for index in bits(law.in_force[as_at]))
        self.found: dict[tuple[str, str], S] = {}
        self.sure: dict[str, S] = {}
        """Where a rule applies, whatever the facts are that nobody knows."""
        self.may: dict[str, S] = {}
        """Where some value of what nobody knows would make it apply."""
        if whole is None:
            self._make_findings()
        else:
            self.found = whole.found
        for rule in self.rules:
            if whole is None or rule.when.keys() & OF_ONE_ITEM:
                self.sure[rule.id], self.may[rule.id] = self._applies(rule)
            else:
                self.sure[rule.id], self.may[rule.id] = whole.sure[rule.id], whole.may[rule.id]

    # ---- where rules apply

    def _make_findings(self) -> None:
        a = self._algebra
        for name, values in self._findings.items():
            open_ = a.everything
            for value in values[:-1]:
                finders = [self._applies(rule) for rule in self.rules if (rule.finding, rule.gives) == (name, value)]
                self.found[name, value] = open_ & a.any_of(may for _, may in finders)
                open_ = open_ & ~a.any_of(sure for sure, _ in finders)
            self.found[name, values[-1]] = open_

    def _applies(self, rule: Rule) -> tuple[S, S]:
        a, findings = self._algebra, self._findings
        sure: list[S] = []
        may: list[S] = []
        for name, values in rule.when.items():
            if name in findings:
                sure.append(~a.any_of(self.found[name, value] for value in findings[name] if value not in values))
                may.append(a.any_of(self.found[name, value] for value in values))
            elif name != OUTCOME:
                sure.append(a.known(name, values))
                may.append(a.possible(name, values))
        return a.all_of(sure), a.all_of(may)

    def _where(self, sets: Mapping[str, S], effect: str, gives: str | None = None) -> S:
        fitting = (r.id for r in self.rules if r.effect == effect and gives in (None, r.gives))
        return self._algebra.any_of(sets[rule_id] for rule_id in fitting)

    # ---- what waits for missing facts

    @cached_property
    def waits(self) -> S:
        """Where a gap holds the decision (`Walk.waits`)."""
        return self._algebra.any_of(self.found["path", way] for way in self._findings["path"] if way not in UNWAITING)

    @cached_property
    def details_wait(self) -> S:
        """Where doubt about one item or one duty holds the whole (`Walk.details_wait`)."""
        return self.waits & self.found["safeguarding", "none"]

    # ---- one item

    @cached_property
    def kept(self) -> S:
        """Where the item stays in the pack."""
        stripped, stripped_may = self._where(self.sure, "strip"), self._where(self.may, "strip")
        in_doubt = stripped_may | (self._wanting & self._where(self.may, "condition"))
        return ~stripped & (self._clear | (in_doubt & self.details_wait))

    @cached_property
    def _clear(self) -> S:
        """Where it stays with no doubt left."""
        return ~self._where(self.may, "strip") & ~self._wanting

    @cached_property
    def _wanting(self) -> S:
        """Where it needs a condition that is not surely given."""
        return self._needs("a9") & ~self.conditioned("a9") | self._needs("a10") & ~self.conditioned("a10")

    def _needs(self, article: str) -> S:
        return self._where(self.may, "require", article)

    def conditioned(self, article: str) -> S:
        """Where the item has a condition of that article ("a9", "a10") that some rule surely gives and it needs."""
        tokens = [token for token, _ in self._law.gives["condition"] if token.value.partition("_")[0] == article]
        given = self._algebra.any_of(self._where(self.sure, "condition", token.value) for token in tokens)
        return self._needs(article) & given

    # ---- the whole: each within a set of questions, so that no more is worked out than is asked

    @cached_property
    def denied(self) -> S:
        """Where a rule refuses."""
        return self._where(self.sure, "deny")

    @cached_property
    def has_basis(self) -> S:
        """Where a lawful basis is surely found."""
        return self._where(self.sure, "basis")

    @cached_property
    def _stopped(self) -> S:
        """Where a rule refuses or holds, or may do so and nothing lets the rest go ahead of it."""
        stopping = (r.id for r in self.rules if r.effect in {"deny", "hold"})
        return self._algebra.any_of(self.sure[id_] | self.may[id_] & self.waits for id_ in stopping)

    @cached_property
    def demands(self) -> tuple[S, ...]:
        """What must all hold for a release, doubts about duties aside: the item clear, a basis, and nothing against."""
        return (self._clear, self.has_basis, ~self._stopped)

    @cached_property
    def settled(self) -> tuple[S, ...]:
        """Where it is settled, duty by duty and divergence by divergence, whether it comes with the release."""
        releasing = {Outcome.PERMIT, Outcome.PERMIT_REDACTED, Outcome.NEEDS_AUTHORISER}
        rules = (
            r
            for r in self.rules
            if r.effect == "diverge" or (r.effect == "oblige" and releasing & set(r.when[OUTCOME]))
        )
        return tuple(~(self.may[r.id] & ~self.sure[r.id] & self.details_wait) for r in rules)

    def releasable(self, within: S) -> S:
        """Where the item would leave once every doubt about a duty is settled."""
        for demand in self.demands:
            within = within & demand
        return within

    def leaving(self, within: S) -> S:
        """Where the item leaves with nobody asked: permit or permit_redacted, and it is kept."""
        within = self.releasable(within)
        for settled in self.settled:
            within = within & settled
        return within

    @cached_property
    def holding(self) -> S:
        """Where this item, or what is asked of the whole, makes the decision wait, unless something refuses it."""
        unsettled = (~settled for settled in self.settled)
        return self._algebra.any_of([~self.has_basis, self._stopped, self.kept & ~self._clear, *unsettled])

    @cached_property
    def may_have_basis(self) -> S:
        """Where a lawful basis is found, or may be."""
        return self._where(self.may, "basis")

    def refused(self, within: S) -> S:
        """Where the outcome is deny."""
        return within & self.denied | within & ~self.kept | within & ~self.may_have_basis

    def held(self, within: S) -> S:
        """Where the outcome is needs_authoriser: the item waits for a person, or for a missing fact."""
        open_ = within & self.kept & ~self.denied & self.may_have_basis
        return open_ & ~self.leaving(open_)

    # ---- grounds and duties

    @cached_property
    def basis(self) -> dict[Basis, S]:
        """Where each Art 6 basis is the one relied on: the first that fits."""
        chosen: dict[Basis, S] = {}
        before = self._algebra.nothing
        for token, _ in self._law.gives["basis"]:
            fits = self._where(self.sure, "basis", token.value)
            chosen[token] = fits & ~before
            before = before | fits
        return chosen

    @cached_property
    def grounds(self) -> dict[str, S]:
        """Where each ground is named: the basis relied on, gateways, what lifts confidence, the item's conditions."""
        named = {token.value: where for token, where in self.basis.items()}
        for kind in ("gateway", "confidence", "condition"):
            needed = self._needs("a9") | self._needs("a10") if kind == "condition" else self._algebra.everything
            for token, _ in self._law.gives[kind]:
                named[token.value] = self._where(self.sure, kind, token.value) & needed
        return named

    def owed(self, duty: Obligation, outcome: Outcome) -> S:
        """Where `duty` is among the obligations of a decision with that outcome: silence before telling."""
        owed = self._obliged(duty, outcome) | self._by_source(duty, outcome)
        if duty in {Obligation.INFORM_BEFORE, Obligation.INFORM_AFTER, Obligation.SEEK_CONSENT}:
            owed = owed & ~self.owed(Obligation.WITHHOLD_INFORM, outcome)
        return owed & self._may_be_asked if duty is Obligation.SEEK_CONSENT else owed

    @cached_property
    def _may_be_asked(self) -> S:
        """Where a question may be put to the person (`Facts.may_be_asked`)."""
        a = self._algebra
        told = (a.known(name, (value,)) for name, value in (
            ("victim_wishes", "landlord_only"), ("coercion_suspected", "true"), ("asking_would_prejudice", "true"),
        ))  # fmt: skip
        return a.known("consent", MAY_BE_ASKED) & ~a.any_of(told)

    def _obliged(self, duty: Obligation, outcome: Outcome) -> S:
        rules = [r for r in self.rules if r.effect == "oblige" and duty in r.oblige and outcome in r.when[OUTCOME]]
        sure = self._algebra.any_of(self.sure[rule.id] for rule in rules)
        return sure | (~self.details_wait & self._algebra.any_of(self.may[rule.id] for rule in rules))

    def _by_source(self, duty: Obligation, outcome: Outcome) -> S:
        effects = {"deny"} if outcome is Outcome.DENY else {"hold", "diverge"}
        sources = [self.sure[r.id] for r in self.rules if r.effect in effects and duty in r.oblige]
        if outcome is not Outcome.DENY:
            sources += self._by_ground(duty)
        return self._algebra.any_of(sources)

    def _by_ground(self, duty: Obligation) -> list[S]:
        """A ground's duties come from the first rule that gives it; a basis counts only where it is relied on."""
        owed: list[S] = []
        for kind in ("basis", "gateway", "confidence"):
            for token, givers in self._law.gives[kind]:
                before = self._algebra.nothing
                for rule in (self._law.rules[index] for index in bits(givers)):
                    if rule.id not in self.sure:
                        continue
                    first = self.sure[rule.id] & ~before
                    before = before | self.sure[rule.id]
                    if duty in rule.oblige:
                        owed.append(first & self.basis[token] if kind == "basis" else first)
        return owed
