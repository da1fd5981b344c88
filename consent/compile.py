"""Rules compiled to bit masks: one dictionary probe and one AND per fact finds every rule that applies.

Each rule is one bit. `yes` holds the rules that apply whatever the unknown facts are; `may` those that some value of
them would make apply. An unknown value can therefore never be mistaken for a harmless one.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeVar

from consent.decision import Decision, Reason
from consent.facts import DERIVED, FACTS, ITEM_TERMS, Facts
from consent.rules import STAGES, Rule, RuleSet
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

CATEGORY = "category"
OUTCOME = "outcome"

PREFERENCE = (
    Basis.NOT_PERSONAL_DATA, Basis.OUTSIDE_GDPR_DECEASED,
    Basis.A6_LEGAL_OBLIGATION, Basis.A6_VITAL, Basis.A6_RLI_SAFEGUARDING, Basis.A6_RLI_CRIME, Basis.A6_RLI_SECURITY,
    Basis.A6_RLI_REQUEST, Basis.A6_RLI_EMERGENCY, Basis.A6_PUBLIC_TASK, Basis.A6_CONSENT, Basis.A6_LEGIT_INTERESTS,
    Basis.A9_EXPLICIT_CONSENT, Basis.A9_P18, Basis.A9_P10, Basis.A9_P6, Basis.A9_P1, Basis.A9_P11, Basis.A9_P12,
    Basis.A9_P19, Basis.A9_P24, Basis.A9_LEGAL_CLAIMS,
    Basis.A9_VITAL, Basis.A10_P29, Basis.A10_P18, Basis.A10_P10, Basis.A10_P6, Basis.A10_P33, Basis.A10_P30,
)  # fmt: skip
"""Which basis or condition is recorded where several fit (law.md 4.4 and 4.5); tokens not listed come last."""


_MOST_ANSWERS = 20_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(dict[K, V]):
    """What was worked out before, by what it was worked out from. Forgets all of it when it grows too large."""

    _MOST = 20_000

    def __init__(self, work_out: Callable[[K], V]) -> None:
        """`work_out` must give the same value for the same key for ever."""
        super().__init__()
        self._work_out = work_out

    def __missing__(self, key: K) -> V:
        if len(self) >= self._MOST:
            self.clear()
        value = self[key] = self._work_out(key)
        return value


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
    only: Mapping[str, frozenset[str]]
    """Each value as the one thing found."""


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A rule set ready to decide with. The memos hold what the same rules always say; they never change an answer."""

    rules: tuple[Rule, ...]
    digest: str
    facts: tuple[Probe, ...]
    category: Probe
    item_terms: tuple[Probe, ...]
    findings: tuple[Finding, ...]
    outcome: Probe
    effects: Mapping[str, int]
    gives: Mapping[str, tuple[tuple[Basis, int], ...]]
    required: Mapping[str, int]
    changes: tuple[date, ...]
    releasing: int
    finding: int
    """The rules that make findings."""
    refusing: int
    """The rules that a refusal tells of: what refuses, what would hold, the duties of a refusal."""
    found: "Memo[int, tuple[Mapping[str, frozenset[str]], int]]"
    """What the find rules of a mask find, and the rules that this does not exclude; where nothing is in doubt."""
    answers: dict[Hashable, Decision]
    """Decisions by the masks that they follow from, bounded (`remember`)."""
    in_force: Memo[date, int]
    """The rules that have commenced and not ended on a date."""
    told: Memo[int, tuple[Rule, ...]]
    """The rules of a mask, in the order of the steps they belong to."""
    duties: Memo[int, tuple[Obligation, ...]]
    """The duties that the rules of a mask name."""
    reasons: Memo[tuple[int, DataCategory | None, bool], tuple[Reason, ...]]
    """What the rules of a mask say of a kind of data (None: of the whole), determining or not, in that order."""

    def effect(self, name: str) -> int:
        """The rules of that effect."""
        return self.effects.get(name, 0)

    def remember(self, key: Hashable, decision: Decision) -> Decision:
        """Keep `decision` as what always follows from `key`."""
        if len(self.answers) >= _MOST_ANSWERS:
            self.answers.clear()
        self.answers[key] = decision
        return decision

    def about(self, category: DataCategory, facts: Facts) -> int:
        """The rules that what is known of this one category does not exclude."""
        mask = self.category.masks[category]
        for probe in self.item_terms:
            mask &= probe.masks[facts.item_term(probe.name, category)]
        return mask


def bits(mask: int) -> Iterator[int]:
    """The positions of the set bits of `mask`, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def lowest(mask: int) -> int:
    """The position of the lowest set bit of `mask`, which must have one."""
    return (mask & -mask).bit_length() - 1


def reason_of(rule: Rule, category: DataCategory | None, *, determining: bool = True) -> Reason:
    """What `rule` says, as a reason of the decision."""
    return Reason(rule.code, category, rule.cites, rule.says, determining, rule.id, rule.effect)


@lru_cache(maxsize=8)
def compiled(rules: RuleSet) -> Compiled:
    """The masks of `rules`; the same object again for a rule set with the same digest."""
    ruled = rules.rules
    effects, required = _by(ruled, "effect"), _by([r if r.effect == "require" else None for r in ruled], "gives")
    used = {name for rule in ruled for name in rule.when}
    outcome = _probe(ruled, OUTCOME, {str(o): o for o in Outcome})
    findings = tuple(_finding(ruled, name, values) for name, values in rules.findings.items())
    obliging = effects.get("oblige", 0)
    permit, redacted, held = (outcome.masks[o] for o in Outcome if o is not Outcome.DENY)
    told = _teller(ruled)
    return Compiled(
        rules=ruled, digest=rules.digest,
        facts=tuple(_probe(ruled, name, _values(name)) for name in (*FACTS, *DERIVED) if name in used),
        category=_probe(ruled, CATEGORY, {str(c): c for c in DataCategory}),
        item_terms=tuple(_probe(ruled, n, {v: v for v in vs}) for n, vs in ITEM_TERMS.items() if n in used),
        findings=findings, finding=effects.get("find", 0), found=Memo(_finder(findings)), answers={},
        refusing=effects.get("deny", 0) | effects.get("hold", 0) | (obliging & outcome.masks[Outcome.DENY]),
        outcome=outcome, effects=effects, required=required, changes=_changes(ruled),
        gives={kind: _given(ruled, kind) for kind in ("basis", "condition", "gateway", "confidence")},
        releasing=obliging & (permit | redacted | held),
        in_force=Memo(lambda day: sum(1 << index for index, rule in enumerate(ruled) if rule.is_in_force(day))),
        told=Memo(told),
        duties=Memo(lambda mask: tuple(dict.fromkeys(duty for index in bits(mask) for duty in ruled[index].oblige))),
        reasons=Memo(lambda key: tuple(reason_of(rule, key[1], determining=key[2]) for rule in told(key[0]))),
    )  # fmt: skip


def _by(rules: Sequence[Rule | None], attribute: str) -> dict[str, int]:
    """For each value of that attribute the rules that have it."""
    masks: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule is not None:
            value = getattr(rule, attribute)
            masks[value] = masks.get(value, 0) | 1 << index
    return masks


def _changes(rules: Sequence[Rule]) -> tuple[date, ...]:
    """The days on which some rule commences or has just ended."""
    dates = {rule.in_force_from for rule in rules if rule.in_force_from}
    return tuple(sorted(dates | {rule.in_force_to + timedelta(days=1) for rule in rules if rule.in_force_to}))


def _teller(rules: Sequence[Rule]) -> Callable[[int], tuple[Rule, ...]]:
    order = [STAGES.index(rule.stage) for rule in rules]
    return lambda mask: tuple(rules[index] for index in sorted(bits(mask), key=lambda index: order[index]))


def _finder(findings: Sequence[Finding]) -> Callable[[int], tuple[Mapping[str, frozenset[str]], int]]:
    def found(mask: int) -> tuple[Mapping[str, frozenset[str]], int]:
        values, open_ = {}, -1
        for one in findings:
            made = (v for v, finders in zip(one.values, one.finders, strict=True) if finders & mask & open_)
            value = next(made, one.values[-1])
            values[one.probe.name] = one.only[value]
            open_ &= one.probe.masks[value]
        return values, open_

    return found


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
    only = {value: frozenset((value,)) for value in values}
    return Finding(_probe(rules, name, {value: value for value in values}), values, finders, only)


def _given(rules: tuple[Rule, ...], effect: str) -> tuple[tuple[Basis, int], ...]:
    """Tokens in order of preference, each with the rules that give it."""
    masks: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.effect == effect:
            masks[rule.gives] = masks.get(rule.gives, 0) | 1 << index
    order = [*PREFERENCE, *(token for token in Basis if token not in PREFERENCE)]
    return tuple((token, masks[token.value]) for token in order if token.value in masks)
