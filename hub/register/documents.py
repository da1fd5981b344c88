"""What a landlord must have written down, and until when it is in date.

The appropriate policy document (DPA 2018 Sch 1 paras 5 and 39), confidentiality agreements (UK GDPR Art 28(3)(b)),
legitimate interests assessments (Art 6(1)(f), 5(2)) and data protection impact assessments (Art 35). The documents
themselves are kept elsewhere: here are version, digest and dates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum, unique

from sqlalchemy import func, insert, select, update

from hub.errors import BadInput, NotFound
from hub.ids import Prefix, new_id
from hub.store.tables import governance_document as table
from hub.store.unit_of_work import Reading, Writing


@unique
class Kind(StrEnum):
    """The kinds of document that decisions ask for."""

    APPROPRIATE_POLICY_DOCUMENT = "appropriate_policy_document"
    CONFIDENTIALITY_AGREEMENT = "confidentiality_agreement"  # about an agency
    LEGITIMATE_INTERESTS_ASSESSMENT = "legitimate_interests_assessment"  # about a purpose
    DATA_PROTECTION_IMPACT_ASSESSMENT = "data_protection_impact_assessment"  # about a purpose, or about all sharing


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document. It counts from `in_force_from`, and is in date until `review_by`."""

    id: str
    landlord: str
    kind: Kind
    about: str | None
    version: int
    digest: str | None
    in_force_from: datetime
    review_by: datetime
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None = None


def record(
    tx: Writing, kind: Kind, about: str | None, *, digest: str | None, in_force_from: datetime, review_by: datetime,
    by: str, now: datetime,
) -> Document:  # fmt: skip
    """Put the next version of a document of the landlord at hand on file; returns it."""
    last = tx.connection.execute(
        select(func.max(table.c.version)).where(table.c.kind == kind.value, table.c.about.is_not_distinct_from(about))
    ).scalar()
    made = Document(new_id(Prefix.DOCUMENT), tx.scope.landlord or "", kind, about, (last or 0) + 1, digest,
                    in_force_from, review_by, by, now)  # fmt: skip
    tx.connection.execute(
        insert(table).values(
            id=made.id, kind=kind.value, about=about, version=made.version, digest=digest,
            in_force_from=in_force_from, review_by=review_by, recorded_by=by, recorded_at=now,
        )
    )  # fmt: skip
    return made


def withdraw(tx: Writing, document_id: str, now: datetime) -> Document:
    """End a document at once; returns it. Raises NotFound, also for one that was withdrawn before."""
    for found in listed(tx):
        if found.id == document_id and found.withdrawn_at is None:
            tx.connection.execute(update(table).where(table.c.id == document_id).values(withdrawn_at=now))
            return found
    raise NotFound("NOT_FOUND", "there is nothing by that id")


def listed(tx: Reading) -> tuple[Document, ...]:
    """Every document of the landlord at hand, in the order in which they were recorded."""
    return tuple(
        Document(row.id, row.landlord, Kind(row.kind), row.about, row.version, row.digest, row.in_force_from,
                 row.review_by, row.recorded_by, row.recorded_at, row.withdrawn_at)
        for row in tx.connection.execute(select(table).order_by(table.c.seq))
    )  # fmt: skip


def in_date(documents: Sequence[Document], kind: Kind, about: str | None, at: datetime) -> bool | None:
    """Whether the landlord has this document in date; None where it has none that has begun.

    The newest that has begun counts, so that an older one with a later review cannot outlive it.
    """
    begun = [
        entry for entry in documents
        if entry.kind is kind and entry.about == about and entry.withdrawn_at is None and entry.in_force_from <= at
    ]  # fmt: skip
    return at < begun[-1].review_by if begun else None


def check_digest(digest: str | None, field: str) -> None:
    """Raise BadInput for what is no SHA-256 as 64 hexadecimal digits in small letters; none at all is fine."""
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise BadInput("DIGEST_WRONG", field, "is no SHA-256", "write 64 hexadecimal digits in small letters")


ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""The first day of a document of which nobody said when it began."""
