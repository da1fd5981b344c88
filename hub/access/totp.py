"""Time-based one-time codes (RFC 6238): six digits, thirty seconds, each step taken once."""

import hmac
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hub.access.tokens import random_bytes

STEP_SECONDS = 30
_KEY_BYTES = 20
_NOBODY = bytes(_KEY_BYTES)
_LATE_STEPS = (0, -1, 1)
"""A telephone's clock may be half a minute off (RFC 6238 section 5.2)."""


def new_key() -> bytes:
    """A key for one person's authenticator app."""
    return random_bytes(_KEY_BYTES)


def uri(key: bytes, name: str, hub: str) -> str:
    """What the app scans or is pasted, once."""
    return _codes(key).get_provisioning_uri(name, hub)


def step_of(key: bytes | None, code: str, now: datetime) -> int | None:
    """The step whose code this is, now or half a minute off; None for a wrong code. As long for nobody's key."""
    present, found = int(now.timestamp()) // STEP_SECONDS, None
    for step in (present + late for late in _LATE_STEPS):
        expected = _codes(key or _NOBODY).generate(step * STEP_SECONDS)
        if hmac.compare_digest(expected, code.encode()):
            found = step
    return found if key is not None else None


def code_at(key: bytes, now: datetime) -> str:
    """The code that an app shows at a moment."""
    return _codes(key).generate(int(now.timestamp())).decode()


def _codes(key: bytes) -> TOTP:
    return TOTP(key, 6, SHA1(), STEP_SECONDS)  # noqa: S303  # nosec B303 - what every app knows (RFC 6238)
