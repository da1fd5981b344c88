"""Introduce: a second person confirms that an agency to which the landlord never wrote is whom it should go to.

What waits for that alone goes on in the same transaction, and is decided again at its door. Whoever wrote the referral,
or declared an override in its case, is not the second person.
"""

from dataclasses import dataclass

from hub.access.roles import Act, Actor, require, require_landlord, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import introductions, leases, outbox
from hub.delivery.introductions import FIRST_TIME
from hub.delivery.outbox import DisclosureRow
from hub.errors import Conflict, NotAllowed
from hub.flow.house import House
from hub.flow.sight import landlord_of, list_waiting, require_sight
from hub.intake import referrals
from hub.register import overrides
from hub.store.unit_of_work import Reading


@dataclass(frozen=True, slots=True)
class IntroducedNow:
    """The agency that counts as known from now on, and the disclosures that go on for it."""

    agency: str
    released: tuple[str, ...]


def introduce(house: House, actor: Actor, disclosure_id: str) -> IntroducedNow:
    """Confirm the recipient of a disclosure that is held for it, or that went in danger without.

    Raises NotAllowed for its author, for whoever declared an override in its case, and without a recent proof; Conflict
    where this recipient waits for nobody; NotFound.
    """
    require(actor, Act.INTRODUCE)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        row = outbox.get(tx, disclosure_id)
        require_sight(tx, actor, row.case_id)
        require_landlord(actor, row.landlord)
        require_recent_proof(actor, now)
        waiting = introductions.held(tx, row.landlord, row.agency)
        referrals.hold_cases(tx, {row.case_id, *(found.case_id for found in waiting)})
        _require_another(tx, actor, row)
        is_held = any(found.id == row.id for found in waiting)
        is_new = introductions.record(tx, row.landlord, row.agency, actor.person, now)
        if not is_held and not (is_new and row.released_at is not None):
            raise Conflict("RECIPIENT_KNOWN", "this recipient waits for nobody's word; there is nothing to confirm")
        entries = [Entry(EntryKind.RECIPIENT_INTRODUCED, now, actor.person, {
            "disclosure": row.id, "landlord": row.landlord.lower(), "agency": row.agency,
        })]  # fmt: skip
        seen = {found.id for found in waiting}  # of these the cases are held by now; and as they stand now
        released = [found for found in introductions.held(tx, row.landlord, row.agency) if found.id in seen]
        for found in released:
            leases.restart(tx, found.id, now, ready=house.doors.is_sent(found.agency))
            entries.append(Entry(EntryKind.RELEASE_RESUMED, now, actor.person, {
                "disclosure": found.id, "cause": FIRST_TIME.lower(),
            }))  # fmt: skip
        log.append(tx, entries)
    return IntroducedNow(row.agency, tuple(found.id for found in released))


def list_new_recipients(house: House, actor: Actor) -> tuple[DisclosureRow, ...]:
    """What waits until its recipient is confirmed, and what went in danger before anybody had confirmed it.

    Most urgent first, then oldest.
    """
    landlord = landlord_of(actor, Act.INTRODUCE)
    with house.store.read(actor.scope) as tx:
        return list_waiting(tx, actor, landlord, introductions.to_confirm)


def _require_another(tx: Reading, actor: Actor, row: DisclosureRow) -> None:
    if actor.person == referrals.get(tx, row.referral_id).author:
        raise NotAllowed("AUTHOR_IS_INTRODUCER", "whoever wrote a referral cannot confirm whom it goes to; ask another")
    if actor.person in overrides.declarers(tx, row.case_id):
        raise NotAllowed("DECLARER_IS_INTRODUCER",
                         "whoever declared an override in a case confirms nothing in it; ask another")  # fmt: skip
