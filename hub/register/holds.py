"""Legal holds: why something may not be erased yet, said openly, with a date by which that is looked at again.

UK GDPR Art 17(3)(b), (e): erasure gives way to legal claims and to legal obligations. A hold ends when it is lifted,
not by itself: that nobody looked at it is no reason to destroy evidence.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from hub.errors import NotFound
from hub.ids import Prefix, new_id
from hub.store.tables import legal_hold
from hub.store.unit_of_work import Reading, Writing


@unique
class HoldGround(StrEnum):
    """Why something is kept. The values are stable codes."""

    LEGAL_CLAIM = "legal_claim"
    COMPLAINT = "complaint"
    POLICE_REQUEST = "police_request"
    SAFEGUARDING_REVIEW = "safeguarding_review"


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold on one person of a case, or on everybody of it (`subject` is None)."""

    id: str
    case_id: str
    subject: str | None
    ground: HoldGround
    set_at: datetime
    review_by: datetime


def put(
    tx: Writing, case_id: str, subject: str | None, ground: HoldGround, review_by: datetime, by: str, now: datetime
) -> LegalHold:
    """Put a hold on file. The caller holds the case."""
    made = LegalHold(new_id(Prefix.LEGAL_HOLD), case_id, subject, ground, now, review_by)
    tx.connection.execute(
        insert(legal_hold).values(
            id=made.id, case_id=case_id, subject=subject, ground=ground.value, set_by=by, set_at=now,
            review_by=review_by,
        )
    )  # fmt: skip
    return made


def lift(tx: Writing, hold_id: str, by: str, now: datetime) -> None:
    """End a hold. Raises NotFound for one that does not stand."""
    ended = tx.connection.execute(
        update(legal_hold)
        .where(legal_hold.c.id == hold_id, legal_hold.c.lifted_at.is_(None))
        .values(lifted_by=by, lifted_at=now)
    )
    if ended.rowcount == 0:
        raise NotFound("NOT_FOUND", "there is nothing by that id")


def standing(tx: Reading) -> tuple[LegalHold, ...]:
    """Every hold that stands, the one to be reviewed first."""
    return _standing(tx)


def keeping(tx: Reading, case_id: str, subject: str | None) -> LegalHold | None:
    """The hold that keeps this person of the case (None: anybody); of several, the one to be reviewed last."""
    found = [hold for hold in _standing(tx, case_id) if subject is None or hold.subject in (None, subject)]
    return found[-1] if found else None


def _standing(tx: Reading, case_id: str | None = None) -> tuple[LegalHold, ...]:
    asked = select(legal_hold).where(legal_hold.c.lifted_at.is_(None))
    if case_id is not None:
        asked = asked.where(legal_hold.c.case_id == case_id)
    rows = tx.connection.execute(asked.order_by(legal_hold.c.review_by, legal_hold.c.id))
    return tuple(_hold(row) for row in rows)


def _hold(row: Row[tuple[object, ...]]) -> LegalHold:
    return LegalHold(row.id, row.case_id, row.subject, HoldGround(row.ground), row.set_at, row.review_by)
