"""Signed notes (C2SP signed-note): a text, a blank line, and lines that say who signed it under which key.

A key is known by its name and the four bytes that tell which key of that name it is. What a signature covers besides
the text depends on the kind of key: the log's own covers the text alone, a cosignature the time as well.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
"""A whole number in its one spelling."""

LOG_KEY: Final = 0x01
"""Ed25519 over the text alone: the log's own signature."""

_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")
_MAX_SIGNATURES = 64


class NoteError(ValueError):
    """A checkpoint, key or proof file is malformed, or not signed by the key at hand."""


@dataclass(frozen=True)
class Signature:
    """One line below a note: whose key, which of that name, and the signature's bytes."""

    name: str
    key_id: bytes
    value: bytes


def key_line(name: str, kind: int, public: bytes) -> str:
    """A public key as one line that a person can pass on (C2SP vkey). Raises NoteError for a name that cannot sign."""
    encoded = bytes([kind]) + public
    return f"{name}+{key_id(name, kind, public).hex()}+{to_base64(encoded)}"


def read_key_line(text: str) -> tuple[str, bytes, int, bytes]:
    """Name, id, kind and bytes of a public key. Raises NoteError unless its id is that of its name and bytes."""
    # The base64 may hold a plus of its own, so only the first two divide.
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteError("key: must be name, id and key with a plus between them")
    name, told, encoded = parts[0], parts[1], from_base64(parts[2], "key")
    if len(encoded) < 2 or key_id(name, encoded[0], encoded[1:]).hex() != told:
        raise NoteError("key: its id does not belong to its name and bytes")
    return name, bytes.fromhex(told), encoded[0], encoded[1:]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that tell keys of one name apart. Raises NoteError for a name that cannot stand in a line."""
    if not name or not name.isprintable() or any(mark.isspace() or mark == "+" for mark in name):
        raise NoteError("key name: must be printable, without spaces or plus signs")
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def signature_line(name: str, of_key: bytes, value: bytes) -> str:
    """One line below a note, with its end."""
    return f"— {name} {to_base64(of_key + value)}\n"


def divide(text: str) -> tuple[str, tuple[Signature, ...]]:
    """Split a note into the text that is signed, with its last line end, and who signed. Raises NoteError."""
    body, blank, tail = text.rpartition("\n\n")
    if not blank or any(mark < " " and mark != "\n" for mark in text):
        raise NoteError("checkpoint: must be text, a blank line, and signature lines")
    return body + "\n", read_signatures(tail)


def read_signatures(tail: str) -> tuple[Signature, ...]:
    """The lines below a note. Raises NoteError where one is malformed, or there are more than 64."""
    if not tail.endswith("\n"):
        raise NoteError("checkpoint: must be text, a blank line, and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise NoteError(f"checkpoint: more than {_MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise NoteError("checkpoint: a signature line is malformed")
        value = from_base64(match[2], "checkpoint")
        signatures.append(Signature(match[1], value[:4], value[4:]))
    return tuple(signatures)


def to_base64(data: bytes) -> str:
    """RFC 4648, section 4."""
    return base64.b64encode(data).decode()


def from_base64(text: str, where: str) -> bytes:
    """The bytes; NoteError, naming `where`, for every spelling but the canonical one."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{where}: not base64") from None
    # Base64 can be written with stray bits at its end; one content must have one spelling.
    if to_base64(data) != text:
        raise NoteError(f"{where}: not base64 in its canonical form")
    return data
