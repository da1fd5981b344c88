"""What waits, after the clock was put back: what the later time wrote down must not wait until it comes again.

Only once no attempt from before is under way any more. Doing it twice, or by two processes, changes nothing further.
Dates that the law or a person set stay as they are: what runs out by one may be seen as much later as the clock went.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update

from hub.clock import ALLOWED
from hub.delivery.outbox import State
from hub.store.tables import disclosure, door_state, follow_up, outbox
from hub.store.unit_of_work import Writing

_COUNTED = {"preserve_rowcount": True}
_APART = ALLOWED * 2  # by which a lease of now, of another process, may end later than ours would
_OF_DOORS = (door_state.c.paced_until, door_state.c.probe_at, door_state.c.opened_at)


def put_right(tx: Writing, before: datetime, now: datetime, lease: timedelta) -> int:
    """Rows that were due, or were tried, by a time up to `before` are due now, and its leases are over.

    What was to be held back for longer from its first hour (a hold window, an office that is closed) stays held back.
    Doors are asked again and follow-ups looked at now: too early is one attempt or one look too many, too late may be a
    day in which nothing goes. Returns how many rows were changed.
    """
    fetched = select(disclosure.c.id).where(disclosure.c.state.in_((State.QUEUED.value, State.LEAVING.value)))
    waits = or_(outbox.c.ready.is_(True), outbox.c.disclosure_id.in_(fetched))  # for a worker, or for its partner
    tried = and_(outbox.c.attempts > 0, outbox.c.due_at > now)
    was_due = and_(outbox.c.due_at > now, outbox.c.due_at <= before)
    steps = (
        *(update(door_state).where(until > now).values({until: now}) for until in _OF_DOORS),
        update(outbox).where(waits, or_(tried, was_due)).values(due_at=now),
        update(outbox).where(outbox.c.lease_until > now + lease + _APART).values(lease_until=now),
        update(follow_up).where(follow_up.c.look_at > now).values(look_at=now),
    )
    return sum(tx.connection.execute(step, execution_options=_COUNTED).rowcount for step in steps)
