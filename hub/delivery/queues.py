"""How the queues stand: what waits by lane and partner, what is on its way, what needs a person. Counts and times only.

For whoever watches the hub: nothing here says whose case it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, case, func, select

from hub.delivery import answers, breaker
from hub.delivery.breaker import DoorState
from hub.delivery.outbox import State
from hub.delivery.queue import DANGER, PRIORITY, ROUTINE
from hub.store.tables import disclosure, outbox
from hub.store.unit_of_work import Reading

__all__ = ["LANES", "DoorState", "Queue", "Standing", "State", "standing"]

LANES: Final = {DANGER: "danger", PRIORITY: "priority", ROUTINE: "routine"}


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one agency in one lane. `late_since`: when the oldest that may go, or is going, became due."""

    agency: str
    lane: str
    waiting: int
    due: int
    late_since: datetime | None
    accepted_at: datetime
    """When the oldest that has not left was taken in."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All queues of one moment. Mappings are counts by agency."""

    queues: tuple[Queue, ...]
    doors: Mapping[str, DoorState]
    by_state: Mapping[State, Mapping[str, int]]
    in_flight: Mapping[str, int]
    held_overdue: Mapping[str, int]
    receipts_overdue: Mapping[str, int]


_WAITING_STATES: Final = (State.QUEUED, State.LEAVING, State.HELD, State.PARKED, State.PREPARED)


def standing(tx: Reading, now: datetime) -> Standing:
    """How all queues stand."""
    return Standing(
        queues=_queues(tx, now), doors=breaker.states(tx), by_state=_by_state(tx),
        in_flight=_by_agency(tx, outbox, outbox.c.lease_until > now),
        held_overdue=_by_agency(
            tx, disclosure, disclosure.c.state == State.HELD.value, disclosure.c.review_due_at < now
        ),
        receipts_overdue=_by_agency(tx, disclosure, answers.is_late(now)),
    )  # fmt: skip


def _queues(tx: Reading, now: datetime) -> tuple[Queue, ...]:
    due = outbox.c.due_at <= now
    found = tx.connection.execute(
        select(
            outbox.c.agency, outbox.c.lane, func.count().label("waiting"),
            func.sum(case((due, 1), else_=0)).label("due"), func.min(outbox.c.due_at).label("due_first"),
            func.min(outbox.c.seq).label("oldest"),
        )
        .where(outbox.c.ready.is_(True))
        .group_by(outbox.c.agency, outbox.c.lane)
        .order_by(outbox.c.lane, outbox.c.agency)
    ).all()  # fmt: skip
    taken_in = _taken_in(tx, [row.oldest for row in found])
    claimed = _claimed(tx, now)  # counted apart: all else is told by an index alone, however much waits
    queues = []
    for row in found:
        under_way = claimed.get((row.agency, row.lane), 0)
        queues.append(Queue(
            row.agency, LANES[row.lane], row.waiting - under_way, max(0, int(row.due) - under_way),
            row.due_first if row.due else None, taken_in[row.oldest],
        ))  # fmt: skip
    return tuple(queues)


def _claimed(tx: Reading, now: datetime) -> Mapping[tuple[str, int], int]:
    rows = tx.connection.execute(
        select(outbox.c.agency, outbox.c.lane, func.count().label("found"))
        .where(outbox.c.lease_until > now)
        .group_by(outbox.c.agency, outbox.c.lane)
    )
    return {(row.agency, row.lane): row.found for row in rows}


def _taken_in(tx: Reading, positions: list[int]) -> dict[int, datetime]:
    """Positions grow as disclosures are taken in, so the lowest of a queue is its oldest."""
    rows = tx.connection.execute(
        select(outbox.c.seq, disclosure.c.created_at)
        .join(disclosure, disclosure.c.id == outbox.c.disclosure_id)
        .where(outbox.c.seq.in_(positions))
    )
    return {row.seq: row.created_at for row in rows}


def _by_state(tx: Reading) -> Mapping[State, Mapping[str, int]]:
    rows = tx.connection.execute(
        select(disclosure.c.state, disclosure.c.agency, func.count().label("found"))
        .where(disclosure.c.state.in_([state.value for state in _WAITING_STATES]))
        .group_by(disclosure.c.state, disclosure.c.agency)
    ).all()
    return {
        state: {row.agency: row.found for row in rows if row.state == state.value} for state in _WAITING_STATES
    }  # fmt: skip


def _by_agency(tx: Reading, of: Table, *criteria: ColumnElement[bool]) -> Mapping[str, int]:
    rows = tx.connection.execute(
        select(of.c.agency, func.count().label("found")).where(*criteria).group_by(of.c.agency).order_by(of.c.agency)
    )
    return {row.agency: row.found for row in rows}
