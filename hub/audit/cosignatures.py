"""Cosignatures: somebody else's word that a checkpoint adds to every earlier one that they saw (C2SP tlog-cosignature).

Ed25519 (`cosignature/v1`) for witnesses, ML-DSA-44 (`subtree/v1`, FIPS 204) where a signature must still count when
Ed25519 no longer does. Both carry the time at which they were made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from hub.audit.note import checkpoint_text, read_checkpoint
from hub.audit.signed_note import NoteError, divide, key_id, key_line, read_key_line, signature_line
from protocols.weak_keys import is_weak

_ED25519: Final = 0x04
_ML_DSA_44: Final = 0x06
_LENGTHS: Final = {_ED25519: 32, _ML_DSA_44: 1_312}
_LATEST: Final = 2**63 - 1

CosigningKey = Ed25519PrivateKey | MLDSA44PrivateKey
_PublicKey = Ed25519PublicKey | MLDSA44PublicKey


@dataclass(frozen=True)
class Cosigner:
    """Whose cosignature counts: the name in their line, which key of that name, and the key."""

    name: str
    key_id: bytes
    key: _PublicKey

    @property
    def party(self) -> str:
        """The two that tell their lines from all others, as one word."""
        return f"{self.name}+{self.key_id.hex()}"


def cosigner_line(name: str, public_key: _PublicKey) -> str:
    """Write a cosigner's public key as one line that a person can pass on. Raises NoteError for a bad name."""
    return key_line(name, _kind(public_key), public_key.public_bytes_raw())


def parse_cosigner(text: str) -> Cosigner:
    """Read a cosigner's key back. Raises NoteError for one of any other kind, for a log's own, and for a weak one."""
    name, told, kind, public = read_key_line(text)
    if len(public) != _LENGTHS.get(kind, -1):
        raise NoteError("key: not a cosigner's, of Ed25519 or ML-DSA-44")
    if kind == _ED25519 and is_weak(public):
        raise NoteError("key: a weak one, under which anybody can sign")
    key: _PublicKey = (
        Ed25519PublicKey.from_public_bytes(public) if kind == _ED25519 else MLDSA44PublicKey.from_public_bytes(public)
    )
    return Cosigner(name, told, key)


def cosign(body: str, name: str, key: CosigningKey, at: datetime) -> str:
    """One signature line over the text of a checkpoint, as of a time. Raises NoteError where it is no checkpoint."""
    seconds, public = int(at.timestamp()), key.public_key()
    signature = key.sign(_message(body, name, public, seconds))
    return signature_line(
        name, key_id(name, _kind(public), public.public_bytes_raw()), seconds.to_bytes(8, "big") + signature
    )


def cosigned_at(text: str, by: Cosigner) -> datetime | None:
    """When this cosigner signed this checkpoint; None where there is no line of theirs.

    Raises NoteError where the note is malformed, or a line that claims to be theirs is wrong.
    """
    body, signatures = divide(text)
    theirs = [one.value for one in signatures if (one.name, one.key_id) == (by.name, by.key_id)]
    times = [_verified(body, by, value) for value in theirs]
    return max(times) if times else None


def _verified(body: str, by: Cosigner, value: bytes) -> datetime:
    seconds = int.from_bytes(value[:8], "big")
    if len(value) <= 8 or seconds > _LATEST:
        raise NoteError("checkpoint: a cosignature is cut off, or says no time")
    try:
        by.key.verify(value[8:], _message(body, by.name, by.key, seconds))
        return datetime.fromtimestamp(seconds, UTC)
    except (InvalidSignature, OverflowError, ValueError):
        raise NoteError("checkpoint: a cosignature is wrong") from None


def _message(body: str, name: str, key: _PublicKey, seconds: int) -> bytes:
    """What is signed: the time and the text, or for ML-DSA-44 the names, the time, and what the text says."""
    checkpoint = read_checkpoint(body)
    if isinstance(key, Ed25519PublicKey):
        return f"cosignature/v1\ntime {seconds}\n{body}".encode()
    if checkpoint_text(checkpoint) != body:
        raise NoteError("checkpoint: has lines beside its three, which this kind of cosignature does not cover")
    return b"".join((
        b"subtree/v1\n\0", _counted(name), seconds.to_bytes(8, "big"), _counted(checkpoint.origin),
        (0).to_bytes(8, "big"), checkpoint.size.to_bytes(8, "big"), checkpoint.root,
    ))  # fmt: skip


def _counted(text: str) -> bytes:
    """RFC 8446, section 3.4: a length in one byte, and then the text."""
    encoded = text.encode()
    if not 1 <= len(encoded) <= 255:
        raise NoteError("name: must be of 1 to 255 bytes")
    return bytes([len(encoded)]) + encoded


def _kind(key: _PublicKey) -> int:
    return _ED25519 if isinstance(key, Ed25519PublicKey) else _ML_DSA_44
