"""Cases and referrals on file: the record sealed person by person, the rest ids and times."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import bindparam, select

from hub.errors import BadInput, Conflict, NotFound
from hub.ids import Prefix, new_id, new_reference
from hub.intake.pieces import join, of_person, split
from hub.store import content, landlord_keys
from hub.store.batches import Asked
from hub.store.classes import DataClass
from hub.store.content import Pieces
from hub.store.tables import case_file, correction, data_key, idempotency, referral, sealed
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Person, Referral

PART = "referral"

_CASE: Final = Asked(
    select(case_file.c.id)
    .where(case_file.c.landlord == bindparam("landlord"), case_file.c.reference_index == bindparam("index"))
)  # fmt: skip
_CASE_HELD: Final = Asked(
    select(case_file.c.id)
    .where(case_file.c.landlord == bindparam("landlord"), case_file.c.reference_index == bindparam("index"))
    .with_for_update()
)  # fmt: skip
_HOLD: Final = Asked(select(case_file.c.id).where(case_file.c.id == bindparam("case_id")).with_for_update())
_REFERRALS: Final = Asked(select(referral).where(referral.c.id.in_(bindparam("ids", expanding=True))))
_CORRECTED: Final = Asked(
    select(correction.c.referral_id, correction.c.id)
    .where(correction.c.referral_id.in_(bindparam("ids", expanding=True))).order_by(correction.c.number)
)  # fmt: skip
_GROWS, _STAYS = frozenset({correction}), frozenset({referral, sealed, data_key})
_SEEN: Final = Asked(
    select(idempotency)
    .where(idempotency.c.person == bindparam("person"), idempotency.c.key_hash == bindparam("key_hash"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AcceptedReferral:
    """A referral on file. `content` lacks the people whose keys were erased; `reference` is for people to read out."""

    id: str
    case_id: str
    landlord: str
    reference: str
    subject: str
    author: str
    accepted_at: datetime
    content: Referral


def open_case(tx: Writing, landlord: str, reference: str, now: datetime, team: str | None = None) -> str:
    """The id of the landlord's case of that number, opened for that team when new; held until the transaction ends."""
    landlord_keys.make_index(tx, landlord, now)
    made, index = new_id(Prefix.CASE), _index(tx, landlord, reference)
    if tx.insert_missing(case_file, id=made, landlord=landlord, reference_index=index, opened_at=now, team=team):
        tx.opened.add(made)  # nobody else sees it yet, let alone holds it
        return made
    return str(tx.connection.execute(_CASE_HELD, {"landlord": landlord, "index": index}).scalar_one())


def find_case(tx: Reading, landlord: str, reference: str) -> str | None:
    """The id of the landlord's case of that number, if it is on file."""
    asked = {"landlord": landlord, "index": _index(tx, landlord, reference)}
    return tx.connection.execute(_CASE, asked).scalar_one_or_none()


def check_people(tx: Reading, case_id: str, given: Referral, *, corrects: bool = False) -> None:
    """Raise BadInput where a person's number means somebody else than when the case last used it.

    Consents and keys belong to (case, number): a number that moved to another person would carry them along. What
    `corrects` may change the only thing by which somebody was known.
    """
    if case_id in tx.opened:
        return
    earlier = told_so_far(tx, case_id)
    kept = content.read_classes(tx, case_id, earlier, PART)
    known: Pieces = {}
    for referral_id in earlier:
        known |= kept.get(referral_id, {})
    for place, person in enumerate(given.record.people):
        before = of_person(known.get(person.id, {}))
        if before is not None and not _may_be_the_same(before, person, corrects=corrects):
            raise BadInput("PERSON_NUMBER_MOVED", f"record.people.{place}.id",
                           "an earlier referral of this case gave that number to somebody else",
                           "keep each person's number, and give new people new ones")  # fmt: skip


def told_so_far(tx: Reading, case_id: str) -> list[str]:
    """Whatever a case's content was kept under, referrals and their corrections, oldest first."""
    referred = select(referral.c.id, referral.c.accepted_at.label("at")).where(referral.c.case_id == case_id)
    corrected = select(correction.c.id, correction.c.at).where(correction.c.case_id == case_id)
    told = [(row.at, rank, row.id) for rank, asked in enumerate((referred.order_by(referral.c.seq),
            corrected.order_by(correction.c.seq))) for row in tx.connection.execute(asked)]  # fmt: skip
    return [owner for _, _, owner in sorted(told, key=lambda one: one[:2])]


def hold_case(tx: Writing, case_id: str) -> None:
    """Make every other transaction about this case wait: a withdrawal and a release never interleave."""
    tx.connection.execute(_HOLD, {"case_id": case_id})


def hold_cases(tx: Writing, case_ids: Collection[str]) -> None:
    """As `hold_case`, for several at once: always in the same order, so that no two transactions wait in a ring."""
    asked = select(case_file.c.id).where(case_file.c.id.in_(sorted(case_ids))).order_by(case_file.c.id)
    tx.connection.execute(asked.with_for_update()).all()


def hold_free(tx: Writing, case_ids: Collection[str]) -> frozenset[str]:
    """As `hold_cases`, leaving out those that another transaction holds; returns which were free. Never waits."""
    asked = select(case_file.c.id).where(case_file.c.id.in_(sorted(case_ids))).order_by(case_file.c.id)
    return frozenset(tx.connection.execute(asked.with_for_update(skip_locked=True)).scalars())


def accept(tx: Writing, given: Referral, case_id: str, author: str, now: datetime) -> AcceptedReferral:
    """Put a referral on file, sealed."""
    made, reference = new_id(Prefix.REFERRAL), new_reference()
    tx.connection.insert_with_others(referral, [{
        "id": made, "case_id": case_id, "landlord": given.landlord, "reference": reference, "subject": given.subject,
        "author": author, "accepted_at": now,
    }])  # fmt: skip
    content.keep_classes(tx, case_id, made, PART, split(given), now)
    return AcceptedReferral(made, case_id, given.landlord, reference, given.subject, author, now, given)


def get(tx: Reading, referral_id: str) -> AcceptedReferral:
    """The referral of that id, as it was last corrected.

    Raises NotFound, also when its case content or its subject was erased. Opened once in a transaction.
    """
    found = find(tx, referral_id)
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found


def find(tx: Reading, referral_id: str) -> AcceptedReferral | None:
    """As `get`; None where its case content or its subject was erased."""
    return _once(tx, referral_id, lambda: _open(tx, [referral_id]).get(referral_id))


def open_together(tx: Reading, referral_ids: Collection[str]) -> None:
    """Open several in one go, for whoever is about to `get` one after another in this transaction."""
    opened = _open(tx, referral_ids)
    for referral_id in referral_ids:
        _once(tx, referral_id, partial(opened.get, referral_id))


def _once(tx: Reading, referral_id: str, read: Callable[[], AcceptedReferral | None]) -> AcceptedReferral | None:
    return tx.connection.once(("referral", referral_id), _GROWS, _STAYS, read)


def _open(tx: Reading, referral_ids: Collection[str]) -> dict[str, AcceptedReferral]:
    asked = {"ids": sorted(referral_ids)}
    rows = tx.connection.execute(_REFERRALS, asked).all()
    told_last = {row.id: row.id for row in rows}
    told_last |= {row.referral_id: row.id for row in tx.connection.execute(_CORRECTED, asked)}
    pieces = content.read_cases(tx, {told_last[row.id]: row.case_id for row in rows}, PART)
    found = ((row, pieces.get(told_last[row.id], {})) for row in rows)
    return {
        row.id: AcceptedReferral(
            row.id, row.case_id, row.landlord, row.reference, row.subject, row.author, row.accepted_at, join(its)
        )
        for row, its in found
        if all(DataClass.NORMAL in its.get(who, {}) for who in (content.CASE, row.subject))
    }


def of_case(tx: Reading, case_id: str) -> dict[str, str]:
    """The referrals of a case, oldest first, each with the number of whom it is about; nothing is opened."""
    asked = select(referral.c.id, referral.c.subject).where(referral.c.case_id == case_id).order_by(referral.c.seq)
    return {row.id: row.subject for row in tx.connection.execute(asked)}


def reference_of(tx: Reading, referral_id: str) -> str:
    """The short reference by which people name a referral, without opening anything."""
    asked = select(referral.c.reference).where(referral.c.id == referral_id)
    return str(tx.connection.execute(asked).scalar_one())


def landlord_and_case(tx: Reading, referral_id: str) -> tuple[str, str]:
    """Landlord and case of a referral, without opening anything. Raises NotFound."""
    row = tx.connection.execute(
        select(referral.c.landlord, referral.c.case_id).where(referral.c.id == referral_id)
    ).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return row.landlord, row.case_id


def seen_before(tx: Reading, person: str, key: str, raw: bytes) -> str | None:
    """The referral that this person sent under this Idempotency-Key before, if any.

    Raises Conflict when it sent something else under it (draft-ietf-httpapi-idempotency-key-header section 2.6).
    """
    key_hash = _digest(tx, key, "idempotency")
    row = tx.connection.execute(_SEEN, {"person": person, "key_hash": key_hash}).one_or_none()
    if row is None:
        return None
    if row.request_digest != _digest(tx, _digest_bytes(raw), "request"):
        raise Conflict("IDEMPOTENCY_KEY_REUSED", "that Idempotency-Key was used for another referral; take a new one")
    return str(row.referral_id)


def remember(tx: Writing, person: str, key: str, raw: bytes, referral_id: str, now: datetime) -> None:
    """Keep what was accepted under an Idempotency-Key, as keyed digests.

    Raises Conflict when another request used the key at the same moment for another case.
    """
    was_free = tx.insert_missing(
        idempotency, person=person, key_hash=_digest(tx, key, "idempotency"), referral_id=referral_id,
        recorded_at=now,
        request_digest=_digest(tx, _digest_bytes(raw), "request"),
    )  # fmt: skip
    if not was_free:
        raise Conflict("IDEMPOTENCY_KEY_REUSED", "that Idempotency-Key was used for another referral; take a new one")


def _may_be_the_same(before: dict[str, object], now: Person, *, corrects: bool) -> bool:
    """Same role, and the same name or date of birth where both are known: names are corrected, and so are dates."""
    born = now.date_of_birth.isoformat() if now.date_of_birth else None
    pairs = [(before.get("name"), now.name), (before.get("date_of_birth"), born)]
    known = [earlier == later for earlier, later in pairs if earlier is not None and later is not None]
    enough = not known or any(known) or (corrects and len(known) == 1)
    return _part(str(before["role"])) == _part(now.role.value) and enough


def _part(role: str) -> str:
    """A role as it stays through a case: an accusation may be proven, or fail, and the person is the same."""
    return "alleged_perpetrator" if role == "proven_perpetrator" else role


def _index(tx: Reading, landlord: str, reference: str) -> str:
    return landlord_keys.index(tx, landlord, reference, f"case|{landlord}")


def _digest(tx: Reading, text: str, context: str) -> str:
    return landlord_keys.index(tx, tx.scope.landlord or landlord_keys.HUB, text, context)


def _digest_bytes(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
