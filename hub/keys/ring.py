"""The keys of one hub, opened: private files or no hub."""

import hmac
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hub.errors import NotTrusted
from hub.keys import files
from hub.keys.roots import KeySource, Roots, SourcedRoots
from hub.keys.seals import SUITE, Key, Place, new_key, seal, unseal, version_of


@dataclass(frozen=True)
class KeyRing:
    """The keys of one hub, opened. Nothing of it is ever printed."""

    roots: Roots = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)
    log: Ed25519PrivateKey = field(repr=False)
    _opened: dict[bytes, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Landlords' keys by their wrapped form: opened once in a process, however often the root key changes."""
    indexing: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Landlords' index keys, which never change, once they were read."""
    _own: list[bytes] = field(default_factory=list, repr=False, compare=False)

    def wrap(self, key: Key, place: Place) -> tuple[str, bytes]:
        """A landlord's key under the root key in force: the root key's id, and what to store."""
        root = self.roots.current
        return root.id, SUITE + key.version.to_bytes(4) + root.wrap(key.secret, place.bound(key.version))

    def unwrap(self, root_id: str, wrapped: bytes, version: int, place: Place) -> Key:
        """The landlord's key that was stored at that place in that version. Raises NotTrusted."""
        opened = self._opened.get(wrapped)
        if opened is None:
            if version_of(wrapped) != version:
                raise NotTrusted("SEAL_BROKEN", "a landlord's key is of another version than its row says")
            opened = self.roots.named(root_id).unwrap(wrapped[5:], place.bound(version))
            self._opened[wrapped] = opened
        return Key(version, opened)

    def take_own(self, secret: bytes) -> None:
        """Hold the hub's own key, which the store keeps wrapped (`hub.store.landlord_keys.own`)."""
        self._own.append(secret)

    def index(self, text: str, context: str) -> str:
        """A keyed digest of this hub: of names to sign in by, tickets, counters. The same in every process of it.

        What belongs to a landlord's case is indexed under the landlord's key (`hub.store.landlord_keys.index`).
        """
        return keyed_digest(self._own[-1], text, context)

    def seal_own(self, content: bytes, place: Place) -> bytes:
        """A secret of the hub itself, about no case: what somebody signs in with, say."""
        return seal(self._sealing(), content, place)

    def unseal_own(self, sealed: bytes, place: Place) -> bytes:
        """What `seal_own` sealed. Raises NotTrusted where it does not open."""
        return unseal(self._sealing(), sealed, place)

    def _sealing(self) -> Key:
        return Key(1, _drawn(self._own[-1], "seal"))

    def log_for_later(self) -> MLDSA44PrivateKey:
        """The log's second key (FIPS 204), for when Ed25519 no longer counts; drawn from the bytes of the first.

        Whoever works an Ed25519 public key back to its scalar has not these bytes: the scalar is a digest of them.
        """
        return MLDSA44PrivateKey.from_seed_bytes(_drawn(self.log.private_bytes_raw(), "log ml-dsa-44"))

    def log_public_key(self) -> bytes:
        """The 32 raw bytes that checkpoints verify under."""
        return self.log.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def public_keys(self) -> frozenset[bytes]:
        """The raw bytes of every public key that this hub signs under."""
        later = self.log_for_later().public_key().public_bytes_raw()
        return frozenset({self.log_public_key(), later, self.signing_public_key()})

    def signing_public_key(self) -> bytes:
        """The 32 raw bytes that our messages verify under; partners pin them."""
        return self.signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def open_keys(folder: Path, *, create: bool, source: KeySource | None = None) -> KeyRing:
    """Open the key folder, making it and its keys on first start when `create` is true.

    Raises NotTrusted where a key is missing (and may not be made), or others could read it.
    """
    source = source or KeySource()
    if create:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.now == "file":
            files.make(folder / "kek", new_key(0).secret)
        for name in ("signing.pem", "log.pem"):
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            files.make(folder / name, pem)
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        raise NotTrusted("KEYS_FOLDER_EXPOSED", "the key folder can be entered by others; set its mode to 0700")
    roots = SourcedRoots(source, folder)
    return KeyRing(roots, _signing_key(folder / "signing.pem"), _signing_key(folder / "log.pem"))


def _signing_key(path: Path) -> Ed25519PrivateKey:
    pem = files.read(path)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotTrusted("KEY_DAMAGED", f"key file {path.name} does not hold an Ed25519 key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NotTrusted("KEY_DAMAGED", f"key file {path.name} does not hold an Ed25519 key")
    return key


def keyed_digest(secret: bytes, text: str, context: str) -> str:
    """To find equal texts by, without keeping the text: hex HMAC-SHA-256 under a key of its own for each context."""
    return hmac.new(_drawn(secret, f"index|{context}"), text.encode(), "sha256").hexdigest()


def _drawn(secret: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use.encode()).derive(secret)
