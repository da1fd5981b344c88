"""The last look over every text that goes: names and whereabouts that stay must not stand in it word for word.

A net under the categories, not in their place: it finds what is spelt as in the record, nothing else.
"""

import re
from collections.abc import Iterable, Iterator

from protocols.record import Address, Item, Person, PersonRole, Record

SHORTEST = 2
"""Letters or digits a phrase must have to be looked for: one letter stands in too many texts."""

TELLING = 5
"""Letters or digits of a statement worth looking for: shorter ones ("yes", "flu") stand in any text."""

_TITLES = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "dame", "lord", "lady", "pc", "sgt", "the", "of", "and"
})  # fmt: skip
_ACCUSED = frozenset({PersonRole.ALLEGED_PERPETRATOR, PersonRole.PROVEN_PERPETRATOR})


class Leftovers:
    """Names, numbers, whereabouts and statements in a record that this disclosure does not carry."""

    def __init__(self, record: Record, going: Iterable[Item], unsafe: frozenset[tuple[str, str]] = frozenset()) -> None:
        """Look for what `record` holds of each person and the items in `going` do not send, `unsafe` contacts among it.

        `unsafe` is (person, words of a contact) that does not go though the person's other contacts do.
        """
        sent = {(item.about, item.path.partition(".")[2]) for item in going}
        self._accused = {person.id for person in record.people if person.role in _ACCUSED}
        self._everybody = _pattern(record, sent, unsafe, spared=frozenset())
        self._but_the_accused = _pattern(record, sent, unsafe, spared=frozenset(self._accused))

    def cut(self, item: Item, text: str, mark: str) -> tuple[str, bool]:
        """The text of `item` with each of them replaced by `mark`, and whether there was any.

        A safe-contact instruction keeps the name of the accused where it says who must never know: without it, it
        would be no instruction. The accused's own instruction keeps nobody's.
        """
        instructs = item.path.endswith(".safe_contact") and item.about not in self._accused
        pattern = self._but_the_accused if instructs else self._everybody
        if pattern is None:
            return text, False
        cut, count = pattern.subn(lambda _: mark, text)
        return cut, count > 0


def _pattern(
    record: Record, sent: set[tuple[str | None, str]], unsafe: frozenset[tuple[str, str]], spared: frozenset[str]
) -> re.Pattern[str] | None:
    known: set[str] = set()
    hidden: dict[str, str] = {}
    for person in record.people:
        for field, value, pattern in _findable(person):
            if (person.id, field) in sent and (person.id, value) not in unsafe:
                known.add(value.casefold())
            elif not (field == "name" and person.id in spared) and sum(map(str.isalnum, value)) >= SHORTEST:
                hidden[value.casefold()] = pattern
    # Two people may share a name or a number: what goes for one of them is no secret in a text.
    patterns = [hidden[folded] for folded in sorted(hidden, key=len, reverse=True) if folded not in known]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def _findable(person: Person) -> Iterator[tuple[str, str, str]]:
    """Each as the field it belongs to, its words, and how it looks in a text."""
    if person.name:
        yield "name", person.name, _phrase(person.name)
        for part in person.name.split():
            if part.casefold().strip(".") not in _TITLES:
                yield "name", part, _name_part(part)
    for contact in person.contacts:
        yield "contacts", contact.value, _number(contact.value) or _phrase(contact.value)
    yield from ((field, value, _phrase(value)) for field, value in _telling(person))


def _telling(person: Person) -> Iterator[tuple[str, str]]:
    """What else finds a person or tells of them, as it was written down."""
    if person.address:
        field = "protected_address" if person.address.protected else "address"
        yield from ((field, line) for line in _telling_lines(person.address))
    lines = {"school": person.school, "tenancy_reference": person.tenancy_reference, "vehicle": person.vehicle}
    yield from ((field, line) for field, line in lines.items() if line)
    for statement in person.statements:
        if sum(map(str.isalnum, statement.value)) >= TELLING:
            yield statement.category.value, statement.value


def _telling_lines(address: Address) -> Iterator[str]:
    """Every line of a protected address, the town among them; of any other those that find one home."""
    for line in address.lines:
        if address.protected or any(letter.isdigit() for letter in line):
            yield line
    if address.postcode:
        yield address.postcode
    if address.uprn and address.protected:
        yield address.uprn


def _phrase(phrase: str) -> str:
    """The phrase as whole words, however it is spaced: a postcode is often written without its blank."""
    words = r"\s*".join(map(re.escape, phrase.split()))
    return rf"(?<!\w){words}(?!\w)"


def _name_part(part: str) -> str:
    """One part of a name, only where it is written as a name: "May" and "MAY", never "may"."""
    written = "|".join(sorted({re.escape(part), re.escape(part.capitalize()), re.escape(part.upper())}))
    return rf"(?<!\w)(?-i:{written})(?!\w)"


def _number(value: str) -> str | None:
    """A telephone number however it is grouped, with or without +44; None for anything else."""
    digits = re.sub(r"[\s().+-]", "", value)
    if not digits.isdigit() or len(digits) < len("07700900"):
        return None
    digits = f"0{digits[2:]}" if digits.startswith("44") else digits
    between = r"[\s().-]*"
    first = rf"(?:0|\+?44{between}0?)" if digits.startswith("0") else digits[0]
    return rf"(?<!\w){between.join([first, *digits[1:]])}(?!\w)"
