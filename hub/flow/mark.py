"""Mark: a contact that is linked to an alleged perpetrator is kept from being used for anybody else; lifting a mark.

A referral marks those of the accused by itself (`refer.py`). From the next claim on no disclosure of the landlord tells
a marked contact as anybody else's; packs that wait to be carried are decided again, those of other cases
that tell a marked number or address of e-mail by the sweep that comes next; what has left stays.
"""

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor, require, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput
from hub.flow.entries import marked_unsafe
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.reconsider import reconsider_for_contacts
from hub.flow.sight import reading_case, require_sight
from hub.intake import referrals
from hub.register import contacts
from hub.register.contacts import Mark
from hub.register.spellings import of_contact, of_home
from protocols.record import Address


def mark_unsafe(
    house: House, actor: Actor, referral_id: str, person_id: str, *, contact: str | None, address: Address | None
) -> str | None:
    """Mark one contact or address as linked to an accused person of the referral; the mark's id, None if it was.

    Raises BadInput where the person is not accused there or there is nothing to mark, NotFound.
    """
    require(actor, Act.MARK_CONTACT)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        _, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        referrals.hold_case(tx, case_id)
        people = {person.id: person for person in referrals.get(tx, referral_id).content.record.people}
        person = people.get(person_id)
        if person is None or person.role not in contacts.ACCUSED:
            raise BadInput("PERSON_UNKNOWN", "person", "names nobody who is accused in this referral",
                           "use the number of an alleged perpetrator")  # fmt: skip
        spellings = (of_contact(contact) if contact else frozenset()) | (of_home(address) if address else frozenset())
        if not spellings:
            raise BadInput("CONTACT_MISSING", "contact", "neither a contact nor an address is given",
                           "give a number, an e-mail address or an address")  # fmt: skip
        made = contacts.mark(tx, case_id, person, spellings, actor.person, now, lifted_too=True)
        if made is not None:
            taken_back = reconsider_for_contacts(house, tx, case_id, [contact] if contact else [], actor.person)
            log.append(tx, [marked_unsafe(made, case_id, referral_id, actor.person, now), *taken_back])
    recall(house)
    return made


def lift(house: House, actor: Actor, mark_id: str) -> None:
    """End a mark that was put by mistake; the same contact of the same person is not marked again by a referral.

    Raises NotFound, Conflict where it was lifted before, NotAllowed without a recent proof of who one is.
    """
    require(actor, Act.LIFT_CONTACT)
    now = house.clock.now()
    require_recent_proof(actor, now)
    with house.store.write(actor.scope) as tx:
        found = contacts.get(tx, mark_id)
        require_sight(tx, actor, found.case_id)
        referrals.hold_case(tx, found.case_id)
        contacts.lift(tx, mark_id, actor.person, now)
        log.append(tx, [Entry(EntryKind.CONTACT_LIFTED, now, actor.person, {
            "mark": mark_id, "case": found.case_id,
        })])  # fmt: skip


def list_unsafe(house: House, actor: Actor, referral_id: str, purpose: ReadFor | None = None) -> tuple[Mark, ...]:
    """The marks of a referral's case, never what they are of; reading is logged. Raises NotFound."""
    with reading_case(house, actor, referral_id, "unsafe_contacts", purpose) as (tx, case_id):
        return contacts.of_case(tx, case_id)
