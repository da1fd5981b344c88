"""Erase: a person asks to be forgotten in one case (UK GDPR Art 17), and the data protection officer has it done.

    [transaction 1] hold the case; nothing keeps them; what waits to go to anybody about them is cancelled
    [no transaction] packs that nobody carried yet are taken back, while their names can still be read
    [transaction 2] hold the case; keys, pieces, attachments and index rows go; `subject.erased` is logged

Promise: after transaction 2 nothing of them opens for anybody, here or in any copy that is joined with these keys, and
the log verifies as before. What may not go yet is refused, and the refusal says why and until when.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from hub.access.roles import Act, Actor, require, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import leases, outbox
from hub.delivery.outbox import SUBJECT_ERASED, UNSENT, DisclosureRow, State
from hub.errors import Conflict, NotFound
from hub.flow.abandon import ABANDONED, WhyAbandoned
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.release import prepare_anew, take_back
from hub.flow.sight import require_sight
from hub.ids import Prefix, new_id
from hub.intake import attachments, referrals, traces
from hub.register import contacts, erasures, holds, person_index
from hub.register.erasures import Erasure, ErasureGround
from hub.store import content
from hub.store.classes import DataClass
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Reading, Writing


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: its name in the log, what was cancelled, and who may hold the data (UK GDPR Art 19)."""

    id: str
    erased_at: datetime
    cancelled: tuple[str, ...]
    told_before: tuple[DisclosureRow, ...]


def erase(house: House, actor: Actor, referral_id: str, person: str, ground: ErasureGround) -> Erased:
    """Erase one person of the case that this referral belongs to.

    Raises NotFound where there is nobody of that number, or not any more; Conflict LEGAL_HOLD where they must be kept,
    TRY_AGAIN while something is leaving; NotAllowed.
    """
    require(actor, Act.ERASE)
    now = house.clock.now()
    require_recent_proof(actor, now)
    with house.store.write(actor.scope) as tx:
        landlord, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        rows = _checked(house, tx, case_id, person)
        about = traces.referrals_about(tx, case_id, person)
        waiting = [row for row in rows if row.referral_id in about and _waits(row)]
        told = [row.id for row in rows if row.state is not State.PREPARED and leases.may_have_left(tx, row.id)]
        log.append(tx, [_cancel(house, tx, row, actor.person, now) for row in waiting])
    recall(house)
    done = Erasure(new_id(Prefix.ERASURE), landlord, case_id, person, None, ground, actor.person, house.clock.now())
    with house.store.write(actor.scope) as tx:
        rows = _checked(house, tx, case_id, person)
        if any((row.referral_id in about and _waits(row)) or outbox.recall_is_due(tx, row.id) for row in rows):
            raise _busy()
        told += outbox.packs_missing(tx, [row.id for row in waiting])  # somebody carried it and has not said so yet
        for row in rows:
            if row.state is State.PREPARED:  # about somebody else, and may tell of this person
                prepare_anew(tx, row, done.erased_at)
        entry = destroy(tx, done)
        traces.forget_shared(tx, case_id, done.erased_at)
        log.append(tx, [entry])
    recall(house)
    house.store.scrub()
    known = tuple(row for row in rows if row.id in told)
    return Erased(done.id, done.erased_at, tuple(row.id for row in waiting), known)


def destroy(tx: Writing, doomed: Erasure) -> Entry:
    """Keys, pieces, attachments and digests of a person go; returns the entry. The caller holds the case."""
    before = traces.keys(tx, doomed.case_id)
    everybody = {subject for subject, _ in traces.kept(tx, doomed.case_id)}
    for subject in sorted(everybody if doomed.subject is None else {doomed.subject}):
        for data_class in DataClass if doomed.data_class is None else (doomed.data_class,):
            content.erase(tx, doomed.case_id, subject, data_class)
            attachments.drop_of_person(tx, doomed.case_id, subject, data_class)
            person_index.forget(tx, doomed.case_id, subject, data_class)
        if not traces.is_there(tx, doomed.case_id, subject):
            contacts.forget(tx, doomed.case_id, subject)
            person_index.forget(tx, doomed.case_id, subject)
            traces.drop_digests(tx, doomed.case_id, subject)
    erasures.record(tx, doomed)
    return Entry(EntryKind.SUBJECT_ERASED, doomed.erased_at, doomed.erased_by, {
        "subject": doomed.id, "keys_destroyed": before - traces.keys(tx, doomed.case_id),
        "reason": doomed.ground.value, "landlord": doomed.landlord.lower(),
    })  # fmt: skip


def repeat(house: House) -> tuple[str, ...]:
    """Erase again whom an older copy of the database brought back; returns the erasures that were repeated."""
    missing = to_repeat(house)
    for entry in missing:
        _repeat(house, entry)
    if missing:
        house.store.scrub()
    return tuple(entry.id for entry in missing)


def to_repeat(house: House) -> tuple[Erasure, ...]:
    """The erasures on file that the log does not tell of: it is that of an older copy."""
    with house.store.read(EVERY) as tx:
        return erasures.unlogged(tx)


def check_hold(tx: Reading, case_id: str, person: str | None) -> None:
    """Raise Conflict where a legal hold keeps this person (None: anybody of the case), saying which and until when."""
    hold = holds.keeping(tx, case_id, person)
    if hold is not None:
        why, until = hold.ground.value.replace("_", " "), f"{hold.review_by:%Y-%m-%d}"
        raise Conflict("LEGAL_HOLD", f"kept for {why}, to be reviewed by {until}; a hold has to be lifted first")


def _repeat(house: House, entry: Erasure) -> None:
    now = house.clock.now()
    with house.store.write(of_landlord(entry.landlord)) as tx:
        referrals.hold_case(tx, entry.case_id)
        about = traces.referrals_about(tx, entry.case_id, entry.subject) if entry.data_class is None else frozenset()
        waiting = [row for row in outbox.of_case(tx, entry.case_id) if row.referral_id in about and _waits(row)]
        entries = [_cancel(house, tx, row, "hub", now) for row in waiting]
        entries.append(destroy(tx, replace(entry, erased_at=now, erased_by="hub")))
        if entry.data_class is None:
            traces.forget_shared(tx, entry.case_id, now)
        log.append(tx, entries)


def _checked(house: House, tx: Writing, case_id: str, person: str) -> tuple[DisclosureRow, ...]:
    """The disclosures of the case, held still: nothing keeps this person, and nothing is on its way."""
    referrals.hold_case(tx, case_id)
    if person == content.CASE or not traces.is_there(tx, case_id, person):
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    check_hold(tx, case_id, person)
    rows = outbox.of_case(tx, case_id)
    if any(row.state is State.LEAVING and leases.is_claimed(tx, row.id, house.clock.now()) for row in rows):
        raise _busy()
    return rows


def _waits(row: DisclosureRow) -> bool:
    return row.state in UNSENT or row.state is State.LEAVING


def _cancel(house: House, tx: Writing, row: DisclosureRow, by: str, now: datetime) -> Entry:
    """A disclosure that goes to nobody any more; a dead worker that comes back finds its fence gone."""
    leases.close_unknown(tx, [row.id], now)
    take_back(house, tx, row)
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, State.CANCELLED, cause=SUBJECT_ERASED)
    # As one that somebody abandons: the log is for ever, and names the disclosure. The row says why.
    why = f"{ABANDONED}.{WhyAbandoned.OTHER.value}".lower()
    return Entry(EntryKind.DISCLOSURE_CANCELLED, now, by, {"disclosure": row.id, "reason": why})


def _busy() -> Conflict:
    says = "something of this case is on its way, or a pack of it could not be taken back; try again in a few minutes"
    return Conflict("TRY_AGAIN", says)
