"""The log as it is after all that happened: on PostgreSQL entries wait for their number until somebody gives it."""

from hub.audit import log
from hub.audit.entry import Entry, parse
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Store


def leaves(store: Store) -> list[bytes]:
    """Every entry of the log as bytes, in order."""
    with store.write(NOBODY) as tx:
        return list(log.leaves(tx, log.gather(tx)))


def entries(store: Store) -> list[Entry]:
    """Every entry of the log, in order."""
    return [parse(leaf) for leaf in leaves(store)]


def size(store: Store) -> int:
    """How many entries the log has."""
    with store.write(NOBODY) as tx:
        return log.gather(tx)
