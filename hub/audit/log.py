"""The log as kept: entries numbered without a gap, the tree beside them, signed checkpoints, proofs.

RFC 9162 tree; C2SP checkpoints. Entries are appended in the transaction of the act they record: no entry, no act. How
they come by their numbers: `hub.audit.numbering`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select, update

from hub.audit import nodes, numbering, seen, tree
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.audit.note import Checkpoint, proof_file, sign_checkpoint
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
    """Sign the head over all that was appended; returns the checkpoint, the same text again while nothing was added."""
    numbering.gather(tx)
    count, frontier = numbering.head(tx.connection)
    before = latest_checkpoint(tx)
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
    number not yet under a checkpoint.
    """
    checkpoint = best_over(tx, number) if 0 <= number < size(tx) else None
    if checkpoint is None:
        raise NotFound("ENTRY_NOT_PUBLISHED", NOT_PUBLISHED)
    leaf = tx.connection.execute(select(audit_entry.c.leaf).where(audit_entry.c.number == number)).scalar_one()
    proof = inclusion(tx, number, checkpoint[0])
    return bytes(leaf), proof_file(number, proof, checkpoint[1])


def inclusion(tx: Reading, number: int, count: int) -> list[bytes]:
    """Proof that the entry of that number is in the log of `count` entries, which it has. Raises NotTrusted."""
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
    """Proof that the log of `old` entries is the beginning of that of `new`. Raises NotFound beyond the log."""
    if not 0 <= old <= new <= size(tx):
        raise NotFound("LOG_SIZE_UNKNOWN", "the log never had that size, or not in that order")
    return tree.consistency_proof(old, new, nodes.remembering(tx))


def root_at(tx: Reading, count: int) -> bytes:
    """The root that the log had when it was `count` entries long. Raises NotFound beyond the log."""
    if not 0 <= count <= size(tx):
        raise NotFound("LOG_SIZE_UNKNOWN", "the log never had that size, or not in that order")
    return tree.root_at(count, nodes.remembering(tx))


def leaves(tx: Reading, until: int) -> Iterator[bytes]:
    """The entries before number `until`, in order."""
    # On the statement: options set on the connection would stay with every later query of the transaction.
    rows = tx.connection.execute(
        select(audit_entry.c.leaf)
        .where(audit_entry.c.number < until)
        .order_by(audit_entry.c.number)
        .execution_options(yield_per=1_000)
    )
    for row in rows:
        yield bytes(row.leaf)


def check_head(tx: Reading) -> int:
    """Hold the head against the entries at the end of the log and the newest checkpoint; returns the size.

    Raises NotTrusted when they disagree: the hub does not go on on top of a log that was cut or changed.
    """
    count, frontier = numbering.head(tx.connection)
    last = tx.connection.execute(
        select(audit_entry.c.number).order_by(audit_entry.c.number.desc()).limit(1)
    ).scalar_one_or_none()
    checkpoint = latest_checkpoint(tx)
    rebuilt = tree.root_at(count, partial(nodes.stored, tx)) if count else tree.root(frontier)
    cut = (last + 1 if last is not None else 0) != count or (checkpoint is not None and checkpoint[0] > count)
    if cut or rebuilt != tree.root(frontier):
        raise NotTrusted("LOG_BROKEN", "the audit log does not agree with its own head; restore it, do not go on")
    return count
