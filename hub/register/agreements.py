"""Agreements on file, version by version; the newest version of each is the one that counts."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from sqlalchemy import insert, select

from hub.store.tables import agreement
from hub.store.unit_of_work import Reading, Writing
from protocols.agreement import Agreement
from protocols.parse import parse_agreement, write_agreement


def put(tx: Writing, agreements: Iterable[Agreement], now: datetime) -> tuple[Agreement, ...]:
    """Enter the versions that are not on file yet; returns those. A version on file is never overwritten."""
    there = {(row.id, row.version) for row in tx.connection.execute(select(agreement.c.id, agreement.c.version))}
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
