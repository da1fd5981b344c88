"""Proof: an entry of the log that somebody may know of, with what proves it to be there; and that the log only grew."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.roles import Actor, Role
from hub.audit import log
from hub.audit.entry import Entry, parse
from hub.audit.kinds import EntryKind
from hub.audit.shape import Fact
from hub.delivery import outbox
from hub.errors import NotFound
from hub.flow.house import House
from hub.flow.sight import require_sight
from hub.intake import referrals
from hub.register import consents
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Reading

_EVERYBODYS = frozenset({
    EntryKind.HUB_STARTED, EntryKind.EXPORT_MADE, EntryKind.KEY_ROTATED, EntryKind.KEY_DESTROYED,
    EntryKind.AGENCY_REGISTERED, EntryKind.AGENCY_CHANGE_CONFIRMED, EntryKind.AGENCY_KEY_PROPOSED,
    EntryKind.AGENCY_KEY_CONFIRMED, EntryKind.AGENCY_PIN_RETIRED, EntryKind.AGENCY_RESUMED,
})  # fmt: skip
"""What people of every landlord may know where an entry names no landlord and no case; the others a DPO alone."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry with its proof file: verified offline by anybody who has the log's public key."""

    number: int
    entry: bytes
    proof: str


def prove(house: House, number: int, actor: Actor | None = None) -> Proof:
    """Entry of that number with its inclusion proof. Raises NotFound for one not yet under a checkpoint.

    A partner sees entries about disclosures that were released to it; people of a landlord none about another
    landlord, or about a case out of their sight, as if they were not there. `actor` is None at the command line of the
    hub's own machine.
    """
    with house.store.read(actor.scope if actor is not None else NOBODY) as tx:
        leaf, proof = log.receipt(tx, number)
        if actor is not None and not _concerns_known(tx, actor, parse(leaf)):
            raise NotFound("ENTRY_NOT_PUBLISHED", log.NOT_PUBLISHED)
    return Proof(number, leaf, proof)


def _concerns_known(tx: Reading, actor: Actor, entry: Entry) -> bool:
    try:
        return _concerns(tx, actor, entry)
    except NotFound:  # it is about something outside the actor's scope or sight
        return False


def _concerns(tx: Reading, actor: Actor, entry: Entry) -> bool:
    """Whether an entry is this actor's to see. A DPO audits the whole log, which holds no personal data."""
    if actor.role is Role.DPO:
        return True
    facts = entry.facts
    if actor.role is Role.PARTNER:
        if "disclosure" not in facts:
            return "referral" not in facts and facts.get("agency") == actor.agency
        row = outbox.get(tx, str(facts["disclosure"]))
        # What was decided against, or waits, is not for the agency to know of.
        return row.agency == actor.agency and row.released_at is not None
    case_id = _case_of(tx, facts)
    if case_id is not None:
        require_sight(tx, actor, case_id)
        return True
    if facts.get("landlord") is not None:
        return actor.landlord is not None and facts["landlord"] == actor.landlord.lower()
    return entry.kind in _EVERYBODYS


def _case_of(tx: Reading, facts: Mapping[str, Fact]) -> str | None:
    if "disclosure" in facts:
        return outbox.get(tx, str(facts["disclosure"])).case_id
    if facts.get("referral") is not None:
        return referrals.landlord_and_case(tx, str(facts["referral"]))[1]
    if "consent" in facts:
        return consents.get(tx, str(facts["consent"])).case_id
    return str(facts["case"]) if "case" in facts else None


def prove_consistency(house: House, old: int, new: int) -> list[str]:
    """Hashes, in hexadecimal, that prove the log of size `old` to be the beginning of that of size `new`."""
    with house.store.read(NOBODY) as tx:
        return [part.hex() for part in log.consistency(tx, old, new)]
