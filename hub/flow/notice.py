"""Shared: the decision on a bare notice. It needs of the case only where to answer, and of the earlier one its name."""

from datetime import datetime

from hub.decision.gate import Terms
from hub.decision.notices import ask_to_tell
from hub.delivery import outbox
from hub.delivery.follow_ups import FollowUp
from hub.delivery.outbox import DisclosureRow
from hub.flow.house import House
from hub.flow.judge import VALID_FOR, Judged
from hub.intake.referrals import AcceptedReferral
from hub.register import agencies, landlords
from hub.store.unit_of_work import Reading
from protocols.disclosure import Earlier
from protocols.vocabulary import Purpose


def judge_notice(
    house: House, tx: Reading, row: DisclosureRow, told: FollowUp, accepted: AcceptedReferral, decision_id: str,
    now: datetime,
) -> Judged:  # fmt: skip
    """Whether the notice that this disclosure is may go now."""
    agency, landlord = agencies.get(tx, row.agency), landlords.get(tx, accepted.landlord)
    terms = Terms(
        disclosure_id=row.id, decision_id=decision_id, reference=row.reference, controller=landlord.name,
        agency=agency.id, recipient=agency.kind, purpose=Purpose(row.purpose), urgent=False, agreement=None,
        reply_to=accepted.content.reply_to, decided_at=now, valid_until=now + VALID_FOR, notice=told.notice,
        about=earlier_of(tx, told.about),
    )  # fmt: skip
    verdict = ask_to_tell(
        house.rulebook, terms, landlord=accepted.landlord, jurisdiction=landlord.jurisdiction,
        authority=landlord.public_authority,
    )  # fmt: skip
    return Judged(verdict, None, None)


def earlier_of(tx: Reading, disclosure_id: str) -> Earlier:
    """An earlier disclosure by the names under which its agency knows it."""
    earlier = outbox.get(tx, disclosure_id)
    return Earlier(id=earlier.id, reference=earlier.reference)
