"""Persons found again: keyed digests of names, of names with a date of birth, and of contacts, by case and person.

Under the landlord's own index key, so that whoever has the database alone can try no name. Names and contacts only:
what somebody is has few values, and a digest of few values hides nothing (tests/architecture/test_index.py). A row goes
with what it was made from.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select

from hub.errors import BadInput
from hub.register.spellings import of_contact, of_name
from hub.store import landlord_keys
from hub.store.classes import DataClass
from hub.store.tables import person_index, person_index_due
from hub.store.unit_of_work import Reading, Writing


@unique
class By(StrEnum):
    """By what a person is found."""

    NAME = "name"
    BORN = "born"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Sought:
    """A person as somebody knows them. `born` is a date as JSON writes it."""

    name: str | None
    born: str | None = None
    contacts: tuple[str, ...] = ()

    @property
    def by(self) -> tuple[str, ...]:
        """What is known, as codes for the log."""
        known = ((By.NAME, self.name), (By.BORN, self.born), (By.CONTACT, self.contacts))
        return tuple(kind.value for kind, value in known if value)


@dataclass(frozen=True, slots=True)
class Namesakes:
    """How many more persons of cases have a name: with another date of birth on file, or with none."""

    born_another_day: int
    birth_unknown: int


def put(tx: Writing, case_id: str, owner: str, person: str, data_class: DataClass, told: Sought) -> None:
    """Enter a person as a referral or correction (`owner`) tells of them. The caller holds the case."""
    rows = [
        {"digest": digest, "case_id": case_id, "subject": person, "owner": owner, "kind": kind.value,
         "data_class": data_class.value}
        for kind in By for digest in sorted(_digests(tx, told, kind))
    ]  # fmt: skip
    if rows:
        tx.connection.insert_with_others(person_index, rows)


def find(tx: Reading, sought: Sought, after: str | None, most_cases: int) -> tuple[tuple[str, str], ...]:
    """Case and number of each person whom all that is given fits, by case; so many cases `after` that one.

    Raises BadInput where the name or the contact holds nothing that could be looked for.
    """
    fits = _fits(tx, sought)
    next_cases = select(person_index.c.case_id).distinct().where(person_index.c.case_id > (after or ""), *fits)
    cases = list(tx.connection.execute(next_cases.order_by(person_index.c.case_id).limit(most_cases)).scalars())
    rows = tx.connection.execute(
        select(person_index.c.case_id, person_index.c.subject).distinct()
        .where(person_index.c.case_id.in_(cases), *fits)
        .order_by(person_index.c.case_id, person_index.c.subject)
    )  # fmt: skip
    return tuple((row.case_id, row.subject) for row in rows)


def cases_reached_by(tx: Reading, contacts: Sequence[str]) -> frozenset[str]:
    """The cases that tell any of these contacts as somebody's."""
    digests = _digests(tx, Sought(None, contacts=tuple(contacts)), By.CONTACT)
    asked = select(person_index.c.case_id).distinct().where(person_index.c.digest.in_(sorted(digests)))
    return frozenset(tx.connection.execute(asked).scalars()) if digests else frozenset()


def namesakes(tx: Reading, sought: Sought) -> Namesakes:
    """Who else has that name, where a date of birth is given: somebody else, or the same person less well known."""
    if sought.born is None:
        return Namesakes(0, 0)
    (named,), (ours,) = _digests(tx, sought, By.NAME), _digests(tx, sought, By.BORN)
    dated = person_index.alias()
    same_name = _persons().where(person_index.c.digest == named)
    has_date = same_name.join(
        dated, (dated.c.case_id == person_index.c.case_id) & (dated.c.subject == person_index.c.subject)
    ).where(dated.c.kind == By.BORN.value)
    with_date = _count(tx, has_date)
    return Namesakes(with_date - _count(tx, _persons().where(person_index.c.digest == ours)),
                     _count(tx, same_name) - with_date)  # fmt: skip


def forget(tx: Writing, case_id: str, person: str, data_class: DataClass | None = None) -> None:
    """Take a person's rows away when the person is erased, or what is kept of them in one class."""
    its = [person_index.c.case_id == case_id, person_index.c.subject == person]
    its += [person_index.c.data_class == data_class.value] if data_class else []
    tx.connection.execute(delete(person_index).where(*its))


def drop(tx: Writing, case_id: str, owners: Collection[str]) -> None:
    """Forget how these versions of a record told of anybody: nothing went by them, and they were wrong."""
    its = person_index.c.owner.in_(sorted(owners))
    tx.connection.execute(delete(person_index).where(person_index.c.case_id == case_id, its))


def due(tx: Reading, at_most: int, after: str = "") -> tuple[str, ...]:
    """Cases from before there was this index that are not in it yet, in the order of their ids, `after` that one."""
    asked = select(person_index_due.c.case_id).where(person_index_due.c.case_id > after)
    return tuple(tx.connection.execute(asked.order_by(person_index_due.c.case_id).limit(at_most)).scalars())


def landlords_due(tx: Reading) -> tuple[str, ...]:
    """The landlords of such cases."""
    return tuple(tx.connection.execute(select(person_index_due.c.landlord).distinct()).scalars())


def begin_anew(tx: Writing, case_id: str) -> bool:
    """Clear what there is of a case that is to be entered as a whole; False where somebody else has just done it."""
    waits = delete(person_index_due).where(person_index_due.c.case_id == case_id)
    if tx.connection.execute(waits).rowcount == 0:
        return False
    tx.connection.execute(delete(person_index).where(person_index.c.case_id == case_id))
    return True


def _fits(tx: Reading, sought: Sought) -> list[ColumnElement[bool]]:
    name = _digests(tx, sought, By.NAME)
    if not name:
        raise BadInput("NAME_EMPTY", "name", "holds no letter and no digit", "give the name as it is written on file")
    fits: list[ColumnElement[bool]] = [person_index.c.digest.in_(_digests(tx, sought, By.BORN) or name)]
    if sought.contacts:
        reached = person_index.alias()
        contacts = _digests(tx, sought, By.CONTACT)
        if not contacts:
            raise BadInput("CONTACT_EMPTY", "contact", "holds no letter and no digit",
                           "give a telephone number or an e-mail address")  # fmt: skip
        same = select(reached.c.digest).where(
            reached.c.case_id == person_index.c.case_id, reached.c.subject == person_index.c.subject,
            reached.c.digest.in_(contacts),
        )  # fmt: skip
        fits.append(same.correlate(person_index).exists())
    return fits


def _digests(tx: Reading, told: Sought, kind: By) -> frozenset[str]:
    """What is known of a person as digests of one kind; of contacts there may be several."""
    name = of_name(told.name) if told.name else ""
    texts: Sequence[str]
    if kind is By.CONTACT:
        texts = [f"{way.value}|{text}" for contact in told.contacts for way, text in of_contact(contact)]
    elif kind is By.BORN:
        texts = [f"{name}|{told.born}"] if name and told.born else []
    else:
        texts = [name] if name else []
    return frozenset(_keyed(tx, f"{kind.value}|{words}") for words in texts)


def _keyed(tx: Reading, words: str) -> str:
    if tx.scope.landlord is None:
        raise ValueError("persons are found again within one landlord, and this transaction is of none")
    return landlord_keys.index(tx, tx.scope.landlord, words, f"person|{tx.scope.landlord}")


def _persons() -> Select[Any]:
    return select(person_index.c.case_id, person_index.c.subject).distinct()


def _count(tx: Reading, persons: Select[Any]) -> int:
    return int(tx.connection.execute(select(func.count()).select_from(persons.subquery())).scalar_one())
