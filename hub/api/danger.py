"""Danger that the hub cannot take now: whoever sent it is told at once to use the telephone.

A referral of immediate danger, an override, or one of which we could not read what it is. Read without the store, which
may be what is away, and with no trust in what was sent: when in doubt it is danger.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

_SAYS: Final = (
    "if anybody is in danger now, telephone 999 at once, and then the agencies themselves; do not wait for the hub. "
    "Send this again later, with the same key"
)
_REFERRAL = "/v1/referrals"
_OVERRIDE = re.compile(r"/v1/referrals/[^/]+/overrides")
_IMMEDIATE: Final = ("level", "immediate_danger")


def says(reason: str) -> str:
    """The sentence for somebody whose danger was not taken, and why it was not."""
    return f"{_SAYS} ({reason})"


def may_tell_of_danger(method: str, path: str) -> bool:
    """Whether people send danger there."""
    return method == "POST" and (path == _REFERRAL or _OVERRIDE.fullmatch(path) is not None)


def tells_of_danger(path: str, body: bytes | None) -> bool:
    """Whether a request to such a place tells of immediate danger, or might: None is a body that was not read."""
    if body is None or path != _REFERRAL:  # an override is nothing but danger
        return True
    found: list[bool] = []

    def look(pairs: Sequence[tuple[str, object]]) -> None:
        found.append(_IMMEDIATE in pairs)

    try:
        json.loads(body, object_pairs_hook=look)
    except (ValueError, RecursionError):  # also what is no UTF-8
        return True
    return any(found)
