"""Who was erased, under a name of the erasure's own: the log knows no other, and nobody can tell from it whom it was.

The rows also serve when an older copy of the database is restored: what they name and the restored log does not is
erased again (`hub.flow.erase.repeat`).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum, unique

from sqlalchemy import exists, or_, select

from hub.store.classes import DataClass
from hub.store.tables import audit_entry, audit_inbox, erasure
from hub.store.unit_of_work import Reading, Writing


@unique
class ErasureGround(StrEnum):
    """Why a person's data went. The values are stable codes; all but the last are those of UK GDPR Art 17(1)."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person of one case, or everybody of it (`subject` is None), in one class of data or in all (None)."""

    id: str
    landlord: str
    case_id: str
    subject: str | None
    data_class: DataClass | None
    ground: ErasureGround
    erased_by: str
    erased_at: datetime


def record(tx: Writing, done: Erasure) -> None:
    """Put an erasure on file; one that is on file already stays as it is."""
    tx.insert_missing(erasure, **{**asdict(done), "ground": done.ground.value})


def unlogged(tx: Reading) -> tuple[Erasure, ...]:
    """Erasures that the log does not tell of: it is that of an older copy. Oldest first."""
    told = or_(*(exists().where(log.c.about == erasure.c.id) for log in (audit_entry, audit_inbox)))
    rows = tx.connection.execute(select(erasure).where(~told).order_by(erasure.c.erased_at, erasure.c.id))
    return tuple(
        Erasure(row.id, row.landlord, row.case_id, row.subject, DataClass(row.data_class) if row.data_class else None,
                ErasureGround(row.ground), row.erased_by, row.erased_at)
        for row in rows
    )  # fmt: skip
