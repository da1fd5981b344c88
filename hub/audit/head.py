"""The head of the log held against what it stands on: its entries, the tree kept beside them, and what was signed last.

Only the head is ever changed in its place. So of three it is the one that is not believed for what it says.
"""

import time
from collections.abc import Iterator
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from hub.audit import newest, nodes, numbering, tree
from hub.audit.note import NoteError, read_checkpoint
from hub.audit.signed_note import divide
from hub.errors import NotTrusted
from hub.store.tables import audit_entry
from hub.store.unit_of_work import Reading

_FOR_SECONDS: Final = 1.0
_SOUND_AT: Final[WeakKeyDictionary[Engine, float]] = WeakKeyDictionary()


def check(tx: Reading, signed: tuple[int, str] | None) -> tuple[int, tree.Frontier]:
    """Size of the log and the complete nodes over it, which entries, tree and newest checkpoint all lead to.

    `signed`: that checkpoint, read before: what others number and sign meanwhile is no fault then. Raises NotTrusted.
    """
    _SOUND_AT.pop(tx.connection.engine, None)
    try:
        count, frontier = numbering.head(tx.connection)
        is_sound = newest.end(tx).is_whole and _is_led_to(tx, count, frontier, signed)
    except (ValueError, TypeError):  # what the head holds are no nodes
        raise _broken() from None
    if not is_sound:
        raise _broken()
    _SOUND_AT[tx.connection.engine] = time.monotonic()
    return count, frontier


def was_sound(tx: Reading) -> bool:
    """Whether `check` found it so within the last second, and nobody in this process found otherwise since."""
    at = _SOUND_AT.get(tx.connection.engine)
    return at is not None and time.monotonic() - at < _FOR_SECONDS


def root_in(text: str) -> bytes:
    """The root that a checkpoint of ours states. Raises NotTrusted for what is none any more."""
    try:
        return read_checkpoint(divide(text)[0]).root
    except NoteError:
        raise _broken() from None


def _broken() -> NotTrusted:
    return NotTrusted("LOG_BROKEN", "the audit log does not agree with its own head; restore it, do not go on")


def _is_led_to(tx: Reading, count: int, frontier: tree.Frontier, signed: tuple[int, str] | None) -> bool:
    size, root = (signed[0], root_in(signed[1])) if signed is not None else (0, tree.EMPTY_ROOT)
    if not size <= count == tree.leaf_count(frontier):
        return False
    kept = nodes.together(tx, {*tree.cover(0, size), *tree.cover(0, count)})
    reached = tree.frontier_at(size, kept)
    if tree.root(reached) != root or tree.frontier_at(count, kept) != frontier:
        return False
    # Since then from the entries themselves: nodes that were made on top of a forged head agree with it.
    for leaf in leaves(tx, size, count):
        reached, _ = tree.append(reached, tree.leaf_hash(leaf))
    return reached == frontier


def leaves(tx: Reading, first: int, until: int) -> Iterator[bytes]:
    """The entries from number `first` to before `until`, in order."""
    # On the statement: options set on the connection would stay with every later query of the transaction.
    rows = tx.connection.execute(
        select(audit_entry.c.leaf)
        .where(audit_entry.c.number >= first, audit_entry.c.number < until)
        .order_by(audit_entry.c.number)
        .execution_options(yield_per=1_000)
    )
    for row in rows:
        yield bytes(row.leaf)
