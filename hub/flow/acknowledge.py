"""Acknowledge: what the recipient says of a disclosure, itself through the API or through whoever carried it."""

from datetime import datetime
from typing import Literal

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import answers, leases, outbox, receipts
from hub.delivery.doors import Receipt, Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotFound
from hub.flow.follow import tell
from hub.flow.hold import hold_disclosure, scope_of
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.release import in_the_way
from hub.flow.sight import require_sight
from hub.flow.witness import Held, hold_against
from hub.intake import referrals
from hub.register import agencies, consents
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import AgencyKind, Purpose

_SENT = (State.SENT, State.RECEIPTED, State.LEAVING, State.PREPARED)
_STOPPED = (State.QUEUED, State.PARKED, State.HELD, State.CANCELLED)


def acknowledge(
    house: House, actor: Actor, disclosure_id: str, partner_reference: str | None, checkpoint: str | None = None
) -> str:
    """The partner says it has a disclosure, and perhaps by which reference; returns the receipt's id.

    `checkpoint`: the last of our log that it verified. If our log does not begin with it, nothing leaves any more.

    Raises NotFound for a disclosure that is not this partner's or was never sent to it, Conflict while the agency is
    suspended: whoever has its credential then may not be the agency. BadInput for a checkpoint that is not of our log.
    """
    require(actor, Act.ACKNOWLEDGE)
    with house.store.write(scope_of(house, disclosure_id, actor.scope)) as tx:
        row = hold_disclosure(tx, disclosure_id)
        # One that is queued again, parked, held or cancelled may have arrived all the same: then the partner's word
        # settles it. Whoever may have it was told when something of it was withdrawn or put right: nobody is told anew.
        may_have_it = row.state in _STOPPED and leases.may_have_left(tx, row.id)
        if row.agency != actor.agency or not (row.state in _SENT or may_have_it):
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        if agencies.get(tx, row.agency).suspended_at is not None:
            raise Conflict("AGENCY_SUSPENDED", "nothing is taken from this agency now; ask the landlord")
        if row.state is State.PREPARED:
            outbox.ask_recall(tx, row.id)  # it was carried; the copy in the outgoing folder has served
        rung = Rung.REFERENCED if partner_reference else Rung.READ
        held = hold_against(house, tx, f"agency:{row.agency}", checkpoint) if checkpoint else None
        made = _receipted(
            house, tx, row, rung, "acknowledged through the API", partner_reference, actor=actor, held=held
        )
    if row.state is State.PREPARED:
        recall(house)
    return made


def hand_over(house: House, actor: Actor, disclosure_id: str, partner_reference: str | None) -> str:
    """An officer says that a prepared pack was handed over, and which reference came back; returns the receipt's id.

    Also of a pack that was taken back since: what it says may have been told before, by telephone or from a copy. Who
    has it is then told what became of it. Raises Conflict for a disclosure that was never prepared for carrying.
    """
    require(actor, Act.SETTLE_CARRIED)
    with house.store.write(actor.scope) as tx:
        row = hold_disclosure(tx, disclosure_id)
        require_sight(tx, actor, row.case_id)
        was_taken_back = row.state is State.CANCELLED and leases.was_taken_back(tx, row.id)
        if row.state is not State.PREPARED and not was_taken_back:
            raise Conflict("NOT_PREPARED", "there is no pack of this disclosure waiting to be carried")
        if not was_taken_back and in_the_way(house, tx, row, house.clock.now()) is not None:
            raise Conflict("AGENCY_BARRED", "nothing may go to this agency until people have looked; do not carry it")
        if not was_taken_back:
            outbox.ask_recall(tx, row.id)  # the copy in the outgoing folder has served
        rung = Rung.REFERENCED if partner_reference else Rung.HANDED_OVER
        made = _receipted(house, tx, row, rung, "handed over on the officer's word", partner_reference, actor=actor)
        if was_taken_back and (notice := _notice_due(house, tx, row)) is not None:
            now = house.clock.now()
            log.append(tx, tell(house, tx, [outbox.get(tx, row.id)], notice, actor.person, now)[1])
    recall(house)
    return made


def _notice_due(house: House, tx: Writing, row: DisclosureRow) -> Literal["withdrawn", "corrected"] | None:
    """What whoever was told by a pack that was taken back must know of it."""
    if row.cause == "CORRECTED":
        return "corrected"
    if row.consent_id is None:
        return None
    subject, kind = referrals.get(tx, row.referral_id).subject, agencies.get(tx, row.agency).kind
    on_file = consents.of_case(tx, row.case_id)
    answer = consents.in_force(on_file, subject, AgencyKind(kind), Purpose(row.purpose), house.clock.now())
    return None if answer is not None and answer.fact.answer in consents.GIVES else "withdrawn"


def _receipted(
    house: House, tx: Writing, row: DisclosureRow, rung: Rung, evidence: str, partner_reference: str | None, *,
    actor: Actor, held: Held | None = None,
) -> str:  # fmt: skip
    now = house.clock.now()
    subject = referrals.get(tx, row.referral_id).subject
    if not _is_being_sent(house, tx, row, now):  # or whoever sends it sees it through
        leases.close_unknown(tx, [row.id], now)
        outbox.stop(tx, row.id)
        outbox.change(tx, row.id, State.RECEIPTED if rung >= Rung.TAKEN else State.SENT, cause=None, authoriser=None,
                      within=None, review_due_at=None, review_overdue_at=None,
                      disclosed_at=row.disclosed_at or now)  # fmt: skip
    given = Receipt(rung, now, evidence, partner_reference)
    made = receipts.add(tx, row.id, row.case_id, subject, given)
    after = outbox.get(tx, row.id)
    answers.await_next(tx, row.id, after.state, Rung(after.rung), house.doors.pace(row.agency), now)
    bound = commit(tx, row.case_id, made, subject, f"{evidence}|{partner_reference or ''}".encode(), now)
    log.append(tx, [Entry(EntryKind.PARTNER_ACKNOWLEDGED, now, actor.person, {
        "disclosure": row.id, "agency": row.agency, "receipt": made, "evidence_commitment": bound,
        "checkpoint_size": held.shown.size if held else None,
        "checkpoint_root": held.shown.root.hex() if held else None,
    }), *(held.entries if held else ())])  # fmt: skip
    return made


def _is_being_sent(house: House, tx: Reading, row: DisclosureRow, now: datetime) -> bool:
    """Whether a worker is at it. Where the partner fetches, it has what it speaks of, and nobody comes back for it."""
    return row.state is State.LEAVING and house.doors.is_sent(row.agency) and leases.is_claimed(tx, row.id, now)
