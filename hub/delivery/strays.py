"""Strays: what waits by a way that its agency has no more, and broken fetches. Nobody else comes back for them."""

from datetime import datetime

from sqlalchemy import exists, func, or_, select, update

from hub.delivery.outbox import DisclosureRow, State, among
from hub.store.tables import disclosure, follow_up, outbox
from hub.store.unit_of_work import Reading, Writing

_MOST = 500


def agencies(tx: Reading) -> frozenset[str]:
    """For whom more is queued or leaving than workers are to take, as for whoever fetches: told by two indexes alone.

    So that a long queue, in which nothing is astray, is not read row by row at each sweep.
    """
    states = (State.QUEUED.value, State.LEAVING.value)
    there = select(disclosure.c.agency, func.count().label("found")).where(disclosure.c.state.in_(states))
    ready = select(outbox.c.agency, func.count().label("found")).where(outbox.c.ready.is_(True))
    for_workers = {row.agency: row.found for row in tx.connection.execute(ready.group_by(outbox.c.agency))}
    all_there = tx.connection.execute(there.group_by(disclosure.c.agency))
    return frozenset(row.agency for row in all_there if row.found > for_workers.get(row.agency, 0))


def of(
    tx: Reading, agency: str, now: datetime, states: tuple[State, ...], disclosure_id: str | None = None
) -> tuple[DisclosureRow, ...]:  # fmt: skip
    """What is in these states for an agency, and neither for a worker nor in anybody's hands; danger first.

    Not what waits until it shows whether the earlier one came. Found by what stands in these states alone: what was
    settled is never read, however much of it there is.
    """
    its = outbox.alias("its")
    has_somebody = exists().where(
        its.c.disclosure_id == disclosure.c.id, or_(its.c.ready.is_(True), its.c.lease_until > now)
    )
    looks = exists().where(follow_up.c.disclosure_id == disclosure.c.id, follow_up.c.look_at.is_not(None))
    lane = select(outbox.c.lane).where(outbox.c.disclosure_id == disclosure.c.id).scalar_subquery()
    asked = select(disclosure.c.id).where(
        disclosure.c.agency == agency, disclosure.c.state.in_([state.value for state in states]), ~has_somebody, ~looks
    )
    if disclosure_id is not None:
        asked = asked.where(disclosure.c.id == disclosure_id)
    ids = tx.connection.execute(asked.order_by(lane, disclosure.c.seq).limit(_MOST)).scalars().all()
    found = among(tx, ids)
    return tuple(found[one] for one in ids)


def give_to_worker(tx: Writing, disclosure_id: str) -> None:
    """From now on it is the worker's, when it is due."""
    tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == disclosure_id)
        .values(ready=True, lease_owner=None, lease_until=None)
    )
