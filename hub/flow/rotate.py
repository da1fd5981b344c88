"""Rotate: a new root key, a new key for a landlord; seal again what an earlier version of the hub sealed.

Promise: after each transaction everything opens, in this process and in every other of the hub. What stops halfway is
gone on with by asking again; a key is destroyed when nothing needs it any more, and not before. Each change of a key is
in the log.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.flow.house import House
from hub.intake import referrals
from hub.intake.pieces import split_again
from hub.register import landlords
from hub.store import content, landlord_keys, rekeying
from hub.store.landlord_keys import KeptKey, Purpose
from hub.store.scope import EVERY, NOBODY, of_landlord
from hub.store.unit_of_work import Writing

_ACTOR = "command"
KEYS_AT_ONCE = 2_000
CASES_AT_ONCE = 10
_A_MOMENT = 0.05
"""Seconds to wait for whoever is just putting something under the old key."""


@dataclass(frozen=True, slots=True)
class Status:
    """Which keys there are and what is under them; never a key."""

    root: str
    earlier: tuple[str, ...]
    keys: tuple[KeptKey, ...]
    data_keys: Mapping[tuple[str, int], int]
    values: Mapping[int, int]

    @property
    def roots_needed(self) -> frozenset[str]:
        """The root keys that something is wrapped under."""
        return frozenset(key.root for key in self.keys if not key.is_destroyed)

    def left_to_do(self) -> tuple[str, ...]:
        """Commands that bring everything under the newest keys and suite, in their order."""
        root = ["keys rotate --root"] if self.roots_needed - {self.root} else []
        newest = {key.owner: key.version for key in self.keys if key.opens_data_of(key.owner)}
        behind = {owner for owner, version in self.data_keys if 0 < version < newest[owner]}
        again = ["keys reseal"] if any(version == 0 for _, version in self.data_keys) else []
        return (*root, *(f"keys rotate --landlord {owner}" for owner in sorted(behind)), *again)


def open_own_key(house: House) -> None:
    """Open the hub's own key, and make it on the first start."""
    with house.store.read(NOBODY) as tx:
        found = landlord_keys.in_force(tx, landlord_keys.HUB, Purpose.INDEX)
    if found is None:
        with house.store.write(NOBODY) as tx:
            found = landlord_keys.own(tx, house.clock.now())
    house.keys.take_own(found.secret)


def rotate_root(house: House) -> tuple[str, int]:
    """Put every landlord's key under a new root key; returns its id, and how many keys were wrapped anew.

    Where that was begun before, it is ended, and no further root key is made. Raises Conflict where the root key is
    not ours to make.
    """
    now = house.clock.now()
    with house.store.write(NOBODY) as tx:
        landlord_keys.lock(tx)
        if not any(key.root != landlord_keys.OF_THE_FIRST for key in _under_another_root(house, tx)):
            house.keys.roots.renew()
        waiting = _under_another_root(house, tx)
        for key in waiting:
            landlord_keys.wrap_anew(tx, key)
        root = house.keys.roots.current.id
        log.append(tx, [Entry(EntryKind.KEY_ROTATED, now, _ACTOR, {"of": "root", "key": root, "keys": len(waiting)})])
    return root, len(waiting)


def rotate_landlord(house: House, landlord: str, *, at_once: int = KEYS_AT_ONCE) -> tuple[int, int]:
    """Make a new key for a landlord and put its data keys under it; returns its version, and how many were put.

    Where that was begun before, it is ended, and no further key is made. Raises NotFound for an unknown landlord.
    """
    scope, wrapped = of_landlord(landlord), 0
    with house.store.write(scope) as tx:
        landlords.get(tx, landlord)
        version = _new_version(tx, landlord, house.clock.now())
    while True:
        with house.store.write(scope) as tx:
            done = rekeying.wrap_anew(tx, landlord, version, at_once)
        wrapped += done
        if not done:
            with house.store.write(scope) as tx:
                destroyed = _destroyed(tx, landlord, range(1, version), house.clock.now())
            if destroyed:
                return version, wrapped
            time.sleep(_A_MOMENT)


def reseal(house: House, *, at_once: int = CASES_AT_ONCE) -> tuple[int, int]:
    """Seal again, under keys of today and class by class, what version 0001 sealed; returns how many cases and values.

    A few cases at a time, each held meanwhile, so that the hub goes on working.
    """
    cases = values = 0
    for landlord in landlords.NAMES:
        while True:
            with house.store.read(of_landlord(landlord)) as tx:
                found = rekeying.cases_to_reseal(tx, landlord, at_once)
            if not found:
                break
            with house.store.write(of_landlord(landlord)) as tx:
                sealed = sum(_reseal(tx, case_id, house.clock.now()) for case_id in found)
                log.append(tx, [Entry(EntryKind.KEY_RESEALED, house.clock.now(), _ACTOR, {
                    "landlord": landlord.lower(), "cases": len(found), "values": sealed,
                })])  # fmt: skip
            cases, values = cases + len(found), values + sealed
        with house.store.write(of_landlord(landlord)) as tx:
            _destroyed(tx, landlord, range(1), house.clock.now())
    return cases, values


def prune(house: House) -> tuple[str, ...]:
    """Destroy earlier root keys, files of ours, that nothing in this database needs; returns their ids.

    Copies of the database that were made under them are opened by nothing any more. It is in the log before a file
    goes: one that is left over, since the machine stopped in between, goes the next time.
    """
    with house.store.write(NOBODY) as tx:
        landlord_keys.lock(tx)
        gone, now = _needless(house, tx), house.clock.now()
        log.append(tx, [Entry(EntryKind.KEY_DESTROYED, now, _ACTOR, {"of": "root", "key": root}) for root in gone])
    with house.store.write(NOBODY) as tx:
        landlord_keys.lock(tx)  # nobody puts anything under one of them meanwhile, and whoever did since keeps it
        still = _needless(house, tx)
        gone = tuple(root for root in gone if root in still)
        house.keys.roots.forget(gone)
    return gone


def status(house: House) -> Status:
    """Which keys there are, and what is under them."""
    with house.store.read(EVERY) as tx:
        roots = house.keys.roots
        return Status(
            roots.current.id, tuple(root.id for root in roots.earlier), tuple(landlord_keys.every(tx)),
            rekeying.keys_by_version(tx), rekeying.values_by_suite(tx),
        )  # fmt: skip


def _needless(house: House, tx: Writing) -> tuple[str, ...]:
    needed = {key.root for key in landlord_keys.every(tx) if not key.is_destroyed}
    return tuple(root for root in house.keys.roots.kept() if root not in needed)


def _under_another_root(house: House, tx: Writing) -> list[KeptKey]:
    current = house.keys.roots.current.id
    return [key for key in landlord_keys.every(tx) if not key.is_destroyed and key.root != current]


def _new_version(tx: Writing, landlord: str, now: datetime) -> int:
    """The version to bring data keys under: a new one, or the newest where an earlier one is still in use."""
    landlord_keys.lock(tx)
    kept = [key for key in landlord_keys.every(tx) if key.opens_data_of(landlord) and key.version]
    newest = max((key.version for key in kept), default=0)
    if any(not key.is_destroyed for key in kept if key.version < newest):
        return newest
    landlord_keys.retire(tx, landlord, Purpose.WRAP, newest, now)
    landlord_keys.make(tx, landlord, Purpose.WRAP, newest + 1, now)
    log.append(tx, [Entry(EntryKind.KEY_ROTATED, now, _ACTOR, {
        "of": "landlord", "landlord": landlord.lower(), "version": newest + 1,
    })])  # fmt: skip
    return newest + 1


def _destroyed(tx: Writing, landlord: str, versions: range, now: datetime) -> bool:
    """Destroy these versions of a landlord's key; False while something is still, or just being, put under one."""
    tx.lock_log()
    there = [key for key in landlord_keys.every(tx)
             if key.opens_data_of(landlord) and key.version in versions and not key.is_destroyed]  # fmt: skip
    for key in there:
        if not landlord_keys.hold(tx, key) or rekeying.needs(tx, landlord, key.version):
            return False
        landlord_keys.destroy(tx, key)
    log.append(tx, [Entry(EntryKind.KEY_DESTROYED, now, _ACTOR, {
        "of": "landlord", "landlord": landlord.lower(), "version": key.version,
    }) for key in there])  # fmt: skip
    return True


def _reseal(tx: Writing, case_id: str, now: datetime) -> int:
    sealed = 0
    for kept in rekeying.taken_out(tx, case_id):
        pieces = split_again(kept.pieces) if kept.part == referrals.PART else kept.pieces
        content.keep_classes(tx, case_id, kept.owner, kept.part, pieces, now)
        sealed += sum(map(len, pieces.values()))
    return sealed
