"""A virtual authenticator: what a security key and a browser do with passkeys, in a few lines (W3C WebAuthn level 3).

It verifies its holder, keeps discoverable credentials, and answers as `PublicKeyCredential.toJSON()` does.
"""

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:8080"
"""The address by which a hub's people open it, unless set."""

_PRESENT, _VERIFIED, _WITH_CREDENTIAL = 0x01, 0x04, 0x40


class Authenticator:
    """One device with at most one passkey for each site."""

    def __init__(self, *, verifies: bool = True, origin: str = ORIGIN) -> None:
        """`verifies`: it asks its holder for a finger; `origin`: the page that the browser shows."""
        self._keys: dict[str, tuple[bytes, EllipticCurvePrivateKey, bytes]] = {}
        self._origin, self._count = origin, 0
        self._flags = _PRESENT | (_VERIFIED if verifies else 0)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.create`."""
        key, made = generate_private_key(SECP256R1()), secrets.token_bytes(32)
        site = options["rp"]["id"]
        self._keys[site] = (made, key, _bytes(options["user"]["id"]))
        numbers = key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(made).to_bytes(2, "big") + made + cbor2.dumps(cose)
        told = cbor2.dumps(
            {"fmt": "none", "attStmt": {}, "authData": self._data(site, self._flags | _WITH_CREDENTIAL) + attested}
        )
        client = self._client("webauthn.create", options)
        return _credential(made, {"clientDataJSON": _text(client), "attestationObject": _text(told)})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.get`."""
        made, key, user = self._keys[options["rpId"]]
        self._count += 1
        data, client = self._data(options["rpId"], self._flags), self._client("webauthn.get", options)
        signature = key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        return _credential(made, {
            "clientDataJSON": _text(client), "authenticatorData": _text(data), "signature": _text(signature),
            "userHandle": _text(user),
        })  # fmt: skip

    def cloned(self) -> "Authenticator":
        """A copy of it as it is now, as a thief would have."""
        other = Authenticator(origin=self._origin)
        other._keys, other._count, other._flags = dict(self._keys), self._count, self._flags
        return other

    def _data(self, site: str, flags: int) -> bytes:
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + self._count.to_bytes(4, "big")

    def _client(self, what: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": what, "challenge": options["challenge"], "origin": self._origin}).encode()


def _credential(made: bytes, response: dict[str, str]) -> dict[str, Any]:
    return {"id": _text(made), "rawId": _text(made), "type": "public-key", "response": response,
            "clientExtensionResults": {}}  # fmt: skip


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
