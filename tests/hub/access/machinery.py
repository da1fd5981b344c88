"""Machines as their makers would write them: keys, assertions and signatures, by code that is not the hub's."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

HUB = "http://localhost:8080"
TOKEN_ENDPOINT = f"{HUB}/v1/token"
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Ed25519:
    """A machine's Ed25519 key pair."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    algorithm: str = "EdDSA"

    @property
    def jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.private.public_key().public_bytes_raw())}

    def sign(self, content: bytes) -> bytes:
        return self.private.sign(content)


@dataclass
class P256:
    """A machine's P-256 key pair."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    algorithm: str = "ES256"

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}

    def sign(self, content: bytes) -> bytes:
        r, s = decode_dss_signature(self.private.sign(content, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


Pair = Ed25519 | P256


def assertion(machine: str, pair: Pair, now: datetime, *, header: dict[str, Any] | None = None, **instead: Any) -> str:  # noqa: ANN401 - whatever a claim may be
    """A client assertion (RFC 7523) for the hub, with what a test says instead; None leaves a claim out."""
    at = int(now.timestamp())
    claims = {"iss": machine, "sub": machine, "aud": TOKEN_ENDPOINT, "iat": at, "exp": at + 240,
              "jti": secrets.token_hex(16)} | instead  # fmt: skip
    kept = {name: value for name, value in claims.items() if value is not None}
    parts = [json.dumps({"alg": pair.algorithm} | (header or {})).encode(), json.dumps(kept).encode()]
    content = ".".join(map(b64, parts))
    return f"{content}.{b64(pair.sign(content.encode()))}"


def form(proof: str, **more: str) -> dict[str, str]:
    """What is sent to the token endpoint."""
    return {"grant_type": "client_credentials", "client_assertion_type": KIND, "client_assertion": proof} | more


def signed(
    key_id: str, pair: Ed25519, method: str, path: str, now: datetime, *, body: bytes = b"",
    headers: dict[str, str] | None = None, leave_out: tuple[str, ...] = (), nonce: str | None = None, host: str = HUB,
    **parameters: int | str,
) -> dict[str, str]:  # fmt: skip
    """The headers of a request signed as RFC 9421 section 3.1 says, beside those given."""
    carried = dict(headers or {})
    if body:
        carried["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    values = {"@method": method, "@target-uri": f"{host}{path}"} | {n.lower(): v for n, v in carried.items()}
    names = [name for name in values if name not in leave_out]
    said = {"created": int(now.timestamp()), "nonce": nonce or secrets.token_hex(16), "keyid": key_id} | parameters
    written = ";".join(
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}" for name, value in said.items()
    )
    covered = "(" + " ".join(f'"{name}"' for name in names) + f");{written}"
    base = "\n".join([*(f'"{name}": {values[name]}' for name in names), f'"@signature-params": {covered}'])
    signature = base64.b64encode(pair.sign(base.encode())).decode()
    return carried | {"Signature-Input": f"sig1={covered}", "Signature": f"sig1=:{signature}:"}
