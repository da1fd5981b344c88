"""Personal content at rest: each piece sealed under a key of its case, person and class; the key gone, it is gone.

The data key of (case, person, class) is made when the first piece is kept, wrapped by the landlord's key, and bound to
its row. What is about several people at once is kept under the subject `CASE`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, bindparam, delete, select

from hub.keys import Key, KeyRing, Place, is_first, new_key, seal, unseal, unseal_first
from hub.store import landlord_keys
from hub.store.batches import Asked
from hub.store.classes import DataClass
from hub.store.landlord_keys import Purpose
from hub.store.tables import data_key, landlord_key, sealed
from hub.store.unit_of_work import Reading, Writing

CASE: Final = "case"
"""The subject under which content about several people, or about none in particular, is kept."""

Pieces: TypeAlias = dict[str, dict[DataClass, bytes]]
"""Pieces of content by person, and by class."""


def keep(
    tx: Writing, case_id: str, owner: str, part: str, pieces: Mapping[str, bytes], now: datetime,
    data_class: DataClass = DataClass.NORMAL,
) -> None:  # fmt: skip
    """Seal one piece per person (or `CASE`) for `owner`'s `part`. The caller holds the case (see `register.cases`)."""
    keep_classes(tx, case_id, owner, part, {who: {data_class: piece} for who, piece in pieces.items()}, now)


def keep_classes(
    tx: Writing, case_id: str, owner: str, part: str, pieces: Mapping[str, Mapping[DataClass, bytes]], now: datetime
) -> None:
    """As `keep`, for what a person's content is in several classes. Raises ValueError where no landlord is at hand."""
    flat = {(who, kind): piece for who, each in pieces.items() for kind, piece in each.items()}
    if not flat:
        return
    landlord = _landlord(tx)
    keys = _data_keys(tx, landlord, case_id, frozenset(flat), now)
    rows = [
        {
            "owner": owner, "part": part, "subject": who, "data_class": kind.value, "case_id": case_id,
            "content": seal(keys[who, kind], piece, _of_piece(landlord, owner, part, who, kind)),
        }
        for (who, kind), piece in flat.items()
    ]  # fmt: skip
    tx.connection.insert_with_others(sealed, rows)


def read(tx: Reading, case_id: str, owner: str, part: str) -> dict[str, bytes]:
    """The pieces that can still be opened, by person; somebody erased is simply missing.

    Raises NotTrusted where a piece was altered or moved.
    """
    return read_each(tx, case_id, [owner], part).get(owner, {})


def read_each(tx: Reading, case_id: str, owners: Sequence[str], part: str) -> dict[str, dict[str, bytes]]:
    """As `read`, for several owners of one case in one go: by owner, then by person."""
    found = read_classes(tx, case_id, owners, part)
    return {owner: least(pieces) for owner, pieces in found.items()}


def read_classes(tx: Reading, case_id: str, owners: Sequence[str], part: str) -> dict[str, Pieces]:
    """As `read_each`, with the pieces of each class apart; a class that was erased is simply missing."""
    if not owners:
        return {}
    rows = tx.connection.execute(_SEALED, {"owners": list(owners), "part": part, "case_id": case_id})
    found: dict[str, Pieces] = {}
    keys: dict[tuple[str, str], Key] = {}
    for row in rows:
        kind = DataClass(row.data_class)
        if (row.subject, kind) not in keys:
            keys[row.subject, kind] = open_data_key(tx.keys, row)
        found.setdefault(row.owner, {}).setdefault(row.subject, {})[kind] = open_piece(
            keys[row.subject, kind], row.content, row.whose, row.owner, part, row.subject, kind
        )
    return found


def read_cases(tx: Reading, cases: Mapping[str, str], part: str) -> dict[str, Pieces]:
    """As `read_classes`, for owners of several cases: `cases` is the case of each owner.

    Case by case: asked for several at once, SQLite would look through whole cases, or all keys of a landlord.
    """
    owners: dict[str, list[str]] = {}
    for owner, case_id in cases.items():
        owners.setdefault(case_id, []).append(owner)
    found = (read_classes(tx, case_id, its, part) for case_id, its in owners.items())
    return {owner: pieces for each in found for owner, pieces in each.items()}


def least(pieces: Pieces) -> dict[str, bytes]:
    """Of each person the piece of the least guarded class."""
    return {who: next(each[kind] for kind in DataClass if kind in each) for who, each in pieces.items()}


def erase(tx: Writing, case_id: str, subject: str, data_class: DataClass | None = None) -> int:
    """Destroy a person's keys in one case, or the key of one class, and the pieces they opened.

    Returns how many pieces went.
    """
    gone = 0
    for kind in DataClass if data_class is None else (data_class,):
        tx.data_keys.pop((case_id, subject, kind), None)
        for table in (data_key, sealed):
            done = tx.connection.execute(
                delete(table).where(table.c.case_id == case_id, table.c.subject == subject, table.c.data_class == kind)
            )
            gone += done.rowcount if table is sealed else 0
    return gone


def keys_of(tx: Reading, case_id: str) -> frozenset[tuple[str, DataClass]]:
    """Person and class of every data key of a case that is still there."""
    rows = tx.connection.execute(select(data_key.c.subject, data_key.c.data_class).where(data_key.c.case_id == case_id))
    return frozenset((row.subject, DataClass(row.data_class)) for row in rows)


def open_data_key(keys: KeyRing, row: Row[Any]) -> Key:
    """The data key of a row of `OPENING`. Raises NotTrusted where it was altered or moved."""
    wrapping = landlord_keys.opened(
        keys, row.landlord, Purpose.WRAP, row.key_version, root=row.key_root, wrapped=row.key_wrapped
    )
    wrapped = bytes(row.wrapped)
    if wrapping.version == 0 and is_first(wrapped):
        return Key(row.data_version, unseal_first(wrapping.secret, wrapped, f"data_key|{row.case_id}|{row.subject}"))
    return Key(row.data_version, unseal(wrapping, wrapped, place_of_key(row)))


def open_piece(key: Key, piece: bytes, landlord: str, owner: str, part: str, subject: str, kind: DataClass) -> bytes:
    """What was kept there. Raises NotTrusted where it was altered or moved."""
    if key.version == 0 and is_first(piece):
        return unseal_first(key.secret, piece, f"sealed|{owner}|{part}|{subject}")
    return unseal(key, piece, _of_piece(landlord, owner, part, subject, kind))


def place_of_key(row: Row[Any]) -> Place:
    """Where the data key of a row of `OPENING` stands."""
    return _of_key(row.landlord, row.case_id, row.subject, row.data_class, row.data_version)


OPENING = (
    data_key.c.landlord, data_key.c.case_id, data_key.c.subject, data_key.c.data_class,
    data_key.c.version.label("data_version"), data_key.c.key_version, data_key.c.wrapped,
    landlord_key.c.root.label("key_root"), landlord_key.c.wrapped.label("key_wrapped"),
)  # fmt: skip
"""What it takes to open a data key, read in one statement: the landlord's key is never of another moment."""

WRAPS = (
    (landlord_key.c.owner == data_key.c.landlord)
    & (landlord_key.c.purpose == Purpose.WRAP.value)
    & (landlord_key.c.version == data_key.c.key_version)
)
_OPENS = (
    (data_key.c.case_id == sealed.c.case_id)
    & (data_key.c.subject == sealed.c.subject)
    & (data_key.c.data_class == sealed.c.data_class)
)
_SEALED: Final = Asked(
    select(sealed.c.owner, sealed.c.landlord.label("whose"), sealed.c.content, *OPENING)
    .join(data_key, _OPENS).join(landlord_key, WRAPS)
    .where(sealed.c.owner.in_(bindparam("owners", expanding=True)), sealed.c.part == bindparam("part"),
           sealed.c.case_id == bindparam("case_id"))
)  # fmt: skip
_KEYS: Final = Asked(
    select(*OPENING).join(landlord_key, WRAPS)
    .where(data_key.c.case_id == bindparam("case_id"), data_key.c.subject.in_(bindparam("subjects", expanding=True)))
)  # fmt: skip


def _data_keys(
    tx: Writing, landlord: str, case_id: str, wanted: frozenset[tuple[str, DataClass]], now: datetime
) -> dict[tuple[str, DataClass], Key]:
    """The data keys, made where missing; each is opened once in a transaction."""
    if case_id not in tx.opened and any((case_id, *one) not in tx.data_keys for one in wanted):
        subjects = sorted({who for who, _ in wanted})
        for row in tx.connection.execute(_KEYS, {"case_id": case_id, "subjects": subjects}):
            tx.data_keys[case_id, row.subject, row.data_class] = open_data_key(tx.keys, row)
    missing = sorted(one for one in wanted if (case_id, *one) not in tx.data_keys)
    if missing:
        wrapping = landlord_keys.wrapping(tx, landlord, now)
        made = {one: new_key(1) for one in missing}
        rows_made = [
            {
                "case_id": case_id, "subject": who, "data_class": kind.value, "version": key.version, "made_at": now,
                "key_version": wrapping.version,
                "wrapped": seal(wrapping, key.secret, _of_key(landlord, case_id, who, kind, key.version)),
            }
            for (who, kind), key in made.items()
        ]  # fmt: skip
        tx.connection.insert_with_others(data_key, rows_made)
        tx.data_keys.update({(case_id, *one): key for one, key in made.items()})
    return {one: tx.data_keys[case_id, *one] for one in wanted}


def _landlord(tx: Reading) -> str:
    if tx.scope.landlord is None:
        raise ValueError("content is kept for one landlord, and this transaction is of none")
    return tx.scope.landlord


def _of_piece(landlord: str, owner: str, part: str, subject: str, kind: str) -> Place:
    return Place(landlord, "sealed", "content", (owner, part, subject, kind))


def _of_key(landlord: str, case_id: str, subject: str, kind: str, version: int) -> Place:
    return Place(landlord, "data_key", "wrapped", (case_id, subject, kind, str(version)))
