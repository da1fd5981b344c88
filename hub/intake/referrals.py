"""Cases and referrals on file: the record sealed person by person, the rest ids and times."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from hub.errors import BadInput, Conflict, NotFound
from hub.ids import Prefix, new_id, new_reference
from hub.store import content
from hub.store.tables import case_file, idempotency, referral
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Person, Referral

_PART = "referral"


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


def open_case(tx: Writing, landlord: str, reference: str, now: datetime) -> str:
    """The id of the landlord's case of that number, opened when new; held until the transaction ends."""
    found = find_case(tx, landlord, reference)
    if found is None:
        made, index = new_id(Prefix.CASE), _index(tx, landlord, reference)
        tx.insert_missing(case_file, id=made, landlord=landlord, reference_index=index, opened_at=now)
        found = find_case(tx, landlord, reference) or made
    hold_case(tx, found)
    return found


def find_case(tx: Reading, landlord: str, reference: str) -> str | None:
    """The id of the landlord's case of that number, if it is on file."""
    return tx.connection.execute(
        select(case_file.c.id).where(
            case_file.c.landlord == landlord, case_file.c.reference_index == _index(tx, landlord, reference)
        )
    ).scalar_one_or_none()


def check_people(tx: Reading, case_id: str, given: Referral) -> None:
    """Raise BadInput where a person's number means somebody else than when the case last used it.

    Consents and keys belong to (case, number): a number that moved to another person would carry them along.
    """
    earlier = tx.connection.execute(
        select(referral.c.id).where(referral.c.case_id == case_id).order_by(referral.c.seq)
    ).scalars()
    pieces: dict[str, bytes] = {}
    for referral_id in earlier.all():
        pieces |= content.read(tx, case_id, referral_id, _PART)
    for place, person in enumerate(given.record.people):
        before = json.loads(pieces.get(person.id, b"null"))
        if before is not None and not _may_be_the_same(before, person):
            raise BadInput("PERSON_NUMBER_MOVED", f"record.people.{place}.id",
                           "an earlier referral of this case gave that number to somebody else",
                           "keep each person's number, and give new people new ones")  # fmt: skip


def hold_case(tx: Writing, case_id: str) -> None:
    """Make every other transaction about this case wait: a withdrawal and a release never interleave."""
    tx.connection.execute(select(case_file.c.id).where(case_file.c.id == case_id).with_for_update())


def accept(tx: Writing, given: Referral, case_id: str, author: str, now: datetime) -> AcceptedReferral:
    """Put a referral on file, sealed."""
    made, reference = new_id(Prefix.REFERRAL), new_reference()
    tx.connection.execute(
        insert(referral).values(
            id=made, case_id=case_id, landlord=given.landlord, reference=reference, subject=given.subject,
            author=author, accepted_at=now,
        )
    )  # fmt: skip
    content.keep(tx, case_id, made, _PART, _split(given), now)
    return AcceptedReferral(made, case_id, given.landlord, reference, given.subject, author, now, given)


def get(tx: Reading, referral_id: str) -> AcceptedReferral:
    """The referral of that id. Raises NotFound, also when its case content or its subject was erased."""
    row = tx.connection.execute(select(referral).where(referral.c.id == referral_id)).one_or_none()
    pieces = content.read(tx, row.case_id, row.id, _PART) if row is not None else {}
    if row is None or content.CASE not in pieces or row.subject not in pieces:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return AcceptedReferral(
        row.id, row.case_id, row.landlord, row.reference, row.subject, row.author, row.accepted_at, _join(pieces)
    )


def landlord_and_case(tx: Reading, referral_id: str) -> tuple[str, str]:
    """Landlord and case of a referral, without opening anything. Raises NotFound."""
    row = tx.connection.execute(
        select(referral.c.landlord, referral.c.case_id).where(referral.c.id == referral_id)
    ).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return row.landlord, row.case_id


def landlord_of_case(tx: Reading, case_id: str) -> str:
    """Whose case it is. Raises NotFound."""
    found = tx.connection.execute(select(case_file.c.landlord).where(case_file.c.id == case_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return str(found)


def seen_before(tx: Reading, person: str, key: str, raw: bytes) -> str | None:
    """The referral that this person sent under this Idempotency-Key before, if any.

    Raises Conflict when it sent something else under it (draft-ietf-httpapi-idempotency-key-header section 2.6).
    """
    key_hash = tx.keys.index(key, "idempotency")
    row = tx.connection.execute(
        select(idempotency).where(idempotency.c.person == person, idempotency.c.key_hash == key_hash)
    ).one_or_none()
    if row is None:
        return None
    if row.request_digest != tx.keys.index(_digest_bytes(raw), "request"):
        raise Conflict("IDEMPOTENCY_KEY_REUSED", "that Idempotency-Key was used for another referral; take a new one")
    return str(row.referral_id)


def remember(tx: Writing, person: str, key: str, raw: bytes, referral_id: str, now: datetime) -> None:
    """Keep what was accepted under an Idempotency-Key, as keyed digests.

    Raises Conflict when another request used the key at the same moment for another case.
    """
    was_free = tx.insert_missing(
        idempotency, person=person, key_hash=tx.keys.index(key, "idempotency"), referral_id=referral_id,
        recorded_at=now,
        request_digest=tx.keys.index(_digest_bytes(raw), "request"),
    )  # fmt: skip
    if not was_free:
        raise Conflict("IDEMPOTENCY_KEY_REUSED", "that Idempotency-Key was used for another referral; take a new one")


def _may_be_the_same(before: dict[str, object], now: Person) -> bool:
    """Same role, and the same name or date of birth where both are known: names are corrected, and so are dates."""
    born = now.date_of_birth.isoformat() if now.date_of_birth else None
    pairs = [(before["name"], now.name), (before["date_of_birth"], born)]
    known = [earlier == later for earlier, later in pairs if earlier is not None and later is not None]
    return _part(str(before["role"])) == _part(now.role.value) and (not known or any(known))


def _part(role: str) -> str:
    """A role as it stays through a case: an accusation may be proven, or fail, and the person is the same."""
    return "alleged_perpetrator" if role == "proven_perpetrator" else role


def _index(tx: Reading, landlord: str, reference: str) -> str:
    return tx.keys.index(reference, f"case|{landlord}")


def _split(given: Referral) -> dict[str, bytes]:
    """One piece per person, and the rest: consents are facts of the register and are not kept twice."""
    whole = given.model_dump(mode="json", exclude={"consents"})
    people = whole["record"].pop("people")
    pieces = {person["id"]: json.dumps(person).encode() for person in people}
    whole["record"]["order"] = [person["id"] for person in people]
    return {content.CASE: json.dumps(whole).encode(), **pieces}


def _join(pieces: dict[str, bytes]) -> Referral:
    whole = json.loads(pieces[content.CASE])
    order = whole["record"].pop("order")
    whole["record"]["people"] = [json.loads(pieces[person]) for person in order if person in pieces]
    return Referral.model_validate_json(json.dumps(whole))


def _digest_bytes(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
