"""Identifiers: typed by prefix, random, and telling nothing; and the short references that people read aloud.

An id carries 128 random bits and no time of creation, so it can be shown to a partner (a UUIDv7
would show when). A reference has 40 random bits and a check character that catches every single wrong
character and every swap of neighbours; it is a name for people, never a key that opens anything.
"""

import secrets
from enum import StrEnum, unique

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_BYTES = 16
_REFERENCE_LENGTH = 8


@unique
class Prefix(StrEnum):
    """What an id names."""

    CASE = "cas"
    REFERRAL = "ref"
    DECISION = "dec"
    DISCLOSURE = "dsc"
    ATTEMPT = "att"
    RECEIPT = "rct"
    CONSENT = "con"
    REVIEW = "rev"
    OVERRIDE = "ovr"
    CREDENTIAL = "crd"
    PERSON = "usr"
    PIN = "pin"
    UNSAFE_CONTACT = "uns"
    DOCUMENT = "doc"
    SESSION = "ses"
    ENTRY = "ent"
    ERASURE = "era"
    LEGAL_HOLD = "hld"
    ATTACHMENT = "atc"
    MACHINE = "mch"
    MACHINE_KEY = "mky"
    CORRECTION = "cor"


def new_id(prefix: Prefix) -> str:
    """A new id such as `ref_` and 26 characters of Crockford base 32 in lower case."""
    number = int.from_bytes(secrets.token_bytes(_ID_BYTES))
    return f"{prefix}_{_encode(number, 26)}"


def is_id(text: str, prefix: Prefix) -> bool:
    """Whether the text has the shape of an id of that kind."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == 26 and set(tail) <= set(_ALPHABET)


def new_reference() -> str:
    """A new short reference such as `CC-7K2M-9QXD-4`."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_REFERENCE_LENGTH))
    shown = f"{body[:4]}-{body[4:]}-{_check_character(body)}"
    return f"CC-{shown.upper()}"


def is_reference(text: str) -> bool:
    """Whether a reference was written down without a slip; letters O, I and L are read as 0, 1 and 1."""
    plain = text.lower().replace("o", "0").replace("i", "1").replace("l", "1").replace("-", "")
    plain = plain.removeprefix("cc") if len(plain) == _REFERENCE_LENGTH + 3 else plain
    if len(plain) != _REFERENCE_LENGTH + 1 or not set(plain) <= set(_ALPHABET):
        return False
    return _check_character(plain[:-1]) == plain[-1]


def _encode(number: int, length: int) -> str:
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in range(length - 1, -1, -1))


def _check_character(body: str) -> str:
    """Weighted sum over GF(32): weights are distinct powers of a generator, so no single slip or swap cancels out."""
    total, weight = 0, 1
    for character in body:
        weight = _times_generator(weight)
        total ^= _multiply(_ALPHABET.index(character), weight)
    return _ALPHABET[total]


def _times_generator(value: int) -> int:
    """Multiply by x in GF(2)[x] / (x^5 + x^2 + 1)."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value


def _multiply(left: int, right: int) -> int:
    product = 0
    while right:
        product ^= left if right & 1 else 0
        left, right = _times_generator(left), right >> 1
    return product
