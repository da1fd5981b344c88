"""Public keys and certificates of machines: read strictly, refused where weak, known by a fingerprint. Pure.

Ed25519 (RFC 8037) and P-256 (RFC 7518) as JSON Web Keys; certificates as PEM. Under the 14 encodings of small order of
Ed25519 anybody can sign, so such a key is refused when it is registered and again each time it would verify.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from hub.errors import BadInput
from protocols.weak_keys import is_weak

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}
_LONGEST_CERTIFICATE = 16_384


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that a connection can show, by the SHA-256 of its DER in hex."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that can verify. `text` is its canonical JWK; `fingerprint` the SHA-256 of that (RFC 7638), in hex."""

    text: str
    fingerprint: str

    @property
    def jwk(self) -> OKPKey | ECKey:
        """The key as the JOSE library takes it."""
        parts = json.loads(self.text)
        return OKPKey.import_key(parts) if parts["kty"] == "OKP" else ECKey.import_key(parts)

    @property
    def is_weak(self) -> bool:
        """Whether anybody could sign under it."""
        public = self.jwk.public_key
        return isinstance(public, Ed25519PublicKey) and is_weak(public.public_bytes_raw())

    def made_ed25519(self, signature: bytes, content: bytes) -> bool:
        """Whether this key made that Ed25519 signature; never for a weak key or one of another kind."""
        public = self.jwk.public_key
        if not isinstance(public, Ed25519PublicKey) or is_weak(public.public_bytes_raw()):
            return False
        try:
            public.verify(signature, content)
        except InvalidSignature:
            return False
        return True


def read_jwk(parts: Mapping[str, str], field: str = "jwk") -> PublicKey:
    """The key that a JWK writes down. Raises BadInput for a private, weak or other key."""
    if _PRIVATE & parts.keys():
        raise BadInput("KEY_IS_PRIVATE", field, "holds a private key, which is now known here too",
                       "make a new pair, and send the public half alone")  # fmt: skip
    wanted = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y")}.get(parts.get("kty", ""), ())
    curve = {"OKP": "Ed25519", "EC": "P-256"}.get(parts.get("kty", ""))
    if not wanted or parts.get("crv") != curve or any(name not in parts for name in wanted):
        raise _unusable(field)
    text = json.dumps({name: parts[name] for name in wanted}, sort_keys=True, separators=(",", ":"))
    key = PublicKey(text, hashlib.sha256(text.encode()).hexdigest())
    try:
        public = key.jwk.public_key
    except (JoseError, ValueError):
        raise _unusable(field) from None
    if not isinstance(public, Ed25519PublicKey | EllipticCurvePublicKey) or not _is_canonical(parts, wanted):
        raise _unusable(field)
    if key.is_weak:
        raise BadInput("KEY_WEAK", field, "is of small order: anybody could sign under it", "make a new pair")
    return key


def read_certificate(pem: str) -> Certificate:
    """The certificate in a PEM text. Raises BadInput when there is not exactly one."""
    try:
        return Certificate(certificate_fingerprint(pem))
    except ValueError:
        raise BadInput("CERTIFICATE_UNUSABLE", "certificate", "is not one certificate in PEM",
                       "send the machine's own certificate alone, without its chain and key") from None  # fmt: skip


def certificate_fingerprint(pem: str) -> str:
    """SHA-256 of a certificate's DER in hex (as RFC 8705 section 3 has it). Raises ValueError when there is not one."""
    if len(pem) > _LONGEST_CERTIFICATE or pem.count("BEGIN CERTIFICATE") != 1:
        raise ValueError("not one certificate")
    return x509.load_pem_x509_certificate(pem.encode("ascii", "replace")).fingerprint(SHA256()).hex()


def _is_canonical(parts: Mapping[str, str], wanted: tuple[str, ...]) -> bool:
    """One key has one spelling, or it could be registered twice."""
    coordinates = [parts[name] for name in wanted if name in ("x", "y")]
    decoded = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in coordinates]
    written = [base64.urlsafe_b64encode(raw).rstrip(b"=").decode() for raw in decoded]
    return written == coordinates and all(len(raw) == 32 for raw in decoded)


def _unusable(field: str) -> BadInput:
    return BadInput("KEY_UNUSABLE", field, "is not a public key that machines may have",
                    "send an Ed25519 or P-256 key as a JSON Web Key")  # fmt: skip
