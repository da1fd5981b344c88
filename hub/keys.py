"""The hub's own keys: files outside the database, mode 0600 in a folder of mode 0700, refused when wider.

Three files: `kek` (32 bytes) wraps the data keys; `signing.pem` signs what we send; `log.pem` signs checkpoints.
Losing `kek` loses all content; keep a copy apart from copies of the database (docs/operations.md).
"""

import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
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

SUITE = b"\x01"
"""First byte of every sealed value: AES-256-GCM, 96-bit random nonce. A new suite gets a new byte (ASVS 11.2.2)."""

_NONCE_BYTES = 12


def seal(key: bytes, content: bytes, context: str) -> bytes:
    """Encrypt under a 32-byte key, bound to its place: `context` names the row, so that no value can be moved."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return SUITE + nonce + AESGCM(key).encrypt(nonce, content, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """What was sealed. Raises NotTrusted for a wrong key, a changed byte, another place or an unknown suite."""
    if sealed[:1] != SUITE:
        raise NotTrusted("SEAL_SUITE_UNKNOWN", "a sealed value has an unknown suite; was it written by a newer hub?")
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, context.encode())
    except (InvalidTag, ValueError):  # ValueError: too short to be sealed at all
        raise NotTrusted("SEAL_BROKEN", "a sealed value does not open: wrong key, or it was altered or moved") from None


@dataclass(frozen=True)
class KeyRing:
    """The keys of one hub, opened. Nothing of it is ever printed."""

    kek: bytes = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)
    log: Ed25519PrivateKey = field(repr=False)

    def new_data_key(self, context: str) -> tuple[bytes, bytes]:
        """A fresh 32-byte data key, and the same wrapped for storing."""
        key = secrets.token_bytes(32)
        return key, seal(self.kek, key, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The data key of that place. Raises NotTrusted when it does not open."""
        return unseal(self.kek, wrapped, context)

    def index(self, text: str, context: str) -> str:
        """A keyed digest to find equal texts by, without keeping the text: hex HMAC-SHA-256 under a key of its own."""
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"index|{context}".encode()).derive(self.kek)
        return hmac.new(key, text.encode(), "sha256").hexdigest()

    def log_public_key(self) -> bytes:
        """The 32 raw bytes that checkpoints verify under."""
        return self.log.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def signing_public_key(self) -> bytes:
        """The 32 raw bytes that our messages verify under; partners pin them."""
        return self.signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def open_keys(folder: Path, *, create: bool) -> KeyRing:
    """Open the key folder, making it and its keys on first start when `create` is true.

    Raises NotTrusted where a key is missing (and may not be made), or others could read it.
    """
    if create:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(folder / "kek", secrets.token_bytes(32))
        for name in ("signing.pem", "log.pem"):
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _make(folder / name, pem)
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        raise NotTrusted("KEYS_FOLDER_EXPOSED", "the key folder can be entered by others; set its mode to 0700")
    kek = _read(folder / "kek")
    if len(kek) != 32:
        raise NotTrusted("KEY_DAMAGED", "the key-encryption key is not 32 bytes; restore it from your copy")
    return KeyRing(kek, _signing_key(folder / "signing.pem"), _signing_key(folder / "log.pem"))


def _make(path: Path, content: bytes) -> None:
    """Write once, atomically and already with mode 0600; a file that is there stays."""
    if path.exists():
        return
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        pass  # another process of the same hub was first, and its key is the key
    finally:
        partial.unlink()


def _read(path: Path) -> bytes:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise NotTrusted("KEY_MISSING", f"key file {path.name} is missing; restore it from your copy") from None
    if mode & 0o077:
        raise NotTrusted("KEY_EXPOSED", f"key file {path.name} can be read by others; set its mode to 0600")
    return path.read_bytes()


def _signing_key(path: Path) -> Ed25519PrivateKey:
    pem = _read(path)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotTrusted("KEY_DAMAGED", f"key file {path.name} does not hold an Ed25519 key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NotTrusted("KEY_DAMAGED", f"key file {path.name} does not hold an Ed25519 key")
    return key
