"""Rules compiled to bit masks: one dictionary probe and one AND per fact finds every rule that applies.

Each rule is one bit. `yes` holds the rules that apply whatever the unknown facts are; `may` those that some value of
them would make apply. An unknown value can therefore never be mistaken for a harmless one.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from consent.facts import DERIVED, FACTS, ITEM_TERMS, Facts
from consent.rules import Rule, RuleSet
from protocols.vocabulary import Basis, DataCategory, Outcome

CATEGORY = "category"
OUTCOME = "outcome"

PREFERENCE = (
    Basis.NOT_PERSONAL_DATA, Basis.OUTSIDE_GDPR_DECEASED,
    Basis.A6_LEGAL_OBLIGATION, Basis.A6_VITAL, Basis.A6_RLI_SAFEGUARDING, Basis.A6_RLI_CRIME, Basis.A6_RLI_REQUEST,
    Basis.A6_RLI_EMERGENCY, Basis.A6_PUBLIC_TASK, Basis.A6_CONSENT, Basis.A6_LEGIT_INTERESTS,
    Basis.A9_EXPLICIT_CONSENT, Basis.A9_P18, Basis.A9_P10, Basis.A9_P6, Basis.A9_P24, Basis.A9_LEGAL_CLAIMS,
    Basis.A9_VITAL, Basis.A10_P29, Basis.A10_P18, Basis.A10_P10, Basis.A10_P6, Basis.A10_P33, Basis.A10_P30,
)  # fmt: skip
"""Which basis or condition is recorded where several fit (law.md 4.4 and 4.5); tokens not listed come last."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One term: for each value the rules that it does not exclude; for unknown those it cannot and may not exclude."""

    name: str
    masks: Mapping[Hashable, int]
    every: int
    some: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its values, strongest first (the last is the default), and which rules find each."""

    probe: Probe
    values: tuple[str, ...]
    finders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule set ready to decide with."""

    rules: tuple[Rule, ...]
    digest: str
    facts: tuple[Probe, ...]
    category: Probe
    item_terms: tuple[Probe, ...]
    findings: tuple[Finding, ...]
    outcome: Probe
    effects: Mapping[str, int]
    gives: Mapping[str, tuple[tuple[Basis, int], ...]]
    dated: int
    changes: tuple[date, ...]

    def about(self, category: DataCategory, facts: Facts) -> int:
        """The rules that what is known of this one category does not exclude."""
        mask = self.category.masks[category]
        for probe in self.item_terms:
            mask &= probe.masks[facts.item_term(probe.name, category)]
        return mask

    def in_force(self, as_at: date) -> int:
        """The rules that have commenced and not ended on `as_at`."""
        mask = (1 << len(self.rules)) - 1
        for index in bits(self.dated):
            if not self.rules[index].is_in_force(as_at):
                mask &= ~(1 << index)
        return mask


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits of `mask`, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@lru_cache(maxsize=8)
def compiled(rules: RuleSet) -> Compiled:
    """The masks of `rules`; the same object again for a rule set with the same digest."""
    effects: dict[str, int] = {}
    for index, rule in enumerate(rules.rules):
        effects[rule.effect] = effects.get(rule.effect, 0) | 1 << index
    used = {name for rule in rules.rules for name in rule.when}
    names = [name for name in (*FACTS, *DERIVED) if name in used]
    dates = {rule.in_force_from for rule in rules.rules if rule.in_force_from}
    dates |= {rule.in_force_to + timedelta(days=1) for rule in rules.rules if rule.in_force_to}
    return Compiled(
        rules=rules.rules, digest=rules.digest,
        facts=tuple(_probe(rules.rules, name, _values(name)) for name in names),
        category=_probe(rules.rules, CATEGORY, {str(c): c for c in DataCategory}),
        item_terms=tuple(_probe(rules.rules, n, {v: v for v in vs}) for n, vs in ITEM_TERMS.items() if n in used),
        findings=tuple(_finding(rules.rules, name, values) for name, values in rules.findings.items()),
        outcome=_probe(rules.rules, OUTCOME, {str(o): o for o in Outcome}),
        effects=effects,
        gives={kind: _given(rules.rules, kind) for kind in ("basis", "condition", "gateway", "confidence")},
        dated=sum(1 << i for i, rule in enumerate(rules.rules) if rule.in_force_from or rule.in_force_to),
        changes=tuple(sorted(dates)),
    )  # fmt: skip


def _values(name: str) -> dict[str, Hashable]:
    """The values of a term as rules write them, each with what the facts hold for it."""
    if name in DERIVED:
        return {value: value for value in DERIVED[name]}
    spec = FACTS[name]
    return {value: (value == "true") if spec.kind == "yes_no" else value for value in spec.allowed}


def _probe(rules: tuple[Rule, ...], name: str, values: Mapping[str, Hashable]) -> Probe:
    masks: dict[Hashable, int] = {
        held: sum(1 << i for i, rule in enumerate(rules) if name not in rule.when or written in rule.when[name])
        for written, held in values.items()
    }
    every, some = (1 << len(rules)) - 1, 0
    for mask in masks.values():
        every &= mask
        some |= mask
    return Probe(name, masks, every, some)


def _finding(rules: tuple[Rule, ...], name: str, values: tuple[str, ...]) -> Finding:
    finders = tuple(
        sum(1 << i for i, rule in enumerate(rules) if (rule.finding, rule.gives) == (name, value)) for value in values
    )
    return Finding(_probe(rules, name, {value: value for value in values}), values, finders)


def _given(rules: tuple[Rule, ...], effect: str) -> tuple[tuple[Basis, int], ...]:
    """Tokens in order of preference, each with the rules that give it."""
    masks: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.effect == effect:
            masks[rule.gives] = masks.get(rule.gives, 0) | 1 << index
    order = [*PREFERENCE, *(token for token in Basis if token not in PREFERENCE)]
    return tuple((token, masks[token.value]) for token in order if token.value in masks)
