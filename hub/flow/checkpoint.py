"""Checkpoint: sign the head of the log and hand it to those outside; proofs and exports rest on it."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from hub.access.roles import Act, Actor, Role, require
from hub.audit import log, tiles, tree
from hub.audit.entry import Entry, EntryKind, parse
from hub.audit.note import vkey
from hub.audit.shape import Fact
from hub.delivery import outbox
from hub.errors import NotFound
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.register import consents
from hub.store.unit_of_work import Reading


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry with its proof file: verified offline by anybody who has the log's public key."""

    number: int
    entry: bytes
    proof: str


def checkpoint(house: House) -> str:
    """Sign the present head of the log, and return the checkpoint (C2SP signed note)."""
    with house.store.write() as tx:
        return log.sign(tx, house.name, house.keys.log, house.clock.now())


def latest(house: House) -> str:
    """The newest checkpoint. Raises NotFound before the first."""
    with house.store.read() as tx:
        found = log.latest_checkpoint(tx)
    if found is None:
        raise NotFound("NO_CHECKPOINT", "the log has no checkpoint yet; ask again in a moment")
    return found[1]


def prove(house: House, number: int, actor: Actor | None = None) -> Proof:
    """Entry of that number with its inclusion proof. Raises NotFound for one not yet under a checkpoint.

    A partner sees entries about disclosures that were released to it; people of a landlord none about another
    landlord's cases, as if they were not there. `actor` is None at the command line of the hub's own machine.
    """
    with house.store.read() as tx:
        leaf, proof = log.receipt(tx, number)
        if actor is not None and not _concerns(tx, actor, parse(leaf).facts):
            raise NotFound("ENTRY_NOT_PUBLISHED", log.NOT_PUBLISHED)
    return Proof(number, leaf, proof)


def _concerns(tx: Reading, actor: Actor, facts: Mapping[str, Fact]) -> bool:
    """Whether an entry is this actor's to see. A DPO audits the whole log, which holds no personal data."""
    if actor.role is Role.DPO:
        return True
    landlord, agency = facts.get("landlord"), facts.get("agency")
    if "disclosure" in facts:
        row = outbox.get(tx, str(facts["disclosure"]))
        # What was decided against, or waits, is not for the agency to know of.
        landlord, agency = row.landlord.lower(), row.agency if row.released_at else None
    elif "referral" in facts:
        agency = None
        landlord = referrals.landlord_and_case(tx, str(facts["referral"]))[0].lower()
    elif "consent" in facts:
        case_id = consents.get(tx, str(facts["consent"])).case_id
        landlord = referrals.landlord_of_case(tx, case_id).lower()
    if actor.role is Role.PARTNER:
        return agency is not None and agency == actor.agency
    return landlord is None or (actor.landlord is not None and landlord == actor.landlord.lower())


def prove_consistency(house: House, old: int, new: int) -> list[str]:
    """Hashes, in hexadecimal, that prove the log of size `old` to be the beginning of that of size `new`."""
    with house.store.read() as tx:
        return [part.hex() for part in log.consistency(tx, old, new)]


def verifier_key(house: House) -> str:
    """The public key that checkpoints verify under, in C2SP vkey form."""
    return vkey(house.name, house.keys.log.public_key())


def export(house: House, actor: Actor | None) -> bytes:
    """The whole log under a fresh checkpoint, with the verifier itself, as a zip. The export is an entry in the log.

    `actor` is None at the command line of the hub's own machine.
    """
    if actor is not None:
        require(actor, Act.EXPORT_LOG)
    now = house.clock.now()
    with house.store.write() as tx:
        tx.lock_log()  # from here to the end nobody adds an entry between the export's own and the checkpoint
        size = log.size(tx)
        log.append(tx, [Entry(EntryKind.EXPORT_MADE, now, actor.person if actor else "command", {
            "export": new_id(Prefix.ENTRY), "scope": "log", "size": size,
        })])  # fmt: skip
        text = log.sign(tx, house.name, house.keys.log, now)
    with house.store.read() as tx:  # entries never change, so a long log is read while others go on writing
        leaves = list(log.leaves(tx, size + 1))
    return bundle_export(text, leaves)


def bundle_export(text: str, leaves: list[bytes]) -> bytes:
    """An export of these entries under this checkpoint: C2SP tlog-tiles layout, and the verifier beside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("checkpoint", text)
        for path, content in tiles.bundles(leaves):
            bundle.writestr(path, content)
        for path, content in tiles.hash_tiles(tree.leaf_hash(leaf) for leaf in leaves):
            bundle.writestr(path, content)
        bundle.writestr("verify.py", (files("hub.audit") / "verify.py").read_bytes())
    return packed.getvalue()


def is_ready(house: House) -> int:
    """The size of the log, read now. Raises Unavailable when the store does not answer."""
    with house.store.read() as tx:
        return log.size(tx)
