"""Retain: what a landlord has kept long enough goes by itself, case by case and class by class; what stays says why.

Promise: a dry run changes nothing and tells what a run at that moment does. Each case is one transaction, in which it
is looked at again while it is held: whoever did something in it meanwhile has saved it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput
from hub.flow.erase import destroy, repeat, to_repeat
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.intake import referrals, traces
from hub.register import holds, landlords, retention
from hub.register.erasures import Erasure, ErasureGround
from hub.register.retention import LONGEST, SHORTEST
from hub.store.classes import DataClass
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Reading, Writing

_ACTOR = "hub"
UNSETTLED = "unsettled"
"""Why something past its day is kept: a disclosure of the case still waits for somebody. Other reasons are holds."""


@dataclass(frozen=True, slots=True)
class Due:
    """One class of one case that is past its day: gone, or kept for a reason (a stable code)."""

    landlord: str
    case_id: str
    data_class: DataClass
    due_at: datetime
    kept_for: str | None = None
    review_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did, or would do: what is past its day, and erasures that an older copy of the database undid."""

    due: tuple[Due, ...]
    repeated: tuple[str, ...]

    @property
    def gone(self) -> tuple[Due, ...]:
        """What went, or would go."""
        return tuple(entry for entry in self.due if entry.kept_for is None)

    @property
    def kept(self) -> tuple[Due, ...]:
        """What is past its day and stays, each with why."""
        return tuple(entry for entry in self.due if entry.kept_for is not None)


def run(house: House, *, dry_run: bool) -> Ran:
    """Erase what is past its day, in every case of every landlord; with `dry_run` only tell."""
    now = house.clock.now()
    repeated = tuple(entry.id for entry in to_repeat(house)) if dry_run else repeat(house)
    due: list[Due] = []
    for code, days in read_schedules(house).items():
        with house.store.read(of_landlord(code)) as tx:
            idle = retention.idle_since(tx, now - timedelta(days=min(days.values())))
        look = _look if dry_run else _settle
        due += [entry for case_id in idle for entry in look(house, code, case_id, days, now)]
    if not dry_run:
        house.store.scrub()
    return Ran(tuple(due), repeated)


def read_schedules(house: House) -> dict[str, dict[str, int]]:
    """Days by class for every landlord."""
    with house.store.read(EVERY) as tx:
        return {code: retention.schedule(tx, code) for code in landlords.NAMES}


def read_schedule(house: House, actor: Actor, landlord: str) -> dict[str, int]:
    """Days by class for the actor's own landlord. Raises NotFound for another."""
    require(actor, Act.SET_RETENTION)
    require_landlord(actor, landlord)
    with house.store.read(actor.scope) as tx:
        return retention.schedule(tx, landlord)


def set_schedule(house: House, actor: Actor, landlord: str, days: Mapping[DataClass, int]) -> None:
    """Set how long a landlord keeps each class. Raises BadInput out of bounds, NotFound for another landlord.

    Nothing is kept longer than what is normal: without that nobody could read it.
    """
    require(actor, Act.SET_RETENTION)
    require_landlord(actor, landlord)
    for data_class, given in days.items():
        if not SHORTEST <= given <= LONGEST or given > days[DataClass.NORMAL]:
            raise BadInput("RETENTION_OUT_OF_BOUNDS", data_class.value, "this is no period that a class may have",
                           f"give {SHORTEST} to {LONGEST} days, and none more than normal")  # fmt: skip
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        for data_class, given in days.items():
            retention.set_days(tx, landlord, data_class.value, given, actor.person, now)
        log.append(tx, [Entry(EntryKind.RETENTION_SET, now, actor.person, {
            "landlord": landlord.lower(), "data_class": data_class.value, "days": given,
        }) for data_class, given in days.items()])  # fmt: skip


def _look(house: House, landlord: str, case_id: str, days: Mapping[str, int], now: datetime) -> tuple[Due, ...]:
    with house.store.read(of_landlord(landlord)) as tx:
        return tuple(_due(tx, landlord, case_id, days, now))


def _settle(house: House, landlord: str, case_id: str, days: Mapping[str, int], now: datetime) -> tuple[Due, ...]:
    with house.store.write(of_landlord(landlord)) as tx:
        referrals.hold_case(tx, case_id)
        due = tuple(_due(tx, landlord, case_id, days, now))
        log.append(tx, _destroyed(tx, due, now))
    return due


def _destroyed(tx: Writing, due: tuple[Due, ...], now: datetime) -> list[Entry]:
    return [
        destroy(tx, Erasure(new_id(Prefix.ERASURE), entry.landlord, entry.case_id, None, entry.data_class,
                            ErasureGround.RETENTION, _ACTOR, now))
        for entry in due if entry.kept_for is None
    ]  # fmt: skip


def _due(tx: Reading, landlord: str, case_id: str, days: Mapping[str, int], now: datetime) -> Iterator[Due]:
    """The classes of a case that are past their day. A hold on anybody keeps all of it: evidence is read as a whole."""
    last = retention.last_activity(tx, case_id)
    over = sorted({kind for _, kind in traces.kept(tx, case_id) if retention.is_over(last, days[kind], now)})
    if not over:
        return
    hold = holds.keeping(tx, case_id, None)
    waits = UNSETTLED if retention.is_unsettled(tx, case_id) else None
    for kind in over:
        yield Due(landlord, case_id, kind, last + timedelta(days=days[kind]), hold.ground.value if hold else waits,
                  hold.review_by if hold else None)  # fmt: skip
