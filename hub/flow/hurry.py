"""Hurry: what an override means for what is queued already, and whom people must telephone all the same."""

from collections.abc import Iterable
from datetime import datetime

from hub.decision.overriding import may_reach
from hub.delivery import breaker, follow_ups, outbox, queue
from hub.delivery.breaker import Circuit
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.house import House
from hub.flow.release import in_the_way
from hub.flow.still import is_still
from hub.register import agencies
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import Purpose


def hurry(tx: Writing, case_id: str, now: datetime) -> list[DisclosureRow]:
    """Have what is queued for those whom an override reaches go as danger does; returns it, not what cannot go yet.

    Of what is being sent just now a further try is hurried.
    """
    reached = _reached(tx, case_id, State.QUEUED, State.LEAVING)
    follow_ups.hurry(tx, [row.id for row in reached], queue.DANGER, now)
    told = follow_ups.among(tx, [row.id for row in reached])
    waits = {entry.disclosure_id for entry in told.values() if entry.look_at is not None}
    return [row for row in reached if row.state is State.QUEUED and row.id not in waits]


def waits_for_a_person(tx: Reading, case_id: str) -> list[DisclosureRow]:
    """What is parked for those whom an override reaches: it does not go before somebody has looked, danger or not."""
    return _reached(tx, case_id, State.PARKED)


def to_telephone(house: House, tx: Reading, rows: Iterable[DisclosureRow], now: datetime) -> tuple[str, ...]:
    """The agencies that people must tell: a door is barred, or what is to go there waits for them, us or a person."""
    found = (row.agency for row in rows if row.state is State.PARKED or (
        row.state is State.QUEUED and _would_wait(house, tx, row, now)
    ))  # fmt: skip
    return tuple(dict.fromkeys(found))


def _would_wait(house: House, tx: Reading, row: DisclosureRow, now: datetime) -> bool:
    if row.agency not in house.doors or in_the_way(house, tx, row, now) is not None:
        return True
    doors = breaker.states(tx, [row.agency]).values()
    return not is_still(house, tx) or any(door.state is not Circuit.CLOSED for door in doors)


def _reached(tx: Reading, case_id: str, *states: State) -> list[DisclosureRow]:
    return [
        row for row in outbox.of_case(tx, case_id)
        if row.state in states and may_reach(agencies.get(tx, row.agency).kind, Purpose(row.purpose))
    ]  # fmt: skip
