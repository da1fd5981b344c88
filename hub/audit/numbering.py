"""How entries come by their numbers: many at once, each transaction's own together and in order.

SQLite: at the end of the commit that writers share. PostgreSQL: entries wait in an inbox, where each transaction puts
its own and waits for nobody, until whoever holds the log's lock numbers all that are there: every checkpoint does.
Durable they are with their act. Of one case the inbox has the order of the acts, because its lock is held from the act
to the commit; acts that hold nothing in common may be numbered either way round.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from hub.audit import newest, tree
from hub.audit.entry import Entry, canonical_bytes, parse
from hub.store.batches import Asked
from hub.store.scoped import Scoped
from hub.store.tables import audit_entry, audit_head, audit_inbox, audit_node
from hub.store.unit_of_work import Reading, Writing

_ABOUT: Final = ("disclosure", "consent", "referral", "credential", "export", "subject")
"""Facts by which entries are found again, the most telling first."""

_AT_ONCE: Final = 5_000


class Appended(NamedTuple):
    """An entry on its way into the tree."""

    kind: str
    about: str | None
    at: datetime
    leaf: bytes


def append(tx: Writing, entries: Sequence[Entry]) -> None:
    """Have the entries numbered, and added to the tree."""
    rows = [Appended(entry.kind.value, _about(entry), entry.at, canonical_bytes(entry)) for entry in entries]
    if tx.is_sqlite:
        tx.leave(_number, rows)
    else:
        tx.connection.insert_with_others(audit_inbox, [row._asdict() for row in rows])


def gather(tx: Writing) -> None:
    """Number now what was appended so far, and be the only one to number until this transaction ends."""
    tx.lock_log()
    if tx.is_sqlite:
        tx.finish()
        return
    while rows := _taken(tx):
        _number(tx.connection, rows)


def gather_some(tx: Writing) -> bool:
    """As `gather`, but of a long inbox a part only; whether there is more."""
    tx.lock_log()
    rows = [] if tx.is_sqlite else _taken(tx)
    if rows:
        _number(tx.connection, rows)
    return len(rows) == _AT_ONCE


def waiting(tx: Reading, kind: str | None = None) -> int:
    """How many durable entries have no number yet."""
    found = select(func.count()).select_from(audit_inbox)
    return int(tx.connection.execute(found if kind is None else found.where(audit_inbox.c.kind == kind)).scalar_one())


def head(connection: Scoped) -> tuple[int, tree.Frontier]:
    """How many entries have a number, and the complete nodes over them."""
    row = connection.execute(_HEAD).one()
    return row.size, _frontier(row.frontier)


_HEAD: Final = Asked(select(audit_head.c.size, audit_head.c.frontier))
_LAST: Final = select(audit_entry.c.leaf).where(audit_entry.c.number == audit_head.c.size - 1).scalar_subquery()
_HEAD_AND_LAST: Final = Asked(select(audit_head.c.size, audit_head.c.frontier, _LAST.label("leaf")))
_MOVE_HEAD: Final = update(audit_head)
_ADD_ENTRIES, _ADD_NODES = insert(audit_entry), insert(audit_node)
_FIRST: Final = select(audit_inbox).order_by(audit_inbox.c.seq).limit(_AT_ONCE)


def _number(connection: Scoped, appended: Sequence[Appended]) -> None:
    """Numbering is one at a time across all processes, so everything slow belongs before it."""
    if not appended:
        return
    found = connection.execute(_HEAD_AND_LAST).one()
    size, frontier = found.size, _frontier(found.frontier)
    last = newest.time_of(found.leaf) if found.leaf is not None else None
    rows, nodes = [], []
    for number, (kind, about, at, given) in enumerate(appended, start=size):
        leaf = _as_of(given, last) if last is not None and newest.is_put_back(last, at) else given
        last = newest.moved_on(last, at)
        leaf_hash = tree.leaf_hash(leaf)
        frontier, complete = tree.append(frontier, leaf_hash)
        nodes += [{"level": level, "number": index, "hash": value} for level, index, value in complete]
        rows.append({"number": number, "kind": kind, "about": about, "leaf": leaf, "leaf_hash": leaf_hash})
    connection.execute(_ADD_ENTRIES, rows)
    if nodes:
        connection.execute(_ADD_NODES, nodes)
    kept = [[level, value.hex()] for level, value in frontier]
    connection.execute(_MOVE_HEAD, {"size": size + len(rows), "frontier": kept})


def _taken(tx: Writing) -> list[Appended]:
    """The first of the inbox, which has them no longer. The caller holds the log's lock."""
    rows = tx.connection.execute(_FIRST).all()
    if rows:
        tx.connection.execute(delete(audit_inbox).where(audit_inbox.c.seq.in_([row.seq for row in rows])))
    return [Appended(row.kind, row.about, row.at, bytes(row.leaf)) for row in rows]


def _as_of(leaf: bytes, at: datetime) -> bytes:
    """The entry with another time."""
    return canonical_bytes(replace(parse(leaf), at=at))


def _about(entry: Entry) -> str | None:
    found = next((entry.facts[name] for name in _ABOUT if entry.facts.get(name)), None)
    return None if found is None else str(found)


def _frontier(kept: Sequence[tuple[int, str]]) -> tree.Frontier:
    return tuple((level, bytes.fromhex(value)) for level, value in kept)
