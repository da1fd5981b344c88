"""The exact bytes that left, kept sealed: what was told must be answerable for as long as the person's key exists."""

from datetime import datetime

from sqlalchemy import select

from connectors.contract import Message
from hub.store import content
from hub.store.tables import attempt
from hub.store.unit_of_work import Reading, Writing

_PART = "message"


def keep(tx: Writing, attempt_id: str, case_id: str, subject: str, message: Message, now: datetime) -> None:
    """Keep a message before it leaves."""
    content.keep(tx, case_id, attempt_id, _PART, {subject: message.body}, now)


def read(tx: Reading, disclosure_id: str, case_id: str) -> tuple[tuple[int, bytes], ...]:
    """Number and bytes of every attempt at a disclosure whose content can still be opened."""
    rows = tx.connection.execute(
        select(attempt.c.id, attempt.c.number)
        .where(attempt.c.disclosure_id == disclosure_id)
        .order_by(attempt.c.number)
    ).all()
    found = [(row.number, content.read(tx, case_id, row.id, _PART)) for row in rows]
    return tuple((number, next(iter(pieces.values()))) for number, pieces in found if pieces)
