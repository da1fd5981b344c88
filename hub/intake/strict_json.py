"""Reading what strangers send: one meaning or none (RFC 8259 leaves room that I-JSON, RFC 7493, closes).

UTF-8 without a byte-order mark, no key twice, finite numbers within 64 bits, no NUL, no lone surrogate, bounded depth.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ValidationError

from hub.errors import BadInput

DEEPEST = 32
LARGEST_NUMBER = 2**63 - 1

Model = TypeVar("Model", bound=BaseModel)


def _in_utc(given: datetime) -> datetime:
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar once it is told in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its zone, as it is kept. The first and last hours of the calendar are none in every zone."""


_UNSOUND = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of characters."""


class _Twice(ValueError):
    pass


class _NotFinite(ValueError):
    pass


def read_model(raw: bytes, model: type[Model]) -> Model:
    """The model that the bytes spell. Raises BadInput naming the first wrong field, never its content."""
    check(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as problem:
        raise _first(problem) from None


def check(raw: bytes) -> None:
    """Raise BadInput unless the bytes are JSON of one meaning only."""
    if raw[:3] == b"\xef\xbb\xbf":
        raise _bad("JSON_BYTE_ORDER_MARK", "starts with a byte-order mark", "send plain UTF-8")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("JSON_NOT_UTF8", "is not UTF-8", "send plain UTF-8") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_bounded, parse_float=_finite
        )
    except _Twice:
        raise _bad("JSON_KEY_TWICE", "holds one key twice", "send each key once") from None
    except _NotFinite:
        raise _bad(
            "JSON_NUMBER", "holds a number that is not finite or not within 64 bits", "send it as text"
        ) from None
    except (ValueError, RecursionError):
        raise _bad("JSON_BROKEN", "is not JSON", "send JSON as in the schema") from None
    if not all(_is_sound(part) for part in _texts(value, DEEPEST)):
        raise _bad("JSON_TEXT", "holds a NUL or half a character", "remove it")


def _texts(value: object, deeper: int) -> Iterator[str]:
    """Every text and key within, as long as it is not nested too deep."""
    if deeper < 0:
        raise _bad("JSON_TOO_DEEP", f"is nested more than {DEEPEST} deep", "send the shape in the schema")
    match value:
        case str():
            yield value
        case list():
            for part in value:
                yield from _texts(part, deeper - 1)
        case dict():
            yield from value
            for part in value.values():
                yield from _texts(part, deeper - 1)
        case _:
            pass  # numbers, true, false and null hold no text


def _is_sound(text: str) -> bool:
    return _UNSOUND.search(text) is None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _refuse_constant(_name: str) -> float:
    raise _NotFinite


def _bounded(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST_NUMBER:
        raise _NotFinite
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _NotFinite
    return number


def _bad(code: str, reason: str, remedy: str) -> BadInput:
    return BadInput(code, "", reason, remedy)


def _first(problem: ValidationError) -> BadInput:
    error = problem.errors(include_url=False, include_context=False, include_input=False)[0]
    # A key that the sender made up is content too: only names from the schema may be repeated.
    path = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        return BadInput("FIELD_UNKNOWN", ".".join(path[:-1]), "holds a field that the schema does not have",
                        "remove it, or see the schema for the right name")  # fmt: skip
    code = {"missing": "FIELD_MISSING"}.get(error["type"], "FIELD_WRONG")
    reason = error["msg"].removeprefix("Value error, ")
    return BadInput(code, ".".join(path), reason[:1].lower() + reason[1:], "see the schema of this field")
