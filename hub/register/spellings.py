"""One spelling for each way to reach a person, however it was written down: telephone, e-mail, home, anything else.

Pure. Two ways are the same where they share a spelling: of a home there are several, because a postcode or a town is
often left out. Built for the United Kingdom: national numbers are read as British ones.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum, unique

from protocols.record import Address


@unique
class Kind(StrEnum):
    """What a spelling is of."""

    PHONE = "phone"
    EMAIL = "email"
    UPRN = "uprn"
    HOME = "home"
    STREET = "street"
    STREET_ALONE = "street_alone"
    OTHER = "other"


Spelling = tuple[Kind, str]

_PHONE = re.compile(r"(?<![\d@.])(?:\+|00)?\(?\d[+\d\s().\-/]{5,60}\d(?![\d@])")
_NATIONAL = re.compile(r"0[1-9]\d{9}|(?:\+|00)44\d{10}")
_EMAIL = re.compile(r"[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+\.[^\s<>,;:\"()\[\]]+")
_POSTCODE = re.compile(r"\b([a-z]{1,2}[0-9][a-z0-9]?) ?([0-9][a-z]{2})\b")
_HOUSE = re.compile(r"\d+ ?[a-z]?\b")
_FLAT = re.compile(r"\b(?:flat|apartment|unit|room) ([a-z0-9]+)\b")
_SHORT = {
    "st": "street", "str": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane", "dr": "drive",
    "cl": "close", "ct": "court", "crt": "court", "cres": "crescent", "gdns": "gardens", "gdn": "gardens",
    "pl": "place", "sq": "square", "terr": "terrace", "ter": "terrace", "gr": "grove", "grv": "grove", "pk": "park",
    "hse": "house", "bldg": "building", "bldgs": "buildings", "apt": "apartment", "flt": "flat", "no": "",
}  # fmt: skip

_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Signs that only choose between forms of a letter; the rest that nobody sees is of the category Cf."""
_PLAIN_LETTERS = str.maketrans(
    {
        "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ɓ": "b", "ħ": "h", "ı": "i", "ƙ": "k", "ł": "l", "ŋ": "n", "ø": "o",
        "ŧ": "t", "ƴ": "y", "æ": "ae", "œ": "oe", "þ": "th",
    }
    # Apostrophes that Unicode counts as letters; the others part words by themselves.
    | dict.fromkeys("\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u02ee\ua78c", "'")
    # Letters without a shape: the fillers of Korean.
    | dict.fromkeys("\u115f\u1160", "")
)  # fmt: skip


def of_contact(value: str) -> frozenset[Spelling]:
    """The spellings of one contact, and of every number or address that stands in it."""
    found = frozenset(_within(value))
    if _POSTCODE.search(_folded(value)):
        found |= of_home(Address(lines=(value,)))
    return found or frozenset(_other(value))


def within(text: str) -> frozenset[Spelling]:
    """The telephone numbers and e-mail addresses that stand in a sentence."""
    return frozenset(_within(text))


def of_home(address: Address, *, looked_for: bool = False) -> frozenset[Spelling]:
    """The spellings of a home: as it is kept, or as it is `looked_for` among those kept.

    With a postcode on both sides, postcode and house decide. Where either lacks one, number and street do.
    """
    text = _address(" , ".join(address.lines))
    postcode = _POSTCODE.search(_folded(address.postcode or "")) or _POSTCODE.search(text)
    written = [_words(part) for part in _POSTCODE.sub(" ", text).split(",")]
    flats = {flat for line in written for flat in _FLAT.findall(line)}
    lines = [line for line in (_FLAT.sub(" ", line).strip() for line in written) if line]
    street = next((line for line in lines if any(letter.isdigit() for letter in line)), lines[0] if lines else "")
    numbers = {house.replace(" ", "") for house in _HOUSE.findall(street)}
    houses = sorted({*numbers, *flats})
    street = " ".join([*houses, *_HOUSE.sub(" ", street).split()])
    found: set[Spelling] = {(Kind.UPRN, address.uprn.lstrip("0"))} if address.uprn else set()
    if postcode is not None:
        # The flat alone does not tell one block from the next: blocks go by name where they have no number.
        found.add((Kind.HOME, f"{postcode[1]}{postcode[2]} {' '.join(houses) if numbers else street}"))
    if street and (postcode is None or not looked_for):
        found.add((Kind.STREET, street))
    if street and ((postcode is None) is not looked_for):
        found.add((Kind.STREET_ALONE, street))
    return frozenset(found)


def of_name(name: str) -> str:
    """A person's name whatever its case, accents, marks, strokes, kind of apostrophe and order of words.

    By Unicode's NFKD and case folding, then CLDR's Latin-ASCII for letters that those leave whole. What merely looks
    alike (UTS 39) stays apart: to that, l is I and rn is m, and two people would be one.
    """
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not _is_mark(letter))
    # Marks go before case does: folding turns the iota under a Greek letter into a letter.
    plain = "".join(letters).casefold().translate(_PLAIN_LETTERS)
    return " ".join(sorted("".join(letter if _is_of_word(letter) else " " for letter in plain).split()))


def of_owner(name: str) -> str:
    """As `of_name`, but less wide, for whose contact one is: there, two people who are taken for one do harm."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return " ".join(sorted(re.findall(r"\w+", plain.casefold())))


def _is_mark(letter: str) -> bool:
    """Whether it stands on a letter or about it, or is not seen at all. Vowel signs of Indian scripts are neither."""
    unseen = unicodedata.category(letter) in ("Cf", "Me") or _UNSEEN.fullmatch(letter) is not None
    return unseen or unicodedata.combining(letter) != 0


def _is_of_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


def _within(text: str) -> Iterator[Spelling]:
    folded = _folded(text)
    for found in _EMAIL.findall(folded):
        yield Kind.EMAIL, _email(found)
    for found in _PHONE.findall(_EMAIL.sub(" ", folded)):
        for number in _numbers(found):
            yield Kind.PHONE, number


def _numbers(written: str) -> Iterator[str]:
    """The whole as one number, and every British one among several that stand side by side, as two or after a date."""
    whole = _phone(written)
    if whole:
        yield whole
    parts = re.findall(r"\+?\d+", written)
    for first in range(len(parts)):
        for last in range(first, len(parts)):
            run = "".join(parts[first : last + 1])
            number = _phone(run) if _NATIONAL.fullmatch(run) else None
            if number:
                yield number


def _phone(written: str) -> str | None:
    """In the manner of E.164, without the plus; None for what is too short or long to be anybody's number."""
    digits = re.sub(r"\D", "", written)
    if written.lstrip(" (").startswith("+"):
        pass
    elif digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        digits = f"44{digits[1:]}"
    elif len(digits) == 10 and digits[0] in "12378":
        digits = f"44{digits}"
    if digits.startswith("440"):
        digits = f"44{digits[3:]}"  # +44 (0)20 ...
    return digits if 7 <= len(digits) <= 15 else None


def _email(written: str) -> str:
    """Without what a mail server may ignore: the tag after a plus, and dots where the provider drops them."""
    local, _, domain = written.strip(".'").rpartition("@")
    local = local.removeprefix("mailto:").partition("+")[0]
    domain = domain.rstrip(".")
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _other(value: str) -> Iterator[Spelling]:
    plain = re.sub(r"[\W_]", "", _folded(value))
    if plain:
        yield Kind.OTHER, plain


def _folded(text: str) -> str:
    """In small letters, with plain digits and dashes and without marks that nobody sees."""
    letters = (letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return "".join(_plain(letter) for letter in letters).casefold()


def _plain(letter: str) -> str:
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    return "-" if unicodedata.category(letter) == "Pd" else letter


def _address(text: str) -> str:
    return re.sub(r"[^\w\s,/]", "", _folded(text).replace("-", " "))


def _words(line: str) -> str:
    words = (_SHORT.get(word, word) for word in line.replace("/", " ").replace("_", " ").split())
    return " ".join(word for word in words if word)
