"""What people answered: immutable facts. A change is a new fact, and only the hub's own order counts.

UK GDPR Art 7: provable, distinct, as easy to withdraw as to give; a withdrawal does not undo the past.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import Row

from hub.errors import Conflict, NotFound
from hub.ids import Prefix, new_id
from hub.store import content
from hub.store.batches import Asked
from hub.store.tables import consent, data_key, sealed
from hub.store.unit_of_work import Reading, Writing
from protocols.record import ConsentFact
from protocols.vocabulary import AgencyKind, Purpose

_PART = "consent"
_GROWS, _STAYS = frozenset({consent}), frozenset({consent, sealed, data_key})
_OF_CASES: Final = Asked(
    select(consent).where(consent.c.case_id.in_(bindparam("cases", expanding=True))).order_by(consent.c.seq)
)
AGAINST = ("refused", "withdrawn")
"""The answers by which a person takes back what they gave."""

GIVES = ("given_explicit", "given_with_conditions", "given_by_parent")
"""The answers that give consent; every other one gives none."""

_NO_ANSWER = ("unsafe_to_ask", "not_sought_delay", "not_sought_prejudice", "not_known")
"""What officers record where the person did not answer now. It takes back no word that the person gave before."""


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """A consent fact on file, in the order in which the hub heard it."""

    id: str
    seq: int
    case_id: str
    fact: ConsentFact
    withdraws: str | None
    recorded_at: datetime
    recorded_by: str | None = None


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
    return RecordedConsent(made, row.seq, case_id, fact, withdraws, now, by)


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
    of_the_giving = dict.fromkeys(("expires_at", "conditions", "words", "asked_by", "evidence_sha256"))
    fact = given.fact.model_copy(update={**of_the_giving, "answer": "withdrawn", "claimed_at": at})
    return record(tx, given.case_id, fact, by, now, withdraws=consent_id)


def get(tx: Reading, consent_id: str) -> RecordedConsent:
    """The fact of that id. Raises NotFound, also where the person's key was erased."""
    row = tx.connection.execute(select(consent).where(consent.c.id == consent_id)).one_or_none()
    pieces = content.read(tx, row.case_id, row.id, _PART) if row is not None else {}
    if row is None or row.subject not in pieces:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _recorded(row, pieces)


def of_case(tx: Reading, case_id: str) -> tuple[RecordedConsent, ...]:
    """Every fact of a case, in the hub's order. Opened once in a transaction."""
    return _once(tx, case_id, lambda: _open(tx, [case_id])[case_id])


def open_together(tx: Reading, case_ids: Collection[str]) -> None:
    """Open the facts of several cases in one go, for whoever is about to ask for one case after another."""
    opened = _open(tx, case_ids)
    for case_id in opened:
        _once(tx, case_id, partial(opened.__getitem__, case_id))


def _once(tx: Reading, case_id: str, read: Callable[[], tuple[RecordedConsent, ...]]) -> tuple[RecordedConsent, ...]:
    return tx.connection.once(("consents", case_id), _GROWS, _STAYS, read)


def _open(tx: Reading, case_ids: Collection[str]) -> dict[str, tuple[RecordedConsent, ...]]:
    rows = tx.connection.execute(_OF_CASES, {"cases": sorted(case_ids)}).all()
    opened = content.read_cases(tx, {row.id: row.case_id for row in rows}, _PART)
    facts = [_recorded(row, content.least(opened[row.id])) for row in rows if row.id in opened]
    return {case_id: tuple(fact for fact in facts if fact.case_id == case_id) for case_id in case_ids}


def _recorded(row: Row[tuple[object, ...]], pieces: dict[str, bytes]) -> RecordedConsent:
    fact = ConsentFact.model_validate_json(pieces[row.subject])
    return RecordedConsent(row.id, row.seq, row.case_id, fact, row.withdraws, row.recorded_at, row.recorded_by)


def in_force(
    facts: tuple[RecordedConsent, ...], subject: str, kind: AgencyKind, purpose: Purpose, at: datetime
) -> RecordedConsent | None:
    """The latest answer of this person about this recipient and purpose; None where they were not asked.

    An expired consent is no consent any more. A refusal or withdrawal does not expire; only an answer that is said to
    have been given after it undoes it, so a case system that sends the old consent again revives nothing, and neither
    does an officer who notes that it was not safe to ask again.
    """
    about = [
        entry
        for entry in facts
        if (entry.fact.subject, entry.fact.recipient, entry.fact.purpose) == (subject, kind, purpose)
    ]
    if not about:
        return None
    answered = [entry for entry in about if entry.fact.answer not in _NO_ANSWER]
    word = _last_word(answered, at) if answered else None
    if about[-1].fact.answer in _NO_ANSWER:
        return word if word is not None and word.fact.answer in AGAINST else about[-1]
    return word


def _last_word(answered: list[RecordedConsent], at: datetime) -> RecordedConsent | None:
    latest = answered[-1]
    if latest.fact.answer not in GIVES:
        return latest
    undone, heard_until = None, answered[0].fact.claimed_at
    for entry in answered:
        # A word against undoes all that was heard before it, also where it is dated earlier than what it takes back.
        heard_until = max(heard_until, entry.fact.claimed_at)
        if entry.fact.answer in AGAINST and heard_until >= latest.fact.claimed_at:
            undone = entry
    if undone is not None:
        return undone
    expired = latest.fact.expires_at is not None and latest.fact.expires_at <= at
    return None if expired else latest
