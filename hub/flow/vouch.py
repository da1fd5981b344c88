"""Vouch: who an agency is and whether anything may go to it. Keys and doors confirmed by two, suspension by one.

Agencies are the hub's, shared by its landlords, so what is done here counts for all of them. Everything counts from the
next claim on, in every process, because each claim asks the register.
"""

from dataclasses import dataclass

from hub.access.roles import Act, Actor, require, require_own_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import outbox
from hub.delivery.outbox import State
from hub.errors import NotFound
from hub.flow.entries import confirmed
from hub.flow.house import House
from hub.flow.recall import recall
from hub.intake import referrals
from hub.register import agencies, pins
from hub.register.agencies import Agency, Why
from hub.register.pins import Pin, What
from hub.store.scope import EVERY, NOBODY
from hub.store.unit_of_work import Writing


@dataclass(frozen=True, slots=True)
class AgencyView:
    """An agency, what stands in the way of anything going to it, and what it is held to."""

    agency: Agency
    barred: str | None
    pins: tuple[Pin, ...]


def list_agencies(house: House) -> tuple[AgencyView, ...]:
    """The agencies that a referral may name, as this process would find them at a claim."""
    now = house.clock.now()
    with house.store.read(NOBODY) as tx:
        found = []
        for entry in agencies.listed(tx):
            digest = house.doors.digest(entry.id) if entry.id in house.doors else entry.door_digest
            barred = agencies.in_the_way(tx, entry.id, digest, now)
            found.append(AgencyView(entry, barred, pins.of_agency(tx, entry.id)))
    return tuple(found)


def read_agency(house: House, actor: Actor, agency_id: str) -> AgencyView:
    """One agency with its pins. Raises NotFound."""
    require(actor, Act.CONFIRM_AGENCY)
    found = next((view for view in list_agencies(house) if view.agency.id == agency_id), None)
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found


def propose_key(house: House, actor: Actor, agency_id: str, what: What, key: str, fingerprint: str) -> Pin:
    """A key of an agency, by the first of two persons who have compared its fingerprint with the agency.

    Raises BadInput for a weak or unusable key or another fingerprint, Conflict where it is known, NotFound, NotAllowed.
    """
    require(actor, Act.ADMINISTER)
    now = house.clock.now()
    require_own_proof(actor, now)
    with house.store.write(EVERY) as tx:
        agencies.find(tx, agency_id)
        pin = pins.propose_key(
            tx, agency_id, what, key, told=fingerprint, by=actor.person, now=now, cooling_off=house.cooling_off
        )
        log.append(tx, [Entry(EntryKind.AGENCY_KEY_PROPOSED, now, actor.person, {
            "agency": agency_id, "pin": pin.id, "use": what.value, "fingerprint": pin.fingerprint,
        })])  # fmt: skip
    return pin


def confirm(house: House, actor: Actor, agency_id: str, pin_id: str, fingerprint: str) -> Pin:
    """One person's word that this is the agency's own door or key. The second one's makes it count.

    Raises BadInput for another fingerprint, Conflict, NotFound, NotAllowed for the same person twice or without a
    recent proof of who one is.
    """
    require(actor, Act.CONFIRM_AGENCY)
    now = house.clock.now()
    require_own_proof(actor, now)
    with house.store.write(EVERY) as tx:
        _require_of(tx, agency_id, pin_id)
        pin = pins.confirm(tx, pin_id, fingerprint, actor.person, now)
        log.append(tx, [confirmed(pin, actor.person, now)])
    return pin


def retire(house: House, actor: Actor, agency_id: str, pin_id: str) -> None:
    """Take a door or key out at once, announced or in force. Raises Conflict, NotFound."""
    require(actor, Act.CONFIRM_AGENCY)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        tx.hold_registers(to_stop=True)
        _require_of(tx, agency_id, pin_id)
        pin = pins.retire(tx, pin_id, actor.person, now)
        log.append(tx, [Entry(EntryKind.AGENCY_PIN_RETIRED, now, actor.person, {
            "agency": agency_id, "pin": pin_id, "use": pin.what.value,
        })])  # fmt: skip


def suspend(house: House, actor: Actor | None, agency_id: str, why: Why) -> int:
    """Stop everything to and from an agency; returns how many packs that waited to be carried are taken back.

    `actor` is None at the command line of the hub's own machine. Raises Conflict, NotFound.
    """
    if actor is not None:
        require(actor, Act.SUSPEND_AGENCY)
    now, who = house.clock.now(), actor.person if actor else "command"
    with house.store.write(EVERY) as tx:
        tx.hold_registers(to_stop=True)
        agencies.suspend(tx, agency_id, who, why, now)
        entries: list[Entry] = []
        for found in sorted(outbox.prepared_for(tx, agency_id), key=lambda row: row.case_id):
            referrals.hold_case(tx, found.case_id)
            if outbox.get(tx, found.id).state is State.PREPARED:
                outbox.ask_recall(tx, found.id)
                outbox.stop(tx, found.id)
                outbox.change(tx, found.id, State.PARKED, cause="agency_suspended")
                entries.append(Entry(EntryKind.RELEASE_PARKED, now, who, {
                    "disclosure": found.id, "attempt": 0, "reason": "agency_suspended",
                }))  # fmt: skip
        log.append(tx, [*entries, Entry(EntryKind.AGENCY_SUSPENDED, now, who, {
            "agency": agency_id, "reason": why.value, "packs_recalled": len(entries),
        })])  # fmt: skip
    recall(house)
    return len(entries)


def resume(house: House, actor: Actor, agency_id: str) -> bool:
    """One person's word that a suspension may end; True with the second one's, when it has.

    Raises Conflict, NotFound, NotAllowed for the same person twice or without a recent proof of who one is.
    """
    require(actor, Act.CONFIRM_AGENCY)
    now = house.clock.now()
    require_own_proof(actor, now)
    with house.store.write(EVERY) as tx:
        ended = agencies.resume(tx, agency_id, actor.person)
        log.append(tx, [Entry(EntryKind.AGENCY_RESUMED, now, actor.person, {
            "agency": agency_id, "confirmations": 2 if ended else 1,
        })])  # fmt: skip
    return ended


def _require_of(tx: Writing, agency_id: str, pin_id: str) -> None:
    if pins.get(tx, pin_id).agency != agency_id:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
