"""What others have said of our checkpoints: their cosignatures, which were enough, and who holds another history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, not_, select, update

from hub.store.tables import audit_checkpoint, audit_cosignature, audit_dispute, audit_witnessed
from hub.store.unit_of_work import Reading, Writing

LOG_BEHIND, OTHER_HISTORY, SEEN_ELSEWHERE = "log_behind", "other_history", "seen_elsewhere"
"""They cosigned a longer log than ours is; a log of ours that ours does not begin with; they showed us such a one."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Somebody holds another history of this log than we do: of how many entries, and with which root if they said."""

    party: str
    reason: str
    size: int
    root: bytes | None


def keep(tx: Writing, size: int, cosigner: str, line: str, *, at: datetime, heard: datetime) -> bool:
    """Keep a cosignature that was verified, in place of an earlier one; True where there was none.

    `at` is what it says itself, by the cosigner's clock; `heard` is when it came, by ours.
    """
    values = {"line": line, "cosigned_at": at, "heard_at": heard}
    if tx.insert_missing(audit_cosignature, size=size, cosigner=cosigner, **values):
        return True
    its = (audit_cosignature.c.size == size, audit_cosignature.c.cosigner == cosigner)
    tx.connection.execute(update(audit_cosignature).where(*its).values(**values))
    return False


def mark(tx: Writing, size: int, at: datetime) -> None:
    """From now on the checkpoint of that size counts as witnessed."""
    tx.insert_missing(audit_witnessed, size=size, at=at)


def last(tx: Reading, cosigner: str) -> tuple[int, datetime] | None:
    """Size of the last checkpoint that somebody cosigned, and when we heard so; None before the first."""
    row = tx.connection.execute(
        select(audit_cosignature.c.size, audit_cosignature.c.heard_at)
        .where(audit_cosignature.c.cosigner == cosigner)
        .order_by(audit_cosignature.c.size.desc()).limit(1)
    ).first()  # fmt: skip
    return (row.size, row.heard_at) if row is not None else None


def newest(tx: Reading) -> Mapping[str, datetime]:
    """The newest time that each cosigner signed, by its own clock."""
    at = func.max(audit_cosignature.c.cosigned_at).label("at")
    rows = tx.connection.execute(select(audit_cosignature.c.cosigner, at).group_by(audit_cosignature.c.cosigner))
    return {row.cosigner: row.at for row in rows}


def with_lines(tx: Reading, size: int, text: str) -> str:
    """A checkpoint with every cosignature of it that we have."""
    rows = tx.connection.execute(
        select(audit_cosignature.c.line)
        .where(audit_cosignature.c.size == size)
        .order_by(audit_cosignature.c.cosigner)
    )  # fmt: skip
    return text + "".join(row.line for row in rows)


def best_over(tx: Reading, number: int) -> tuple[int, str] | None:
    """The checkpoint to prove entry `number` under: the first that enough witnessed, else the newest; None: neither."""
    sizes = (
        select(func.min(audit_witnessed.c.size)).where(audit_witnessed.c.size > number),
        select(func.max(audit_checkpoint.c.size)).where(audit_checkpoint.c.size > number),
    )
    for asked in sizes:
        size = tx.connection.execute(asked).scalar_one()
        if size is not None:
            text = tx.connection.execute(
                select(audit_checkpoint.c.text).where(audit_checkpoint.c.size == size)
            ).scalar_one()
            return int(size), with_lines(tx, size, text)
    return None


def dispute(tx: Writing, origin: str, found: Dispute, at: datetime) -> bool:
    """Write down that somebody holds another history; True where that was not known of them."""
    values = {"origin": origin, "reason": found.reason, "size": found.size, "root": found.root, "at": at}
    if tx.insert_missing(audit_dispute, party=found.party, **values):
        return True
    kept = audit_dispute.c
    is_known = and_(kept.origin == origin, kept.reason == found.reason, kept.size == found.size)
    # In one statement, so that of two processes that hear it at once one alone writes it down.
    changed = update(audit_dispute).where(kept.party == found.party, not_(is_known)).values(**values)
    return bool(tx.connection.execute(changed).rowcount)


def settle(tx: Writing, party: str) -> bool:
    """They agree with us again; True where they did not before."""
    return bool(tx.connection.execute(delete(audit_dispute).where(audit_dispute.c.party == party)).rowcount)


def disputes(tx: Reading, origin: str) -> Sequence[Dispute]:
    """Who holds another history of this log than we do."""
    rows = tx.connection.execute(
        select(audit_dispute).where(audit_dispute.c.origin == origin).order_by(audit_dispute.c.party)
    )
    return [Dispute(row.party, row.reason, row.size, row.root) for row in rows]
