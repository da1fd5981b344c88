"""Sealed values: AES-256-GCM, each bound to its place, so that no value opens anywhere else or under another version.

A value begins with its suite byte (OWASP ASVS 5.0, 11.2.2: a new suite gets a new byte, and old values stay readable):

    2   version of the key (4 bytes), nonce (12 bytes), ciphertext and tag; bound to a `Place` and the version
    1   nonce, ciphertext and tag; bound to a text. Written by version 0001, read until `concordat keys reseal`
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import NotTrusted

FIRST_SUITE: Final = b"\x01"
SUITE: Final = b"\x02"
_NONCE, _VERSION = 12, 4


@dataclass(frozen=True, slots=True)
class Key:
    """32 secret bytes and which version of a key they are; 0 is what version 0001 of the hub made."""

    version: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: whose it is, in which table and column, and the names of its row."""

    tenant: str
    table: str
    column: str
    row: tuple[str, ...]

    def bound(self, version: int) -> bytes:
        """The additional data of a value here: every part with its length before it, so that no two places agree."""
        return joined(("concordat", SUITE.hex(), self.tenant, self.table, self.column, str(version), *self.row))


def joined(parts: Iterable[str]) -> bytes:
    """Texts as one, each with its length before it: other texts never make the same bytes."""
    return b"".join(len(part).to_bytes(4) + part for part in (text.encode() for text in parts))


def new_key(version: int) -> Key:
    """A fresh key."""
    return Key(version, secrets.token_bytes(32))


def seal(key: Key, content: bytes, place: Place) -> bytes:
    """Encrypt for one place; the value says which version of the key opens it."""
    return SUITE + key.version.to_bytes(_VERSION) + encrypt(key.secret, content, place.bound(key.version))


def unseal(key: Key, sealed: bytes, place: Place) -> bytes:
    """What was sealed.

    Raises NotTrusted for another key, version or place, a changed byte, or a suite that this hub does not know.
    """
    if version_of(sealed) != key.version:
        raise NotTrusted("SEAL_BROKEN", "a sealed value is of another version of its key; it was altered or moved")
    return decrypt(key.secret, sealed[1 + _VERSION :], place.bound(key.version))


def unseal_first(secret: bytes, sealed: bytes, context: str) -> bytes:
    """What version 0001 of the hub sealed (suite 1). Raises NotTrusted as `unseal` does."""
    if sealed[:1] != FIRST_SUITE:
        raise _unknown()
    return decrypt(secret, sealed[1:], context.encode())


def is_first(sealed: bytes) -> bool:
    """Whether a value is of suite 1."""
    return sealed[:1] == FIRST_SUITE


def version_of(sealed: bytes) -> int:
    """Which version of its key opens a value of suite 2. Raises NotTrusted for any other suite."""
    if sealed[:1] != SUITE:
        raise _unknown()
    return int.from_bytes(sealed[1 : 1 + _VERSION])


def encrypt(secret: bytes, content: bytes, bound: bytes) -> bytes:
    """Nonce, ciphertext and tag, without suite and version: what a root key hands out."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, content, bound)


def decrypt(secret: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What `encrypt` was given. Raises NotTrusted where it does not open."""
    try:
        return AESGCM(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError):  # ValueError: too short to be sealed at all
        raise NotTrusted("SEAL_BROKEN", "a sealed value does not open: wrong key, or it was altered or moved") from None


def _unknown() -> NotTrusted:
    return NotTrusted("SEAL_SUITE_UNKNOWN", "a sealed value has an unknown suite; was it written by a newer hub?")
