"""Machines: systems of an agency or a landlord, each with one scope. What they show is in `hub.access.machine_keys`.

A partner's machine acts as itself. A landlord's acts for an officer whom it names, so that author and authoriser stay
persons. Nothing here tells which of several reasons refused a machine.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from hub.access import machine_keys
from hub.access.machine_keys import KeyKind, MachineKey
from hub.access.roles import Act, Actor, Role, require_another
from hub.errors import BadInput, Conflict, NotFound
from hub.ids import Prefix, new_id
from hub.store.tables import credential, machine, person
from hub.store.unit_of_work import Reading, Writing


@unique
class MachineScope(StrEnum):
    """The one thing that a machine is there for."""

    FEED = "feed"
    ACKNOWLEDGE = "acknowledge"
    REFER = "refer"


ACTS: dict[MachineScope, frozenset[Act]] = {
    MachineScope.FEED: frozenset({Act.READ_FEED}),
    MachineScope.ACKNOWLEDGE: frozenset({Act.ACKNOWLEDGE}),
    MachineScope.REFER: frozenset({Act.REFER, Act.PREVIEW}),
}
"""What each scope lets a machine do, and nothing else. `refer` is a landlord's, the others an agency's."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: whose it is, what for, and as which person the log knows it. `keys` are all that it ever had."""

    id: str
    name: str
    scope: MachineScope
    person: str
    landlord: str | None
    agency: str | None
    registered_at: datetime
    revoked_at: datetime | None
    keys: tuple[MachineKey, ...] = ()
    is_confirmed: bool = True

    def actor(self, key: MachineKey, officer: str | None, team: str | None) -> Actor:
        """Who acts: a partner's machine as itself, a landlord's as the officer whom it names, within its scope.

        Nobody proved anything just now: no approval can rest on it.
        """
        role = Role.PARTNER if self.agency is not None else Role.OFFICER
        return Actor(
            key.id, officer or self.person, role, self.landlord, self.agency, team=team, acts=ACTS[self.scope],
            machine=self.id,
        )  # fmt: skip


def register(
    tx: Writing, *, name: str, scope: MachineScope, landlord: str | None, agency: str | None, now: datetime,
    made_by: str | None,
) -> Machine:  # fmt: skip
    """Enter a machine, still without keys; it waits for another than `made_by`, or None: for nobody.

    Raises BadInput when its scope is for the other kind of body.
    """
    is_landlords = scope is MachineScope.REFER
    if is_landlords != (landlord is not None) or is_landlords == (agency is not None):
        raise BadInput("MACHINE_MISPLACED", "scope", "is for the other kind of body, or that body is missing",
                       "give refer a landlord, and feed or acknowledge an agency")  # fmt: skip
    made = Machine(new_id(Prefix.MACHINE), name, scope, new_id(Prefix.PERSON), landlord, agency, now, None,
                   is_confirmed=made_by is None)  # fmt: skip
    tx.connection.execute(insert(machine).values(
        id=made.id, name=name, scope=scope.value, person=made.person, landlord=landlord, agency=agency,
        registered_at=now, made_by=made_by, confirmed_at=None if made_by else now,
    ))  # fmt: skip
    return made


def confirm(tx: Writing, machine_id: str, by: str, now: datetime) -> int:
    """The second person's word on a machine and all that it shows now; returns how many of its keys waited.

    Raises NotFound, Conflict where nothing waits, NotAllowed for whoever made any of it.
    """
    row = tx.connection.execute(
        select(machine.c.made_by, machine.c.confirmed_at)
        .where(machine.c.id == machine_id, machine.c.revoked_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    keys = machine_keys.confirm(tx, machine_id, by, now)
    if row.confirmed_at is None:
        require_another(row.made_by, by)
        tx.connection.execute(
            update(machine).where(machine.c.id == machine_id).values(confirmed_by=by, confirmed_at=now)
        )
    elif not keys:
        raise Conflict("CHANGE_SETTLED", "this change was confirmed or taken out before; nothing more to do")
    return keys


def revoke(tx: Writing, machine_id: str, now: datetime) -> None:
    """End a machine with all its keys, now. Raises NotFound for one that is not in use."""
    ended = tx.connection.execute(
        update(machine).where(machine.c.id == machine_id, machine.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    if ended.rowcount == 0:
        raise NotFound("NOT_FOUND", "there is nothing by that id")


def get(tx: Reading, machine_id: str) -> Machine:
    """A machine in use with its keys. Raises NotFound."""
    row = tx.connection.execute(
        select(machine).where(machine.c.id == machine_id, machine.c.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _machine(row, machine_keys.of_machines(tx, [machine_id])[machine_id])


def every(tx: Reading) -> tuple[Machine, ...]:
    """Every machine there ever was, with its keys; access tokens apart."""
    rows = tx.connection.execute(select(machine).order_by(machine.c.registered_at, machine.c.id)).all()
    keys = machine_keys.of_machines(tx, [row.id for row in rows])
    return tuple(_machine(row, keys[row.id]) for row in rows)


def holder(tx: Reading, token: str, now: datetime) -> tuple[Machine, MachineKey] | None:
    """Whose token this is, if it works now."""
    found = machine_keys.shown(tx, token, now)
    if found is None:
        return None
    try:
        machine_shown = get(tx, found[0])
    except NotFound:
        return None
    return (machine_shown, found[1]) if machine_shown.is_confirmed else None


def public_keys(found: Machine, now: datetime) -> tuple[MachineKey, ...]:
    """The public keys that this machine may sign with now."""
    return tuple(key for key in found.keys if found.is_confirmed and key.kind is KeyKind.PUBLIC_KEY and key.works(now))


def fits_connection(found: Machine, certificate: str | None, now: datetime) -> bool:
    """Whether the machine came over a connection that it is bound to. Once it had a certificate it needs one."""
    pinned = [key for key in found.keys if key.kind is KeyKind.CERTIFICATE]
    return not pinned or any(key.fingerprint == certificate and key.works(now) for key in pinned)


@dataclass(frozen=True, slots=True)
class Officer:
    """An active officer, and the team whose cases they see."""

    person: str
    team: str | None


def officer(tx: Reading, person_id: str, landlord: str, now: datetime) -> Officer | None:
    """That person, if they can act as an officer of the landlord now."""
    row = tx.connection.execute(select(person).where(person.c.id == person_id)).one_or_none()
    if row is not None:
        is_active = (row.state, row.role, row.landlord) == ("active", Role.OFFICER.value, landlord)
        return Officer(row.id, row.team) if is_active else None
    held = tx.connection.execute(  # known by a credential alone
        select(credential.c.id)
        .where(
            credential.c.person == person_id, credential.c.landlord == landlord,
            credential.c.role == Role.OFFICER.value, credential.c.revoked_at.is_(None),
            or_(credential.c.expires_at.is_(None), credential.c.expires_at > now),
        )
        .limit(1)
    )  # fmt: skip
    return Officer(person_id, None) if held.one_or_none() is not None else None


def _machine(row: Row[Any], keys: tuple[MachineKey, ...]) -> Machine:
    return Machine(row.id, row.name, MachineScope(row.scope), row.person, row.landlord, row.agency, row.registered_at,
                   row.revoked_at, keys, row.confirmed_at is not None)  # fmt: skip
