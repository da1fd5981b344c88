"""Agencies by registered id: never free text, so that a slip of the pen reaches nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from hub.errors import BadInput
from hub.store.tables import agency
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import AgencyKind


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation on the register; `door` is the connector that serves it."""

    id: str
    kind: AgencyKind
    name: str
    door: str
    suspended_at: datetime | None = None


def get(tx: Reading, agency_id: str, field: str = "agency") -> Agency:
    """The agency of that id. Raises BadInput naming `field` where the register has none."""
    row = tx.connection.execute(select(agency).where(agency.c.id == agency_id)).one_or_none()
    if row is None:
        raise BadInput("AGENCY_UNKNOWN", field, "no agency by that id is on the register",
                       "use an id from the list of agencies")  # fmt: skip
    return Agency(row.id, AgencyKind(row.kind), row.name, row.door, row.suspended_at)


def listed(tx: Reading) -> tuple[Agency, ...]:
    """Every agency, by id."""
    rows = tx.connection.execute(select(agency).order_by(agency.c.id))
    return tuple(Agency(row.id, AgencyKind(row.kind), row.name, row.door, row.suspended_at) for row in rows)


def put(tx: Writing, agencies: Iterable[Agency]) -> tuple[str, ...]:
    """Enter agencies, or bring their name and door up to date; returns the ids that changed.

    An agency never changes its kind: decisions were made for that kind. Raises BadInput when one would.
    """
    known = {entry.id: entry for entry in listed(tx)}
    changed: list[str] = []
    for entry in agencies:
        before = known.get(entry.id)
        if before is None:
            tx.connection.execute(
                insert(agency).values(id=entry.id, kind=entry.kind.value, name=entry.name, door=entry.door)
            )
            changed.append(entry.id)
        elif before.kind is not entry.kind:
            raise BadInput("AGENCY_KIND_CHANGED", f"agencies.{entry.id}.kind", "an agency cannot change its kind",
                           "register it under a new id")  # fmt: skip
        elif (before.name, before.door) != (entry.name, entry.door):
            tx.connection.execute(
                update(agency).where(agency.c.id == entry.id).values(name=entry.name, door=entry.door)
            )
            changed.append(entry.id)
    return tuple(changed)
