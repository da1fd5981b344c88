"""Back up: all content and all keys of the embedded database copied as two files, and a database made of such copies.

    back up   [transaction] that a copy is begun is logged; then it is made, and holds that entry
    restore   the content joined with the keys, in a file of no name; [transaction] that is logged there; then it is the
              database

Promise: no copy and no restored database without its entry. One that was begun may have failed: the entry stays.
"""

from datetime import datetime
from pathlib import Path

from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.flow.house import House
from hub.keys import KeyRing
from hub.store import backup
from hub.store.backup import Joined
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Store

_ACTOR = "command"


def back_up(house: House, folder: Path) -> tuple[Path, Path]:
    """Copy one moment of the embedded database into that folder: its content, and its keys.

    Raises Conflict where there is a copy already, Unavailable where none can be made.
    """
    with house.store.write(NOBODY) as tx:
        size = log.gather(tx)
        log.append(tx, [Entry(EntryKind.BACKUP_BEGUN, house.clock.now(), _ACTOR, {"size": size})])
    return backup.copy(house.store, folder)


def restore(content: Path, keys: Path, database: Path, ring: KeyRing, now: datetime) -> Joined:
    """Make the embedded database of an old copy of its content and the newest keys.

    Raises Conflict where one is there or the keys are older, NotTrusted for files that are no copies. There is no house
    yet, so that nobody can be at work in it.
    """

    def record(store: Store, found: Joined) -> None:
        facts = {"size": found.entries, "known": found.entries_known}
        with store.write(NOBODY) as tx:
            log.append(tx, [Entry(EntryKind.BACKUP_RESTORED, now, _ACTOR, facts)])

    return backup.join(content, keys, database, ring, record)
