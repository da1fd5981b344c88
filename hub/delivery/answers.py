"""Answers: until when each partner's next answer is awaited, and what is late; that it fetches what waits is one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, and_, exists, func, or_, select, type_coerce

from hub.delivery.doors import Pace, Rung
from hub.delivery.outbox import DisclosureRow, Seen, State, among, change, listed
from hub.delivery.queue import DANGER
from hub.store.tables import disclosure, follow_up, outbox, receipt
from hub.store.unit_of_work import Reading, Writing

DANGER_WAITS = timedelta(minutes=15)
"""How long danger waits to be fetched before a person is told, where its partner's pace does not say."""

_AWAITED_IN = (State.SENT, State.RECEIPTED, State.PREPARED)
_FETCHED_IN = (State.QUEUED, State.LEAVING)
_MOST = 500


def await_next(tx: Writing, disclosure_id: str, state: State, rung: Rung, pace: Pace, now: datetime) -> None:
    """From this rung on await the next answer that the partner's pace names, counted from when it was handed over."""
    patience = pace.answers.next_after(rung)
    due = (_handed_over_at(tx, disclosure_id) or now) + patience if patience else None
    change(tx, disclosure_id, state, answer_due_at=due, answer_late_at=None)


def overdue(tx: Reading, now: datetime) -> tuple[DisclosureRow, ...]:
    """What no answer came to in time, and that was not raised yet."""
    found = tx.connection.execute(
        select(disclosure.c.id)
        .where(disclosure.c.answer_due_at < now, disclosure.c.answer_late_at.is_(None), _is_awaited())
        .order_by(disclosure.c.answer_due_at)
        .limit(_MOST)
    )
    return _rows(tx, found.scalars().all())


def is_overdue(row: DisclosureRow, now: datetime) -> bool:
    """Whether an answer to this one is late, and was not raised yet."""
    due = row.answer_due_at is not None and row.answer_due_at < now
    return due and row.answer_late_at is None and row.state in _AWAITED_IN


def patience(pace: Pace, hours: float, lane: int) -> timedelta:
    """How long a disclosure may wait to be fetched: its first answer's time, `hours` or less where none is named."""
    named = pace.answers.next_after(Rung.PREPARED)
    if named is not None:
        return named
    return DANGER_WAITS if lane == DANGER else timedelta(hours=pace.gives_up_after_hours or hours)


def unfetched(
    tx: Reading, agency: str, lane: int, waits: timedelta, now: datetime, disclosure_id: str | None = None
) -> tuple[DisclosureRow, ...]:  # fmt: skip
    """What a partner that fetches left for longer than it `waits` in this lane, and was not raised; longest due first.

    What was raised when it could still wait for longer, and has become more urgent since, is to be raised again.
    """
    due, said = (type_coerce(column, BigInteger) for column in (outbox.c.due_at, disclosure.c.answer_due_at))
    raised_as_less = said - due > waits // timedelta(microseconds=1)
    asked = (
        select(disclosure.c.id)
        .join(outbox, outbox.c.disclosure_id == disclosure.c.id)
        .where(disclosure.c.agency == agency, outbox.c.lane == lane, outbox.c.due_at < now - waits,
               _is_to_be_fetched(), or_(disclosure.c.answer_late_at.is_(None), raised_as_less))
        .where(disclosure.c.id.not_in(select(follow_up.c.disclosure_id).where(follow_up.c.look_at.is_not(None))))
        .order_by(outbox.c.due_at, disclosure.c.seq)
        .limit(_MOST)
    )  # fmt: skip
    if disclosure_id is not None:
        asked = asked.where(disclosure.c.id == disclosure_id)
    return _rows(tx, tx.connection.execute(asked).scalars().all())


def note_unfetched(tx: Writing, row: DisclosureRow, waits: timedelta, now: datetime) -> None:
    """Record that it was raised; an answer was due once it had waited for so long."""
    asked = select(outbox.c.due_at).where(outbox.c.disclosure_id == row.id)
    due = tx.connection.execute(asked).scalar_one() + waits
    change(tx, row.id, row.state, answer_due_at=due, answer_late_at=now)


def late(tx: Reading, landlord: str, seen: Seen | None) -> tuple[DisclosureRow, ...]:
    """What of a landlord is without an answer that was raised as late: in each lane, longest due first."""
    was_raised = and_(disclosure.c.answer_due_at.is_not(None), disclosure.c.answer_late_at.is_not(None))
    waits = and_(was_raised, or_(_is_awaited(), _is_to_be_fetched()))
    return listed(tx, landlord, seen, waits, disclosure.c.answer_due_at)


def is_late(now: datetime) -> ColumnElement[bool]:
    """Disclosures without an answer that is due by now; not what goes no more, or waits for one of our own."""
    nobody_owes = (State.HELD.value, State.CANCELLED.value, State.REFUSED.value)
    return and_(disclosure.c.answer_due_at < now, disclosure.c.state.not_in(nobody_owes))


def _is_awaited() -> ColumnElement[bool]:
    return disclosure.c.state.in_([state.value for state in _AWAITED_IN])


def _is_to_be_fetched() -> ColumnElement[bool]:
    """Queued, and nothing for a worker; also what was being fetched when something broke."""
    its = outbox.alias("its")
    for_a_worker = exists().where(its.c.disclosure_id == disclosure.c.id, its.c.ready.is_(True))
    return and_(disclosure.c.state.in_([state.value for state in _FETCHED_IN]), ~for_a_worker)


def _handed_over_at(tx: Reading, disclosure_id: str) -> datetime | None:
    asked = select(func.min(receipt.c.at)).where(
        receipt.c.disclosure_id == disclosure_id, receipt.c.rung >= int(Rung.HANDED_OVER)
    )
    return tx.connection.execute(asked).scalar_one_or_none()


def _rows(tx: Reading, ids: Sequence[str]) -> tuple[DisclosureRow, ...]:
    found = among(tx, ids)
    return tuple(found[disclosure_id] for disclosure_id in ids)
