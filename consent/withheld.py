"""What did not go, and why: the other half of every disclosure, kept for the officer, the authoriser and the audit."""

from dataclasses import dataclass

from protocols.vocabulary import DataCategory


@dataclass(frozen=True, slots=True)
class Withheld:
    """One item, or one passage of a text, that the recipient does not get.

    `path`, `title` and `of` are the item's own, `category` the kind of data that decided it (None where none did),
    `code` stable and in capitals, `cites` the provisions, `says` one plain sentence. It never holds the words withheld.
    """

    path: str
    title: str
    of: str
    category: DataCategory | None
    code: str
    cites: tuple[str, ...]
    says: str
