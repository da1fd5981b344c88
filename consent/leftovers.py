"""The last look over every text that goes: names and whereabouts that stay must not stand in it word for word.

A net under the categories, not in their place: it finds what is spelt as in the record, nothing else.
"""

import re
from collections.abc import Iterable, Iterator

from protocols.record import Item, Person, Record

SHORTEST = 2
"""Letters or digits a phrase must have to be looked for: one letter stands in too many texts."""


class Leftovers:
    """Names, numbers and protected addresses in a record that this disclosure does not carry."""

    def __init__(self, record: Record, going: Iterable[Item]) -> None:
        """Look for what `record` holds of each person and the items in `going` do not send."""
        sent = {(item.about, item.path.partition(".")[2]) for item in going}
        known: set[str] = set()
        phrases: dict[str, str] = {}
        for person in record.people:
            for field, value in _findable(person):
                if (person.id, field) in sent:
                    known.add(value.casefold())
                elif sum(map(str.isalnum, value)) >= SHORTEST:
                    phrases[value.casefold()] = value
        # Two people may share a name or a number: what goes for one of them is no secret in a text.
        hidden = [phrases[folded] for folded in sorted(phrases, key=len, reverse=True) if folded not in known]
        self._pattern = re.compile("|".join(map(_as_pattern, hidden)), re.IGNORECASE) if hidden else None

    def cut(self, text: str, mark: str) -> tuple[str, bool]:
        """The text with each of them replaced by `mark`, and whether there was any."""
        if self._pattern is None:
            return text, False
        cut, count = self._pattern.subn(lambda _: mark, text)
        return cut, count > 0


def _findable(person: Person) -> Iterator[tuple[str, str]]:
    if person.name:
        yield "name", person.name
    for contact in person.contacts:
        yield "contacts", contact.value
    if person.address and person.address.protected:
        yield "protected_address", person.address.lines[0]
        if person.address.postcode:
            yield "protected_address", person.address.postcode


def _as_pattern(phrase: str) -> str:
    """The phrase as whole words, however it is spaced: a postcode or number is often written without its blanks."""
    words = r"\s*".join(map(re.escape, phrase.split()))
    return rf"(?<!\w){words}(?!\w)"
