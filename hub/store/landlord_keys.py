"""The keys of landlords, and of the hub itself: one wraps data keys, one indexes. The root key wraps them all.

Made when first needed. A key of a version never changes, so an opened one is remembered by its wrapped form; which
version is in force is asked of the database, so that a rotation by another process is seen at once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, func, select

from hub.errors import NotTrusted
from hub.keys import Key, KeyRing, Place, keyed_digest, new_key
from hub.store.batches import Asked
from hub.store.tables import landlord_key
from hub.store.unit_of_work import Reading, Writing

HUB: Final = "hub"
"""Whose the hub's own key is; a landlord's code is in capitals."""

OF_THE_FIRST: Final = ""
"""Named as the root of a key that is the key file of version 0001 itself, until it is wrapped like any other."""

NONE: Final = "none"
"""Named as the root of a key that was destroyed."""

_LOCK: Final = 0x636F6E6B  # known to every process of a hub: who holds it may make and wrap landlords' keys


@unique
class Purpose(StrEnum):
    """What a landlord's key is for."""

    WRAP = "wrap"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A landlord's key as it is on file, without the key."""

    owner: str
    purpose: Purpose
    version: int
    root: str
    made_at: datetime
    retired_at: datetime | None

    @property
    def is_destroyed(self) -> bool:
        """Whether nothing is left of it but that it was there."""
        return self.root == NONE

    def opens_data_of(self, owner: str) -> bool:
        """Whether data keys of that landlord are wrapped under it."""
        return self.owner == owner and self.purpose is Purpose.WRAP


_NEWEST: Final = (
    select(landlord_key)
    .where(landlord_key.c.owner == bindparam("owner"), landlord_key.c.purpose == bindparam("purpose"),
           landlord_key.c.retired_at.is_(None))
    .order_by(landlord_key.c.version.desc()).limit(1)
)  # fmt: skip
_IN_FORCE: Final = Asked(_NEWEST)
_IN_FORCE_HELD: Final = Asked(_NEWEST.with_for_update(read=True, key_share=True))


def wrapping(tx: Writing, owner: str, now: datetime) -> Key:
    """The key under which the owner's data keys are wrapped now; it is not destroyed while this transaction runs."""
    known = tx.data_keys.get((owner, Purpose.WRAP))
    if known is None:
        known = in_force(tx, owner, Purpose.WRAP) or make(tx, owner, Purpose.WRAP, 1, now)
        tx.data_keys[owner, Purpose.WRAP] = known
    return known


def index(tx: Reading, landlord: str, words: str, context: str) -> str:
    """A digest under the landlord's index key: equal texts are found, and the text is not kept.

    Only for a case's number, for repeated requests and for what a person is called and reached by, never for what a
    person is (tests/architecture).
    """
    return keyed_digest(_index_key(tx, landlord), words, context)


def make_index(tx: Writing, landlord: str, now: datetime) -> None:
    """Make the landlord's index key where there is none yet; before anything of it is indexed."""
    if landlord not in tx.keys.indexing and in_force(tx, landlord, Purpose.INDEX) is None:
        made = make(tx, landlord, Purpose.INDEX, 1, now)
        tx.data_keys[landlord, Purpose.INDEX] = made  # not in memory for good: this may yet be rolled back


def own(tx: Writing, now: datetime) -> Key:
    """The hub's own key, made when missing (`KeyRing.take_own`)."""
    return in_force(tx, HUB, Purpose.INDEX) or make(tx, HUB, Purpose.INDEX, 1, now)


def in_force(tx: Reading, owner: str, purpose: Purpose) -> Key | None:
    """The key under which new things are put; None before the first."""
    # In a writing nobody destroys it meanwhile; others may use it, and wrap it anew.
    asked = _IN_FORCE_HELD if isinstance(tx, Writing) else _IN_FORCE
    row = tx.connection.execute(asked, {"owner": owner, "purpose": purpose.value}).one_or_none()
    return None if row is None else _opened(tx, row)


def opened(keys: KeyRing, owner: str, purpose: str, version: int, *, root: str, wrapped: bytes | None) -> Key:
    """A landlord's key as it is kept. Raises NotTrusted where it does not open, or was destroyed."""
    if root == OF_THE_FIRST:
        return Key(version, keys.roots.first())
    if wrapped is None:
        raise NotTrusted("KEY_DESTROYED", "a landlord's key was destroyed, and something under it is still there")
    return keys.unwrap(root, bytes(wrapped), version, _place(owner, purpose))


def make(tx: Writing, owner: str, purpose: Purpose, version: int, now: datetime) -> Key:
    """A key of that version, ours or one that somebody else just made."""
    lock(tx)
    root, wrapped = tx.keys.wrap(new_key(version), _place(owner, purpose))
    tx.insert_missing(landlord_key, owner=owner, purpose=purpose.value, version=version, root=root, wrapped=wrapped,
                      made_at=now)  # fmt: skip
    found = in_force(tx, owner, purpose)
    if found is None:
        raise NotTrusted("KEY_DESTROYED", "a landlord's key was destroyed, and something under it is still there")
    return found


def wrap_anew(tx: Writing, key: KeptKey) -> None:
    """Put a landlord's key under the root key in force. The caller holds the lock."""
    row = tx.connection.execute(select(landlord_key).where(*_is(key))).one()
    root, wrapped = tx.keys.wrap(_opened(tx, row), _place(key.owner, key.purpose))
    tx.connection.execute(landlord_key.update().where(*_is(key)).values(root=root, wrapped=wrapped))


def lock(tx: Writing) -> None:
    """Be the only one to make or wrap landlords' keys until this transaction ends. Taken before the log's lock."""
    if not tx.is_sqlite:
        tx.connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    tx.keys.roots.again()


def every(tx: Reading) -> list[KeptKey]:
    """Every key of every landlord and of the hub, also destroyed ones, in order."""
    order = (landlord_key.c.owner, landlord_key.c.purpose, landlord_key.c.version)
    return [
        KeptKey(row.owner, Purpose(row.purpose), row.version, row.root, row.made_at, row.retired_at)
        for row in tx.connection.execute(select(landlord_key).order_by(*order))
    ]


def retire(tx: Writing, owner: str, purpose: Purpose, version: int, now: datetime) -> None:
    """Put nothing new under this version. It stays until `destroy`."""
    tx.connection.execute(
        landlord_key.update()
        .where(
            landlord_key.c.owner == owner, landlord_key.c.purpose == purpose.value, landlord_key.c.version == version
        )
        .values(retired_at=now)
    )


def hold(tx: Writing, key: KeptKey) -> bool:
    """Keep others from putting anything under this key; False while somebody is just doing so. Never waits.

    The caller holds the log's lock: whoever waits for that may hold this key.
    """
    held = select(landlord_key.c.version).where(*_is(key)).with_for_update(skip_locked=True)
    return tx.connection.execute(held).first() is not None


def destroy(tx: Writing, key: KeptKey) -> None:
    """Destroy a key; its row stays and says that there was one. The caller holds it, and nothing needs it."""
    tx.connection.execute(landlord_key.update().where(*_is(key)).values(wrapped=None, root=NONE))


def _index_key(tx: Reading, landlord: str) -> bytes:
    if isinstance(tx, Writing) and (landlord, Purpose.INDEX) in tx.data_keys:
        return tx.data_keys[landlord, Purpose.INDEX].secret
    if landlord not in tx.keys.indexing:
        key = in_force(tx, landlord, Purpose.INDEX)
        if key is None:  # nothing of this landlord is indexed yet: a digest that is like no other finds that
            return new_key(0).secret
        if landlord_key in tx.connection.changed:  # it was made in this transaction, by whoever, and may yet be undone
            return key.secret
        tx.keys.indexing[landlord] = key.secret
    return tx.keys.indexing[landlord]


def _opened(tx: Reading, row: Row[Any]) -> Key:
    return opened(tx.keys, row.owner, row.purpose, row.version, root=row.root, wrapped=row.wrapped)


def _is(key: KeptKey) -> tuple[ColumnElement[bool], ...]:
    return (
        landlord_key.c.owner == key.owner, landlord_key.c.purpose == key.purpose.value,
        landlord_key.c.version == key.version,
    )  # fmt: skip


def _place(owner: str, purpose: str) -> Place:
    return Place(owner, "landlord_key", "wrapped", (purpose,))
