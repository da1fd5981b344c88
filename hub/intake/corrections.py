"""Corrections: the record of a referral as it should have been. Earlier versions stay, for what was sent by them.

UK GDPR Art 5(1)(d) and 16: what is wrong is put right without delay, and what is missing is completed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from pydantic import Field
from sqlalchemy import func, insert, select

from hub.errors import BadInput
from hub.ids import Prefix, new_id
from hub.intake.pieces import split
from hub.intake.referrals import PART, AcceptedReferral
from hub.store import content
from hub.store.tables import correction
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Referral, Strict


@unique
class WhyCorrected(StrEnum):
    """What was the matter with the record."""

    INACCURATE = "inaccurate"
    INCOMPLETE = "incomplete"
    RISK_CHANGED = "risk_changed"
    MISIDENTIFIED = "misidentified"


class CorrectedReferral(Strict):
    """A referral as it should have been: same case, landlord, subject and asks. Its consents are not taken again."""

    reason: WhyCorrected = Field(strict=False)
    referral: Referral


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction on file; the one of the highest number is in force."""

    id: str
    number: int
    reason: WhyCorrected
    author: str
    at: datetime


def check(before: AcceptedReferral, given: Referral) -> None:
    """Raise BadInput where this is another referral, rather than the same one put right."""
    was = before.content
    fixed = [
        ("landlord", before.landlord, given.landlord), ("subject", before.subject, given.subject),
        ("record.case.reference", was.record.case.reference, given.record.case.reference),
        ("asks", was.asks, given.asks),
    ]  # fmt: skip
    for field, earlier, later in fixed:
        if earlier != later:
            raise BadInput("NOT_A_CORRECTION", f"referral.{field}", "differs from what was accepted; it stays as it is",
                           "send a new referral for something else")  # fmt: skip


def record(
    tx: Writing, before: AcceptedReferral, given: Referral, why: WhyCorrected, by: str, now: datetime
) -> Correction:
    """Put a corrected version on file, sealed; from here on it is what the referral says. The caller holds the case."""
    last = tx.connection.execute(
        select(func.max(correction.c.number)).where(correction.c.referral_id == before.id)
    ).scalar()
    made = Correction(new_id(Prefix.CORRECTION), (last or 0) + 1, why, by, now)
    tx.connection.execute(
        insert(correction).values(
            id=made.id, case_id=before.case_id, landlord=before.landlord, referral_id=before.id, number=made.number,
            reason=why.value, author=by, at=now,
        )
    )  # fmt: skip
    content.keep_classes(tx, before.case_id, made.id, PART, split(given), now)
    return made


def of_referral(tx: Reading, referral_id: str) -> tuple[Correction, ...]:
    """The corrections of a referral, the first one first."""
    rows = tx.connection.execute(
        select(correction).where(correction.c.referral_id == referral_id).order_by(correction.c.number)
    )
    return tuple(Correction(row.id, row.number, WhyCorrected(row.reason), row.author, row.at) for row in rows)
