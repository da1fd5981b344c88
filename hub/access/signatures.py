"""Signed requests: the part of HTTP message signatures (RFC 9421) that machines use here, read and checked. Pure.

One signature in Ed25519 over what a request does and carries: `@method`, `@target-uri`, `content-digest` of the body
(RFC 9530) where there is one, and each of `SIGNED_WHEN_SENT` that is sent. It says when it was made and bears a nonce,
and is good for five minutes either way, once. What is written in another way than this profile is refused.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.access.public_keys import PublicKey

TOLERANCE = timedelta(minutes=5)
SIGNED_WHEN_SENT = ("on-behalf-of", "idempotency-key")
"""Headers that say who speaks and what counts as the same request: whoever could add one would change the request."""

_KNOWN = {"@method", "@target-uri", "content-digest", "content-type", *SIGNED_WHEN_SENT}
_NAME, _TEXT = '"[@a-z][a-z-]{0,30}"', '"[!#-\\[\\]-~]{1,200}"'
_LABEL = "[a-z][a-z0-9_-]{0,30}"
_COVERED = rf"\(({_NAME}(?: {_NAME}){{0,9}})\)"
_INPUT = re.compile(rf"({_LABEL})=({_COVERED}((?:;[a-z]+=(?:[0-9]{{1,12}}|{_TEXT})){{1,8}}))")
_PARAMETER = re.compile(rf";([a-z]+)=([0-9]+|{_TEXT})")
_SIGNATURE = re.compile(rf"({_LABEL})=:([A-Za-z0-9+/]{{86}}==):")
_DIGEST = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/]{43,86}={0,2}):")
_PARAMETERS = {"created", "nonce", "keyid", "alg", "expires", "tag"}


class Refused(Exception):
    """A machine did not prove who it is. `why` is a stable code for log lines alone; the machine is not told it."""

    def __init__(self, why: str) -> None:
        """Keep the code."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. Names of `headers` are in lower case; a header sent twice is joined by a comma."""

    method: str
    target_uri: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as read, not yet checked: by which key, its nonce, until when it can be good, over which bytes."""

    key: str
    nonce: str
    good_until: datetime
    base: bytes
    signature: bytes


def read(request: Request, now: datetime) -> Signed:
    """The signature of a request. Raises Refused unless it covers all it must, is of now, and fits the body."""
    written = _INPUT.fullmatch(request.headers.get("signature-input", ""))
    signature = _SIGNATURE.fullmatch(request.headers.get("signature", ""))
    if written is None or signature is None or written[1] != signature[1]:
        raise Refused("signature_malformed")
    names = [name.strip('"') for name in written[3].split(" ")]
    _check_coverage(request, names)
    parameters = _parameters(written[4])
    created = datetime.fromtimestamp(_number(parameters["created"]), now.tzinfo)
    expires = datetime.fromtimestamp(_number(parameters.get("expires", parameters["created"])), now.tzinfo)
    if abs(now - created) > TOLERANCE or ("expires" in parameters and now >= expires):
        raise Refused("signature_out_of_time")
    values = {"@method": request.method, "@target-uri": request.target_uri}
    lines = [f'"{name}": {values.get(name) or request.headers[name].strip()}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {written[2]}'])
    return Signed(
        parameters["keyid"].strip('"'), parameters["nonce"].strip('"'), created + TOLERANCE,
        base.encode("latin-1", "replace"), base64.b64decode(signature[2]),
    )  # fmt: skip


def check(signed: Signed, key: PublicKey) -> None:
    """Raises Refused unless this key made the signature; a weak key made none."""
    if not key.made_ed25519(signed.signature, signed.base):
        raise Refused("signature_wrong")


def content_digest(body: bytes) -> str:
    """The header for a body (RFC 9530 section 2)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _check_coverage(request: Request, names: list[str]) -> None:
    if len(names) != len(set(names)) or not set(names) <= _KNOWN:
        raise Refused("signature_covers_other")
    needed = {"@method", "@target-uri"} | {name for name in SIGNED_WHEN_SENT if name in request.headers}
    if request.body:
        needed.add("content-digest")
    if not needed <= set(names):
        raise Refused("signature_covers_too_little")
    if any(name not in request.headers for name in names if not name.startswith("@")):
        raise Refused("signature_covers_missing")
    if "content-digest" in names:
        _check_digest(request.headers["content-digest"], request.body)


def _check_digest(written: str, body: bytes) -> None:
    """Every digest of a kind we know must fit, and there must be one."""
    for part in written.split(", "):
        found = _DIGEST.fullmatch(part)
        if found is None:
            raise Refused("digest_malformed")
        try:
            told = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            raise Refused("digest_malformed") from None
        if not hmac.compare_digest(told, hashlib.new(found[1].replace("-", ""), body).digest()):
            raise Refused("digest_wrong")


def _parameters(written: str) -> dict[str, str]:
    pairs = _PARAMETER.findall(written)
    found = dict(pairs)
    if len(found) != len(pairs) or not {"created", "nonce", "keyid"} <= found.keys() <= _PARAMETERS:
        raise Refused("signature_parameters")
    if found.get("alg", '"ed25519"') != '"ed25519"' or not 18 <= len(found["nonce"]) <= 130:
        raise Refused("signature_parameters")
    return found


def _number(text: str) -> int:
    if not text.isdecimal():
        raise Refused("signature_parameters")
    return int(text)
