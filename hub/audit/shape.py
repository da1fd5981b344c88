"""What a field of an audit entry may hold. Each shape is narrow enough that what a person wrote does not fit."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Fact = str | int | bool | None | Sequence[str]

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2)."""

# The shape that `hub.ids` makes: 128 random bits in Crockford base 32, so the first of 26 characters is 0 to 7.
_ID = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")
# Words joined by marks, and perhaps a version after @. Seven digits in a row could be a telephone number.
_CODE = re.compile(r"(?!.*[0-9]{7})[a-z][a-z0-9_.:-]{0,63}(?:@v?[0-9][0-9.]{0,11})?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_CODES = 64


@dataclass(frozen=True)
class Shape:
    """What a field may hold: a test, and the rule in words for the error."""

    rule: str
    fits: Callable[[Fact], bool]
    may_be_absent: bool = False


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_id(value: object) -> bool:
    """Whether this is an id of any kind."""
    return _matches(_ID, value)


def _is_whole(value: object, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def one_of(*codes: str) -> Shape:
    """A field with a closed set of values."""
    return Shape(f"one of {', '.join(codes)}", lambda value: isinstance(value, str) and value in codes)


def optional(shape: Shape) -> Shape:
    """The same field, which may also be null or left out."""
    return Shape(f"{shape.rule}, or null", lambda value: value is None or shape.fits(value), may_be_absent=True)


def an_id(prefix: str) -> Shape:
    """A field that names one kind of thing, such as a referral."""
    rule = f"an id that begins with {prefix}_"
    return Shape(rule, lambda value: is_id(value) and str(value).startswith(f"{prefix}_"))


ID = Shape("an id: a prefix such as ref_ and 26 base-32 characters", is_id)
REFERRAL, DECISION, DISCLOSURE, RECEIPT = an_id("ref"), an_id("dec"), an_id("dsc"), an_id("rct")
CONSENT, REVIEW, CREDENTIAL, OVERRIDE = an_id("con"), an_id("rev"), an_id("crd"), an_id("ovr")
CODE = Shape("a code of small letters, digits and _ . : -", lambda value: _matches(_CODE, value))
NAME = Shape("a prefixed id or a code", lambda value: is_id(value) or _matches(_CODE, value))
DIGEST = Shape("64 hexadecimal digits in small letters", lambda value: _matches(_DIGEST, value))
# A telephone or NHS number is longer than any count, and so is a date written as a number.
COUNT = Shape("a whole number from 0 to 999999", lambda value: _is_whole(value, 999_999))
POSITION = Shape("a whole number from 0 to 2^53-1", lambda value: _is_whole(value, MAX_INTEGER))
FLAG = Shape("true or false", lambda value: isinstance(value, bool))
NAMES = Shape(
    f"a list of at most {_MAX_CODES} ids or codes",
    lambda value: isinstance(value, list | tuple) and len(value) <= _MAX_CODES and all(map(NAME.fits, value)),
)
