"""Agencies by registered id: never free text, so that a slip of the pen reaches nobody.

A suspension counts from the next claim on, in every process; it takes one person. To end it takes two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from hub.errors import BadInput, Conflict, NotAllowed, NotFound
from hub.register import pins
from hub.register.names import skeleton
from hub.register.pins import Pin
from hub.store.tables import agency, landlord
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import AgencyKind

_ITSELF = frozenset({agency})


@unique
class Why(StrEnum):
    """Why an agency is suspended."""

    KEY_LOST = "key_lost"
    DOOR_WRONG = "door_wrong"
    BREACH = "breach"
    LEFT_AGREEMENT = "left_agreement"
    IMPERSONATED = "impersonated"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation on the register; `door` is the connector that serves it, `door_digest` that of its settings.

    `capacities` are codes of its statutory capacity: `relevant_authority` (Crime and Disorder Act 1998 s.115),
    `competent_authority` (DPA 2018 s.30). `resume_asked_by` is the first of the two who end a suspension.
    """

    id: str
    kind: AgencyKind
    name: str
    door: str
    door_digest: str
    suspended_at: datetime | None = None
    capacities: tuple[str, ...] = ()
    suspended_why: str | None = None
    resume_asked_by: str | None = None


def ids(tx: Reading) -> tuple[str, ...]:
    """The ids of all agencies on the register, also of those that have no door any more."""
    return tuple(tx.connection.execute(select(agency.c.id).order_by(agency.c.id)).scalars())


def get(tx: Reading, agency_id: str, field: str = "agency") -> Agency:
    """The agency of that id. Raises BadInput naming `field` where the register has none."""
    found = tx.connection.once(("agency", agency_id), _ITSELF, _ITSELF, lambda: _found(tx, agency_id))
    if found is None:
        raise BadInput("AGENCY_UNKNOWN", field, "no agency by that id is on the register",
                       "use an id from the list of agencies")  # fmt: skip
    return found


def find(tx: Reading, agency_id: str) -> Agency:
    """The agency of that id. Raises NotFound: for requests that are about the agency itself."""
    found = _found(tx, agency_id)
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found


def _found(tx: Reading, agency_id: str) -> Agency | None:
    row = tx.connection.execute(select(agency).where(agency.c.id == agency_id)).one_or_none()
    return None if row is None else _agency(row)


def listed(tx: Reading) -> tuple[Agency, ...]:
    """Every agency, by id."""
    rows = tx.connection.execute(select(agency).order_by(agency.c.id))
    return tuple(_agency(row) for row in rows)


def put(
    tx: Writing, agencies: Iterable[Agency], now: datetime, cooling_off: timedelta
) -> tuple[tuple[Agency, Pin | None], ...]:
    """Enter agencies, or bring name and door up to date; returns those that changed, with the pin of a new door.

    The door of a new agency counts at once. A changed one counts when two persons have confirmed it and `cooling_off`
    has passed. An agency never changes its kind: decisions were made for that kind. Raises BadInput when one would, or
    when a name looks like another's.
    """
    known = {entry.id: entry for entry in listed(tx)}
    changed: list[tuple[Agency, Pin | None]] = []
    for entry in agencies:
        before = known.get(entry.id)
        if before is not None and before.kind is not entry.kind:
            raise BadInput("AGENCY_KIND_CHANGED", f"agencies.{entry.id}.kind", "an agency cannot change its kind",
                           "register it under a new id")  # fmt: skip
        if before is None or before.name != entry.name:
            _check_name(tx, entry, known.values())
        values = {"name": entry.name, "door": entry.door, "door_digest": entry.door_digest,
                  "capacities": list(entry.capacities)}  # fmt: skip
        if before is None:
            tx.connection.execute(insert(agency).values(id=entry.id, kind=entry.kind.value, **values))
            changed.append((entry, pins.register(tx, entry.id, entry.door_digest, now)))
        else:
            proposed = pins.change_door(tx, entry.id, entry.door_digest, now, cooling_off)
            if proposed is not None or _shown(before) != _shown(entry):
                tx.connection.execute(update(agency).where(agency.c.id == entry.id).values(**values))
                changed.append((entry, proposed))
        known[entry.id] = entry
    return tuple(changed)


def in_the_way(tx: Reading, agency_id: str, door_digest: str, now: datetime) -> str | None:
    """Why nothing may go to this agency by a door with these settings now, as a stable code; None where it may."""
    if get(tx, agency_id).suspended_at is not None:
        return "agency_suspended"
    return pins.in_the_way(pins.of_agency(tx, agency_id), door_digest, now)


def suspend(tx: Writing, agency_id: str, by: str, why: Why, now: datetime) -> None:
    """Stop everything to and from an agency. Raises NotFound, Conflict where it is suspended."""
    if _held(tx, agency_id).suspended_at is not None:
        raise Conflict("AGENCY_SUSPENDED_ALREADY", "this agency is suspended; nothing more to do")
    _set(tx, agency_id, suspended_at=now, suspended_by=by, suspended_why=why.value, resume_asked_by=None)


def resume(tx: Writing, agency_id: str, by: str) -> bool:
    """One of two persons says that a suspension may end; True with the second one's word, when it has ended.

    Raises NotFound, Conflict where it is not suspended, NotAllowed for the same person twice.
    """
    held = _held(tx, agency_id)
    if held.suspended_at is None:
        raise Conflict("AGENCY_NOT_SUSPENDED", "this agency is not suspended; nothing more to do")
    if held.resume_asked_by == by:
        raise NotAllowed("SAME_PERSON", "the second confirmation must be another person's; ask a colleague")
    if held.resume_asked_by is None:
        _set(tx, agency_id, resume_asked_by=by)
        return False
    _set(tx, agency_id, suspended_at=None, suspended_by=None, suspended_why=None, resume_asked_by=None)
    return True


def _held(tx: Writing, agency_id: str) -> Agency:
    tx.connection.execute(select(agency.c.id).where(agency.c.id == agency_id).with_for_update())
    return find(tx, agency_id)


def _set(tx: Writing, agency_id: str, **values: str | datetime | None) -> None:
    tx.connection.execute(update(agency).where(agency.c.id == agency_id).values(**values))


def _check_name(tx: Reading, entry: Agency, known: Iterable[Agency]) -> None:
    """A name is what people go by: it may look like no other agency's, and like no landlord's."""
    taken = {skeleton(other.name) for other in known if other.id != entry.id}
    taken |= {skeleton(name) for name in tx.connection.execute(select(landlord.c.name)).scalars()}
    shape = skeleton(entry.name)
    if not shape or shape in taken:
        raise BadInput("AGENCY_NAME_CONFUSABLE", f"agencies.{entry.id}.name",
                       "looks like the name of another agency or landlord on the register",
                       "write the organisation's full name, with the place it serves")  # fmt: skip


def _shown(entry: Agency) -> tuple[object, ...]:
    return entry.name, entry.door, entry.door_digest, entry.capacities


def _agency(row: Row[tuple[object, ...]]) -> Agency:
    return Agency(
        row.id, AgencyKind(row.kind), row.name, row.door, row.door_digest, row.suspended_at, tuple(row.capacities),
        row.suspended_why, row.resume_asked_by,
    )  # fmt: skip
