"""The exact bytes that left, kept sealed: what was told must be answerable for as long as the person's key exists."""

from datetime import datetime

from sqlalchemy import select

from connectors.contract import Message
from hub.store import content
from hub.store.classes import DataClass
from hub.store.tables import attempt, disclosure
from hub.store.unit_of_work import Reading, Writing

_PART = "message"
_NAME = "filename"


def keep(
    tx: Writing, attempt_id: str, case_id: str, subject: str, message: Message, now: datetime, data_class: DataClass
) -> None:
    """Keep a message before it leaves, in the class of its most guarded item."""
    content.keep(tx, case_id, attempt_id, _PART, {subject: message.body}, now, data_class)
    content.keep(tx, case_id, attempt_id, _NAME, {subject: message.filename.encode()}, now)


def read(tx: Reading, disclosure_id: str, case_id: str) -> tuple[tuple[int, bytes], ...]:
    """Number and bytes of every attempt at a disclosure whose content can still be opened."""
    return _read(tx, disclosure_id, case_id, _PART)


def last(tx: Reading, disclosure_id: str, case_id: str) -> bytes | None:
    """The bytes of the latest attempt."""
    kept = read(tx, disclosure_id, case_id)
    return kept[-1][1] if kept else None


def differs(tx: Reading, disclosure_id: str, case_id: str, body: bytes) -> bool:
    """Whether any attempt had other bytes."""
    return any(kept != body for _, kept in read(tx, disclosure_id, case_id))


def filenames(tx: Reading, disclosure_id: str, case_id: str) -> tuple[str, ...]:
    """The names, each once, that messages about a disclosure had or were to have, whether or not one was placed."""
    kept = _read(tx, disclosure_id, case_id, _NAME)
    return tuple(dict.fromkeys(name.decode() for _, name in kept))


def attempts(tx: Reading) -> dict[str, dict[str, tuple[str, int]]]:
    """Disclosure and number of every attempt, by its id, by case."""
    rows = tx.connection.execute(
        select(disclosure.c.case_id, attempt.c.id, attempt.c.disclosure_id, attempt.c.number)
        .join(disclosure, disclosure.c.id == attempt.c.disclosure_id)
        .order_by(disclosure.c.seq, attempt.c.number)
    )
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for row in rows:
        found.setdefault(row.case_id, {})[row.id] = (row.disclosure_id, row.number)
    return found


def attempts_at(tx: Reading, disclosure_id: str) -> dict[str, int]:
    """Number of every attempt at one disclosure, by its id."""
    rows = tx.connection.execute(
        select(attempt.c.id, attempt.c.number).where(attempt.c.disclosure_id == disclosure_id)
    )  # fmt: skip
    return {row.id: row.number for row in rows}


def _read(tx: Reading, disclosure_id: str, case_id: str, part: str) -> tuple[tuple[int, bytes], ...]:
    rows = tx.connection.execute(
        select(attempt.c.id, attempt.c.number)
        .where(attempt.c.disclosure_id == disclosure_id)
        .order_by(attempt.c.number)
    ).all()
    found = [(row.number, content.read(tx, case_id, row.id, part)) for row in rows]
    return tuple((number, next(iter(pieces.values()))) for number, pieces in found if pieces)
