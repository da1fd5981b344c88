"""Passwords: long rather than odd, no well-known ones, kept as Argon2id (RFC 9106; ASVS 5.0 6.2, appendix C)."""

import re
import unicodedata
from functools import cache
from threading import BoundedSemaphore

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hub.access.tokens import random_bytes
from hub.errors import BadInput

SHORTEST, LONGEST = 12, 256
_MEMORY_KIB, _PASSES, _LANES = 46 * 1024, 1, 1
_AT_ONCE = BoundedSemaphore(4)
"""Each check takes 46 MiB: many at once would take the machine's memory."""

_WELL_KNOWN = frozenset(
    "password passw0rd qwerty qwertyuiop asdfghjkl zxcvbnm "  # noqa: SIM905 - one word a line would be two screens
    "letmein welcome admin administrator iloveyou sunshine "
    "princess football baseball basketball superman batman trustno "
    "monkey dragon master shadow michael jennifer jordan hunter "
    "liverpool everton arsenal chelsea manchester united london england charlie daniel thomas george jessica ashley "
    "whatever starwars pokemon computer internet samsung google facebook secret changeme default login access hello "
    "freedom flower summer winter spring autumn january february monday sunday blink test testing guest user root "
    "concordat landlord housing officer safeguarding police referral homes company temporary mypassword qazwsx abc "
    "abcdef abcdefghijkl abcdefghijklmnopqrstuvwxyz correcthorsebatterystaple".split()
)
_LOOKS_LIKE = str.maketrans({"a": "[a4@]", "e": "[e3]", "i": "[i1!]", "o": "[o0]", "s": "[s5$]", "t": "[t7]"})
_ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
)


def normal(password: str) -> str:
    """A password as it is compared: however a keyboard composes the letters (NIST SP 800-63B-4 section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check_new(password: str, name: str) -> None:
    """Raise BadInput for a password that is too short, too long, well known, or made of the sign-in name."""
    plain = normal(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise BadInput("PASSWORD_LENGTH", "password", f"must have {SHORTEST} to {LONGEST} characters",
                       "four words that do not belong together are easy to keep in mind")  # fmt: skip
    if _is_easily_guessed(plain.casefold(), normal(name).casefold()):
        raise BadInput("PASSWORD_WELL_KNOWN", "password", "is among the first that anybody would try",
                       "four words that do not belong together are easy to keep in mind")  # fmt: skip


def hash_password(password: str) -> str:
    """The PHC string to keep."""
    with _AT_ONCE:
        return _argon2(random_bytes(16)).derive_phc_encoded(normal(password).encode())


def matches(password: str, phc: str | None) -> bool:
    """Whether it is the password of that PHC string. Takes as long where there is none (no user enumeration)."""
    nobody = _nobody()
    with _AT_ONCE:
        try:
            Argon2id.verify_phc_encoded(normal(password).encode(), phc or nobody)
        except InvalidKey:
            return False
    return phc is not None


def _is_easily_guessed(plain: str, name: str) -> bool:
    # A well-known word, or the name, with digits and marks around it, or several of them in a row.
    words = sorted({*_WELL_KNOWN, *re.findall(r"\w{3,}", name)}, key=len, reverse=True)
    known = "|".join(re.escape(word).translate(_LOOKS_LIKE) for word in words)
    is_row = any(plain in row * 8 or plain in row[::-1] * 8 for row in _ROWS)
    # Taken away in one pass: matching the whole would try every way to read 7357 as digits or as "test".
    rest = re.sub(rf"{known}|[\W\d_]", "", plain)
    return len(set(plain)) < 5 or is_row or (not rest and re.search(known, plain) is not None)


@cache
def _nobody() -> str:
    return hash_password(random_bytes(16).hex())


def _argon2(salt: bytes) -> Argon2id:
    return Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
