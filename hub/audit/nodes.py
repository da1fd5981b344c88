"""Complete nodes of the tree as kept: read from the store a run at a time and remembered, as they never change.

Unless a server falls over to a copy that lacks the last of them. So what is made of them is verified before it is
handed out, and they are forgotten where it does not hold (`surely`).
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import Final, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, and_, bindparam, or_, select

from hub.audit.proofs import ProofError
from hub.audit.tree import Coordinate, GetNode
from hub.errors import NotTrusted
from hub.store.batches import Asked
from hub.store.tables import audit_entry, audit_node
from hub.store.unit_of_work import Reading, Writing

_RUN: Final = 256
_HASH: Final = 32
_MOST: Final = 2_048  # runs of 8 KiB
_KEPT: Final[WeakKeyDictionary[Engine, dict[tuple[int, int], bytes]]] = WeakKeyDictionary()
_LEAVES: Final = Asked(
    select(audit_entry.c.leaf_hash.label("hash"))
    .where(audit_entry.c.number.between(bindparam("first"), bindparam("last")))
    .order_by(audit_entry.c.number)
)  # fmt: skip
_NODES: Final = Asked(
    select(audit_node.c.hash)
    .where(audit_node.c.level == bindparam("level"), audit_node.c.number.between(bindparam("first"), bindparam("last")))
    .order_by(audit_node.c.number)
)  # fmt: skip

_T = TypeVar("_T")


def surely(tx: Reading, prove: Callable[[GetNode], _T]) -> _T:
    """What `prove` makes of the nodes and verifies: of those remembered, or, where they do not hold, as they are kept.

    `prove` raises ProofError where they do not. Raises NotTrusted where they are not kept as they were either.
    """
    try:
        return prove(remembering(tx))
    except (ProofError, NotTrusted):
        _KEPT.pop(tx.connection.engine, None)
    try:
        return prove(remembering(tx))
    except ProofError:
        _broken("does not lead to what was signed")


def remembering(tx: Reading) -> GetNode:
    """What gives the nodes of this log, from memory where it can. Raises NotTrusted for one that is missing."""
    if isinstance(tx, Writing):  # what it reads may yet be undone
        return partial(stored, tx)
    kept = _KEPT.setdefault(tx.connection.engine, {})

    def node(level: int, index: int) -> bytes:
        run, at = (level, index // _RUN), index % _RUN * _HASH
        found = kept.get(run, b"")[at : at + _HASH]
        if not found:
            # Others read and forget at the same time, and some of them see the log as it was before.
            read = _read(tx, level, run[1] * _RUN, (run[1] + 1) * _RUN - 1)
            if len(kept) >= _MOST:
                kept.clear()
            if len(read) > len(kept.get(run, b"")):
                kept[run] = read
            found = read[at : at + _HASH]
        return found or _missing()

    return node


def stored(tx: Reading, level: int, index: int) -> bytes:
    """The node as the store has it now. Raises NotTrusted where it has none."""
    return _read(tx, level, index, index) or _missing()


def together(tx: Reading, wanted: Collection[Coordinate]) -> GetNode:
    """What gives these nodes as the store has them now, all read at once. Raises NotTrusted for one it has not."""
    leaves = [index for level, index in wanted if not level]
    # Each named by itself: of pairs in a list SQLite looks through the whole table.
    above = [and_(audit_node.c.level == level, audit_node.c.number == index) for level, index in wanted if level]
    found: dict[Coordinate, bytes] = {}
    if leaves:
        asked = select(audit_entry.c.number, audit_entry.c.leaf_hash).where(audit_entry.c.number.in_(leaves))
        found.update({(0, row.number): bytes(row.leaf_hash) for row in tx.connection.execute(asked)})
    if above:
        rows = tx.connection.execute(select(audit_node).where(or_(*above)))
        found.update({(row.level, row.number): bytes(row.hash) for row in rows})
    return lambda level, index: found.get((level, index)) or _missing()


def _read(tx: Reading, level: int, first: int, last: int) -> bytes:
    asked, which = (_NODES, {"level": level}) if level else (_LEAVES, {})
    return b"".join(bytes(row.hash) for row in tx.connection.execute(asked, {**which, "first": first, "last": last}))


def _missing() -> NoReturn:
    _broken("lacks a part of its tree")


def _broken(how: str) -> NoReturn:
    raise NotTrusted("LOG_BROKEN", f"the audit log {how}; restore it, do not go on") from None
