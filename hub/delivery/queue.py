"""The queue: which rows are next, by lane, due time and order within a case. No partner's rows hold up another's.

Looked up by agency and lane, so that a look costs the same whatever waits for whom.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.sql import Select

from hub.delivery.breaker import Slots
from hub.delivery.leases import is_claimable
from hub.store.tables import outbox
from hub.store.unit_of_work import Reading

DANGER, PRIORITY, ROUTINE = 0, 1, 2
"""The lanes. Danger goes ahead of everything, and waits behind nothing of its own case either."""


@dataclass(frozen=True, slots=True)
class Head:
    """A row that may be claimed."""

    disclosure_id: str
    case_id: str
    landlord: str
    agency: str
    lane: int
    due_at: datetime
    seq: int


def _waited_for() -> Select[Any]:
    """The agencies that something is ready for, found by leaps through the index: never by reading what waits."""
    first = (
        select(func.min(outbox.c.agency).label("agency")).where(outbox.c.ready.is_(True)).cte("waited", recursive=True)
    )
    after = outbox.alias("after")
    leap = select(func.min(after.c.agency)).where(after.c.ready.is_(True), after.c.agency > first.c.agency)
    leaps = first.union_all(select(leap.scalar_subquery()).where(first.c.agency.is_not(None)))
    return select(leaps.c.agency).where(leaps.c.agency.is_not(None))


def _first() -> Select[Any]:
    """The first rows of one agency and lane, each in its turn; danger waits for nothing.

    What was queued before for the same agency in the same case, and is no less urgent, goes before. Another case never
    waits; nor does anything behind what is held or parked, for that may take a person days.
    """
    before = outbox.alias("before")
    has_one_before = exists().where(
        before.c.case_id == outbox.c.case_id, before.c.agency == outbox.c.agency, before.c.seq < outbox.c.seq,
        before.c.lane <= outbox.c.lane, before.c.ready.is_(True),
    )  # fmt: skip
    return (
        select(
            outbox.c.disclosure_id, outbox.c.case_id, outbox.c.landlord, outbox.c.agency, outbox.c.lane,
            outbox.c.due_at, outbox.c.seq,
        )
        .where(
            outbox.c.agency == bindparam("of_agency"), outbox.c.lane == bindparam("of_lane"),
            is_claimable(bindparam("by", type_=outbox.c.due_at.type)),
            or_(outbox.c.lane == bindparam("danger"), ~has_one_before),
        )
        .order_by(outbox.c.due_at, outbox.c.seq)
        .limit(bindparam("most"))
    )  # fmt: skip


_WAITED_FOR, _FIRST = _waited_for(), _first()


def waited_for(tx: Reading) -> tuple[str, ...]:
    """The agencies that something is ready for, due or not."""
    return tuple(tx.connection.execute(_WAITED_FOR).scalars())


def heads(
    tx: Reading, slots: Mapping[str, Slots], now: datetime, limit: int, only: Iterable[str] | None = None
) -> Sequence[Head]:  # fmt: skip
    """The rows that are next, most urgent first, at most `limit` of each agency and lane: danger, then by due time.

    Of the agencies with a free slot in `slots` alone, and of the disclosures `only` where these are given.
    """
    asked = _FIRST if only is None else _FIRST.where(outbox.c.disclosure_id.in_(sorted(only)))
    found: list[Head] = []
    for agency, free in slots.items():
        for lane in (DANGER, PRIORITY, ROUTINE):
            if (free.danger if lane == DANGER else free.usual) > 0:
                rows = tx.connection.execute(
                    asked, {"of_agency": agency, "of_lane": lane, "by": now, "most": limit, "danger": DANGER}
                )
                found += [Head(**row._asdict()) for row in rows]
    return sorted(found, key=lambda head: (head.lane, head.due_at, head.seq))


def fitting(candidates: Iterable[Head], slots: Mapping[str, Slots], most: int, usual: int) -> list[Head]:
    """The first of the candidates that fit the free slots of their agencies: `most` in all, `usual` not of danger."""
    used: dict[str, int] = {}
    chosen: list[Head] = []
    for head in candidates:
        free = slots.get(head.agency, Slots(0, 0))
        taken = used.get(head.agency, 0)
        left = usual - sum(one.lane != DANGER for one in chosen)
        fits = taken < free.danger if head.lane == DANGER else taken < free.usual and left > 0
        if fits and len(chosen) < most:
            used[head.agency] = taken + 1
            chosen.append(head)
    return chosen
