"""A disclosure for a machine: a CloudEvents 1.0 event in structured JSON mode (CloudEvents JSON format 1.0.2, 3.1)."""

import json
from datetime import UTC

from connectors.contract import Message
from connectors.partners.header import filename, says, subject, title
from connectors.partners.sections import Profile, ToldSection, arrange, told_paths
from protocols.disclosure import Disclosure

TYPE = "uk.concordat.disclosure.v1"
NOTICE_TYPE = "uk.concordat.notice.v1"
"""The type of a bare notice: it says what to do with an earlier disclosure, and nothing about anybody."""

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"


def event(profile: Profile, disclosure: Disclosure) -> Message:
    """The disclosure as one event: `data.header`, then `data.sections` under the agency's own headings."""
    told = arrange(profile, disclosure)
    envelope = {
        "specversion": "1.0",
        "type": NOTICE_TYPE if disclosure.is_bare_notice else TYPE,
        "id": disclosure.id,
        "source": _source(disclosure.controller),
        "subject": disclosure.reference,
        "time": disclosure.decided_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "title": title(profile.title, disclosure),
            "notices": [] if disclosure.is_bare_notice else list(profile.notices),
            "header": _header(disclosure) | _notice(disclosure),
            "sections": [_section(section) for section in told],
        },
    }
    return Message(
        disclosure_id=disclosure.id,
        reference=disclosure.reference,
        media_type=MEDIA_TYPE,
        filename=filename(disclosure, "json"),
        subject=subject(disclosure),
        body=json.dumps(envelope, ensure_ascii=False, indent=1).encode("utf-8"),
        paths=told_paths(told),
    )


def _source(controller: str) -> str:
    """A URN (RFC 8141) for the sender: letters, digits and hyphens of its code."""
    code = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in controller.lower())
    return f"urn:concordat:controller:{code}"


def _header(disclosure: Disclosure) -> dict[str, object]:
    return {
        "reference": disclosure.reference,
        "disclosure": disclosure.id,
        "controller": disclosure.controller,
        "agency": disclosure.agency,
        "recipient": disclosure.recipient.value,
        "purpose": disclosure.purpose.value,
        "urgent": disclosure.urgent,
        "basis": [{"code": basis.value, "citation": basis.citation} for basis in disclosure.basis],
        "agreement": disclosure.agreement,
        "handling": list(disclosure.handling),
        "reply_to": disclosure.reply_to,
        "decided_at": disclosure.decided_at.astimezone(UTC).isoformat(),
        "valid_until": disclosure.valid_until.astimezone(UTC).isoformat(),
    }


def _notice(disclosure: Disclosure) -> dict[str, object]:
    if disclosure.about is None:
        return {}
    about = {"disclosure": disclosure.about.id, "reference": disclosure.about.reference}
    return {"notice": disclosure.notice, "about": about, "what_to_do": says(disclosure)}


def _section(section: ToldSection) -> dict[str, object]:
    items = [{"path": line.path, "title": line.title, "of": line.of, "value": line.value} for line in section.lines]
    return {"heading": section.heading, "items": items}
