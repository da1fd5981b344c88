"""Agreements on file, version by version; the newest version of each is the one that counts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import insert, select

from hub.errors import BadInput
from hub.store.tables import agreement
from hub.store.unit_of_work import Reading, Writing
from protocols.agreement import Agreement
from protocols.parse import parse_agreement, write_agreement


def put(tx: Writing, agreements: Sequence[Agreement], now: datetime) -> tuple[Agreement, ...]:
    """Enter the versions that are not on file yet; returns those. A version on file is never overwritten.

    Raises BadInput where the version that counts was changed without a new number: the change would have no effect.
    """
    there = {
        (row.id, row.version): row.document
        for row in tx.connection.execute(select(agreement.c.id, agreement.c.version, agreement.c.document))
    }
    newest_of: dict[str, int] = {}
    for entry in agreements:
        newest_of[entry.id] = max(newest_of.get(entry.id, 0), entry.version)
    for entry in agreements:
        kept = there.get((entry.id, entry.version))
        if kept is not None and entry.version == newest_of[entry.id] and kept != write_agreement(entry):
            raise BadInput("AGREEMENT_CHANGED", entry.id, "the version on file says something else",
                           "give the changed agreement the next version")  # fmt: skip
    new = tuple(entry for entry in agreements if (entry.id, entry.version) not in there)
    for entry in new:
        tx.connection.execute(
            insert(agreement).values(
                id=entry.id, version=entry.version, document=write_agreement(entry), registered_at=now
            )
        )
    return new


def newest(tx: Reading) -> tuple[Agreement, ...]:
    """The newest version of every agreement, by id."""
    rows = tx.connection.execute(select(agreement).order_by(agreement.c.id, agreement.c.version))
    latest = {row.id: row for row in rows}
    return tuple(_parsed(row.document, f"{row.id}@{row.version}") for row in latest.values())


@lru_cache(maxsize=1_000)
def _parsed(document: str, name: str) -> Agreement:
    """Parsed once for each text: a version on file never changes."""
    return parse_agreement(document, name)


def digest(entry: Agreement) -> str:
    """SHA-256 of the agreement as recorded, hexadecimal."""
    return hashlib.sha256(write_agreement(entry).encode()).hexdigest()
