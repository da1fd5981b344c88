"""What stands at the head of every disclosure: our reference, why it may be told, and how it is to be handled."""

from dataclasses import dataclass
from datetime import UTC, datetime

from protocols.disclosure import Disclosure


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A name for machines, a name for people, and one or more values."""

    name: str
    title: str
    values: tuple[str, ...]


def header(disclosure: Disclosure) -> tuple[HeaderLine, ...]:
    """The header in the order in which a reader needs it. Nothing in it comes from the record."""
    return (
        HeaderLine("reference", "Our reference", (disclosure.reference,)),
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
