"""Signatures on what we send: Standard Webhooks headers with Ed25519 (`v1a`), made and checked. Bytes in, bytes out.

A shared secret (the `v1` HMAC of that specification) could not prove who signed; a key pair can. The signed content is
`id.timestamp.body` over the exact bytes sent.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocols.weak_keys import is_weak

TOLERANCE = timedelta(minutes=5)
PUBLIC_KEY_PREFIX = "whpk_"

_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class SignatureError(Exception):
    """A key or signature is not to be trusted; `code` is stable, and nothing of the input is repeated."""

    def __init__(self, code: str, says: str) -> None:
        """Keep the stable code beside the sentence."""
        super().__init__(says)
        self.code = code


def sign(key: Ed25519PrivateKey, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers for `body`.

    `message_id` names the message for every attempt (the idempotency key); letters, digits, `_` and `-`, because a dot
    would make the signed content ambiguous. `at` is aware. Raises SignatureError on another id or a naive time.
    """
    if not _ID.fullmatch(message_id):
        raise SignatureError("id_malformed", "webhook-id may hold only letters, digits, _ and -, up to 120")
    if at.tzinfo is None:
        raise SignatureError("time_naive", "the time of signing must carry its zone")
    timestamp = str(int(at.timestamp()))
    signature = base64.b64encode(key.sign(_content(message_id, timestamp, body))).decode("ascii")
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1a,{signature}"}


def verify(public_key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The message id, if one `v1a` signature in `headers` (names in lower case) is good for `body` within TOLERANCE.

    `public_key` is the raw 32 bytes. Raises SignatureError and nothing else, whatever the input.
    """
    key = load_public_key(public_key)
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id) or not (timestamp.isascii() and _TIMESTAMP.fullmatch(timestamp)):
        raise SignatureError("headers_malformed", "webhook-id or webhook-timestamp is missing or malformed")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise SignatureError("out_of_time", "webhook-timestamp is more than five minutes from now")
    content = _content(message_id, timestamp, body)
    if not any(_is_good(key, one, content) for one in headers.get("webhook-signature", "").split(" ")[:10]):
        raise SignatureError("signature_bad", "no v1a signature is good for this body under this key")
    return message_id


def load_public_key(raw: bytes) -> Ed25519PublicKey:
    """The key, refused where it is one of the 14 encodings of small order: under those, anybody can forge."""
    if len(raw) != 32:
        raise SignatureError("key_malformed", "an Ed25519 public key has 32 bytes")
    if is_weak(raw):
        raise SignatureError("key_of_small_order", "this public key is of small order; ask the partner for a new one")
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise SignatureError("key_malformed", "this is not an Ed25519 public key") from None


def public_key_text(key: Ed25519PublicKey) -> str:
    """The key as Standard Webhooks writes it, to hand to a partner: `whpk_` and base64."""
    return PUBLIC_KEY_PREFIX + base64.b64encode(key.public_bytes_raw()).decode("ascii")


def read_public_key(text: str) -> bytes:
    """The raw 32 bytes of a `whpk_` key. Raises SignatureError."""
    if not text.startswith(PUBLIC_KEY_PREFIX):
        raise SignatureError("key_malformed", "a public key is written whpk_ and base64")
    raw = _decoded(text.removeprefix(PUBLIC_KEY_PREFIX))
    load_public_key(raw)
    return raw


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode("ascii") + body


def _is_good(key: Ed25519PublicKey, signature: str, content: bytes) -> bool:
    version, _, encoded = signature.partition(",")
    if version != "v1a":
        return False
    try:
        key.verify(_decoded(encoded), content)
    except (InvalidSignature, SignatureError):
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii", errors="replace"), validate=True)
    except binascii.Error:
        raise SignatureError("encoding_bad", "not base64") from None
