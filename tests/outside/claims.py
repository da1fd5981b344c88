"""What somebody is told of a log: an entry, that it is in there, and that the log grew from an earlier one."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hub.audit.signed_note import divide


@dataclass(frozen=True)
class Claim:
    """One entry with its proof under a checkpoint, and the proof that an older checkpoint is of the same log."""

    key: str
    note: str
    leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    older: str
    consistency: tuple[bytes, ...]

    def head(self, *, older: bool = False) -> tuple[int, bytes]:
        """Size and root as a checkpoint says them, whoever signed it."""
        lines = (self.older if older else self.note).split("\n")
        return int(lines[1]), base64.b64decode(lines[2])


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _rooted(note: str) -> str:
    body, _ = divide(note)
    lines = body.split("\n")
    return note.replace(lines[2], base64.b64encode(flipped(base64.b64decode(lines[2]))).decode())


def _sized(note: str) -> str:
    origin, size, rest = note.split("\n", 2)
    return f"{origin}\n{int(size) + 1}\n{rest}"


def _signed(note: str) -> str:
    """The log's own line, one bit of its signature changed."""
    head, line, rest = note.partition("\n\n")[0], *note.partition("\n\n")[2].split("\n", 1)
    dash, name, encoded = line.split(" ")
    raw = base64.b64decode(encoded)
    return f"{head}\n\n{dash} {name} {base64.b64encode(raw[:-1] + flipped(raw[-1:])).decode()}\n{rest}"


TAMPERINGS: Mapping[str, Callable[[Claim], Claim]] = {
    "leaf": lambda claim: replace(claim, leaf=claim.leaf + b" "),
    "index": lambda claim: replace(claim, index=claim.index ^ 1),
    "proof": lambda claim: replace(claim, proof=(flipped(claim.proof[0]), *claim.proof[1:])),
    "root": lambda claim: replace(claim, note=_rooted(claim.note)),
    "size": lambda claim: replace(claim, note=_sized(claim.note)),
    "signature": lambda claim: replace(claim, note=_signed(claim.note)),
    "old root": lambda claim: replace(claim, older=_rooted(claim.older)),
}
"""One change at a time, by what is changed."""
