"""Attachments on file: whose and what they are in the clear, what they hold in sealed rows. Names are not kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.engine import Row

from hub.errors import NotFound, NotTrusted
from hub.ids import Prefix, new_id
from hub.store import content
from hub.store.chunks import KEY_BYTES
from hub.store.classes import DataClass
from hub.store.tables import attachment, attachment_chunk
from hub.store.unit_of_work import Reading, Writing

_PART = "attachment_key"


@dataclass(frozen=True, slots=True)
class KeptAttachment:
    """A whole attachment on file; `size` in bytes before it was sealed."""

    id: str
    referral_id: str
    case_id: str
    subject: str
    data_class: DataClass
    media_type: str
    size: int
    author: str
    complete_at: datetime


def context(attachment_id: str) -> str:
    """What its sealed rows are bound to."""
    return f"attachment|{attachment_id}"


def begin(
    tx: Writing, *, referral_id: str, case_id: str, subject: str, data_class: DataClass, author: str, now: datetime
) -> str:
    """Make room for one that is coming in; returns its id. It is there for nobody yet. The caller holds the case."""
    made = new_id(Prefix.ATTACHMENT)
    tx.connection.execute(
        insert(attachment).values(
            id=made, referral_id=referral_id, case_id=case_id, subject=subject, data_class=data_class.value,
            author=author,
            begun_at=now,
        )
    )  # fmt: skip
    return made


def add_row(tx: Writing, attachment_id: str, number: int, sealed: bytes) -> None:
    """Keep one sealed row. Raises NotFound once the attachment is gone. The caller holds the case."""
    there = select(attachment.c.id).where(attachment.c.id == attachment_id, attachment.c.complete_at.is_(None))
    if tx.connection.execute(there).first() is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    tx.connection.execute(insert(attachment_chunk).values(attachment_id=attachment_id, number=number, content=sealed))


def complete(tx: Writing, attachment_id: str, key: bytes, media_type: str, size: int, now: datetime) -> KeptAttachment:
    """Say that all of it is there, and keep its key: from here it can be read. Raises NotFound once it is gone.

    The key is its own, sealed like any content of the person in that class: before, nobody can open what came in.
    """
    tx.connection.execute(
        update(attachment)
        .where(attachment.c.id == attachment_id)
        .values(media_type=media_type, size=size, complete_at=now)
    )
    whole = get(tx, attachment_id)
    content.keep(tx, whole.case_id, whole.id, _PART, {whole.subject: key + _said(whole)}, now, whole.data_class)
    return whole


def key_of(tx: Reading, whole: KeptAttachment) -> bytes:
    """The key of an attachment.

    Raises NotFound where the person was erased, NotTrusted where its row says something else than when it was stored.
    """
    found = content.read(tx, whole.case_id, whole.id, _PART).get(whole.subject)
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    if found[KEY_BYTES:] != _said(whole):
        raise NotTrusted("SEAL_BROKEN", "what an attachment is said to be was altered in the store")
    return found[:KEY_BYTES]


def get(tx: Reading, attachment_id: str) -> KeptAttachment:
    """The whole attachment of that id. Raises NotFound, also for one that is not whole."""
    row = tx.connection.execute(
        select(attachment).where(attachment.c.id == attachment_id, attachment.c.complete_at.is_not(None))
    ).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _kept(row)


def of_referral(tx: Reading, referral_id: str) -> tuple[KeptAttachment, ...]:
    """The whole attachments of a referral, oldest first."""
    rows = tx.connection.execute(
        select(attachment)
        .where(attachment.c.referral_id == referral_id, attachment.c.complete_at.is_not(None))
        .order_by(attachment.c.complete_at, attachment.c.id)
    )
    return tuple(_kept(row) for row in rows)


def row_of(tx: Reading, attachment_id: str, number: int) -> bytes | None:
    """One sealed row, counted from 0; None past the last."""
    found = tx.connection.execute(
        select(attachment_chunk.c.content).where(
            attachment_chunk.c.attachment_id == attachment_id, attachment_chunk.c.number == number
        )
    ).scalar_one_or_none()
    return bytes(found) if found is not None else None


def drop(tx: Writing, attachment_id: str) -> None:
    """Take away one that is not wanted."""
    _drop(tx, attachment.c.id == attachment_id)


def drop_of_person(tx: Writing, case_id: str, subject: str, data_class: DataClass) -> int:
    """Take away those of a person in one case and class, also what is still coming in; how many."""
    whose = (attachment.c.case_id == case_id) & (attachment.c.subject == subject)
    return _drop(tx, whose & (attachment.c.data_class == data_class.value))


def drop_unfinished(tx: Writing, before: datetime) -> int:
    """Take away what began to come in before that time and is still not whole; how many."""
    return _drop(tx, (attachment.c.begun_at < before) & attachment.c.complete_at.is_(None))


def _drop(tx: Writing, which: ColumnElement[bool]) -> int:
    ids = select(attachment.c.id).where(which)
    tx.connection.execute(delete(attachment_chunk).where(attachment_chunk.c.attachment_id.in_(ids)))
    return tx.connection.execute(delete(attachment).where(which)).rowcount


def _said(whole: KeptAttachment) -> bytes:
    """What the row says in clear, to be sealed beside the key."""
    return f"{whole.referral_id}|{whole.media_type}|{whole.size}".encode()


def _kept(row: Row[tuple[object, ...]]) -> KeptAttachment:
    return KeptAttachment(
        row.id, row.referral_id, row.case_id, row.subject, DataClass(row.data_class), row.media_type, row.size,
        row.author, row.complete_at,
    )  # fmt: skip
