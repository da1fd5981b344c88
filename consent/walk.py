"""A decision in the making: which rules apply, which may, and what has been found so far."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from consent.compile import CATEGORY, OUTCOME, Compiled, Probe, bits
from consent.decision import Reason
from consent.facts import ITEM_TERMS, Facts
from consent.rules import Rule
from protocols.vocabulary import Basis, DataCategory

_OF_ITEMS = frozenset({CATEGORY, "pack", *ITEM_TERMS})
UNWAITING = frozenset({"compulsion", "danger"})


@dataclass(slots=True)
class Walk:
    """One decision in the making: which rules apply, which may, and what has been found so far."""

    law: Compiled
    facts: Facts
    yes: int
    may: int
    found: dict[str, frozenset[str]] = field(default_factory=dict)
    doubts: dict[str, frozenset[str]] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)
    reasons: list[Reason] = field(default_factory=list)
    denials: list[Rule] = field(default_factory=list)
    holds: list[Rule] = field(default_factory=list)
    conditions: set[Basis] = field(default_factory=set)

    def narrow(self, probe: Probe, values: frozenset[Hashable] | None) -> None:
        """Drop the rules that this term's possible values exclude; `None` is any value at all."""
        if values is None:
            self.yes &= probe.every
            self.may &= probe.some
            return
        every, some = -1, 0
        for value in values:
            every &= probe.masks[value]
            some |= probe.masks[value]
        self.yes &= every
        self.may &= some

    def unknown_in(self, rule: Rule) -> Iterable[str]:
        """The facts whose absence leaves it open whether `rule` applies."""
        for name in rule.when:
            if name in self.found:
                yield from self.doubts.get(name, ())
            elif name == "age_band":
                yield from () if self.facts.term(name) else ("subject_age",)
            elif name in _OF_ITEMS:
                yield from () if self.facts.categories else ("categories",)
            elif name != OUTCOME and self.facts.term(name) is None:
                yield name

    def waits_for(self, mask: int) -> None:
        """Name the gaps behind the rules of `mask` that may apply."""
        for index in bits(mask):
            self.gaps.update(self.unknown_in(self.law.rules[index]))

    @property
    def waits(self) -> bool:
        """Whether a gap holds the decision: not in immediate danger, nor under valid compulsion."""
        return not self.found["path"] <= UNWAITING

    @property
    def details_wait(self) -> bool:
        """Whether doubt about one item or one duty holds the whole: never what protects a child or adult at risk."""
        return self.waits and "none" in self.found["safeguarding"]


def start(law: Compiled, facts: Facts, in_force: int) -> Walk:
    """The walk before its first step: the rules of `in_force` that the known facts do not exclude."""
    yes = may = in_force
    for probe in law.facts:
        value = facts.term(probe.name)
        if value is None:
            yes &= probe.every
            may &= probe.some
        else:
            mask = probe.masks[value]
            yes &= mask
            may &= mask
    return Walk(law, facts, yes, may)


def make_findings(walk: Walk) -> None:
    """Each finding takes the strongest value found; where a stronger one may apply, it is in doubt between them."""
    held = 0
    for category in walk.facts.categories:
        held |= walk.law.about(category, walk.facts)
    if walk.facts.categories:
        yes_held, may_held = held, held
    else:
        yes_held, may_held = walk.law.category.every, walk.law.category.some
    for finding in walk.law.findings:
        possible: set[str] = set()
        doubtful = 0
        for value, finders in zip(finding.values, finding.finders, strict=True):
            if finders & walk.yes & yes_held:
                possible.add(value)
                break
            if finders & walk.may & may_held:
                possible.add(value)
                doubtful |= finders & walk.may & may_held
        else:
            possible.add(finding.values[-1])
        if len(possible) > 1:
            unknown = {name for index in bits(doubtful) for name in walk.unknown_in(walk.law.rules[index])}
            walk.doubts[finding.probe.name] = frozenset(unknown)
        walk.found[finding.probe.name] = frozenset(possible)
        walk.narrow(finding.probe, frozenset(possible))


def reason_of(rule: Rule, category: DataCategory | None, *, determining: bool = True) -> Reason:
    """What `rule` says, as a reason of the decision."""
    return Reason(rule.code, category, rule.cites, rule.says, determining, rule.id, rule.effect)
