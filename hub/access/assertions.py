"""Client assertions: a machine proves to the token endpoint that it holds its private key (RFC 7523, private_key_jwt).

One audience, us; valid for five minutes at most; its `jti` counts once. Signed with EdDSA (RFC 8037; RFC 9864 calls it
Ed25519) or ES256. Pure: `now` is handed in, and who keeps count of `jti` is `hub.access.machines`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hub.access.public_keys import PublicKey
from hub.access.signatures import Refused

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = timedelta(minutes=5)
SKEW = timedelta(seconds=30)
"""How far a machine's clock may be ahead of ours."""

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Time = Annotated[int, Field(ge=0, lt=2**33)]


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    iss: _Name
    sub: _Name
    aud: _Name | Annotated[list[_Name], Field(min_length=1, max_length=1)]
    jti: Annotated[str, StringConstraints(min_length=16, max_length=200)]
    iat: _Time
    exp: _Time
    nbf: _Time = 0


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion as read, not yet checked: whose it claims to be, what counts once, and until when."""

    text: str
    machine: str
    once: str
    good_until: datetime


class _Algorithms(JWSRegistry):
    """The three names of the two algorithms. `none` and every shared secret are outside (RFC 8725 section 3.1)."""

    def __init__(self) -> None:
        super().__init__(algorithms=["Ed25519", "ES256"])

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm of a name; what RFC 8037 calls EdDSA is Ed25519 under any key that we keep (RFC 9864)."""
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_ALGORITHMS = _Algorithms()


def read(text: str, audience: str, now: datetime) -> Assertion:
    """What an assertion claims. Raises Refused unless it is for `audience`, of now, and whole."""
    try:
        claims = _Claims.model_validate_json(jws.extract_compact(text.encode("ascii", "replace")).payload)
    except (JoseError, ValidationError, ValueError):
        raise Refused("assertion_malformed") from None
    if claims.iss != claims.sub:
        raise Refused("assertion_issuer")
    if claims.aud not in (audience, [audience]):
        raise Refused("assertion_audience")
    made, ends, begins = (datetime.fromtimestamp(at, UTC) for at in (claims.iat, claims.exp, claims.nbf))
    if not (now < ends <= made + LONGEST and made <= now + SKEW and begins <= now + SKEW):
        raise Refused("assertion_out_of_time")
    return Assertion(text, claims.iss, claims.jti, ends)


def check(assertion: Assertion, keys: Iterable[PublicKey]) -> PublicKey:
    """The key that signed it. Raises Refused when none of these did; a weak key signs nothing."""
    for key in keys:
        if not key.is_weak and _signed(assertion.text, key):
            return key
    raise Refused("assertion_wrong")


def _signed(text: str, key: PublicKey) -> bool:
    try:
        jws.deserialize_compact(text, key.jwk, registry=_ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return True
