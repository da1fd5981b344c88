"""Who must have seen a checkpoint before it counts as witnessed (C2SP tlog-policy).

A file of lines: `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME any|all|K MEMBER...`, `quorum NAME`. Two of
three organisations, each with a witness or several, is one group an organisation and a group of 2 over them.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from hub.audit.cosignatures import Cosigner, cosigned_at, parse_cosigner
from hub.audit.note import parse_vkey
from hub.audit.signed_note import NoteError

_NONE = "none"


class PolicyError(ValueError):
    """A policy cannot be read. The sentence names the line and what is wrong with it."""


@dataclass(frozen=True)
class Witness:
    """One who may cosign: their name in the policy, their key, and where to submit to (none: they come for it)."""

    name: str
    cosigner: Cosigner
    url: str


@dataclass(frozen=True)
class Policy:
    """Whose cosignatures count, and which of them together are enough."""

    logs: tuple[str, ...] = ()
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = _NONE

    @property
    def asks_for_nobody(self) -> bool:
        """Whether every checkpoint counts, whoever has seen it."""
        return self.quorum == _NONE

    def is_met_by(self, names: Set[str]) -> bool:
        """Whether these witnesses together are enough."""
        return self.asks_for_nobody or self._saw(self.quorum, names)

    def seen_by(self, text: str) -> frozenset[str]:
        """The witnesses whose cosignature is on a checkpoint; a wrong one is none."""
        return frozenset(self.seen_at(text))

    def seen_at(self, text: str) -> Mapping[str, datetime]:
        """When each of them made it, by their own clocks."""
        times = {name: _signed_at(text, one.cosigner) for name, one in self.witnesses.items()}
        return {name: at for name, at in times.items() if at is not None}

    def _saw(self, name: str, names: Set[str]) -> bool:
        if name in self.witnesses:
            return name in names
        least, members = self.groups[name]
        return sum(self._saw(member, names) for member in members) >= least


def _signed_at(text: str, by: Cosigner) -> datetime | None:
    try:
        return cosigned_at(text, by)
    except NoteError:
        return None


@dataclass
class _Reading:
    """What the lines so far have said. `own` are keys of the hub itself."""

    own: Set[bytes] = frozenset()
    logs: list[str] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str | None = None
    keys: set[bytes] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def log(self, words: Sequence[str]) -> None:
        """`log KEY [URL]`."""
        key, *_ = _between(words, 1, 2)
        self._take(parse_vkey(key).key.public_bytes_raw())
        self.logs.append(key)

    def witness(self, words: Sequence[str]) -> None:
        """`witness NAME KEY [URL]`."""
        name, key, *url = _between(words, 2, 3)
        cosigner = parse_cosigner(key)
        if cosigner.key.public_bytes_raw() in self.own:
            raise PolicyError("the key is this hub's own, and nobody is their own witness")
        self._take(cosigner.key.public_bytes_raw())
        self.witnesses[self._fresh(name)] = Witness(name, cosigner, url[0] if url else "")

    def group(self, words: Sequence[str]) -> None:
        """`group NAME any|all|K MEMBER...`."""
        name, least, *members = _between(words, 3, 200)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise PolicyError("a member is not defined on a line before")
            if member in self.members:
                raise PolicyError("a member is in a group already")
            self.members.add(member)
        count = {"any": "1", "all": str(len(members))}.get(least, least)
        if not count.isascii() or not count.isdigit() or not 1 <= int(count) <= len(members):
            raise PolicyError("how many must be any, all, or a number from 1 to the number of members")
        self.groups[self._fresh(name)] = (int(count), tuple(members))

    def decide(self, words: Sequence[str]) -> None:
        """`quorum NAME`, once."""
        (name,) = _between(words, 1, 1)
        if self.quorum is not None:
            raise PolicyError("there is a quorum already")
        if name != _NONE and name not in self.witnesses and name not in self.groups:
            raise PolicyError("the quorum is not defined on a line before")
        self.quorum = name

    def _fresh(self, name: str) -> str:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise PolicyError("the name is taken")
        return name

    def _take(self, key: bytes) -> None:
        if key in self.keys:
            raise PolicyError("the key is on another line as well")
        self.keys.add(key)


def parse_policy(text: str, own: Set[bytes] = frozenset()) -> Policy:
    """Read a policy; none of the hub's `own` public keys may witness.

    Raises PolicyError naming the first line that is wrong, or that there is no quorum.
    """
    found = _Reading(own)
    known: Mapping[str, Callable[[Sequence[str]], None]] = {
        "log": found.log, "witness": found.witness, "group": found.group, "quorum": found.decide,
    }  # fmt: skip
    for number, line in enumerate(text.split("\n"), start=1):
        kind, *words = line.replace("\t", " ").strip(" ").split() or ["#"]
        if kind.startswith("#"):
            continue
        if kind not in known:
            raise PolicyError(f"line {number}: begins with none of {', '.join(known)}")
        try:
            known[kind](words)
        except (PolicyError, NoteError) as wrong:
            raise PolicyError(f"line {number}: {wrong}") from None
    if found.quorum is None:
        raise PolicyError("quorum: no line says which witnesses are enough")
    return Policy(tuple(found.logs), MappingProxyType(found.witnesses), MappingProxyType(found.groups), found.quorum)


def _between(words: Sequence[str], least: int, most: int) -> Sequence[str]:
    if not least <= len(words) <= most:
        raise PolicyError(f"takes {least} to {most} words after the first" if least < most else f"takes {least} word")
    return words
