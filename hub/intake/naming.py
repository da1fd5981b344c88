"""What people of a case are called and how they are reached, as far as it is on file: by which they are found again.

Never what they are: no characteristic of anybody is here, nor where they live.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.intake.pieces import class_of_identity, of_person
from hub.intake.referrals import PART, told_so_far
from hub.store import content
from hub.store.classes import DataClass
from hub.store.content import CASE, Pieces
from hub.store.unit_of_work import Reading
from protocols.record import PersonRole, Referral


@dataclass(frozen=True, slots=True)
class Naming:
    """One person of a case, by number; `born` is a date as JSON writes it. `data_class`: of all of it at rest."""

    person: str
    role: PersonRole
    data_class: DataClass
    name: str | None
    born: str | None
    contacts: tuple[str, ...]


def of_referral(given: Referral) -> tuple[Naming, ...]:
    """The people of a referral."""
    return tuple(
        Naming(
            person.id, person.role, class_of_identity(person.role, is_subject=person.id == given.subject), person.name,
            person.date_of_birth.isoformat() if person.date_of_birth else None,
            tuple(contact.value for contact in person.contacts),
        )
        for person in given.record.people
    )  # fmt: skip


def on_file(tx: Reading, case_id: str, subjects: Mapping[str, str]) -> dict[str, tuple[Naming, ...]]:
    """The people that each referral and each correction of a case tells of, oldest first, without whom was erased.

    `subjects`: whom each of these is about.
    """
    owners = told_so_far(tx, case_id)
    kept = content.read_classes(tx, case_id, owners, PART)
    return {owner: tuple(_of_pieces(kept.get(owner, {}), subjects.get(owner, ""))) for owner in owners}


def _of_pieces(pieces: Pieces, subject: str) -> Iterator[Naming]:
    for who, each in pieces.items():
        told = of_person(each) if who != CASE else None
        if told is not None:
            yield _of_document(who, told, is_subject=who == subject)


def _of_document(who: str, told: Mapping[str, Any], *, is_subject: bool) -> Naming:
    role = PersonRole(told["role"])
    return Naming(
        who, role, class_of_identity(role, is_subject=is_subject), told.get("name"), told.get("date_of_birth"),
        tuple(contact["value"] for contact in told.get("contacts") or ()),
    )  # fmt: skip
