"""A decision in the making: which rules apply, which may, and what has been found so far."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from consent.compile import CATEGORY, OUTCOME, Compiled, Probe, bits
from consent.decision import Reason
from consent.facts import ITEM_TERMS, Facts
from consent.rules import Rule
from protocols.vocabulary import Basis

_OF_ITEMS = frozenset({CATEGORY, "pack", *ITEM_TERMS})
UNWAITING = frozenset({"compulsion", "danger"})
"""The ways through a decision on which nothing waits for a missing fact."""


@dataclass(slots=True)
class Walk:
    """One decision in the making: which rules apply, which may, and what has been found so far."""

    law: Compiled
    facts: Facts
    yes: int
    may: int
    found: Mapping[str, frozenset[str]] = field(default_factory=dict)
    doubts: dict[str, frozenset[str]] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)
    reasons: list[Reason] = field(default_factory=list)
    denials: int = 0
    holds: int = 0
    conditions: set[Basis] = field(default_factory=set)
    waits: bool = True
    """Whether a gap holds the decision: not in immediate danger, nor under valid compulsion."""
    details_wait: bool = True
    """Whether doubt about one item or one duty holds the whole: never what protects a child or adult at risk."""

    def narrow(self, probe: Probe, values: frozenset[str] | None) -> None:
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


def start(law: Compiled, facts: Facts, in_force: int) -> Walk:
    """The walk before its first step: the rules of `in_force` that the known facts do not exclude."""
    terms: Mapping[str, Hashable] = facts.terms
    known = in_force
    unknown: list[Probe] = []
    for probe in law.facts:
        value = terms.get(probe.name)
        if value is None:
            unknown.append(probe)
        else:
            known &= probe.masks[value]
    yes = may = known
    for probe in unknown:
        yes &= probe.every
        may &= probe.some
    return Walk(law, facts, yes, may)


def make_findings(walk: Walk) -> None:
    """Each finding takes the strongest value found; where a stronger one may apply, it is in doubt between them."""
    finding = walk.law.finding
    if walk.yes & finding == walk.may & finding:
        walk.found, open_ = walk.law.found[walk.yes & finding]
        walk.yes &= open_
        walk.may &= open_
    else:
        _make_doubtful_findings(walk)
    walk.waits = not walk.found["path"] <= UNWAITING
    walk.details_wait = walk.waits and "none" in walk.found["safeguarding"]


def _make_doubtful_findings(walk: Walk) -> None:
    walk.found = made = {}
    for finding in walk.law.findings:
        name = finding.probe.name
        possible: set[str] = set()
        doubtful = 0
        for value, finders in zip(finding.values, finding.finders, strict=True):
            if finders & walk.yes:
                possible.add(value)
                break
            if finders & walk.may:
                possible.add(value)
                doubtful |= finders & walk.may
        else:
            possible.add(finding.values[-1])
        if len(possible) > 1:
            walk.doubts[name] = frozenset(n for i in bits(doubtful) for n in walk.unknown_in(walk.law.rules[i]))
        made[name] = frozenset(possible)
        walk.narrow(finding.probe, made[name])
