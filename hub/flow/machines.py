"""Machines: an administrator registers the systems of agencies and landlords, and changes and ends what they show.

Promise: a machine has one scope for life; a change of key leaves no gap, because old and new work side by side until
the old one ends; what is ended works no longer once this returns; what was made over HTTP works once another person
confirmed it, so that no administrator reads by a machine of their own making. Each change is logged in the same
transaction.
"""

from datetime import datetime, timedelta

from hub.access import machine_keys, machines
from hub.access.machine_keys import KeyKind, MachineKey, Told
from hub.access.machines import Machine, MachineScope
from hub.access.public_keys import Certificate, PublicKey
from hub.access.roles import Act, Actor, require, require_landlord, require_own_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput
from hub.flow.house import House
from hub.register import agencies, landlords
from hub.store.scope import EVERY
from hub.store.unit_of_work import Writing

LONGEST_OVERLAP = timedelta(days=90)


def register_machine(
    house: House, actor: Actor | None, *, name: str, scope: MachineScope, landlord: str | None, agency: str | None
) -> Machine:
    """Enter a machine, which can do nothing until it has a key. `actor` is None on the hub's own machine.

    Raises BadInput for a landlord or agency that is unknown or does not fit the scope.
    """
    who = _administrator(actor)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        if landlord is not None:
            landlords.get(tx, landlord)
        if agency is not None:
            agencies.get(tx, agency)
        made = machines.register(tx, name=name, scope=scope, landlord=landlord, agency=agency, now=now,
                                 made_by=actor.person if actor else None)  # fmt: skip
        log.append(tx, [Entry(EntryKind.MACHINE_REGISTERED, now, who, {
            "machine": made.id, "scope": scope.value, "holder": made.person, "agency": agency,
            "landlord": landlord.lower() if landlord else None,
        })])  # fmt: skip
    return made


def add_key(
    house: House, actor: Actor | None, machine_id: str, given: PublicKey | Certificate, *,
    not_before: datetime | None = None, overlap: timedelta | None = None,
) -> MachineKey:  # fmt: skip
    """Let a machine show one key more, from `not_before` on; with `overlap`, its others of that kind end so long after.

    The first certificate binds it: from then on nothing else of it works without one. Raises NotFound for a machine not
    in use, Conflict for a key that one has or had, BadInput for an overlap too long.
    """
    who = _administrator(actor)
    now = house.clock.now()
    begins = max(now, not_before or now)
    with house.store.write(EVERY) as tx:
        machines.get(tx, machine_id)
        made = machine_keys.add_key(tx, machine_id, given, not_before=begins, now=now,
                                    made_by=actor.person if actor else None)  # fmt: skip
        entries = [_added(machine_id, made, who, now)]
        if overlap is not None:
            entries += _end_others(tx, machine_id, made, _end_of_overlap(begins, overlap), who, now)
        log.append(tx, entries)
    return made


def make_token(house: House, actor: Actor | None, machine_id: str, overlap: timedelta) -> Told:
    """A new token for a machine; those it has end when the overlap is over. Raises NotFound, and BadInput."""
    who = _administrator(actor)
    now = house.clock.now()
    ends = _end_of_overlap(now, overlap)
    with house.store.write(EVERY) as tx:
        machines.get(tx, machine_id)
        made = machine_keys.add_token(tx, machine_id, KeyKind.TOKEN, now=now, ends_at=None,
                                      made_by=actor.person if actor else None)  # fmt: skip
        entries = [_added(machine_id, made.key, who, now)]
        log.append(tx, entries + _end_others(tx, machine_id, made.key, ends, who, now))
    return made


def confirm_machine(house: House, actor: Actor, machine_id: str) -> None:
    """Another person's word on a machine and on the keys that it has now, with which they work.

    Raises NotFound, also for another landlord's; Conflict; NotAllowed for whoever made any of it, and by a token.
    """
    require(actor, Act.CONFIRM_ACCESS)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        found = machines.get(tx, machine_id)
        if actor.landlord is not None and found.landlord is not None:
            require_landlord(actor, found.landlord)
        require_own_proof(actor, now)
        keys = machines.confirm(tx, machine_id, actor.person, now)
        log.append(tx, [Entry(EntryKind.MACHINE_CONFIRMED, now, actor.person, {"machine": machine_id, "keys": keys})])


def retire_key(house: House, actor: Actor | None, machine_id: str, key_id: str) -> None:
    """End one thing that a machine shows, at once. Raises NotFound for what is not in use."""
    who = _administrator(actor)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        machines.get(tx, machine_id)
        machine_keys.end_key(tx, machine_id, key_id, now)
        log.append(tx, _ended(machine_id, (key_id,), who, now, at_once=True))


def revoke_machine(house: House, actor: Actor | None, machine_id: str) -> None:
    """End a machine with everything that it shows, at once and for good. Raises NotFound for one not in use."""
    who = _administrator(actor)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        machines.revoke(tx, machine_id, now)
        log.append(tx, [Entry(EntryKind.MACHINE_REVOKED, now, who, {"machine": machine_id})])


def list_machines(house: House, actor: Actor | None) -> tuple[Machine, ...]:
    """Every machine there ever was with what it may show: kinds, fingerprints and times, nothing secret."""
    _administrator(actor)
    with house.store.read(EVERY) as tx:
        return machines.every(tx)


def _end_others(tx: Writing, machine_id: str, made: MachineKey, at: datetime, who: str, now: datetime) -> list[Entry]:
    return _ended(machine_id, machine_keys.end_others(tx, machine_id, made, at), who, now, at_once=at == now)


def _added(machine_id: str, key: MachineKey, who: str, now: datetime) -> Entry:
    return Entry(EntryKind.MACHINE_KEY_ADDED, now, who, {
        "machine": machine_id, "key": key.id, "key_kind": key.kind.value,
        "digest": None if key.kind is KeyKind.TOKEN else key.fingerprint,
    })  # fmt: skip


def _ended(machine_id: str, keys: tuple[str, ...], who: str, now: datetime, *, at_once: bool) -> list[Entry]:
    return [
        Entry(EntryKind.MACHINE_KEY_RETIRED, now, who, {"machine": machine_id, "key": key, "at_once": at_once})
        for key in keys
    ]


def _end_of_overlap(begins: datetime, overlap: timedelta) -> datetime:
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise BadInput("OVERLAP_TOO_LONG", "overlap_hours", "an old key may not live on so long",
                       f"give at most {LONGEST_OVERLAP.days * 24} hours")  # fmt: skip
    return begins + overlap


def _administrator(actor: Actor | None) -> str:
    if actor is None:
        return "command"
    require(actor, Act.ADMINISTER)
    return actor.person
