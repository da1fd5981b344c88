"""The outbox after the clock was put back: what the later time wrote down must not wait until it comes again.

Only once no attempt from before is under way any more. Doing it twice, or by two processes, changes nothing further.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, update

from hub.clock import ALLOWED
from hub.store.tables import outbox
from hub.store.unit_of_work import Writing

_COUNTED = {"preserve_rowcount": True}
_APART = ALLOWED * 2  # by which a lease of now, of another process, may end later than ours would


def put_right(tx: Writing, before: datetime, now: datetime, lease: timedelta) -> int:
    """Rows that were due, or were tried, by a time up to `before` are due now, and its leases are over.

    What was to be held back for longer from its first hour (a hold window, an office that is closed) stays held back.
    Returns how many rows were changed.
    """
    tried = and_(outbox.c.attempts > 0, outbox.c.due_at > now)
    was_due = and_(outbox.c.due_at > now, outbox.c.due_at <= before)
    due = tx.connection.execute(
        update(outbox).where(outbox.c.ready.is_(True), or_(tried, was_due)).values(due_at=now),
        execution_options=_COUNTED,
    )
    ended = tx.connection.execute(
        update(outbox).where(outbox.c.lease_until > now + lease + _APART).values(lease_until=now),
        execution_options=_COUNTED,
    )
    return due.rowcount + ended.rowcount
