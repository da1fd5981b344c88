"""The end of the log: whether it is whole there, and no time in it before the one above it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from hub.store.batches import Asked
from hub.store.tables import audit_checkpoint, audit_entry, audit_head
from hub.store.unit_of_work import Reading

_RACES: Final = timedelta(seconds=5)
"""Acts of several processes overlap, and are numbered when they end: so much earlier is no clock that was put back."""

_AT_MOST: Final = timedelta(hours=1)
"""A clock that was further ahead was wrong; what happens afterwards is not written down in its time."""


# Looked up by number, each by itself: of a join PostgreSQL may think that it is cheaper to read the whole log.
_NUMBER: Final = select(func.max(audit_entry.c.number)).scalar_subquery()
_LAST: Final = select(audit_entry.c.leaf).order_by(audit_entry.c.number.desc()).limit(1).scalar_subquery()
_SIGNED: Final = select(func.max(audit_checkpoint.c.size)).scalar_subquery()
_END: Final = Asked(
    select(audit_head.c.size, _NUMBER.label("number"), _LAST.label("leaf"), _SIGNED.label("signed"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class End:
    """Where the log ends: the time of its last entry, None in an empty one; whether its head knows it.

    Its head also knows all that was signed, or else it is not whole.
    """

    at: datetime | None
    is_whole: bool


def end(tx: Reading) -> End:
    """The end of the log as it stands, by one query."""
    found = tx.connection.execute(_END).one_or_none()
    if found is None:
        return End(None, is_whole=True)
    covers = found.size >= (found.signed or 0)
    if found.leaf is None:
        return End(None, covers and found.size == 0)
    at = time_of(found.leaf)
    return End(at, covers and at is not None and found.number == found.size - 1)


def time_of(leaf: bytes) -> datetime | None:
    """When an entry says that it happened; None of bytes that are no entry of ours any more."""
    try:
        return datetime.fromisoformat(json.loads(leaf)["at"])
    except (ValueError, KeyError, TypeError):
        return None


def is_put_back(newest: datetime, at: datetime) -> bool:
    """Whether an entry of this time comes from a clock that was put back; it gets the time of the newest."""
    return _RACES < newest - at <= _AT_MOST


def moved_on(newest: datetime | None, at: datetime) -> datetime:
    """The newest time once this one came: only after a clock that was too far ahead is it an earlier one."""
    return at if newest is None or not timedelta() <= newest - at <= _AT_MOST else newest
