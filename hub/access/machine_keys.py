"""What machines show: tokens kept as hashes, public keys, pinned certificates, access tokens.

A key works from `not_before` until `ends_at`, so that old and new overlap; one that ended never works again, and an
access token no longer than the key that it was got with (ASVS 5.0 10.4.16).
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, and_, delete, or_, select, update

from hub.access.public_keys import Certificate, PublicKey
from hub.access.roles import require_another
from hub.access.tokens import digest, new_token
from hub.errors import Conflict, NotFound
from hub.ids import Prefix, new_id
from hub.store.tables import machine, machine_key, machine_nonce
from hub.store.unit_of_work import Reading, Writing

TOKEN_PREFIX = "cmt"  # noqa: S105 - what every token of a machine begins with


@unique
class KeyKind(StrEnum):
    """What a machine shows."""

    TOKEN = "token"  # noqa: S105 - the name of a kind
    PUBLIC_KEY = "public_key"
    CERTIFICATE = "certificate"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class MachineKey:
    """One thing that a machine may show, and when."""

    id: str
    kind: KeyKind
    fingerprint: str
    not_before: datetime
    ends_at: datetime | None
    public: PublicKey | None = None
    is_confirmed: bool = True

    def works(self, now: datetime) -> bool:
        """Whether it is confirmed and within its time."""
        return self.is_confirmed and self.not_before <= now and (self.ends_at is None or self.ends_at > now)


@dataclass(frozen=True, slots=True)
class Told:
    """A secret just made for a machine. It is told once and never again."""

    key: MachineKey
    token: str = field(repr=False)


def add_key(
    tx: Writing, machine_id: str, given: PublicKey | Certificate, *, not_before: datetime, now: datetime,
    made_by: str | None,
) -> MachineKey:  # fmt: skip
    """Let a machine show one thing more, once another than `made_by` confirmed it; None: at once.

    Raises Conflict for what any machine has, or ever had.
    """
    public = given if isinstance(given, PublicKey) else None
    kind = KeyKind.PUBLIC_KEY if public else KeyKind.CERTIFICATE
    return _put(tx, machine_id, kind, given.fingerprint, not_before=not_before, now=now, public=public, made_by=made_by)


def _put(
    tx: Writing, machine_id: str, kind: KeyKind, fingerprint: str, *, not_before: datetime, now: datetime,
    public: PublicKey | None = None, ends_at: datetime | None = None, got_with: str | None = None,
    made_by: str | None = None,
) -> MachineKey:  # fmt: skip
    made = MachineKey(new_id(Prefix.MACHINE_KEY), kind, fingerprint, not_before, ends_at, public, made_by is None)
    was_free = tx.insert_missing(
        machine_key, id=made.id, machine_id=machine_id, kind=kind.value, fingerprint=fingerprint,
        jwk=public.text if public else None, got_with=got_with, added_at=now, not_before=not_before, ends_at=ends_at,
        made_by=made_by, confirmed_at=None if made_by else now,
    )  # fmt: skip
    if not was_free:
        raise Conflict("KEY_KNOWN", "a machine has that key, or had it before; make a new one")
    return made


def add_token(
    tx: Writing, machine_id: str, kind: KeyKind, *, now: datetime, ends_at: datetime | None,
    got_with: str | None = None, made_by: str | None = None,
) -> Told:  # fmt: skip
    """Make a secret of 256 bits for a machine; a hash is kept of it. Access tokens that have ended are cleared away."""
    if kind is KeyKind.ACCESS:
        _clear(tx, machine_key.c.id, (machine_key.c.kind == kind.value) & (machine_key.c.ends_at < now))
    token = new_token(TOKEN_PREFIX)
    made = _put(tx, machine_id, kind, digest(token), not_before=now, now=now, ends_at=ends_at, got_with=got_with,
                made_by=made_by)  # fmt: skip
    return Told(made, token)


def confirm(tx: Writing, machine_id: str, by: str, now: datetime) -> int:
    """Let what waits for a second person work; returns how many. Raises NotAllowed where one of them is `by`'s own."""
    waits = (machine_key.c.machine_id == machine_id) & machine_key.c.confirmed_at.is_(None)
    rows = tx.connection.execute(select(machine_key.c.id, machine_key.c.made_by).where(waits).with_for_update()).all()
    for row in rows:
        require_another(row.made_by, by)
    tx.connection.execute(
        update(machine_key)
        .where(machine_key.c.id.in_([row.id for row in rows]))
        .values(confirmed_by=by, confirmed_at=now)
    )
    return len(rows)


def end_others(tx: Writing, machine_id: str, kept: MachineKey, at: datetime) -> tuple[str, ...]:
    """Have every other key of that kind end at `at`, if it would live longer; returns which."""
    ended = tx.connection.execute(
        update(machine_key)
        .where(
            machine_key.c.machine_id == machine_id, machine_key.c.kind == kept.kind.value,
            machine_key.c.id != kept.id, or_(machine_key.c.ends_at.is_(None), machine_key.c.ends_at > at),
        )
        .values(ends_at=at)
        .returning(machine_key.c.id)
    )  # fmt: skip
    return tuple(sorted(ended.scalars()))


def end_key(tx: Writing, machine_id: str, key_id: str, now: datetime) -> None:
    """End a key now, and with it every access token that was got with it. Raises NotFound for one that has ended."""
    ended = tx.connection.execute(
        update(machine_key)
        .where(machine_key.c.machine_id == machine_id, machine_key.c.id == key_id, _is_open(now))
        .values(ends_at=now)
    )
    if ended.rowcount == 0:
        raise NotFound("NOT_FOUND", "there is nothing by that id")


def key_works(tx: Reading, key_id: str, now: datetime) -> bool:
    """Whether a key works now, and its machine is in use."""
    found = tx.connection.execute(
        select(machine_key.c.id)
        .join(machine, machine.c.id == machine_key.c.machine_id)
        .where(
            machine_key.c.id == key_id, machine.c.revoked_at.is_(None), machine.c.confirmed_at.is_not(None), _works(now)
        )
    )
    return found.one_or_none() is not None


def count_once(tx: Writing, machine_id: str, nonce: str, until: datetime, now: datetime) -> bool:
    """Whether this nonce of the machine was not used before, by whichever process; it is remembered `until` then."""
    _clear(tx, machine_nonce.c.digest, machine_nonce.c.until < now)
    return tx.insert_missing(machine_nonce, digest=digest(f"{machine_id}|{nonce}"), until=until)


def of_machines(tx: Reading, machines: Collection[str]) -> dict[str, tuple[MachineKey, ...]]:
    """All that these machines ever had, oldest first; access tokens apart."""
    rows = tx.connection.execute(
        select(machine_key)
        .where(machine_key.c.machine_id.in_(machines), machine_key.c.kind != KeyKind.ACCESS.value)
        .order_by(machine_key.c.added_at, machine_key.c.id)
    ).all()
    return {name: tuple(_key(row) for row in rows if row.machine_id == name) for name in machines}


def shown(tx: Reading, token: str, now: datetime) -> tuple[str, MachineKey] | None:
    """The machine whose token this is, and the key; None when it does not work now."""
    row = tx.connection.execute(
        select(machine_key).where(machine_key.c.fingerprint == digest(token), _works(now),
                                  machine_key.c.kind.in_([KeyKind.TOKEN.value, KeyKind.ACCESS.value]))
    ).one_or_none()  # fmt: skip
    if row is None or (row.got_with is not None and not key_works(tx, row.got_with, now)):
        return None
    return row.machine_id, _key(row)


def _clear(tx: Writing, key: Column[str], is_over: ColumnElement[bool]) -> None:
    """Delete some rows that are over. Those that another process is clearing away are left to it: neither waits."""
    over = select(key).where(is_over).limit(50).with_for_update(skip_locked=True)
    tx.connection.execute(delete(key.table).where(key.in_(over)))


def _is_open(now: datetime) -> ColumnElement[bool]:
    return or_(machine_key.c.ends_at.is_(None), machine_key.c.ends_at > now)


def _works(now: datetime) -> ColumnElement[bool]:
    return and_(machine_key.c.confirmed_at.is_not(None), machine_key.c.not_before <= now, _is_open(now))


def _key(row: Row[Any]) -> MachineKey:
    public = PublicKey(row.jwk, row.fingerprint) if row.jwk is not None else None
    return MachineKey(row.id, KeyKind(row.kind), row.fingerprint, row.not_before, row.ends_at, public,
                      row.confirmed_at is not None)  # fmt: skip
