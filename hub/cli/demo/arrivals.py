"""What really came to the agencies: their own ledgers, decoded as a person or a machine there would read them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default as default_policy
from html.parser import HTMLParser

_DISCLOSURE = re.compile(r"dsc_[0-9a-z]{26}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came to one agency: which disclosure it says it is, its words, and the bytes themselves.

    `told` holds path and value of every item where the agency gets it as data; None where a person reads it.
    """

    agency: str
    disclosure: str
    words: str
    raw: bytes
    told: frozenset[tuple[str, str]] | None

    def holds(self, phrase: str) -> bool:
        """Whether the phrase stands in it, decoded or as it came, however it is spaced or cased."""
        looked_for = plain(phrase)
        return looked_for in self.words or looked_for in plain(self.raw.decode("utf-8", errors="replace"))


def plain(text: str) -> str:
    """Words alone: one blank between them, no case, no bar before the lines of a longer value."""
    return " ".join(re.sub(r"^\s*\|", " ", text, flags=re.MULTILINE).split()).casefold()


def read_event(agency: str, raw: bytes) -> Arrival:
    """What came as a CloudEvents event."""
    event = json.loads(raw)
    told = frozenset(
        (item["path"], item["value"]) for section in event["data"]["sections"] for item in section["items"]
    )
    words = plain("\n".join(_strings(event)))
    return Arrival(agency, str(event["id"]), words, raw, frozenset(entry for entry in told if entry[0]))


def read_email(agency: str, raw: bytes) -> Arrival:
    """What came as an email: headers, every part and every file name, decoded."""
    email = message_from_bytes(raw, policy=default_policy)
    pieces = [f"{name}: {value}" for name, value in email.items()]
    for part in email.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            pieces += [
                part.get_filename() or "",
                str(content, "utf-8", "replace") if isinstance(content, bytes) else "",
            ]
    return _for_people(agency, "\n".join(pieces), raw)


def read_paper(agency: str, filename: str, raw: bytes) -> Arrival:
    """What came as a page or a text document, under its file name."""
    text = raw.decode("utf-8")
    return _for_people(agency, f"{filename}\n{_words_of_page(text) if filename.endswith('.html') else text}", raw)


def _for_people(agency: str, text: str, raw: bytes) -> Arrival:
    found = set(_DISCLOSURE.findall(text))
    return Arrival(agency, found.pop() if len(found) == 1 else "", plain(text), raw, None)


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for entry in value.values():
                yield from _strings(entry)
        case list():
            for entry in value:
                yield from _strings(entry)
        case _:
            return


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def _words_of_page(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    parser.close()
    return "\n".join(parser.pieces)
