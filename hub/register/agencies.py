"""Agencies by registered id: never free text, so that a slip of the pen reaches nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from hub.errors import BadInput
from hub.store.tables import agency
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import AgencyKind


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation on the register; `door` is the connector that serves it, `door_digest` that of its settings."""

    id: str
    kind: AgencyKind
    name: str
    door: str
    door_digest: str
    suspended_at: datetime | None = None


def get(tx: Reading, agency_id: str, field: str = "agency") -> Agency:
    """The agency of that id. Raises BadInput naming `field` where the register has none."""
    row = tx.connection.execute(select(agency).where(agency.c.id == agency_id)).one_or_none()
    if row is None:
        raise BadInput("AGENCY_UNKNOWN", field, "no agency by that id is on the register",
                       "use an id from the list of agencies")  # fmt: skip
    return _agency(row)


def listed(tx: Reading) -> tuple[Agency, ...]:
    """Every agency, by id."""
    rows = tx.connection.execute(select(agency).order_by(agency.c.id))
    return tuple(_agency(row) for row in rows)


def put(tx: Writing, agencies: Iterable[Agency]) -> tuple[Agency, ...]:
    """Enter agencies, or bring their name and door up to date; returns those that changed.

    An agency never changes its kind: decisions were made for that kind. Raises BadInput when one would.
    """
    known = {entry.id: entry for entry in listed(tx)}
    changed: list[Agency] = []
    for entry in agencies:
        before = known.get(entry.id)
        if before is None:
            tx.connection.execute(
                insert(agency).values(
                    id=entry.id,
                    kind=entry.kind.value,
                    name=entry.name,
                    door=entry.door,
                    door_digest=entry.door_digest,
                )
            )
            changed.append(entry)
        elif before.kind is not entry.kind:
            raise BadInput("AGENCY_KIND_CHANGED", f"agencies.{entry.id}.kind", "an agency cannot change its kind",
                           "register it under a new id")  # fmt: skip
        elif (before.name, before.door, before.door_digest) != (entry.name, entry.door, entry.door_digest):
            tx.connection.execute(
                update(agency)
                .where(agency.c.id == entry.id)
                .values(name=entry.name, door=entry.door, door_digest=entry.door_digest)
            )
            changed.append(entry)
    return tuple(changed)


def _agency(row: Row[tuple[object, ...]]) -> Agency:
    return Agency(row.id, AgencyKind(row.kind), row.name, row.door, row.door_digest, row.suspended_at)
