"""Facts and rules in, a decision out: the gate (law.md section 4.1). No I/O and no clock; the date is a parameter.

The walk: make the findings (which way through, the person's position, ...); judge each category of data; look for a
lawful basis; then refuse, hold or let go. Refusal beats holding, holding beats release, and nothing is released unless
a rule gives a basis. What is unknown holds the decision and is named as a gap, except that immediate danger and valid
compulsion do not wait for it: there an item in doubt stays behind and the rest goes.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from consent.compile import CATEGORY, OUTCOME, Compiled, Probe, bits, compiled
from consent.decision import Decision, Reason
from consent.facts import ITEM_TERMS, Facts
from consent.rules import STAGES, Rule, RuleSet
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

_STAGE_ORDER = {stage: position for position, stage in enumerate(STAGES)}
_OF_ITEMS = frozenset({CATEGORY, "pack", *ITEM_TERMS})
_UNWAITING = frozenset({"compulsion", "danger"})
_NO_BASIS = Reason("NO_ART6", None, ("UK GDPR Art 6(1)",), "No lawful basis was found for this recipient and purpose.")
_NOTHING_LEFT = Reason("NOTHING_LEFT", None, ("UK GDPR Art 5(1)(c)",), "Nothing that may go remains in the pack.")
_NO_BASIS_REMEDY = "a purpose for which the law gives this recipient a ground"
_NO_DATE_SET = date.max
"""What a rule that waits for its commencement is dated with."""
_IN_DOUBT = "A fact is missing, so this stays behind."

_Items = tuple[list[DataCategory], list[DataCategory]]


@dataclass(slots=True)
class _Walk:
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
        return not self.found["path"] <= _UNWAITING

    @property
    def details_wait(self) -> bool:
        """Whether doubt about one item or one duty holds the whole: never what protects a child or adult at risk."""
        return self.waits and "none" in self.found["safeguarding"]


def decide(facts: Facts, rules: RuleSet, as_at: date) -> Decision:
    """The answer for one pack, recipient and purpose under the law in force on `as_at`.

    Always returns a decision: what no rule allows is refused, what is not known is held. Same facts, rules and date
    give the same decision.
    """
    law = compiled(rules)
    walk = _start(law, facts, as_at)
    _make_findings(walk)
    kept, removed = _judge_items(walk)
    basis = _find_basis(walk)
    _apply_gates(walk)
    nothing_left = not kept and bool(facts.categories)
    outcome = _outcome(walk, has_basis=basis is not None, nothing_left=nothing_left, removed=bool(removed))
    if outcome is Outcome.DENY:
        return _refusal(walk, has_basis=basis is not None, nothing_left=nothing_left, as_at=as_at)
    return _release(walk, outcome, basis, (kept, removed), as_at)


def _start(law: Compiled, facts: Facts, as_at: date) -> _Walk:
    in_force = law.in_force(as_at)
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
    return _Walk(law, facts, yes, may)


def _make_findings(walk: _Walk) -> None:
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


def _judge_items(walk: _Walk) -> tuple[list[DataCategory], list[DataCategory]]:
    """Keep or remove each category: stripped by a rule, or special or offence data without a condition."""
    kept: list[DataCategory] = []
    removed: list[DataCategory] = []
    whole_yes, whole_may = 0, 0
    for category in walk.facts.categories:
        mask = walk.law.about(category, walk.facts)
        yes, may = walk.yes & mask, walk.may & mask
        (kept if _may_keep(walk, category, yes, may) else removed).append(category)
        whole_yes |= yes
        whole_may |= may
    if walk.facts.categories:
        walk.yes, walk.may = whole_yes, whole_may
    else:
        walk.narrow(walk.law.category, None)
        walk.gaps.add("categories")
    return kept, removed


def _may_keep(walk: _Walk, category: DataCategory, yes: int, may: int) -> bool:
    strips = walk.law.effects.get("strip", 0)
    if yes & strips:
        walk.reasons += [_reason(walk.law.rules[index], category) for index in bits(yes & strips)]
        return False
    if may & strips:
        return _in_doubt(walk, category, may & strips)
    if not may & walk.law.effects.get("require", 0):
        return True
    for token, givers in walk.law.gives["condition"]:
        if _suits(walk, token, may) and yes & givers:
            walk.conditions.add(token)
            walk.reasons += [_reason(walk.law.rules[index], category) for index in bits(yes & givers)][:1]
            return True
    hopeful = may & walk.law.effects.get("condition", 0)
    if hopeful:
        return _in_doubt(walk, category, hopeful)
    return _lacks_condition(walk, category, yes)


def _suits(walk: _Walk, token: Basis, may: int) -> bool:
    """Whether the condition is of the article that the item needs one under."""
    wanted = {walk.law.rules[index].gives for index in bits(may & walk.law.effects["require"])}
    return token.value.partition("_")[0] in wanted


def _in_doubt(walk: _Walk, category: DataCategory, mask: int) -> bool:
    """Hold the whole for a doubt about one item, or leave the item behind where the rest cannot wait."""
    if walk.details_wait:
        walk.waits_for(mask)
        return True
    cites = tuple(dict.fromkeys(cite for index in bits(mask) for cite in walk.law.rules[index].cites))
    walk.reasons.append(Reason("FACT_UNKNOWN", category, cites, _IN_DOUBT))
    return False


def _lacks_condition(walk: _Walk, category: DataCategory, yes: int) -> bool:
    needs = [walk.law.rules[index] for index in bits(yes & walk.law.effects["require"])]
    for rule in needs:
        article = "ART9" if rule.gives == "a9" else "ART10"
        walk.reasons.append(Reason(f"NO_{article}:{category}", category, rule.cites, rule.says))
    lacking = yes & walk.law.effects.get("lacks", 0)
    walk.reasons += [_reason(walk.law.rules[index], category) for index in bits(lacking)]
    return False


def _find_basis(walk: _Walk) -> Basis | None:
    """The first lawful basis that fits (law.md 4.4); a basis that only may fit is a gap."""
    for token, givers in walk.law.gives["basis"]:
        if walk.yes & givers:
            return token
    walk.waits_for(walk.may & walk.law.effects["basis"])
    return None


def _apply_gates(walk: _Walk) -> None:
    deny, hold = walk.law.effects.get("deny", 0), walk.law.effects.get("hold", 0)
    walk.denials = _told_in_order(walk, walk.yes & deny)
    walk.holds = _told_in_order(walk, walk.yes & hold)
    in_doubt = walk.may & ~walk.yes
    if walk.waits:
        walk.waits_for(in_doubt & (deny | hold))
    if walk.details_wait:
        walk.waits_for(in_doubt & (walk.law.effects.get("oblige", 0) | walk.law.effects.get("diverge", 0)))


def _told_in_order(walk: _Walk, mask: int) -> list[Rule]:
    """The rules of `mask` in the order of the steps they belong to."""
    return sorted((walk.law.rules[index] for index in bits(mask)), key=lambda rule: _STAGE_ORDER[rule.stage])


def _outcome(walk: _Walk, *, has_basis: bool, nothing_left: bool, removed: bool) -> Outcome:
    if walk.denials or nothing_left or not (has_basis or walk.may & walk.law.effects["basis"]):
        return Outcome.DENY
    if walk.holds or not has_basis or walk.gaps:
        return Outcome.NEEDS_AUTHORISER
    return Outcome.PERMIT_REDACTED if removed else Outcome.PERMIT


def _refusal(walk: _Walk, *, has_basis: bool, nothing_left: bool, as_at: date) -> Decision:
    deciding = [_reason(rule, None) for rule in walk.denials]
    deciding += [_NO_BASIS] if not (has_basis or walk.denials or nothing_left) else []
    deciding += [_NOTHING_LEFT] if nothing_left and not walk.denials else []
    others = [_reason(rule, None, determining=False) for rule in walk.holds]
    others += walk.reasons if nothing_left and not walk.denials else []
    duties = [duty for rule in walk.denials for duty in rule.oblige] + _duties(walk, Outcome.DENY)
    remedies = [rule.remedy for rule in walk.denials if rule.remedy]
    if not walk.denials:
        remedies += [rule.remedy for rule in _lacking(walk) if rule.remedy] or [_NO_BASIS_REMEDY]
    return Decision(
        outcome=Outcome.DENY, keep=(), remove=(), basis=(Basis.NONE,), obligations=_in_order(duties), gaps=(),
        reasons=tuple(dict.fromkeys([*deciding, *others])), remedy=tuple(dict.fromkeys(remedies)), authoriser=None,
        rules=walk.law.digest, valid_until=_valid_until(walk.law, as_at),
    )  # fmt: skip


def _lacking(walk: _Walk) -> list[Rule]:
    return [walk.law.rules[index] for index in bits(walk.yes & walk.law.effects.get("lacks", 0))]


def _release(walk: _Walk, outcome: Outcome, basis: Basis | None, items: _Items, as_at: date) -> Decision:
    kept, removed = items
    tokens = [basis] if basis else []
    grounds: list[Rule] = []
    for kind in ("basis", "gateway", "confidence"):
        for token, givers in walk.law.gives[kind]:
            fired = walk.yes & givers
            if fired and (kind != "basis" or token is basis):
                tokens += [token] if token not in tokens else []
                grounds.append(walk.law.rules[next(bits(fired))])
    diverging = [walk.law.rules[index] for index in bits(walk.yes & walk.law.effects.get("diverge", 0))]
    tokens += sorted(walk.conditions)
    held = outcome is Outcome.NEEDS_AUTHORISER
    reasons = [_reason(rule, None) for rule in walk.holds]
    reasons += [_gap_reason(gap) for gap in sorted(walk.gaps)] if held else []
    reasons += [_reason(rule, None, determining=not held) for rule in grounds]
    reasons += walk.reasons + [_reason(rule, None, determining=False) for rule in diverging]
    sources = [*walk.holds, *grounds, *diverging]
    duties = [duty for rule in sources for duty in rule.oblige] + _duties(walk, outcome)
    authorisers = dict.fromkeys(rule.authoriser for rule in walk.holds if rule.authoriser)
    return Decision(
        outcome=outcome, keep=tuple(kept), remove=tuple(removed), basis=tuple(dict.fromkeys(tokens)),
        obligations=_in_order(duties), gaps=tuple(sorted(walk.gaps)) if held else (),
        reasons=tuple(dict.fromkeys(reasons)), remedy=_remedies(walk, removed, held=held),
        authoriser=("; ".join(authorisers) or "data protection officer") if held else None,
        rules=walk.law.digest, valid_until=_valid_until(walk.law, as_at),
    )  # fmt: skip


def _remedies(walk: _Walk, removed: list[DataCategory], *, held: bool) -> tuple[str, ...]:
    remedies = [rule.remedy for rule in walk.holds if rule.remedy] if held else []
    remedies += [f"establish the missing fact: {gap}" for gap in sorted(walk.gaps)] if held else []
    remedies += [rule.remedy for rule in _lacking(walk) if rule.remedy] if removed else []
    return tuple(dict.fromkeys(remedies))


def _gap_reason(gap: str) -> Reason:
    says = f"The fact {gap} is not known, and it decides whether this may go."
    return Reason(f"FACT_UNKNOWN:{gap}", None, ("UK GDPR Art 5(2)",), says)


def _duties(walk: _Walk, outcome: Outcome) -> list[Obligation]:
    """The duties that apply to this outcome; where doubt holds nothing up, those that may apply too."""
    obliging = walk.law.effects.get("oblige", 0) & walk.law.outcome.masks[outcome]
    obliging &= walk.yes if walk.details_wait else walk.may
    duties = [duty for index in bits(obliging) for duty in walk.law.rules[index].oblige]
    if not walk.details_wait and Obligation.WITHHOLD_INFORM in duties:
        # Whether telling is dangerous is not known: silence, with its review date, can be made good; telling cannot.
        return [duty for duty in duties if duty not in {Obligation.INFORM_BEFORE, Obligation.INFORM_AFTER}]
    return duties


def _in_order(duties: Iterable[Obligation]) -> tuple[Obligation, ...]:
    asked = set(duties)
    return tuple(duty for duty in Obligation if duty in asked)


def _reason(rule: Rule, category: DataCategory | None, *, determining: bool = True) -> Reason:
    return Reason(rule.code, category, rule.cites, rule.says, determining)


def _valid_until(law: Compiled, as_at: date) -> datetime | None:
    """Midnight UTC of the day on which the law changes next, None where no change is known."""
    ahead = [change for change in law.changes if as_at < change < _NO_DATE_SET]
    return datetime.combine(min(ahead), time.min, UTC) if ahead else None


__all__ = ["decide"]
