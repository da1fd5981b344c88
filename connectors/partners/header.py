"""What stands at the head of every disclosure: our reference, why it may be told, and how it is to be handled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from protocols.disclosure import Disclosure, Notice


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A name for machines, a name for people, and one or more values."""

    name: str
    title: str
    values: tuple[str, ...]


TITLES: Mapping[Notice, str] = MappingProxyType({
    "withdrawn": "Stop using what we told you before", "corrected": "Correction of what we told you before",
})  # fmt: skip
"""What a bare notice is headed by, in place of the agency's own title."""

_SAYS: Mapping[Notice, str] = MappingProxyType({
    "withdrawn": "The person has withdrawn the consent on which we told you this. Stop using it and pass it on to "
    "nobody, unless you hold it on a lawful ground of your own. Tell us which you did.",
    "corrected": "Something in it was wrong or incomplete. Do not rely on it: ask us before you use it, and tell "
    "those to whom you passed it on.",
})  # fmt: skip
_REPLACES = "Something in it was wrong or incomplete. Put this in its place, and tell those to whom you passed it on."


def says(disclosure: Disclosure) -> str:
    """What a notice asks of its reader, in one or two sentences; empty where it is none."""
    if disclosure.notice == "corrected" and disclosure.items:
        return _REPLACES
    return _SAYS.get(disclosure.notice, "")


def title(own: str, disclosure: Disclosure) -> str:
    """The agency's own title, or what a bare notice is headed by."""
    return TITLES[disclosure.notice] if disclosure.is_bare_notice else own


def header(disclosure: Disclosure) -> tuple[HeaderLine, ...]:
    """The header in the order in which a reader needs it. Nothing in it comes from the record."""
    return (
        HeaderLine("reference", "Our reference", (disclosure.reference,)),
        *_of_notice(disclosure),
        HeaderLine("urgency", "Urgency", ("URGENT" if disclosure.urgent else "routine",)),
        HeaderLine("controller", "From", (disclosure.controller,)),
        HeaderLine("agency", "For", (disclosure.agency,)),
        HeaderLine("purpose", "Purpose", (disclosure.purpose.value.replace("_", " "),)),
        HeaderLine("basis", "Shared under", tuple(basis.citation for basis in disclosure.basis)),
        HeaderLine("agreement", "Agreement", (disclosure.agreement or "none: a one-off disclosure",)),
        HeaderLine("handling", "Handling", disclosure.handling),
        HeaderLine("reply_to", "Reply to", (disclosure.reply_to,)),
        HeaderLine("decided_at", "Decided", (moment(disclosure.decided_at),)),
        HeaderLine("valid_until", "Valid until", (moment(disclosure.valid_until),)),
        HeaderLine("disclosure", "Disclosure", (disclosure.id,)),
        *((HeaderLine("about", "Earlier disclosure", (disclosure.about.id,)),) if disclosure.about else ()),
    )


def _of_notice(disclosure: Disclosure) -> tuple[HeaderLine, ...]:
    if disclosure.about is None:
        return ()
    return (
        HeaderLine("about_reference", "About what came under", (disclosure.about.reference,)),
        HeaderLine("notice", "What to do with it", (says(disclosure),)),
    )


def moment(at: datetime) -> str:
    """A time as people read it, in UTC and in no locale."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def filename(disclosure: Disclosure, extension: str) -> str:
    """Reference and disclosure id, in letters that every file system takes; nothing of the record."""
    safe = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in disclosure.reference)
    return f"{safe}_{disclosure.id}.{extension}"


def subject(disclosure: Disclosure) -> str:
    """A subject line that names the reference alone, on one line whatever the reference holds."""
    return f"Disclosure {' '.join(disclosure.reference.split())}"
