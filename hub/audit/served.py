"""The log as others mirror it: one file of hashes or entries at a time, made from what is kept (C2SP tlog-tiles)."""

from sqlalchemy import select

from hub.audit import log
from hub.audit.tiles import TILE_WIDTH, bundle
from hub.errors import NotFound
from hub.store.tables import audit_entry, audit_node
from hub.store.unit_of_work import Reading


def tile(tx: Reading, level: int | None, index: int, width: int) -> bytes:
    """One tile of hashes, or bundle of entries where `level` is None, of what the newest checkpoint covers.

    Raises NotFound beyond it.
    """
    checkpoint = log.latest_checkpoint(tx)
    first, height = index * TILE_WIDTH, 8 * (level or 0)
    last = first + width - 1
    if checkpoint is None or (last + 1) << height > checkpoint[0]:
        raise NotFound("TILE_NOT_PUBLISHED", "no checkpoint covers such a tile; ask again in a moment")
    number = audit_node.c.number if height else audit_entry.c.number
    column = audit_entry.c.leaf if level is None else audit_node.c.hash if height else audit_entry.c.leaf_hash
    found = select(column).where(number.between(first, last)).order_by(number)
    parts = [bytes(row[0]) for row in tx.connection.execute(
        found.where(audit_node.c.level == height) if height else found
    )]  # fmt: skip
    return bundle(parts) if level is None else b"".join(parts)
