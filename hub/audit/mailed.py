"""To whom our checkpoint was mailed and when. Of an address, its digest alone is kept."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from hub.store.tables import audit_mailed
from hub.store.unit_of_work import Reading, Writing


class Mailed(NamedTuple):
    """When somebody was mailed last, if ever, and when that was tried last."""

    tried_at: datetime
    mailed_at: datetime | None


def last(tx: Reading, address: str) -> Mailed | None:
    """How it stands with this address; None before the first try."""
    row = tx.connection.execute(
        select(audit_mailed.c.tried_at, audit_mailed.c.mailed_at).where(audit_mailed.c.recipient == _digest(address))
    ).first()
    return Mailed(row.tried_at, row.mailed_at) if row is not None else None


def claim(tx: Writing, addresses: Sequence[str], at: datetime) -> None:
    """Write down that these are about to be mailed, for every process to see."""
    for address in addresses:
        if not tx.insert_missing(audit_mailed, recipient=_digest(address), tried_at=at):
            _change(tx, address, tried_at=at)


def keep(tx: Writing, address: str, at: datetime) -> None:
    """They were mailed."""
    _change(tx, address, mailed_at=at)


def _change(tx: Writing, address: str, **values: datetime) -> None:
    its = audit_mailed.c.recipient == _digest(address)
    tx.connection.execute(update(audit_mailed).where(its).values(**values))


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()
