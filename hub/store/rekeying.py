"""Keys and content brought under the newest keys and suite, some at a time; and what is still to be done."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, update

from hub.errors import NotTrusted
from hub.keys import seal
from hub.store import content, landlord_keys
from hub.store.content import OPENING, WRAPS, Pieces
from hub.store.landlord_keys import Purpose
from hub.store.tables import case_file, data_key, landlord_key, sealed
from hub.store.unit_of_work import Reading, Writing


@dataclass(frozen=True, slots=True)
class Kept:
    """What one owner keeps as one part, opened, before it is sealed anew."""

    owner: str
    part: str
    pieces: Pieces


def wrap_anew(tx: Writing, landlord: str, version: int, at_most: int) -> int:
    """Wrap data keys under this version of the landlord's key that are under another of the tree; returns how many."""
    wrapping = landlord_keys.in_force(tx, landlord, Purpose.WRAP)
    if wrapping is None or wrapping.version != version:
        raise NotTrusted("KEY_NOT_IN_FORCE", "the landlord's key was changed by somebody else meanwhile; start again")
    rows = tx.connection.execute(
        select(*OPENING).join(landlord_key, WRAPS)
        .where(data_key.c.landlord == landlord, data_key.c.key_version.between(1, version - 1))
        .order_by(data_key.c.case_id, data_key.c.subject, data_key.c.data_class).limit(at_most)
        .with_for_update(of=data_key)
    ).all()  # fmt: skip
    done = [
        {
            "its_case": row.case_id, "its_subject": row.subject, "its_class": row.data_class, "put": version,
            "now": seal(wrapping, content.open_data_key(tx.keys, row).secret, content.place_of_key(row)),
        }
        for row in rows
    ]  # fmt: skip
    if done:
        tx.connection.execute(
            update(data_key)
            .where(data_key.c.case_id == bindparam("its_case"), data_key.c.subject == bindparam("its_subject"),
                   data_key.c.data_class == bindparam("its_class"))
            .values(wrapped=bindparam("now"), key_version=bindparam("put")),
            done,
        )  # fmt: skip
    return len(done)


def cases_to_reseal(tx: Reading, landlord: str, at_most: int) -> list[str]:
    """Cases in which anything is as version 0001 sealed it."""
    return list(
        tx.connection.execute(
            select(data_key.c.case_id).distinct()
            .where(data_key.c.landlord == landlord, data_key.c.key_version == 0)
            .order_by(data_key.c.case_id).limit(at_most)
        ).scalars()
    )  # fmt: skip


def taken_out(tx: Writing, case_id: str) -> list[Kept]:
    """Everything that the case's old keys open, taken out with those keys, to be kept again. The caller holds the case.

    A copy of the database that was made before holds the old keys too: it is worth what it was.
    """
    tx.connection.execute(select(case_file.c.id).where(case_file.c.id == case_id).with_for_update())
    places = tx.connection.execute(
        select(sealed.c.owner, sealed.c.part).distinct()
        .join(data_key, (data_key.c.case_id == sealed.c.case_id) & (data_key.c.subject == sealed.c.subject)
              & (data_key.c.data_class == sealed.c.data_class))
        .where(sealed.c.case_id == case_id, data_key.c.key_version == 0)
        .order_by(sealed.c.owner, sealed.c.part)
    ).all()  # fmt: skip
    kept = [Kept(row.owner, row.part, content.read_classes(tx, case_id, [row.owner], row.part)[row.owner])
            for row in places]  # fmt: skip
    for each in kept:
        tx.connection.execute(delete(sealed).where(sealed.c.owner == each.owner, sealed.c.part == each.part))
    tx.connection.execute(delete(data_key).where(data_key.c.case_id == case_id, data_key.c.key_version == 0))
    for name in [name for name in tx.data_keys if name[0] == case_id]:
        del tx.data_keys[name]
    return kept


def needs(tx: Reading, landlord: str, version: int) -> int:
    """How many data keys are wrapped under a version of the landlord's key."""
    return int(
        tx.connection.execute(
            select(func.count()).select_from(data_key)
            .where(data_key.c.landlord == landlord, data_key.c.key_version == version)
        ).scalar_one()
    )  # fmt: skip


def keys_by_version(tx: Reading) -> dict[tuple[str, int], int]:
    """How many data keys each landlord has under each version of its key."""
    rows = tx.connection.execute(
        select(data_key.c.landlord, data_key.c.key_version, func.count().label("how_many"))
        .group_by(data_key.c.landlord, data_key.c.key_version)
    )  # fmt: skip
    return {(row.landlord, row.key_version): row.how_many for row in rows}


def values_by_suite(tx: Reading) -> dict[int, int]:
    """How many sealed values there are of each suite. Reads every one of them, if only its first byte."""
    first = func.substr(sealed.c.content, 1, 1).label("suite")
    rows = tx.connection.execute(select(first, func.count().label("how_many")).group_by(first))
    return {bytes(row.suite)[0]: row.how_many for row in rows}
