"""Complete nodes of the tree as kept: read from the store a run at a time and remembered, as they never change."""

from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, bindparam, select

from hub.audit.tree import GetNode
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


def remembering(tx: Reading) -> GetNode:
    """What gives the nodes of this log, from memory where it can. Raises NotTrusted for one that is missing."""
    if isinstance(tx, Writing):  # what it reads may yet be undone
        return partial(stored, tx)
    kept = _KEPT.setdefault(tx.connection.engine, {})

    def node(level: int, index: int) -> bytes:
        run, at = (level, index // _RUN), index % _RUN * _HASH
        found = kept.get(run, b"")[at : at + _HASH]
        if not found:
            if len(kept) >= _MOST:
                kept.clear()
            kept[run] = _read(tx, level, run[1] * _RUN, (run[1] + 1) * _RUN - 1)
            found = kept[run][at : at + _HASH]
        return found or _missing()

    return node


def stored(tx: Reading, level: int, index: int) -> bytes:
    """The node as the store has it now. Raises NotTrusted where it has none."""
    return _read(tx, level, index, index) or _missing()


def _read(tx: Reading, level: int, first: int, last: int) -> bytes:
    asked, which = (_NODES, {"level": level}) if level else (_LEAVES, {})
    return b"".join(bytes(row.hash) for row in tx.connection.execute(asked, {**which, "first": first, "last": last}))


def _missing() -> bytes:
    raise NotTrusted("LOG_BROKEN", "the audit log lacks a part of its tree; restore it, do not go on")
