"""What passes between a log and a witness, and what a witness answers (C2SP tlog-witness). Pure: no line, no file.

A witness remembers one thing of each log: the last checkpoint that it cosigned. It cosigns another only where a proof
shows that the log has added to that one and changed nothing, so that a log can show nobody two histories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.audit.note import Checkpoint, open_checkpoint, parse_vkey, read_checkpoint
from hub.audit.proofs import ProofError, verify_consistency
from hub.audit.signed_note import NUMBER, NoteError, divide, from_base64, to_base64
from hub.audit.tree import EMPTY_ROOT

LONGEST: Final = 256 * 1024
"""Bytes of a request that a witness reads: 63 hashes and a checkpoint with its lines are far fewer."""

SIZE_TYPE: Final = "text/x.tlog.size"
_MOST_HASHES: Final = 63


@dataclass(frozen=True)
class Submission:
    """A log asks for a cosignature: of this checkpoint, which adds to one of `old` entries, as the proof shows."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True)
class Asked:
    """What a witness may cosign: the text of a checkpoint, and what it says."""

    body: str
    checkpoint: Checkpoint


class Refused(Exception):
    """Why a witness does not cosign: the HTTP status of the protocol, and for 409 the size that it last cosigned."""

    def __init__(self, status: int, size: int | None = None) -> None:
        super().__init__(f"a witness does not cosign: {status}")
        self.status, self.size = status, size


def write(submission: Submission) -> bytes:
    """The body of a request."""
    lines = [f"old {submission.old}", *map(to_base64, submission.proof)]
    return ("\n".join(lines) + "\n\n" + submission.checkpoint).encode()


def read(body: bytes) -> Submission:
    """The submission in the body of a request. Raises Refused(400) where it is none."""
    try:
        head, blank, checkpoint = body.decode().partition("\n\n")
        first, *rest = head.split("\n")
        if not first.startswith("old ") or not NUMBER.fullmatch(first[4:]) or not blank or len(rest) > _MOST_HASHES:
            raise Refused(400)
        return Submission(int(first[4:]), tuple(from_base64(line, "proof") for line in rest), checkpoint)
    except (NoteError, UnicodeDecodeError):
        raise Refused(400) from None


def origin_of(submission: Submission) -> str:
    """The log that is spoken of, before anything of it is believed. Raises Refused(400)."""
    try:
        body, _ = divide(submission.checkpoint)
        return read_checkpoint(body).origin
    except NoteError:
        raise Refused(400) from None


def consider(submission: Submission, logs: Mapping[str, Sequence[str]], last: Checkpoint | None) -> Asked:
    """What may be cosigned, knowing the keys of each log by its origin and the last checkpoint cosigned of this one.

    Raises Refused with what the protocol answers: 404 for a log that is not
    known, 403 for a signature by none of its keys, 400 for an old size beyond the new, 409 for another old size than
    ours or another root at the same size, 422 for a proof that does not prove it.
    """
    origin = origin_of(submission)
    if origin not in logs:
        raise Refused(404)
    checkpoint = _signed(submission.checkpoint, logs[origin])
    if submission.old > checkpoint.size:
        raise Refused(400)
    known, root = (last.size, last.root) if last is not None else (0, EMPTY_ROOT)
    if submission.old != known or (checkpoint.size == known and checkpoint.root != root):
        raise Refused(409, known)
    try:
        verify_consistency(submission.old, checkpoint.size, submission.proof, root, checkpoint.root)
    except ProofError:
        raise Refused(422) from None
    return Asked(divide(submission.checkpoint)[0], checkpoint)


def _signed(text: str, keys: Sequence[str]) -> Checkpoint:
    for key in keys:
        try:
            return open_checkpoint(text, key)
        except NoteError:
            continue
    raise Refused(403)


def by_origin(keys: Sequence[str]) -> dict[str, list[str]]:
    """Keys of logs, sorted by the log that each signs for. Raises NoteError for one that is no log's key."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(parse_vkey(key).name, []).append(key)
    return found
