"""The end of the log: whether it is whole there, and no time in it before the one above it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from hub.audit.entry import Entry
from hub.store.tables import audit_entry, audit_head
from hub.store.unit_of_work import Reading

_RACES: Final = timedelta(seconds=5)
"""Acts of several processes overlap, and are numbered when they end: so much earlier is no clock that was put back."""

_AT_MOST: Final = timedelta(hours=1)
"""A clock that was further ahead was wrong; what happens afterwards is not written down in its time."""


@dataclass(frozen=True, slots=True)
class End:
    """Where the log ends: the time of its last entry, None in an empty one; whether its head knows that entry."""

    at: datetime | None
    is_whole: bool


def end(tx: Reading) -> End:
    """The end of the log as it stands, by one query."""
    found = tx.connection.execute(
        select(audit_head.c.size, audit_entry.c.number, audit_entry.c.leaf)
        .select_from(audit_head)
        .outerjoin(audit_entry, audit_entry.c.number >= audit_head.c.size - 1)
        .order_by(audit_entry.c.number)
        .limit(2)
    ).all()  # fmt: skip
    if not found or found[0].number is None:
        return End(None, not found or found[0].size == 0)
    at = time_of(found[-1].leaf)
    return End(at, at is not None and len(found) == 1 and found[0].number == found[0].size - 1)


def time_of(leaf: bytes) -> datetime | None:
    """When an entry says that it happened; None of bytes that are no entry of ours any more."""
    try:
        return datetime.fromisoformat(json.loads(leaf)["at"])
    except (ValueError, KeyError, TypeError):
        return None


def not_before(newest: datetime | None, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries, with the time of the last one in the log for those that a clock put back makes earlier."""
    if newest is None:
        return entries
    return [
        replace(entry, at=newest) if _RACES < newest - entry.at <= _AT_MOST else entry for entry in entries
    ]  # fmt: skip
