"""Answers: until when each partner's next answer is awaited, and what is late."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from hub.delivery.doors import Pace, Rung
from hub.delivery.outbox import DisclosureRow, State, among, change
from hub.store.tables import disclosure, receipt
from hub.store.unit_of_work import Reading, Writing

_AWAITED_IN = (State.SENT, State.RECEIPTED, State.PREPARED)
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


def late(tx: Reading, landlord: str) -> tuple[DisclosureRow, ...]:
    """What of a landlord is without an answer that was raised as late, longest due first."""
    found = tx.connection.execute(
        select(disclosure.c.id)
        .where(disclosure.c.answer_due_at.is_not(None), disclosure.c.answer_late_at.is_not(None),
               disclosure.c.landlord == landlord, _is_awaited())
        .order_by(disclosure.c.answer_due_at)
        .limit(_MOST)
    )  # fmt: skip
    return _rows(tx, found.scalars().all())


def _is_awaited() -> ColumnElement[bool]:
    return disclosure.c.state.in_([state.value for state in _AWAITED_IN])


def _handed_over_at(tx: Reading, disclosure_id: str) -> datetime | None:
    asked = select(func.min(receipt.c.at)).where(
        receipt.c.disclosure_id == disclosure_id, receipt.c.rung >= int(Rung.HANDED_OVER)
    )
    return tx.connection.execute(asked).scalar_one_or_none()


def _rows(tx: Reading, ids: Sequence[str]) -> tuple[DisclosureRow, ...]:
    found = among(tx, ids)
    return tuple(found[disclosure_id] for disclosure_id in ids)
