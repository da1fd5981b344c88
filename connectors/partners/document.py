"""A disclosure for a person: a plain text document that reads the same on paper, on screen and down the telephone."""

import re
from collections.abc import Iterator

from connectors.contract import Message
from connectors.partners.header import filename, header, subject, title
from connectors.partners.sections import Line, Profile, ToldSection, arrange, told_paths
from protocols.disclosure import Disclosure

MEDIA_TYPE = "text/plain; charset=utf-8"

_HIDES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def document(profile: Profile, disclosure: Disclosure) -> Message:
    """The disclosure as text: header, notices, then the agency's sections, numbered."""
    told = arrange(profile, disclosure)
    lines = [f"CONFIDENTIAL: {title(profile.title, disclosure)}", ""]
    for entry in header(disclosure):
        lines += _entry(entry.title, "\n".join(entry.values) or "none")
    if not disclosure.is_bare_notice:
        lines += [""] + [f"NOTE: {notice}" for notice in profile.notices]
    for number, section in enumerate(told, start=1):
        lines += ["", f"{number}. {section.heading.upper()}", *_section(section)]
    lines += ["", "END OF DISCLOSURE", ""]
    return Message(
        disclosure_id=disclosure.id,
        reference=disclosure.reference,
        media_type=MEDIA_TYPE,
        filename=filename(disclosure, "txt"),
        subject=subject(disclosure),
        body="\n".join(lines).encode("utf-8"),
        paths=told_paths(told),
    )


def _section(section: ToldSection) -> Iterator[str]:
    which = ""
    for line in section.lines:
        if line.of and line.of != which:
            yield f"   ({line.of})"
        which = line.of
        yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    yield from ("   " + text for text in _entry(line.title.capitalize(), line.value))


def _entry(title: str, value: str) -> list[str]:
    """One value; of several lines, each is set behind a bar, so that no value can pass for a heading of ours."""
    values = printable(value).splitlines() or [""]
    return [f"{title}: {values[0]}"] if len(values) == 1 else [f"{title}:", *(f"   | {text}" for text in values)]


def printable(value: str) -> str:
    """The value with control characters and direction overrides made visible: they could hide or reorder words."""
    return _HIDES.sub("\N{REPLACEMENT CHARACTER}", value)
