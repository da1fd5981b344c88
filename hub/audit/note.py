"""Signed checkpoints and proof files (C2SP tlog-checkpoint and tlog-proof).

A checkpoint says "the log of this name has this many entries and this root"; an Ed25519 signature makes it the log's
word. The name of the signing key is the log's origin, so a key signs for one log only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.audit.signed_note import (
    LOG_KEY,
    NUMBER,
    NoteError,
    divide,
    from_base64,
    key_id,
    key_line,
    read_key_line,
    signature_line,
    to_base64,
)
from protocols.weak_keys import is_weak

__all__ = [
    "Checkpoint", "NoteError", "ProofFile", "VerifierKey", "checkpoint_text", "open_checkpoint", "parse_proof_file",
    "parse_vkey", "proof_file", "read_checkpoint", "sign_checkpoint", "vkey",
]  # fmt: skip

_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PROOF = 63


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: its name, how many entries it has, and the root hash of their tree (32 bytes)."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class VerifierKey:
    """A public key together with the name that it signs under, and the four-byte id of the two."""

    name: str
    key_id: bytes
    key: Ed25519PublicKey


@dataclass(frozen=True)
class ProofFile:
    """What a receipt holds: the entry's index (from 0), its inclusion proof, and the signed checkpoint's text."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint_text: str


def vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """Write a public key as one line that a person can pass on. Raises NoteError for a name with a space or a plus."""
    return key_line(name, LOG_KEY, public_key.public_bytes_raw())


def parse_vkey(text: str) -> VerifierKey:
    """Read a key back.

    Raises NoteError when it is not an Ed25519 key or a weak one, or its id is not that of its name and bytes.
    """
    name, told, kind, public = read_key_line(text)
    if kind != LOG_KEY or len(public) != 32:
        raise NoteError("key: not an Ed25519 key")
    if is_weak(public):
        raise NoteError("key: a weak one, under which anybody can sign")
    return VerifierKey(name, told, Ed25519PublicKey.from_public_bytes(public))


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The three lines that are signed. Raises NoteError for an origin, size or root that cannot stand in them."""
    if not checkpoint.origin or not checkpoint.origin.isprintable():
        raise NoteError("origin: must be one line of printable text")
    if checkpoint.size < 0 or len(checkpoint.root) != 32:
        raise NoteError("checkpoint: size must not be negative, and root must be 32 bytes")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{to_base64(checkpoint.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey) -> str:
    """Sign a checkpoint under the key's name, which must be the checkpoint's origin; NoteError otherwise."""
    if name != checkpoint.origin:
        raise NoteError("name: a key signs only for the log it is named after")
    text = checkpoint_text(checkpoint)
    of_key = key_id(name, LOG_KEY, key.public_key().public_bytes_raw())
    return f"{text}\n{signature_line(name, of_key, key.sign(text.encode()))}"


def open_checkpoint(text: str, verifier_key: str) -> Checkpoint:
    """Return what a signed checkpoint says, once its signature is verified.

    Signatures by other keys, such as witnesses, are passed over. Raises NoteError when the note is malformed, the key
    did not sign it, a signature by the key is wrong, or the origin is not the key's name.
    """
    known = parse_vkey(verifier_key)
    body, signatures = divide(text)
    signed = [one.value for one in signatures if (one.name, one.key_id) == (known.name, known.key_id)]
    if not signed:
        raise NoteError("checkpoint: not signed by this key")
    for signature in signed:
        try:
            known.key.verify(signature, body.encode())
        except InvalidSignature:
            raise NoteError("checkpoint: the signature by this key is wrong") from None
    checkpoint = read_checkpoint(body)
    if checkpoint.origin != known.name:
        raise NoteError("checkpoint: the origin is not the log that this key signs for")
    return checkpoint


def read_checkpoint(body: str) -> Checkpoint:
    """What the text of a checkpoint says, signed or not. Raises NoteError where it is none."""
    lines = body.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not NUMBER.fullmatch(lines[1]):
        raise NoteError("checkpoint: must give origin, size and root, one to a line")
    root = from_base64(lines[2], "checkpoint")
    if len(root) != 32:
        raise NoteError("checkpoint: the root must be 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def proof_file(index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Write a receipt: where an entry is, its inclusion proof, and the signed checkpoint's text that it leads to."""
    lines = [_PROOF_HEADER, f"index {index}", *map(to_base64, proof)]
    return "\n".join(lines) + "\n\n" + checkpoint


def parse_proof_file(text: str) -> ProofFile:
    """Read a receipt, passing over the unauthenticated `extra` line. Nothing is verified yet. Raises NoteError."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != _PROOF_HEADER or not blank:
        raise NoteError(f"proof file: must begin with {_PROOF_HEADER} and hold a checkpoint after a blank line")
    if lines[1:2] and lines[1].startswith("extra "):
        del lines[1]
    word, _, number = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
    if word != "index" or not NUMBER.fullmatch(number):
        raise NoteError("proof file: the index must be a plain whole number")
    proof = tuple(from_base64(line, "proof file") for line in lines[2:])
    if len(proof) > _MAX_PROOF or any(len(node) != 32 for node in proof):
        raise NoteError("proof file: must hold at most 63 hashes of 32 bytes")
    return ProofFile(int(number), proof, checkpoint)
