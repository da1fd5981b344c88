"""Everything that captured bytes say once their wrappings are off: a search of raw bytes passes for the wrong reason.

Takes off MIME (RFC 2045) with base64 and quoted-printable, JSON escapes, and HTML entities. Anything else, such as
PDF, zip or encryption, it does not open: a token inside one counts as not found.
"""

import json
from email import message_from_bytes
from email.policy import default
from html import unescape


def everything_said(raw: bytes) -> str:
    """The bytes as text, followed by each reading of them with a wrapping off."""
    text = raw.decode("utf-8", errors="replace")
    return "\n".join([text, unescape(text), *_json_strings(text), *_mime_parts(raw)])


def _mime_parts(raw: bytes) -> list[str]:
    email = message_from_bytes(raw, policy=default)
    if "MIME-Version" not in email:
        return []
    said = [f"{name}: {value}" for name, value in email.items()]
    for part in email.walk():
        said += [f"{name}: {value}" for name, value in part.items()]
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            said.append(everything_said(payload))
    return said


def _json_strings(text: str) -> list[str]:
    try:
        return list(_strings(json.loads(text)))
    except (ValueError, RecursionError):
        return []


def _strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for pair in value.items() for part in pair for text in _strings(part)]
        case list():
            return [text for part in value for text in _strings(part)]
        case _:
            return []
