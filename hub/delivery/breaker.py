"""How each partner's door stands: whether it answers, and how much may go through it now. One state for all processes.

A partner that did not answer some attempts in a row is left alone but for danger, then asked by one attempt; the first
answer closes the circuit again. What is told when it opens and closes is told once (`hub.flow.settle`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import Row

from hub.delivery.doors import Attempted, AttemptOutcome, Pace
from hub.store.tables import door_state, outbox
from hub.store.unit_of_work import Reading, Writing

OPENS_AFTER = 5
FIRST_PROBE = timedelta(seconds=30)
LONGEST_PROBE = timedelta(minutes=15)
_DOUBLES_AT_MOST = 10


@unique
class Circuit(StrEnum):
    """Whether a partner is being sent to."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class DoorState:
    """One partner's door; `failures` counts attempts in a row that it did not answer."""

    agency: str
    state: Circuit = Circuit.CLOSED
    failures: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    paced_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slots:
    """How many attempts may begin at one door now: of any lane, and how many of danger."""

    usual: int
    danger: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What an attempt's end did to a circuit, where it opened or closed it."""

    agency: str
    state: Circuit
    failures: int


def states(tx: Reading, agencies: Iterable[str] | None = None) -> Mapping[str, DoorState]:
    """How doors stand, by agency; one that was never claimed for has no row and is closed."""
    asked = select(door_state)
    if agencies is not None:
        asked = asked.where(door_state.c.agency.in_(sorted(agencies)))
    return {row.agency: _state(row) for row in tx.connection.execute(asked)}


def hold(tx: Writing, agencies: Iterable[str]) -> Mapping[str, DoorState]:
    """Be the only one to claim for these agencies until this transaction ends; leaves out those that another holds.

    Never waits, so that no claim stands behind another; taken after the registers and before any case.
    """
    asked = sorted(agencies)
    known = set(states(tx, asked))
    for agency in asked:
        if agency not in known:
            tx.insert_missing(door_state, agency=agency, state=Circuit.CLOSED.value, failures=0)
    held = (
        select(door_state).where(door_state.c.agency.in_(asked)).order_by(door_state.c.agency)
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    return {row.agency: _state(row) for row in tx.connection.execute(held)}


def under_way(tx: Reading, now: datetime) -> Mapping[str, int]:
    """How many attempts are under way, by agency."""
    rows = tx.connection.execute(
        select(outbox.c.agency, func.count().label("attempts"))
        .where(outbox.c.lease_until > now)
        .group_by(outbox.c.agency)
    )
    return {row.agency: row.attempts for row in rows}


def slots(door: DoorState, pace: Pace, busy: int, now: datetime) -> Slots:
    """What may begin at a door with `busy` attempts under way.

    Danger goes whether the circuit is open, the rate used up or the partner's office closed, in a slot of its own:
    an attempt that fails costs less than one that was not made. No more begin at once than its rate lets in a minute.
    """
    danger = max(0, pace.at_once + 1 - busy)
    waits = door.paced_until is not None and door.paced_until > now
    if waits or pace.open_at(now) > now:
        return Slots(0, danger)
    if door.state is not Circuit.CLOSED:
        probes = busy == 0 and (door.probe_at is None or door.probe_at <= now)
        return Slots(1 if probes else 0, danger)
    in_a_minute = pace.at_once if pace.per_minute is None else max(1, int(pace.per_minute))
    return Slots(max(0, min(pace.at_once - busy, in_a_minute)), danger)


def begun(tx: Writing, door: DoorState, pace: Pace, attempts: int, now: datetime, lease: timedelta) -> None:
    """Record that attempts begin at a held door: its rate is used, and a probe has this lease to find out."""
    values: dict[str, object] = {}
    if pace.per_minute is not None:
        values["paced_until"] = max(now, door.paced_until or now) + timedelta(minutes=attempts / pace.per_minute)
    if door.state is not Circuit.CLOSED:
        values |= {"state": Circuit.HALF_OPEN.value, "probe_at": now + lease}
    if values:
        tx.connection.execute(update(door_state).where(door_state.c.agency == door.agency).values(**values))


def ended(tx: Writing, agency: str, answer: Attempted, now: datetime) -> Changed | None:
    """Note how an attempt ended; the circuit that it opened or closed, None where it stands as before."""
    found = tx.connection.execute(select(door_state).where(door_state.c.agency == agency)).one_or_none()
    if found is None or not _tells_something(answer, found.failures, found.state):
        return None
    door = _state(tx.connection.execute(
        select(door_state).where(door_state.c.agency == agency).with_for_update()
    ).one())  # fmt: skip
    if answer.outcome in (AttemptOutcome.DONE, AttemptOutcome.REFUSED):
        _put(tx, agency, state=Circuit.CLOSED.value, failures=0, opened_at=None, probe_at=None)
        return Changed(agency, Circuit.CLOSED, door.failures) if door.state is not Circuit.CLOSED else None
    if answer.after_seconds is not None:  # it answers, and asks for time: for all that waits, not for this row alone
        asked = now + timedelta(seconds=answer.after_seconds)
        _put(tx, agency, paced_until=max(asked, door.paced_until or now))
        return None
    failures = door.failures + 1
    if failures < OPENS_AFTER:
        _put(tx, agency, failures=failures)
        return None
    doubled = FIRST_PROBE * 2 ** min(failures - OPENS_AFTER, _DOUBLES_AT_MOST)
    _put(tx, agency, state=Circuit.OPEN.value, failures=failures, opened_at=door.opened_at or now,
         probe_at=now + min(doubled, LONGEST_PROBE))  # fmt: skip
    return Changed(agency, Circuit.OPEN, failures) if door.state is Circuit.CLOSED else None


def _tells_something(answer: Attempted, failures: int, state: str) -> bool:
    """Whether an end changes anything: a partner that answers, of whom nothing else was known, needs no writing."""
    return answer.outcome not in (AttemptOutcome.DONE, AttemptOutcome.REFUSED) or failures > 0 or state != "closed"


def _put(tx: Writing, agency: str, **values: object) -> None:
    tx.connection.execute(update(door_state).where(door_state.c.agency == agency).values(**values))


def _state(row: Row[Any]) -> DoorState:
    return DoorState(**{**row._asdict(), "state": Circuit(row.state)})
