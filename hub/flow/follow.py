"""Follow: whoever has, or may have, what must not be used any more is told so (UK GDPR Art 7(3), 16, 19).

Promise: the notice is queued in the transaction that records why, to those alone that have or may have it. Where that
does not show yet, because an attempt is under way or a pack lies in its folder, the sweep looks until it does; then the
notice goes, or nothing is told to somebody who has nothing. It passes the gate and the same doors as all else.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import follow_ups, lapses, leases, outbox, queue
from hub.delivery.follow_ups import FollowUp, Reach
from hub.delivery.outbox import SUBJECT_ERASED, UNSENT, DisclosureRow, State
from hub.flow.entries import placed
from hub.flow.hold import hold_disclosure, scope_of
from hub.flow.house import House
from hub.flow.judge import Judged
from hub.flow.notice import judge_notice
from hub.flow.release import keep_decision, take_back
from hub.flow.sweeping import each
from hub.flow.undecidable import code_of
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.intake.referrals import AcceptedReferral
from hub.store.scope import EVERY
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Referral

NEVER_ARRIVED = "NEVER_ARRIVED"
"""The cause of a notice that was cancelled: nobody had what it was about."""

_LANES = {"immediate_danger": queue.DANGER, "high": queue.PRIORITY}
_LOOK_EVERY = timedelta(seconds=5)
_BY = "worker"


def tell(
    house: House, tx: Writing, rows: Iterable[DisclosureRow], notice: Literal["withdrawn", "corrected"], by: str,
    now: datetime,
) -> tuple[tuple[DisclosureRow, ...], list[Entry]]:  # fmt: skip
    """Queue a bare notice about each disclosure that its agency has or may have; none twice. The caller holds the case.

    Returns the notices and their entries. About what does not open nothing can be written: who has it is for a person.
    """
    made: list[DisclosureRow] = []
    entries: list[Entry] = []
    for about in rows:
        reach = follow_ups.reach(tx, about)
        before = (entry for entry in follow_ups.on(tx, about.id) if entry.bare and entry.notice == notice)
        told_so = any(_stands(tx, entry) for entry in before)
        is_notice = (own := follow_ups.of(tx, about)) is not None and own.bare
        if reach is Reach.NEVER or told_so or is_notice:
            continue
        row = new_row(tx, about, now)
        told = FollowUp(row.id, row.agency, about.id, notice, bare=True, look_at=None if reach is Reach.HAS else now)
        try:
            accepted = referrals.find(tx, about.referral_id)
            if accepted is None:  # about somebody who was erased nobody is told anything
                continue
            judged = judge_notice(house, tx, row, told, accepted, row.decision_id, now)
        except Exception as problem:  # noqa: BLE001 - whatever it is: what is to be stopped is stopped all the same
            code_of(problem, about.id)
            continue
        entries += enter(house, tx, row, told, judged, accepted, lane=queue.PRIORITY, by=by, now=now)
        made.append(row)
    return tuple(made), entries


def _stands(tx: Reading, told: FollowUp) -> bool:
    """Whether somebody was told, or is to be; not where there was nothing to tell of then."""
    return outbox.get(tx, told.disclosure_id).cause != NEVER_ARRIVED


def tell_of_withdrawal(
    house: House, tx: Writing, relying: Iterable[DisclosureRow], by: str
) -> tuple[tuple[str, ...], list[Entry]]:
    """Tell whoever has something that rested on a consent which counts no more; what waits was decided again before.

    Not of what goes on by itself: another ground carries it. Returns the ids of the notices, and the entries.
    """
    rows = outbox.among(tx, [row.id for row in relying])
    goes_on = (State.QUEUED, State.PREPARED, State.PARKED)
    concerned = [row for row in rows.values() if row.state not in goes_on]
    made, entries = tell(house, tx, concerned, "withdrawn", by, house.clock.now())
    return tuple(row.id for row in made), entries


def heed(
    house: House, tx: Writing, accepted: AcceptedReferral, relying: Iterable[DisclosureRow], by: str
) -> list[Entry]:  # fmt: skip
    """What a new referral means for earlier ones of its case: answers that it takes back, and danger that has grown.

    `relying` is what rested on those answers, found before it was decided again. What is queued for the same agencies
    goes in the lane of the greater danger; it is decided again at its door anyway.
    """
    entries = tell_of_withdrawal(house, tx, relying, by)[1]
    lane = lane_of(accepted.content)
    if lane < queue.ROUTINE:
        asked = {ask.agency for ask in accepted.content.asks}
        queued = (row for row in outbox.of_case(tx, accepted.case_id) if row.state is State.QUEUED)
        waiting = [row.id for row in queued if row.agency in asked]
        follow_ups.hurry(tx, waiting, lane, accepted.accepted_at)
    return entries


def lane_of(given: Referral) -> int:
    """The lane of what a referral has told, by its risk."""
    return _LANES.get(given.record.risk.level, queue.ROUTINE)


def new_row(tx: Reading, about: DisclosureRow, now: datetime) -> DisclosureRow:
    """A disclosure to the same agency for the same purpose, about an earlier one, and under its reference."""
    return replace(
        about, seq=0, id=new_id(Prefix.DISCLOSURE), decision_id=new_id(Prefix.DECISION), state=State.QUEUED,
        reference=follow_ups.reference_after(tx, about.reference), cause=None, authoriser=None, consent_id=None,
        rung=0, released_at=None, created_at=now, within=None, review_due_at=None, review_overdue_at=None,
        override_id=None, answer_due_at=None, answer_late_at=None, disclosed_at=None,
    )  # fmt: skip


def enter(
    house: House, tx: Writing, row: DisclosureRow, told: FollowUp, judged: Judged, accepted: AcceptedReferral, *,
    lane: int, by: str, now: datetime,
) -> list[Entry]:  # fmt: skip
    """Put a follow-up into the outbox with its decision; returns the entries."""
    verdict, case_id, subject = judged.verdict, row.case_id, accepted.subject
    ready = row.state is State.QUEUED and told.look_at is None and house.doors.is_sent(row.agency)
    outbox.put(tx, row, lane, ready=ready)
    follow_ups.put(tx, told)
    if waits_unasked(house, row):
        lapses.note(tx, row.id, verdict.lapses_at)
    entry = keep_decision(tx, row, accepted, judged, row.decision_id, by, now, door=False)
    content = None
    if row.state is State.QUEUED and verdict.disclosure is not None:
        bound = verdict.disclosure.model_dump_json().encode()
        content = commit(tx, case_id, row.id, subject, bound, now, verdict.data_class)
    where = placed(row, row.state, decision_id=row.decision_id, cause=row.cause, gaps=len(verdict.decision.gaps),
                   content=content, actor=by, now=now)  # fmt: skip
    followed = Entry(EntryKind.DISCLOSURE_FOLLOWED_UP, now, by, {
        "disclosure": row.id, "earlier": told.about, "notice": told.notice, "bare": told.bare,
    })  # fmt: skip
    return [entry, followed, *([where] if where else [])]


def look(house: House, about: Iterable[str] | None = None) -> int:
    """See of what was followed up whether it arrived after all; returns of how many that is known by now.

    `about`: of these alone, for whoever has just made it show.
    """
    with house.store.read(EVERY) as tx:
        due = follow_ups.to_look_at(tx, house.clock.now(), about)
    return each((entry.disclosure_id for entry in due), partial(_is_known, house), "follow_up_not_looked_at",
                lambda disclosure_id: {"disclosure": disclosure_id})  # fmt: skip


def waits_unasked(house: House, row: DisclosureRow) -> bool:
    """Whether it may wait for long with nobody asking again: for an authoriser, or for a partner to fetch it."""
    return row.state is State.HELD or (row.state is State.QUEUED and not house.doors.is_sent(row.agency))


def _is_known(house: House, disclosure_id: str) -> bool:
    now = house.clock.now()
    with house.store.write(scope_of(house, disclosure_id)) as tx:
        row = hold_disclosure(tx, disclosure_id)
        told = follow_ups.of(tx, row)
        if told is None or told.look_at is None:
            return False  # another process was first
        earlier = outbox.get(tx, told.about)
        if not house.doors.is_sent(earlier.agency) and not leases.is_claimed(tx, earlier.id, now):
            leases.close_unknown(tx, [earlier.id], now)  # whoever was fetching it broke off: it may have it
        entries: list[Entry] = []
        if not told.bare and earlier.state in UNSENT:  # what takes its place goes instead, however far it came
            entries.append(cancel(house, tx, earlier, "CORRECTED", _BY, now))
            earlier = outbox.get(tx, earlier.id)
        reach = follow_ups.reach(tx, earlier)
        if reach is Reach.LATER:
            follow_ups.look_again(tx, row.id, now + _LOOK_EVERY)
        elif reach is Reach.HAS:
            follow_ups.look_again(tx, row.id, None)
            if not told.bare and row.state in (State.HELD, State.CANCELLED) and row.cause != SUBJECT_ERASED:
                entries += tell(house, tx, [earlier], "corrected", _BY, now)[1]  # what was to correct it was set aside
        else:
            entries += _never_came(house, tx, row, told, now)
        log.append(tx, entries)
        if reach is Reach.LATER:
            return False
        if outbox.get(tx, row.id).state is State.QUEUED and house.doors.is_sent(row.agency):
            outbox.schedule(tx, row.id, now)
    return True


def _never_came(house: House, tx: Writing, row: DisclosureRow, told: FollowUp, now: datetime) -> list[Entry]:
    """Nobody has the earlier one: nothing is told of it, and what was to replace it goes in its stead."""
    if not told.bare:
        follow_ups.cut_off(tx, row.id)
        return []
    follow_ups.look_again(tx, row.id, None)  # also where it was abandoned or erased meanwhile
    return [cancel(house, tx, row, NEVER_ARRIVED, _BY, now)] if row.state in UNSENT else []


def cancel(house: House, tx: Writing, row: DisclosureRow, cause: str, by: str, now: datetime) -> Entry:
    """Take what waits out of the queue for good, and its pack out of its folder; returns the entry."""
    take_back(house, tx, row)
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, State.CANCELLED, cause=cause, authoriser=None, within=None, review_due_at=None,
                  review_overdue_at=None)  # fmt: skip
    return Entry(EntryKind.DISCLOSURE_CANCELLED, now, by, {"disclosure": row.id, "reason": cause.lower()})
