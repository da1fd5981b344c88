"""What a connector gave back, held to its contract before anything relies on it. Pure.

A stranger's code may return anything at all. What does not fit must not come up later, inside a transaction: it would
come up again at every try.
"""

import math
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Message, Receipt, Rung

_LONGEST_WAIT = 24 * 3600.0
"""Seconds after which a partner is asked again however long it asked for."""


def message(given: Any) -> Message:  # noqa: ANN401 - whatever a connector returned
    """The message, if it is one. Raises TypeError or ValueError."""
    _require(isinstance(given, Message), "a message")
    _require(isinstance(given.body, bytes), "bytes as its body")
    _require(isinstance(given.paths, frozenset | set), "a set of paths")
    for text in (given.disclosure_id, given.reference, given.media_type, given.filename, given.subject):
        _text(text)
    return given  # type: ignore[no-any-return]


def receipt(given: Any) -> Receipt:  # noqa: ANN401 - as above
    """The receipt, if it is one, at an aware time. Raises TypeError, ValueError or OverflowError."""
    _require(isinstance(given, Receipt), "a receipt")
    _require(isinstance(given.rung, Rung), "a rung")
    _require(isinstance(given.at, datetime) and given.at.tzinfo is not None, "an aware time")
    given.at.astimezone(UTC)  # the first and the last hours that there are do not exist in every zone
    _text(given.evidence)
    if given.partner_reference is not None:
        _text(given.partner_reference)
    return given  # type: ignore[no-any-return]


def wait(given: object) -> float | None:
    """For how many seconds the partner asks; None where that is no time, and never more than a day."""
    if not isinstance(given, int | float) or not 0 <= given < math.inf:
        return None
    return float(min(given, _LONGEST_WAIT))


def _text(given: object) -> None:
    """Text that can be stored and logged: half a surrogate pair cannot."""
    _require(isinstance(given, str), "text")
    str(given).encode()


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise TypeError(f"a connector gave something else than {what}")
