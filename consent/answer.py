"""The walk is done: its outcome written down as a decision, with reasons, duties and what would change it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from consent.compile import Compiled, lowest
from consent.decision import Decision, Reason
from consent.items import Items
from consent.rules import CLOCKS, Rule
from consent.walk import Walk
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

_NO_BASIS = Reason("NO_ART6", None, ("UK GDPR Art 6(1)",), "No lawful basis was found for this recipient and purpose.")
_NOTHING_LEFT = Reason("NOTHING_LEFT", None, ("UK GDPR Art 5(1)(c)",), "Nothing that may go remains in the pack.")
_NO_BASIS_REMEDY = "a purpose for which the law gives this recipient a ground"
_NOT_TO_BE_ASKED = "nothing for now: the person is not to be asked about this"
_NO_DATE_SET = date.max
"""What a rule that waits for its commencement is dated with."""

_USUAL_CLOCK = "same day"
_DUTIES = tuple(Obligation)
_TELLING = frozenset({Obligation.INFORM_BEFORE, Obligation.INFORM_AFTER, Obligation.SEEK_CONSENT})

REVIEW_AFTER = timedelta(days=28)
"""When a duty to look again falls due. No provision sets it: our own proposal, to be shortened by whoever reviews."""


def refusal(walk: Walk, *, has_basis: bool, nothing_left: bool, as_at: date) -> Decision:
    """The decision that nothing personal leaves."""
    law = walk.law
    told = law.told[walk.denials]
    reasons = [*law.reasons[walk.denials, None, True]]
    if not told:
        reasons += [] if has_basis or nothing_left else [_NO_BASIS]
        reasons += [_NOTHING_LEFT] if nothing_left else []
    reasons += law.reasons[walk.holds, None, False]
    reasons += walk.reasons if nothing_left and not told else []
    remedies = _told_remedies(walk, told)
    if not told:
        remedies += _told_remedies(walk, _lacking(walk)) or [_NO_BASIS_REMEDY]
    obliging = _obliging(walk, Outcome.DENY)
    duties = _in_order(walk, law.duties[walk.denials | obliging])
    return Decision(
        outcome=Outcome.DENY, keep=(), remove=(), basis=(Basis.NONE,), obligations=duties, gaps=(),
        reasons=_each_once(reasons), remedy=tuple(dict.fromkeys(remedies)), authoriser=None, rules=law.digest,
        valid_until=_valid_until(law, as_at), exemptions=_exemptions(law, obliging, duties),
        review_by=_review_by(duties, as_at),
    )  # fmt: skip


def _lacking(walk: Walk) -> tuple[Rule, ...]:
    return walk.law.told[walk.yes & walk.law.effect("lacks")]


def release(walk: Walk, outcome: Outcome, basis: Basis | None, items: Items, as_at: date) -> Decision:
    """The decision that something goes, or waits for a person who may let it go."""
    law, (kept, removed) = walk.law, items
    held = outcome is Outcome.NEEDS_AUTHORISER
    tokens, grounds = _grounds(walk, basis)
    diverging = walk.yes & law.effect("diverge")
    reasons = [*law.reasons[walk.holds, None, True]]
    reasons += [_gap_reason(gap) for gap in sorted(walk.gaps)] if held else []
    for index in grounds:
        reasons += law.reasons[1 << index, None, not held]
    reasons += [*walk.reasons, *law.reasons[diverging, None, False]]
    obliging = _obliging(walk, outcome)
    owing = walk.holds | diverging | obliging
    for index in grounds:
        owing |= 1 << index
    duties = _in_order(walk, law.duties[owing])
    authorisers = dict.fromkeys(rule.authoriser for rule in law.told[walk.holds] if rule.authoriser)
    return Decision(
        outcome=outcome, keep=tuple(kept), remove=tuple(removed), basis=(*tokens, *sorted(walk.conditions)),
        obligations=duties, gaps=tuple(sorted(walk.gaps)) if held else (), reasons=_each_once(reasons),
        remedy=_remedies(walk, removed, held=held),
        authoriser=("; ".join(authorisers) or "data protection officer") if held else None, rules=law.digest,
        valid_until=_valid_until(law, as_at), within=_within(walk) if held else None,
        exemptions=_exemptions(law, obliging, duties), review_by=_review_by(duties, as_at),
    )  # fmt: skip


def _grounds(walk: Walk, basis: Basis | None) -> tuple[list[Basis], list[int]]:
    """The basis relied on, every gateway and every ground that lifts confidence; each with the first rule giving it."""
    tokens = [basis] if basis else []
    grounds: list[int] = []
    for kind in ("basis", "gateway", "confidence"):
        for token, givers in walk.law.gives[kind]:
            fired = walk.yes & givers
            if fired and (kind != "basis" or token is basis):
                tokens += [token] if token not in tokens else []
                grounds.append(lowest(fired))
    return tokens, grounds


def _each_once(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Every reason once, the first of those that say the same of the same kind of data."""
    said: dict[tuple[str, DataCategory | None, str], Reason] = {}
    for reason in reasons:
        said.setdefault((reason.code, reason.category, reason.says), reason)
    return tuple(said.values())


def _within(walk: Walk) -> str:
    """The shortest clock among the rules that hold it; where only a gap does, the same day (law.md 4.7)."""
    clocks = [CLOCKS.index(rule.within) for rule in walk.law.told[walk.holds] if rule.within]
    return CLOCKS[min(clocks)] if clocks else _USUAL_CLOCK


def _exemptions(law: Compiled, obliging: int, duties: tuple[Obligation, ...]) -> tuple[str, ...]:
    """The provisions under which the person is not told."""
    if Obligation.WITHHOLD_INFORM not in duties:
        return ()
    silent = (rule for rule in law.told[obliging] if Obligation.WITHHOLD_INFORM in rule.oblige)
    return tuple(dict.fromkeys(cite for rule in silent for cite in rule.cites))


def _review_by(duties: tuple[Obligation, ...], as_at: date) -> date | None:
    return as_at + REVIEW_AFTER if Obligation.REVIEW_DATE in duties and as_at <= date.max - REVIEW_AFTER else None


def _remedies(walk: Walk, removed: list[DataCategory], *, held: bool) -> tuple[str, ...]:
    remedies = _told_remedies(walk, walk.law.told[walk.holds]) if held else []
    remedies += [f"establish the missing fact: {gap}" for gap in sorted(walk.gaps)] if held else []
    remedies += _told_remedies(walk, _lacking(walk)) if removed else []
    return tuple(dict.fromkeys(remedies))


def _told_remedies(walk: Walk, rules: Iterable[Rule]) -> list[str]:
    """The remedies of `rules`; what would be asked of the person only where they may be asked."""
    remedies = [rule for rule in rules if rule.remedy]
    if walk.facts.may_be_asked:
        return [rule.remedy for rule in remedies]
    return [rule.remedy for rule in remedies if not rule.asks] or ([_NOT_TO_BE_ASKED] if remedies else [])


def _gap_reason(gap: str) -> Reason:
    says = f"The fact {gap} is not known, and it decides whether this may go."
    return Reason(f"FACT_UNKNOWN:{gap}", None, ("UK GDPR Art 5(2)",), says)


def _obliging(walk: Walk, outcome: Outcome) -> int:
    """The rules whose duties come with this outcome; where doubt holds nothing up, those that may apply too."""
    law = walk.law
    return law.effect("oblige") & law.outcome.masks[outcome] & (walk.yes if walk.details_wait else walk.may)


def _in_order(walk: Walk, duties: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """Each duty once. Silence comes before telling: silence, with its review date, can be made good; telling cannot.

    To ask is also to tell, and nobody is asked who may not be.
    """
    asked = frozenset(duties)
    if Obligation.WITHHOLD_INFORM in asked:
        asked -= _TELLING
    if not walk.facts.may_be_asked:
        asked -= {Obligation.SEEK_CONSENT}
    return tuple(duty for duty in _DUTIES if duty in asked)


def _valid_until(law: Compiled, as_at: date) -> datetime | None:
    """Midnight UTC of the day on which the law changes next, None where no change is known."""
    ahead = [change for change in law.changes if as_at < change < _NO_DATE_SET]
    return datetime.combine(min(ahead), time.min, UTC) if ahead else None
