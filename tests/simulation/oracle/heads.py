"""Rules of the log itself: it grew commit by commit, its head is that of its entries, and so is each signed one."""

import base64
import hashlib
from collections.abc import Iterator, Sequence

from cryptography.exceptions import InvalidSignature

from tests.simulation.evidence import Evidence


def grew(e: Evidence) -> Iterator[str]:
    """The log grew commit by commit, and its head is that of these very entries."""
    sizes = [commit.leaves for commit in e.commits]
    if sizes != sorted(sizes) or (sizes and sizes[-1] != len(e.raw)):
        yield "the log shrank, or grew outside a commit"
    hashes, place, expected = _hashes(e), 0, []
    for level in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> level & 1:
            expected.append((level, _root(hashes[place : place + (1 << level)]).hex()))
            place += 1 << level
    if tuple(expected) != e.frontier:
        yield "the head of the log is not that of its entries"


def signed(e: Evidence) -> Iterator[str]:
    """A signed head never goes back behind what was durable when it was asked for, never runs ahead, never forks."""
    hashes = _hashes(e)
    for each in e.answers.signed:
        body, _, signatures = each.text.partition("\n\n")
        signature, *_others = signatures.splitlines()
        _, size, root = body.split("\n")
        try:
            e.log_key.verify(base64.b64decode(signature.split(" ")[2])[4:], f"{body}\n".encode())
        except InvalidSignature:
            yield f"a checkpoint of {size} entries is not signed by the log's key"
        if not each.asked_at <= int(size) <= each.given_at:
            yield f"a checkpoint has {size} entries, and the log had {each.asked_at} to {each.given_at}"
        elif base64.b64decode(root) != _root(hashes[: int(size)]):
            yield f"a checkpoint of {size} entries is not of this log"


def _hashes(e: Evidence) -> list[bytes]:
    return [hashlib.sha256(b"\x00" + each).digest() for each in e.raw]


def _root(hashes: Sequence[bytes]) -> bytes:
    """The root of RFC 9162 section 2.1.1."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(hashes[:half]) + _root(hashes[half:])).digest()
