"""Signed checkpoints and proof files (C2SP signed-note, tlog-checkpoint and tlog-proof).

A checkpoint says "the log of this name has this many entries and this root"; an Ed25519 signature makes it the log's
word. The name of the signing key is the log's origin, so a key signs for one log only.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")
_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_SIGNATURES = 64
_MAX_PROOF = 63


class NoteError(ValueError):
    """A checkpoint, key or proof file is malformed, or not signed by the key at hand."""


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
    encoded = public_key.public_bytes_raw()
    return f"{name}+{_key_id(name, encoded).hex()}+{_base64(_ED25519 + encoded)}"


def parse_vkey(text: str) -> VerifierKey:
    """Read a key back. Raises NoteError when it is not an Ed25519 key, or its id is not that of its name and bytes."""
    # The base64 may hold a plus of its own, so only the first two divide.
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteError("key: must be name, id and key with a plus between them")
    name, key_id, encoded = parts[0], parts[1], _from_base64(parts[2], "key")
    if encoded[:1] != _ED25519 or len(encoded) != 33:
        raise NoteError("key: not an Ed25519 key")
    if _key_id(name, encoded[1:]).hex() != key_id:
        raise NoteError("key: its id does not belong to its name and bytes")
    return VerifierKey(name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(encoded[1:]))


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The three lines that are signed. Raises NoteError for an origin, size or root that cannot stand in them."""
    if not checkpoint.origin or not checkpoint.origin.isprintable():
        raise NoteError("origin: must be one line of printable text")
    if checkpoint.size < 0 or len(checkpoint.root) != 32:
        raise NoteError("checkpoint: size must not be negative, and root must be 32 bytes")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_base64(checkpoint.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey) -> str:
    """Sign a checkpoint under the key's name, which must be the checkpoint's origin; NoteError otherwise."""
    if name != checkpoint.origin:
        raise NoteError("name: a key signs only for the log it is named after")
    text = checkpoint_text(checkpoint)
    key_id = _key_id(name, key.public_key().public_bytes_raw())
    return f"{text}\n— {name} {_base64(key_id + key.sign(text.encode()))}\n"


def open_checkpoint(text: str, verifier_key: str) -> Checkpoint:
    """Return what a signed checkpoint says, once its signature is verified.

    Signatures by other keys, such as witnesses, are passed over. Raises NoteError when the note is malformed, the key
    did not sign it, a signature by the key is wrong, or the origin is not the key's name.
    """
    known = parse_vkey(verifier_key)
    body, signatures = _divide(text)
    signed = [signature for name, key_id, signature in signatures if (name, key_id) == (known.name, known.key_id)]
    if not signed:
        raise NoteError("checkpoint: not signed by this key")
    for signature in signed:
        try:
            known.key.verify(signature, body.encode())
        except InvalidSignature:
            raise NoteError("checkpoint: the signature by this key is wrong") from None
    checkpoint = _read_body(body)
    if checkpoint.origin != known.name:
        raise NoteError("checkpoint: the origin is not the log that this key signs for")
    return checkpoint


def proof_file(index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Write a receipt: where an entry is, its inclusion proof, and the signed checkpoint's text that it leads to."""
    lines = [_PROOF_HEADER, f"index {index}", *map(_base64, proof)]
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
    if word != "index" or not _NUMBER.fullmatch(number):
        raise NoteError("proof file: the index must be a plain whole number")
    proof = tuple(_from_base64(line, "proof file") for line in lines[2:])
    if len(proof) > _MAX_PROOF or any(len(node) != 32 for node in proof):
        raise NoteError("proof file: must hold at most 63 hashes of 32 bytes")
    return ProofFile(int(number), proof, checkpoint)


def _key_id(name: str, public_key: bytes) -> bytes:
    if not name or not name.isprintable() or any(mark.isspace() or mark == "+" for mark in name):
        raise NoteError("key name: must be printable, without spaces or plus signs")
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def _divide(text: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Split a note into the text that is signed and its signatures as (name, key id, signature)."""
    body, blank, tail = text.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(mark < " " and mark != "\n" for mark in text):
        raise NoteError("checkpoint: must be text, a blank line, and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise NoteError(f"checkpoint: more than {_MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise NoteError("checkpoint: a signature line is malformed")
        signature = _from_base64(match[2], "checkpoint")
        signatures.append((match[1], signature[:4], signature[4:]))
    return body + "\n", signatures


def _read_body(body: str) -> Checkpoint:
    lines = body.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _NUMBER.fullmatch(lines[1]):
        raise NoteError("checkpoint: must give origin, size and root, one to a line")
    root = _from_base64(lines[2], "checkpoint")
    if len(root) != 32:
        raise NoteError("checkpoint: the root must be 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str, where: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{where}: not base64") from None
    # Base64 can be written with stray bits at its end; one content must have one spelling.
    if _base64(data) != text:
        raise NoteError(f"{where}: not base64 in its canonical form")
    return data
