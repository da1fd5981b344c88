"""What people answered: immutable facts. A change is a new fact, and only the hub's own order counts.

UK GDPR Art 7: provable, distinct, as easy to withdraw as to give; a withdrawal does not undo the past.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.engine import Row

from hub.errors import Conflict, NotFound
from hub.ids import Prefix, new_id
from hub.store import content
from hub.store.tables import consent
from hub.store.unit_of_work import Reading, Writing
from protocols.record import ConsentFact
from protocols.vocabulary import AgencyKind, Purpose

_PART = "consent"
_AGAINST = ("refused", "withdrawn")
GIVES = ("given_explicit", "given_by_parent")
"""The answers that give consent; every other one gives none."""


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """A consent fact on file, in the order in which the hub heard it."""

    id: str
    seq: int
    case_id: str
    fact: ConsentFact
    withdraws: str | None
    recorded_at: datetime


def record(
    tx: Writing, case_id: str, fact: ConsentFact, by: str, now: datetime, withdraws: str | None = None
) -> RecordedConsent:
    """Put a fact on file; returns it with its id. The caller holds the case."""
    made = new_id(Prefix.CONSENT)
    row = tx.connection.execute(
        insert(consent)
        .values(id=made, case_id=case_id, subject=fact.subject, withdraws=withdraws, recorded_by=by, recorded_at=now)
        .returning(consent.c.seq)
    ).one()
    content.keep(tx, case_id, made, _PART, {fact.subject: fact.model_dump_json().encode()}, now)
    return RecordedConsent(made, row.seq, case_id, fact, withdraws, now)


def withdraw(tx: Writing, consent_id: str, by: str, now: datetime) -> RecordedConsent:
    """Record that a consent is withdrawn; returns the new fact.

    Raises NotFound for an unknown id, Conflict for one withdrawn before.
    """
    given = get(tx, consent_id)
    again = tx.connection.execute(select(consent.c.id).where(consent.c.withdraws == consent_id)).first()
    if again is not None:
        raise Conflict("CONSENT_ALREADY_WITHDRAWN", "that consent was withdrawn before; nothing more to do")
    # A system whose clock is ahead dates an answer after its own withdrawal, and would revive it by sending it again.
    at = max(now, given.fact.claimed_at)
    fact = given.fact.model_copy(update={"answer": "withdrawn", "claimed_at": at, "expires_at": None})
    return record(tx, given.case_id, fact, by, now, withdraws=consent_id)


def get(tx: Reading, consent_id: str) -> RecordedConsent:
    """The fact of that id. Raises NotFound, also where the person's key was erased."""
    row = tx.connection.execute(select(consent).where(consent.c.id == consent_id)).one_or_none()
    pieces = content.read(tx, row.case_id, row.id, _PART) if row is not None else {}
    if row is None or row.subject not in pieces:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _recorded(row, pieces)


def of_case(tx: Reading, case_id: str) -> tuple[RecordedConsent, ...]:
    """Every fact of a case, in the hub's order."""
    rows = tx.connection.execute(select(consent).where(consent.c.case_id == case_id).order_by(consent.c.seq)).all()
    opened = content.read_each(tx, case_id, [row.id for row in rows], _PART)
    return tuple(_recorded(row, opened[row.id]) for row in rows if row.id in opened)


def _recorded(row: Row[tuple[object, ...]], pieces: dict[str, bytes]) -> RecordedConsent:
    fact = ConsentFact.model_validate_json(pieces[row.subject])
    return RecordedConsent(row.id, row.seq, row.case_id, fact, row.withdraws, row.recorded_at)


def in_force(
    facts: tuple[RecordedConsent, ...], subject: str, kind: AgencyKind, purpose: Purpose, at: datetime
) -> RecordedConsent | None:
    """The latest answer of this person about this recipient and purpose; None where they were not asked.

    An expired consent is no consent any more; a refusal or withdrawal does not expire, and an answer that is said to
    have been given before it does not undo it: a case system that sends the old consent again revives nothing.
    """
    about = [
        entry
        for entry in facts
        if (entry.fact.subject, entry.fact.recipient, entry.fact.purpose) == (subject, kind, purpose)
    ]
    if not about:
        return None
    latest = about[-1]
    gives = latest.fact.answer in GIVES
    undone = [
        entry for entry in about
        if gives and entry.fact.answer in _AGAINST and entry.fact.claimed_at >= latest.fact.claimed_at
    ]  # fmt: skip
    if undone:
        return undone[-1]
    expired = gives and latest.fact.expires_at is not None and latest.fact.expires_at <= at
    return None if expired else latest
