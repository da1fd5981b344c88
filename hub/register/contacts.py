"""Unsafe contacts: ways to reach somebody that are linked to an alleged perpetrator, kept as keyed digests alone.

Never anybody else's contact, in whatever case of the same landlord it turns up (security.md T3): a letter to the
address that a victim once shared tells the other where to look. People accused keep their own, also where a
counter-accusation makes them the victim of another case: one cannot cut somebody off by accusing them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.engine import Row

from hub.errors import Conflict, NotFound
from hub.ids import Prefix, new_id
from hub.register.spellings import Spelling, of_contact, of_home, of_owner, within
from hub.store.batches import Asked
from hub.store.tables import unsafe_contact
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Person, PersonRole, Record

ACCUSED = frozenset({PersonRole.ALLEGED_PERPETRATOR, PersonRole.PROVEN_PERPETRATOR})

Unsafe = frozenset[tuple[str, str]]
"""What must not be used to reach a person: (person, "address" or "safe_contact") or (person, words of a contact)."""

_LINKED: Final = Asked(
    select(unsafe_contact)
    .where(unsafe_contact.c.spelling.in_(bindparam("spellings", expanding=True)), unsafe_contact.c.lifted_at.is_(None))
)  # fmt: skip
_LIFTED: Final = Asked(
    select(unsafe_contact.c.spelling)
    .where(unsafe_contact.c.case_id == bindparam("case_id"), unsafe_contact.c.person == bindparam("person"),
           unsafe_contact.c.lifted_at.is_not(None))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """One unsafe contact on file: of whom, in which case, of what kind, by whom. What it is stays a digest."""

    id: str
    case_id: str
    person: str
    kinds: tuple[str, ...]
    recorded_by: str
    recorded_at: datetime
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whom a spelling is linked to: by case and number, and by name, so that the same human being is known again."""

    case_id: str
    person: str
    name: str | None
    birth: str | None

    def is_same(self, other: "_Owner") -> bool:
        if (self.case_id, self.person) == (other.case_id, other.person):
            return True
        if self.birth is not None and other.birth is not None:
            return self.birth == other.birth
        return self.name is not None and self.name == other.name


def mark(
    tx: Writing, case_id: str, person: Person, spellings: frozenset[Spelling], by: str, now: datetime, *,
    lifted_too: bool,
) -> str | None:  # fmt: skip
    """Put a contact linked to this person on file; None where every spelling of it was there before.

    `lifted_too`: also what was lifted before, because a person says so and not a referral that repeats itself.
    """
    owner = _owner(tx, case_id, person)
    its = and_(unsafe_contact.c.case_id == case_id, unsafe_contact.c.person == person.id)
    before = and_(its, unsafe_contact.c.lifted_at.is_(None)) if lifted_too else its
    there = set(tx.connection.execute(select(unsafe_contact.c.spelling).where(before)).scalars())
    found = {(kind, _digest(tx, (kind, text))) for kind, text in spellings}
    new = sorted((kind.value, digest) for kind, digest in found if digest not in there)
    if not new:
        return None
    made = new_id(Prefix.UNSAFE_CONTACT)
    tx.connection.insert_with_others(unsafe_contact, [
        {
            "id": made, "kind": kind, "spelling": digest, "case_id": case_id, "person": person.id,
            "name_index": owner.name, "birth_index": owner.birth, "recorded_by": by, "recorded_at": now,
        }
        for kind, digest in new
    ])  # fmt: skip
    return made


def mark_accused(tx: Writing, case_id: str, record: Record, by: str, now: datetime) -> tuple[str, ...]:
    """Put every contact and home of the accused of a record on file; returns the new marks.

    Marks of somebody who had no name or date of birth then are from now on known as theirs.
    """
    for person in record.people:
        if person.role in ACCUSED and case_id not in tx.opened:
            _name_marks(tx, case_id, person)
    made = [
        mark(tx, case_id, person, spellings, by, now, lifted_too=False)
        for person in record.people if person.role in ACCUSED for spellings in _ways_kept(person)
    ]  # fmt: skip
    return tuple(entry for entry in made if entry is not None)


def told_of_accused(record: Record) -> tuple[str, ...]:
    """Every contact that a record tells as an accused person's."""
    return tuple(contact.value for person in record.people if person.role in ACCUSED for contact in person.contacts)


def _name_marks(tx: Writing, case_id: str, person: Person) -> None:
    owner = _owner(tx, case_id, person)
    its = and_(unsafe_contact.c.case_id == case_id, unsafe_contact.c.person == person.id)
    for column, known in ((unsafe_contact.c.name_index, owner.name), (unsafe_contact.c.birth_index, owner.birth)):
        if known is not None:
            tx.connection.execute(update(unsafe_contact).where(its, column.is_(None)).values({column.name: known}))


def get(tx: Reading, mark_id: str) -> Mark:
    """The mark of that id. Raises NotFound."""
    found = _marks(tx.connection.execute(select(unsafe_contact).where(unsafe_contact.c.id == mark_id)))
    if not found:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found[0]


def of_case(tx: Reading, case_id: str) -> tuple[Mark, ...]:
    """The marks that a case put on file, oldest first."""
    rows = tx.connection.execute(
        select(unsafe_contact)
        .where(unsafe_contact.c.case_id == case_id)
        .order_by(unsafe_contact.c.recorded_at, unsafe_contact.c.id)
    )
    return _marks(rows)


def lift(tx: Writing, mark_id: str, by: str, now: datetime) -> None:
    """End a mark that was put by mistake. Raises NotFound, Conflict where it was ended before."""
    if get(tx, mark_id).lifted_at is not None:
        raise Conflict("CONTACT_LIFTED_ALREADY", "that contact is not marked unsafe any more; nothing more to do")
    tx.connection.execute(
        update(unsafe_contact).where(unsafe_contact.c.id == mark_id).values(lifted_by=by, lifted_at=now)
    )


def forget(tx: Writing, case_id: str, person: str) -> int:
    """Take a person's rows away when the person is erased; returns how many."""
    gone = tx.connection.execute(
        delete(unsafe_contact).where(unsafe_contact.c.case_id == case_id, unsafe_contact.c.person == person)
    )
    return gone.rowcount


def unsafe_in(tx: Reading, case_id: str | None, record: Record) -> Unsafe:
    """What must not be used to reach the people of a record who are not accused, on what is on file and in the record.

    `case_id` is None for a case that is not on file yet.
    """
    case = case_id or ""
    asked = [
        (_owner(tx, case, person), (person.id, words), frozenset(_digest(tx, one) for one in spellings))
        for person in record.people if person.role not in ACCUSED for words, spellings in _ways(person)
    ]  # fmt: skip
    linked = _linked(tx, frozenset().union(*(digests for _, _, digests in asked)))
    for person in record.people:
        if person.role in ACCUSED:
            owner = _owner(tx, case, person)
            lifted = _lifted(tx, case, person.id)
            for digest in {_digest(tx, one) for way in _ways_kept(person) for one in way} - lifted:
                linked.setdefault(digest, []).append(owner)
    return frozenset(
        way for owner, way, digests in asked
        if any(not other.is_same(owner) for digest in digests for other in linked.get(digest, ()))
    )  # fmt: skip


def is_unsafe(tx: Reading, values: Iterable[str]) -> bool:
    """Whether any of these ways to reach an agency, or to answer us, is linked to somebody accused."""
    digests = frozenset(_digest(tx, one) for value in values for one in within(value))
    return bool(_linked(tx, digests))


def _ways(person: Person) -> Iterator[tuple[str, frozenset[Spelling]]]:
    """The ways to reach somebody that a disclosure could tell, each with the spellings to look for."""
    if person.address is not None:
        yield "address", of_home(person.address, looked_for=True)
    for contact in person.contacts:
        yield contact.value, of_contact(contact.value)
    if person.safe_contact is not None:
        # Who must never know may well be named with a number: that is no way to reach the person.
        yield "safe_contact", within(person.safe_contact.times or "")


def _ways_kept(person: Person) -> Iterator[frozenset[Spelling]]:
    if person.address is not None:
        yield of_home(person.address)
    for contact in person.contacts:
        yield of_contact(contact.value)


def _linked(tx: Reading, digests: frozenset[str]) -> dict[str, list[_Owner]]:
    """Whom each of these spellings is linked to, of those not lifted."""
    if not digests:
        return {}
    rows = tx.connection.execute(_LINKED, {"spellings": sorted(digests)})
    found: dict[str, list[_Owner]] = {}
    for row in rows:
        found.setdefault(row.spelling, []).append(_Owner(row.case_id, row.person, row.name_index, row.birth_index))
    return found


def _lifted(tx: Reading, case_id: str, person: str) -> set[str]:
    return set(tx.connection.execute(_LIFTED, {"case_id": case_id, "person": person}).scalars())


def _owner(tx: Reading, case_id: str, person: Person) -> _Owner:
    name = of_owner(person.name) if person.name else ""
    born = f"{name}|{person.date_of_birth.isoformat()}" if name and person.date_of_birth else ""
    return _Owner(
        case_id, person.id, _keyed(tx, f"name|{name}") if name else None, _keyed(tx, f"born|{born}") if born else None
    )


def _digest(tx: Reading, spelling: Spelling) -> str:
    kind, text = spelling
    return _keyed(tx, f"{kind.value}|{text}")


def _keyed(tx: Reading, text: str) -> str:
    return tx.keys.index(text, f"unsafe_contact|{tx.scope.landlord}")


def _marks(rows: Iterable[Row[tuple[object, ...]]]) -> tuple[Mark, ...]:
    found: dict[str, Mark] = {}
    for row in rows:
        kinds = {row.kind, *(found[row.id].kinds if row.id in found else ())}
        found[row.id] = Mark(
            row.id, row.case_id, row.person, tuple(sorted(kinds)), row.recorded_by, row.recorded_at, row.lifted_at
        )
    return tuple(found.values())
