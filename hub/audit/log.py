"""The log as kept: entries numbered without a gap, the tree beside them, signed checkpoints, proofs.

RFC 9162 tree; C2SP checkpoints. Entries are appended in the transaction of the act they record: no entry, no act. How
they come by their numbers: `hub.audit.numbering`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select, update

from hub.audit import head, nodes, numbering, seen, tree
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.audit.note import Checkpoint, proof_file, sign_checkpoint
from hub.audit.proofs import verify_consistency, verify_inclusion
from hub.audit.witnessed import best_over
from hub.errors import NotFound, NotTrusted
from hub.store.tables import audit_checkpoint, audit_entry, audit_head, audit_witnessed
from hub.store.unit_of_work import Reading, Writing

NOT_PUBLISHED = "no checkpoint covers an entry of that number that is yours to see; ask again in a moment"


@dataclass(frozen=True, slots=True)
class Standing:
    """Entries in all, those and the decisions among them that no checkpoint covers yet, when the newest was signed.

    Those that have no number yet are among them.
    """

    size: int
    unsigned: int
    decisions_unsigned: int
    signed_at: datetime | None


def append(tx: Writing, entries: Sequence[Entry]) -> None:
    """Add the entries to the log: durable with the act, and numbered soon (`hub.audit.numbering`)."""
    numbering.append(tx, entries)
    seen.when_durable(tx, entries)


def gather(tx: Writing) -> int:
    """Number what was appended until now, and be alone with the log until this transaction ends; returns its size."""
    numbering.gather(tx)
    return size(tx)


def gather_some(tx: Writing) -> bool:
    """As `gather`, of a long inbox a part only: whether there is more."""
    return numbering.gather_some(tx)


def touch(tx: Writing) -> None:
    """Write the head of the log as it is: what every act needs, done for its own sake, changes nothing."""
    tx.lock_log()
    tx.connection.execute(update(audit_head).values(size=audit_head.c.size))


def standing(tx: Reading) -> Standing:
    """How long the log is, and how much of it no checkpoint covers yet."""
    made = EntryKind.DECISION_MADE.value
    count = size(tx) + numbering.waiting(tx)
    newest = tx.connection.execute(
        select(audit_checkpoint.c.size, audit_checkpoint.c.signed_at).order_by(audit_checkpoint.c.size.desc()).limit(1)
    ).first()
    covered = newest.size if newest is not None else 0
    decided = tx.connection.execute(
        select(func.count()).select_from(audit_entry)
        .where(audit_entry.c.number >= covered, audit_entry.c.kind == made)
    ).scalar_one() + numbering.waiting(tx, made)  # fmt: skip
    return Standing(count, count - covered, decided, newest.signed_at if newest is not None else None)


def open_log(tx: Writing) -> None:
    """Begin an empty log where there is none yet."""
    if tx.connection.execute(select(audit_head.c.id)).first() is None:
        tx.connection.execute(insert(audit_head).values(id=1, size=0, frontier=[]))


def size(tx: Reading) -> int:
    """How many entries have a number."""
    return numbering.head(tx.connection)[0]


def sign(tx: Writing, origin: str, key: Ed25519PrivateKey, now: datetime) -> str:
    """Sign the head over all that was appended; returns the checkpoint, the same text again while nothing was added.

    Raises NotTrusted where the entries do not lead there from the checkpoint before: nobody is to have two histories.
    """
    numbering.gather(tx)
    before = latest_checkpoint(tx)
    count, frontier = head.check(tx, before)
    if before is not None and before[0] == count:
        return before[1]
    text = sign_checkpoint(Checkpoint(origin, count, tree.root(frontier)), origin, key)
    tx.connection.execute(insert(audit_checkpoint).values(size=count, text=text, signed_at=now))
    return text


def latest_checkpoint(tx: Reading) -> tuple[int, str] | None:
    """Size and text of the newest checkpoint; None before the first."""
    row = tx.connection.execute(
        select(audit_checkpoint.c.size, audit_checkpoint.c.text).order_by(audit_checkpoint.c.size.desc()).limit(1)
    ).first()
    return (row.size, row.text) if row is not None else None


def latest_witnessed(tx: Reading) -> tuple[int, str] | None:
    """Size and text of the newest checkpoint that enough witnesses cosigned; None before the first."""
    row = tx.connection.execute(
        select(audit_checkpoint.c.size, audit_checkpoint.c.text)
        .join(audit_witnessed, audit_witnessed.c.size == audit_checkpoint.c.size)
        .order_by(audit_checkpoint.c.size.desc()).limit(1)
    ).first()  # fmt: skip
    return (row.size, row.text) if row is not None else None


def receipt(tx: Reading, number: int) -> tuple[bytes, str]:
    """Entry of that number and its proof file, to be verified offline.

    Under the first checkpoint over it that enough witnesses cosigned, or else the newest. Raises NotFound for a
    number not yet under a checkpoint, and NotTrusted where the entry does not lead to that checkpoint.
    """
    checkpoint = best_over(tx, number) if 0 <= number < size(tx) else None
    if checkpoint is None:
        raise NotFound("ENTRY_NOT_PUBLISHED", NOT_PUBLISHED)
    leaf = tx.connection.execute(select(audit_entry.c.leaf).where(audit_entry.c.number == number)).scalar_one()
    size_then, root = checkpoint[0], head.root_in(checkpoint[1])

    def prove(get_node: tree.GetNode) -> list[bytes]:
        proof = tree.inclusion_proof(number, size_then, get_node)
        verify_inclusion(tree.leaf_hash(bytes(leaf)), number, size_then, proof, root)
        return proof

    return bytes(leaf), proof_file(number, nodes.surely(tx, prove), checkpoint[1])


def inclusion(tx: Reading, number: int, count: int) -> list[bytes]:
    """Proof that the entry of that number is in the log of `count` entries, which it has; not verified.

    Raises NotTrusted where a part of the tree is missing.
    """
    return tree.inclusion_proof(number, count, nodes.remembering(tx))


def about(tx: Reading, subject: str, kinds: Sequence[EntryKind]) -> list[int]:
    """Numbers of the entries of these kinds about a disclosure, referral, consent, ... of that id, in order."""
    rows = tx.connection.execute(
        select(audit_entry.c.number)
        .where(audit_entry.c.about == subject, audit_entry.c.kind.in_([kind.value for kind in kinds]))
        .order_by(audit_entry.c.number)
    )
    return [row.number for row in rows]


def consistency(tx: Reading, old: int, new: int) -> list[bytes]:
    """Proof that the log of `old` entries is the beginning of that of `new`.

    Raises NotFound beyond the log, and NotTrusted where what was signed has no such beginning.
    """
    until = _until(tx, old, new)

    def prove(get_node: tree.GetNode) -> list[bytes]:
        proof = tree.consistency_proof(old, new, get_node)
        verify_consistency(old, new, proof, tree.root_at(old, get_node), _root_before(new, until, get_node))
        return proof

    return nodes.surely(tx, prove)


def root_at(tx: Reading, count: int) -> bytes:
    """The root that the log had when it was `count` entries long. Raises NotFound and NotTrusted as `consistency`."""
    until = _until(tx, 0, count)
    return nodes.surely(tx, lambda get_node: _root_before(count, until, get_node))


def leaves(tx: Reading, until: int) -> Iterator[bytes]:
    """The entries before number `until`, in order."""
    return head.leaves(tx, 0, until)


def check_head(tx: Reading) -> int:
    """Hold the head against the entries at the end of the log and the newest checkpoint; returns the size.

    Raises NotTrusted when they disagree: the hub does not go on on top of a log that was cut or changed.
    """
    return head.check(tx, latest_checkpoint(tx))[0]


def is_sound(tx: Reading) -> bool:
    """Whether `check_head` finds nothing, asked once a second: for whoever asks before something leaves."""
    if head.was_sound(tx):
        return True
    try:
        check_head(tx)
    except NotTrusted:
        return False
    return True


def _until(tx: Reading, old: int, new: int) -> tuple[int, bytes]:
    """Size and root that whatever is said of the log at these sizes must lead to: as signed, or as not signed yet."""
    signed = latest_checkpoint(tx)
    count, frontier = numbering.head(tx.connection)
    if not 0 <= old <= new <= count:
        raise NotFound("LOG_SIZE_UNKNOWN", "the log never had that size, or not in that order")
    if signed is not None and new <= signed[0]:
        return signed[0], head.root_in(signed[1])
    return count, tree.root(frontier)


def _root_before(count: int, until: tuple[int, bytes], get_node: tree.GetNode) -> bytes:
    """The root at `count` entries, with which the log begins that has the later size and root. Raises ProofError."""
    size_then, root_then = until
    root = tree.root_at(count, get_node)
    verify_consistency(count, size_then, tree.consistency_proof(count, size_then, get_node), root, root_then)
    return root
