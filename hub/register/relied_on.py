"""What every decision of a landlord relies on, read anew only where it changed: agreements, documents, the landlord.

Whether it changed is asked of the database in every transaction that decides, by one query. Agreements, the steps of
their lives and documents are only ever added to, and a document can be withdrawn once: so as long as there are as many
of each, and as many withdrawn, they are the same.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, bindparam, func, select

from hub.register import agreements, documents, landlords
from hub.register.documents import Document
from hub.register.landlords import Landlord
from hub.store.batches import Asked
from hub.store.scope import Scope
from hub.store.tables import agreement, agreement_standing, governance_document, landlord
from hub.store.unit_of_work import Reading
from protocols.agreement import Agreement


@dataclass(frozen=True, slots=True)
class ReliedOn:
    """The landlord itself, its agreements as they count, its documents."""

    landlord: Landlord
    agreements: tuple[Agreement, ...]
    documents: tuple[Document, ...]


_TABLES: Final = frozenset({agreement, agreement_standing, governance_document, landlord})
_STAMP: Final = Asked(
    select(
        landlord.c.name, landlord.c.jurisdiction, landlord.c.public_authority,
        select(func.count()).select_from(agreement).scalar_subquery(),
        select(func.count()).where(agreement_standing.c.landlord == bindparam("code")).scalar_subquery(),
        select(func.count()).select_from(governance_document).scalar_subquery(),
        select(func.count(governance_document.c.withdrawn_at)).scalar_subquery(),
    ).where(landlord.c.code == bindparam("code"))
)  # fmt: skip
_KNOWN: Final[WeakKeyDictionary[Engine, dict[tuple[Scope, str], tuple[Hashable, ReliedOn]]]] = WeakKeyDictionary()
_MOST: Final = 100


def relied_on(tx: Reading, code: str) -> ReliedOn:
    """What decisions of this landlord rely on now. Raises NotFound for a landlord that is not on the register."""
    return tx.connection.once(("relied_on", code), _TABLES, _TABLES, lambda: _relied_on(tx, code))


def _relied_on(tx: Reading, code: str) -> ReliedOn:
    if not _TABLES.isdisjoint(tx.connection.changed):  # what this transaction did may yet be undone
        return _read(tx, code)
    known, key = _KNOWN.setdefault(tx.connection.engine, {}), (tx.scope, code)
    stamp = _stamp(tx, code)
    held = known.get(key)
    if held is not None and held[0] == stamp:
        return held[1]
    found = _read(tx, code)
    if stamp == _stamp(tx, code):  # nobody changed anything between the queries
        if len(known) >= _MOST:
            known.clear()
        known[key] = stamp, found
    return found


def _stamp(tx: Reading, code: str) -> Hashable:
    row = tx.connection.execute(_STAMP, {"code": code}).one_or_none()
    return None if row is None else tuple(row)


def _read(tx: Reading, code: str) -> ReliedOn:
    return ReliedOn(landlords.get(tx, code), agreements.counting(tx, code), documents.listed(tx))
