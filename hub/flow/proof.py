"""Proof: an entry of the log that somebody may know of, with what proves it to be there; and that the log only grew."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.cases import purpose_of
from hub.access.roles import Actor, Role
from hub.audit import log
from hub.audit.commitments import salts
from hub.audit.entry import Entry, parse
from hub.audit.kinds import EntryKind
from hub.audit.shape import Fact
from hub.delivery import outbox, sent
from hub.errors import NotFound
from hub.flow.entries import case_read
from hub.flow.house import House
from hub.flow.sight import require_sight
from hub.intake import referrals
from hub.register import consents
from hub.store.scope import NOBODY, of_landlord
from hub.store.unit_of_work import Reading

_EVERYBODYS = frozenset({
    EntryKind.HUB_STARTED, EntryKind.EXPORT_MADE, EntryKind.BACKUP_BEGUN, EntryKind.BACKUP_RESTORED,
    EntryKind.KEY_ROTATED, EntryKind.KEY_DESTROYED,
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


@dataclass(frozen=True, slots=True)
class DisclosureProof:
    """One entry about a disclosure with its proof; of an attempt also what binds the bytes that left to it.

    The entry's `message_commitment` is HMAC-SHA-256 over those bytes under `salt`; None once the person was erased.
    """

    proof: Proof
    salt: bytes | None


_OF_A_RELEASE = (EntryKind.RELEASE_INTENDED, EntryKind.RELEASE_SETTLED, EntryKind.PARTNER_ACKNOWLEDGED)


def prove_disclosure(house: House, actor: Actor, disclosure_id: str) -> tuple[DisclosureProof, ...]:
    """What proves for ever that a disclosure went, when, to whom, and as which bytes: for its recipient and its case.

    What opens a commitment is read of the case, and logged as that; its recipient has what it opens, and reads no case.
    Raises NotFound for one that this actor may not know of, that never went, or that no checkpoint covers yet.
    """
    with house.store.read(actor.scope) as tx:
        row = outbox.get(tx, disclosure_id)
        if actor.role is Role.PARTNER and (row.agency != actor.agency or row.released_at is None):
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        if actor.role not in {Role.PARTNER, Role.DPO}:
            require_sight(tx, actor, row.case_id)
        latest = log.latest_checkpoint(tx)
        covered = latest[0] if latest is not None else 0
        numbers = [number for number in log.about(tx, disclosure_id, _OF_A_RELEASE) if number < covered]
        proofs = [Proof(number, *log.receipt(tx, number)) for number in numbers]
    if not proofs:
        raise NotFound("ENTRY_NOT_PUBLISHED", log.NOT_PUBLISHED)
    with house.store.write(of_landlord(row.landlord)) as tx:
        tried = sent.attempts_at(tx, disclosure_id)
        opened = {tried[owner]: salt for owner, salt in salts(tx, row.case_id, list(tried)).items()}
        if opened and actor.role is not Role.PARTNER:
            log.append(tx, [case_read(actor, row.referral_id, "proof", purpose_of(actor, None), house.clock.now())])
    return tuple(DisclosureProof(proof, opened.get(_attempt(parse(proof.entry)))) for proof in proofs)


def _attempt(entry: Entry) -> int:
    """The attempt that an entry binds the bytes of; 0 for none."""
    number = entry.facts["attempt"] if entry.kind is EntryKind.RELEASE_INTENDED else 0
    return number if isinstance(number, int) else 0


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
