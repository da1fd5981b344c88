"""Still: when the hub stops releasing, or takes no more in, and why; every reason ends by itself.

    disk    too little room to keep what an attempt leaves behind
    clock   it jumped, and an attempt that began before may be under way still
    log     its head is not what its entries and its last checkpoint lead to, or others hold another one
            (hub.flow.witness)
    queue   more waits for an agency than can be looked after

Danger is taken in whatever of this is so: it is on file, it goes as soon as anything goes, and the answer names whom to
telephone meanwhile.
"""

import logging
from collections.abc import Iterable

from hub.audit import log, newest
from hub.delivery import stepping_back
from hub.errors import Unavailable
from hub.flow.house import House
from hub.flow.witness import is_denied, require_vouched
from hub.logs import event
from hub.store import probe
from hub.store.scope import EVERY, NOBODY
from hub.store.troubles import full
from hub.store.unit_of_work import Reading

_log = logging.getLogger(__name__)

_AFTER = 30


def require_still(house: House, tx: Reading, *, danger: bool = False) -> None:
    """Begin no attempt unless disk, clock and log are in order; first in a transaction that claims.

    `danger`: of nothing else. Raises Unavailable with STORE_FULL, CLOCK_UNSURE, LOG_UNSURE, LOG_DISPUTED or
    LOG_UNWITNESSED. Nothing was claimed then, and nothing is lost.
    """
    if house.store.space.is_short():
        raise full()
    require_vouched(house, tx, danger=danger)
    _look(house, tx)
    if not house.watch.is_steady():
        raise Unavailable("CLOCK_UNSURE", "the clock jumped, so nothing leaves until it was steady for a lease", _AFTER)


def require_room(house: House, tx: Reading, agencies: Iterable[str] = ()) -> None:
    """Take in nothing that can wait where there is no room for it: on the disk, or in the queue of an agency.

    Raises Unavailable: STORE_FULL, or QUEUE_FULL naming the first of the `agencies` that is behind.
    """
    if house.store.space.is_short():
        raise full()
    landlord = tx.scope.landlord
    if landlord is None:
        return
    if house.backlog.is_due(landlord):
        house.backlog.count(tx, landlord)
    behind = house.backlog.behind(landlord, agencies)
    if behind is not None:
        says = f"too much waits for {behind} already; nothing was taken; leave that agency out, or send it again later"
        raise Unavailable("QUEUE_FULL", says, after=120)


def is_still(house: House, tx: Reading) -> bool:
    """Whether danger that is taken in now goes at once, as far as disk, clock and log say."""
    if not house.watch.is_steady() or house.store.space.is_short() or is_denied(house, tx):
        return False
    return newest.end(tx).is_whole and log.is_sound(tx)


def hear(house: House) -> None:
    """When a hub begins: know the newest time on record, so that no clock put back meanwhile is believed at once."""
    with house.store.read(NOBODY) as tx:
        at = newest.end(tx).at
    if at is not None:
        house.watch.hear(at)


def put_right(house: House) -> None:
    """After the clock was put back and is steady again: what the later time wrote down is due now. For the sweep."""
    before = house.watch.was_put_back()
    if before is None:
        return
    now = house.clock.now()
    if before <= now:  # it was put forward again, or that time has come
        house.watch.settle()
        return
    with house.store.write(EVERY) as tx:
        changed = stepping_back.put_right(tx, before, now, house.lease)
    house.watch.settle()
    event(_log, "outbox_put_right", logging.WARNING, count=changed)


def _look(house: House, tx: Reading) -> None:
    """Tell the watch what the store knows of the time. Raises Unavailable where the log is not what its head says."""
    end = newest.end(tx)
    # Each process looks for itself: whoever signs, and finds it broken, may be another one.
    if not (end.is_whole and log.is_sound(tx)):
        raise Unavailable("LOG_UNSURE", "the log is not what its head says, so nothing leaves", _AFTER)
    if end.at is not None:
        house.watch.hear(end.at)
    there = probe.time_there(tx)
    if there is not None:
        house.watch.compare(there)
