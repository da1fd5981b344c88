"""The walk is done: its outcome written down as a decision, with reasons, duties and what would change it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from consent.compile import Compiled, bits
from consent.decision import Decision, Reason
from consent.items import Items
from consent.rules import CLOCKS, Rule
from consent.walk import Walk, reason_of
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

_NO_BASIS = Reason("NO_ART6", None, ("UK GDPR Art 6(1)",), "No lawful basis was found for this recipient and purpose.")
_NOTHING_LEFT = Reason("NOTHING_LEFT", None, ("UK GDPR Art 5(1)(c)",), "Nothing that may go remains in the pack.")
_NO_BASIS_REMEDY = "a purpose for which the law gives this recipient a ground"
_NO_DATE_SET = date.max
"""What a rule that waits for its commencement is dated with."""

_USUAL_CLOCK = "same day"

REVIEW_AFTER = timedelta(days=28)
"""When a duty to look again falls due. No provision sets it: our own proposal, to be shortened by whoever reviews."""


def refusal(walk: Walk, *, has_basis: bool, nothing_left: bool, as_at: date) -> Decision:
    """The decision that nothing personal leaves."""
    deciding = [reason_of(rule, None) for rule in walk.denials]
    deciding += [_NO_BASIS] if not (has_basis or walk.denials or nothing_left) else []
    deciding += [_NOTHING_LEFT] if nothing_left and not walk.denials else []
    others = [reason_of(rule, None, determining=False) for rule in walk.holds]
    others += walk.reasons if nothing_left and not walk.denials else []
    duties = [duty for rule in walk.denials for duty in rule.oblige] + _duties(walk, Outcome.DENY)
    remedies = [rule.remedy for rule in walk.denials if rule.remedy]
    if not walk.denials:
        remedies += [rule.remedy for rule in _lacking(walk) if rule.remedy] or [_NO_BASIS_REMEDY]
    return Decision(
        outcome=Outcome.DENY, keep=(), remove=(), basis=(Basis.NONE,), obligations=_in_order(duties), gaps=(),
        reasons=_each_once([*deciding, *others]), remedy=tuple(dict.fromkeys(remedies)), authoriser=None,
        rules=walk.law.digest, valid_until=_valid_until(walk.law, as_at),
        exemptions=_exemptions(walk, Outcome.DENY, duties), review_by=_review_by(duties, as_at),
    )  # fmt: skip


def _lacking(walk: Walk) -> list[Rule]:
    return [walk.law.rules[index] for index in bits(walk.yes & walk.law.effects.get("lacks", 0))]


def release(walk: Walk, outcome: Outcome, basis: Basis | None, items: Items, as_at: date) -> Decision:
    """The decision that something goes, or waits for a person who may let it go."""
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
    reasons = [reason_of(rule, None) for rule in walk.holds]
    reasons += [_gap_reason(gap) for gap in sorted(walk.gaps)] if held else []
    reasons += [reason_of(rule, None, determining=not held) for rule in grounds]
    reasons += walk.reasons + [reason_of(rule, None, determining=False) for rule in diverging]
    sources = [*walk.holds, *grounds, *diverging]
    duties = [duty for rule in sources for duty in rule.oblige] + _duties(walk, outcome)
    authorisers = dict.fromkeys(rule.authoriser for rule in walk.holds if rule.authoriser)
    return Decision(
        outcome=outcome, keep=tuple(kept), remove=tuple(removed), basis=tuple(dict.fromkeys(tokens)),
        obligations=_in_order(duties), gaps=tuple(sorted(walk.gaps)) if held else (),
        reasons=_each_once(reasons), remedy=_remedies(walk, removed, held=held),
        authoriser=("; ".join(authorisers) or "data protection officer") if held else None,
        rules=walk.law.digest, valid_until=_valid_until(walk.law, as_at), within=_within(walk) if held else None,
        exemptions=_exemptions(walk, outcome, duties), review_by=_review_by(duties, as_at),
    )  # fmt: skip


def _each_once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Every reason once, the first of those that say the same of the same kind of data."""
    said: dict[tuple[str, DataCategory | None, str], Reason] = {}
    for reason in reasons:
        said.setdefault((reason.code, reason.category, reason.says), reason)
    return tuple(said.values())


def _within(walk: Walk) -> str:
    """The shortest clock among the rules that hold it; where only a gap does, the same day (law.md 4.7)."""
    clocks = [CLOCKS.index(rule.within) for rule in walk.holds if rule.within]
    return CLOCKS[min(clocks)] if clocks else _USUAL_CLOCK


def _exemptions(walk: Walk, outcome: Outcome, duties: list[Obligation]) -> tuple[str, ...]:
    """The provisions under which the person is not told."""
    if Obligation.WITHHOLD_INFORM not in duties:
        return ()
    obliging = walk.law.effects.get("oblige", 0) & walk.law.outcome.masks[outcome] & walk.may
    fired = (walk.law.rules[index] for index in bits(obliging))
    cites = [cite for rule in fired if Obligation.WITHHOLD_INFORM in rule.oblige for cite in rule.cites]
    return tuple(dict.fromkeys(cites))


def _review_by(duties: list[Obligation], as_at: date) -> date | None:
    return as_at + REVIEW_AFTER if Obligation.REVIEW_DATE in duties else None


def _remedies(walk: Walk, removed: list[DataCategory], *, held: bool) -> tuple[str, ...]:
    remedies = [rule.remedy for rule in walk.holds if rule.remedy] if held else []
    remedies += [f"establish the missing fact: {gap}" for gap in sorted(walk.gaps)] if held else []
    remedies += [rule.remedy for rule in _lacking(walk) if rule.remedy] if removed else []
    return tuple(dict.fromkeys(remedies))


def _gap_reason(gap: str) -> Reason:
    says = f"The fact {gap} is not known, and it decides whether this may go."
    return Reason(f"FACT_UNKNOWN:{gap}", None, ("UK GDPR Art 5(2)",), says)


def _duties(walk: Walk, outcome: Outcome) -> list[Obligation]:
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


def _valid_until(law: Compiled, as_at: date) -> datetime | None:
    """Midnight UTC of the day on which the law changes next, None where no change is known."""
    ahead = [change for change in law.changes if as_at < change < _NO_DATE_SET]
    return datetime.combine(min(ahead), time.min, UTC) if ahead else None
