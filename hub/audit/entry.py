"""Audit entries: what each kind may say, and the exact bytes that go into the log.

**No personal data in an entry.** An entry can never be taken out of the log, so it must not hold what a person may
later have erased. The shapes keep that: a kind declares its fields in `KINDS` and takes no other, and a field takes
only an id, a code, a SHA-256 digest, a small whole number, true or false. Nothing with a space, a capital letter or
the length of a sentence fits. A shape cannot tell a one-word name in small letters from a code, so a code is always
one that the hub or its registers chose, never something that a person typed. What must be provable but stays outside
is bound by a `commitment`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from hub.audit.kinds import KINDS, EntryKind
from hub.audit.shape import ID, MAX_INTEGER, Fact, is_id

MAX_ENTRY_BYTES = 65_535
"""The longest entry that a C2SP entry bundle can hold."""

SYSTEM_ACTORS = frozenset({"hub", "worker", "timetable", "command"})
"""Actors that are parts of the hub itself and have no id: the house, its two helpers, and the command line."""

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class EntryError(ValueError):
    """An entry says something that it may not. The sentence names the field and the rule, never the value."""


@dataclass(frozen=True)
class Entry:
    """One act, in the words the log allows.

    kind: what happened. at: when, in UTC. actor: the prefixed id of who did it, or one of `SYSTEM_ACTORS`.
    facts: the fields that `KINDS` declares for this kind and version. Raises EntryError when any of them does not fit,
    so an entry that exists can be logged.
    """

    kind: EntryKind
    at: datetime
    actor: str
    facts: Mapping[str, Fact]
    version: int = 1

    def __post_init__(self) -> None:
        if self.at.utcoffset() != timedelta(0):
            raise EntryError("at: must be a time in UTC, with its zone")
        if self.actor not in SYSTEM_ACTORS and not is_id(self.actor):
            raise EntryError(f"actor: must be {ID.rule}, or a part of the hub")
        _check_facts(self.kind, self.version, self.facts)
        object.__setattr__(self, "facts", MappingProxyType({name: _frozen(fact) for name, fact in self.facts.items()}))


def _check_facts(kind: EntryKind, version: int, facts: Mapping[str, Fact]) -> None:
    shapes = KINDS.get((kind, version))
    if shapes is None or isinstance(version, bool):
        raise EntryError(f"version: {kind} has no such version")
    if facts.keys() - shapes.keys():
        # The stray name is not repeated: whoever put it there may have put a person's name in it.
        raise EntryError(f"facts: {kind} takes only {', '.join(sorted(shapes))}")
    for name, shape in shapes.items():
        if name not in facts and not shape.may_be_absent:
            raise EntryError(f"facts.{name}: {kind} needs it")
        if name in facts and not shape.fits(facts[name]):
            raise EntryError(f"facts.{name}: must be {shape.rule}")


def _frozen(fact: Fact) -> Fact:
    return tuple(fact) if isinstance(fact, list) else fact


def canonical_json(document: Json) -> bytes:
    """Encode a document so that the same content always has the same bytes, equal to RFC 8785 within this profile.

    The profile: objects with ASCII names, lists, any text, whole numbers between -(2^53-1) and 2^53-1, booleans, null.
    Raises EntryError outside it, above all for a float, where the standard library and RFC 8785 part.
    """
    _check_profile(document)
    try:
        return _ENCODER.encode(document).encode()
    except UnicodeEncodeError:
        raise EntryError("text: holds half of a surrogate pair, which no encoding can carry") from None


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False,
                            default=dict)  # fmt: skip


def _check_profile(document: object) -> None:
    if document is None or isinstance(document, str | bool):
        return
    if isinstance(document, int):
        if not -MAX_INTEGER <= document <= MAX_INTEGER:
            raise EntryError("number: beyond what every JSON reader keeps exactly")
    elif isinstance(document, list | tuple):
        for item in document:
            _check_profile(item)
    elif isinstance(document, Mapping):
        for name, value in document.items():
            if not isinstance(name, str) or not name.isascii():
                raise EntryError("name: every name in an object must be ASCII text")
            _check_profile(value)
    else:
        raise EntryError("value: only text, whole numbers, true, false, null, lists and objects have canonical bytes")


def canonical_bytes(entry: Entry) -> bytes:
    """The bytes that are hashed into the log: at most 65,535, and the same for equal entries."""
    facts = {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in entry.facts.items()}
    encoded = canonical_json({
        "actor": entry.actor,
        "at": entry.at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
        "facts": facts,
        "kind": entry.kind.value,
        "version": entry.version,
    })  # fmt: skip
    if len(encoded) > MAX_ENTRY_BYTES:
        raise EntryError(f"entry: longer than {MAX_ENTRY_BYTES} bytes")
    return encoded


_AT = "%Y-%m-%dT%H:%M:%S.%fZ"
_NAMES = {"actor", "at", "facts", "kind", "version"}


def parse(data: bytes) -> Entry:
    """Read an entry back from its canonical bytes; `canonical_bytes` of the result equals `data`.

    Raises EntryError for anything else: other spacing or order, a repeated name, an unknown kind or version, a value
    that does not fit.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise EntryError(f"entry: longer than {MAX_ENTRY_BYTES} bytes")
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise EntryError("entry: not JSON in UTF-8") from None
    if not isinstance(document, dict) or document.keys() != _NAMES or not isinstance(document["facts"], dict):
        raise EntryError(f"entry: must be an object of {', '.join(sorted(_NAMES))}")
    if not isinstance(document["version"], int) or not isinstance(document["actor"], str):
        raise EntryError("entry: version must be a whole number and actor an id")
    try:
        kind = EntryKind(document["kind"])
        at = datetime.strptime(document["at"], _AT).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        raise EntryError("entry: an unknown kind, or a time that is not UTC to the microsecond") from None
    entry = Entry(kind, at, document["actor"], document["facts"], document["version"])
    if canonical_bytes(entry) != data:
        raise EntryError("entry: not in canonical form")
    return entry


def commitment(salt: bytes, content: bytes) -> str:
    """Bind content that stays outside the log: HMAC-SHA-256 in hexadecimal.

    Whoever holds the salt and the content can show that they belong to the entry. Once the salt is destroyed the
    content cannot be found by guessing either, however few the possible contents are. Raises EntryError for a salt
    shorter than 32 bytes, which would make that false. HMAC: RFC 2104; SHA-256: FIPS 180-4.
    """
    if len(salt) < 32:
        raise EntryError("salt: must be 32 random bytes or more")
    return hmac.new(salt, content, hashlib.sha256).hexdigest()
