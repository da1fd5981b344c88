"""Does an agreement cover this ask? law.md 4.1 step 7: in force, party, in scope and purpose."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from protocols.agreement import Agreement, AgreementState, ProtocolFact
from protocols.vocabulary import AgencyKind, DataCategory, Purpose

# From worst to best: what is said of an ask is the best that any agreement says of it.
_RANK = (
    ProtocolFact.NONE,
    ProtocolFact.NOT_PARTY,
    ProtocolFact.PURPOSE_OUTSIDE,
    ProtocolFact.EXPIRED,
    ProtocolFact.SUSPENDED,
    ProtocolFact.IN_FORCE,
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the agreements say of one ask.

    `status` is the decision's fact `protocol`; `agreement` the version that answers ("agr_x@2"; None where there is
    none); `clauses` the numbers of the clauses that let asked categories pass; `uncovered` the asked categories that
    none does (all of them unless in force); `reasons` one plain sentence each.
    """

    status: ProtocolFact
    agreement: str | None
    clauses: tuple[str, ...]
    uncovered: frozenset[DataCategory]
    reasons: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether an agreement in force covers every category asked for."""
        return self.status is ProtocolFact.IN_FORCE and not self.uncovered


@dataclass(frozen=True, slots=True)
class _Ask:
    landlord: str
    agency: str
    kind: AgencyKind
    purpose: Purpose
    categories: frozenset[DataCategory]
    on: date


def covers(
    agreements: Iterable[Agreement],
    *,
    landlord: str,
    agency: str,
    kind: AgencyKind,
    purpose: Purpose,
    categories: frozenset[DataCategory],
    on: date,
) -> Coverage:
    """What the agreements say of one landlord telling one agency these categories, for this purpose, on this day.

    One agreement answers, never two added together: in force before suspended, expired, purpose outside, not party;
    then the fewest categories uncovered; then the latest first day; then the id. Of one agreement's versions only the
    newest that has begun counts, so that an older, wider version cannot outlive a narrower one. `kind` is the agency's
    kind on the register: a party recorded as another kind is not taken for it.
    """
    ask = _Ask(landlord, agency, kind, purpose, categories, on)
    answers = [
        (agreement, _answer(agreement, ask)) for agreement in _governing(agreements, on) if _concerns(agreement, ask)
    ]
    if not answers:
        says = "No agreement that has begun concerns this landlord and this agency."
        return Coverage(ProtocolFact.NONE, None, (), categories, (says,))
    return min(answers, key=lambda pair: _preference(*pair))[1]


def _governing(agreements: Iterable[Agreement], on: date) -> list[Agreement]:
    newest: dict[str, Agreement] = {}
    for agreement in agreements:
        if agreement.state is AgreementState.DRAFT or on < agreement.in_force_from:
            continue
        held = newest.get(agreement.id)
        if held is None or held.version < agreement.version:
            newest[agreement.id] = agreement
    return list(newest.values())


def _concerns(agreement: Agreement, ask: _Ask) -> bool:
    ours = agreement.controller(ask.landlord) is not None
    return agreement.recipient(ask.agency) is not None or (ours and ask.kind in agreement.recipient_kinds)


def _preference(agreement: Agreement, answer: Coverage) -> tuple[int, int, int, str]:
    return (
        -_RANK.index(answer.status),
        len(answer.uncovered),
        -agreement.in_force_from.toordinal(),
        agreement.id,
    )


def _answer(agreement: Agreement, ask: _Ask) -> Coverage:
    outside = _why_not_party(agreement, ask)
    if outside:
        return _not_covered(ProtocolFact.NOT_PARTY, agreement, ask, outside)
    if ask.purpose not in agreement.purposes:
        says = f"{agreement.reference} does not cover the purpose {ask.purpose}."
        return _not_covered(ProtocolFact.PURPOSE_OUTSIDE, agreement, ask, says)
    status = agreement.status(ask.on)
    if status is ProtocolFact.SUSPENDED:
        return _not_covered(status, agreement, ask, f"{agreement.reference} is suspended.")
    if status is not ProtocolFact.IN_FORCE:
        ended = agreement.state is AgreementState.SUPERSEDED
        says = "was superseded" if ended else f"ended on {agreement.in_force_to.isoformat()}"
        return _not_covered(status, agreement, ask, f"{agreement.reference} {says}.")
    return _in_force(agreement, ask)


def _why_not_party(agreement: Agreement, ask: _Ask) -> str | None:
    ours, theirs = agreement.controller(ask.landlord), agreement.recipient(ask.agency)
    if ours is None:
        return f"This landlord is not a party to {agreement.reference}."
    if theirs is None:
        return f"This agency is not a party to {agreement.reference}."
    if theirs.kind is not ask.kind:
        return f"{agreement.reference} records this agency as {theirs.kind}, the register as {ask.kind}."
    for side, party in (("landlord", ours), ("agency", theirs)):
        if not agreement.has_signed(party, ask.on):
            return f"This {side} has not signed {agreement.reference}."
    return None


def _not_covered(status: ProtocolFact, agreement: Agreement, ask: _Ask, says: str) -> Coverage:
    return Coverage(status, agreement.reference, (), ask.categories, (says,))


def clauses_for(agreement: Agreement, purpose: Purpose, categories: Iterable[DataCategory]) -> tuple[str, ...]:
    """The numbers of the clauses that let any of these categories pass for that purpose."""
    wanted = frozenset(categories)
    return tuple(
        clause.number for clause in agreement.clauses
        if purpose in clause.purposes and not wanted.isdisjoint(clause.categories)
    )  # fmt: skip


def _in_force(agreement: Agreement, ask: _Ask) -> Coverage:
    clauses = [clause for clause in agreement.clauses if ask.purpose in clause.purposes]
    cited = clauses_for(agreement, ask.purpose, ask.categories)
    uncovered = ask.categories.difference(*(clause.categories for clause in clauses))
    reasons = [f"{agreement.reference} is in force and covers the purpose {ask.purpose}."]
    if cited:
        reasons.append(f"It lets data pass under clause {', '.join(cited)}.")
    if uncovered:
        reasons.append(f"No clause covers, for this purpose: {', '.join(sorted(uncovered))}.")
    if agreement.is_review_overdue(ask.on):
        reasons.append(f"Its review was due by {agreement.review_by.isoformat()}.")
    return Coverage(ProtocolFact.IN_FORCE, agreement.reference, cited, uncovered, tuple(reasons))
