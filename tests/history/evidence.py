"""What the history checker reads: the hub's export, its openings, the partners' ledgers, the clients' own record.

Standard library and cryptography alone: nothing here may believe the program that it judges. A folder of evidence holds

    export.zip               what `concordat export` wrote (C2SP tlog-tiles under a signed checkpoint)
    openings.jsonl           what `concordat export --openings` wrote: disclosure, attempt, salt
    partners/<agency>/about.json     {"notices_copies": ...}: whether a second delivery does no harm there
    partners/<agency>/ledger.jsonl   one line for each arrival: at, disclosure, sha256, answered (taken, copy or busy)
    partners/<agency>/bodies/<sha256>  the bytes themselves
    clients/*.jsonl          what the API answered 2xx for: act (accepted, withdrawn), at, and what it was about
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Facts = dict[str, Any]


class Untrusted(Exception):
    """The export is not what the log's key signed, so nothing can be concluded from it."""


@dataclass(frozen=True)
class Entry:
    """One entry of the log and its place in it."""

    number: int
    kind: str
    at: datetime
    facts: Facts

    def of(self, name: str) -> object:
        """A fact, None where the entry has none of that name."""
        return self.facts.get(name)


@dataclass(frozen=True)
class Arrival:
    """One time that bytes reached a partner, as its own ledger has it."""

    agency: str
    disclosure: str
    at: datetime
    digest: str
    body: bytes
    answered: str


@dataclass(frozen=True)
class Partner:
    """One partner's ledger, in the order written."""

    agency: str
    notices_copies: bool
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True)
class Evidence:
    """Everything there is to judge by."""

    entries: tuple[Entry, ...]
    salts: dict[tuple[str, int], bytes]
    partners: tuple[Partner, ...]
    answered: tuple[Facts, ...]


def read_evidence(folder: Path, log_key: str) -> Evidence:
    """Read a folder of evidence. Raises Untrusted where the export does not lead to a checkpoint of this key."""
    openings = [json.loads(line) for line in _lines(folder / "openings.jsonl")]
    clients = (json.loads(line) for path in sorted((folder / "clients").glob("*.jsonl")) for line in _lines(path))
    return Evidence(
        tuple(_entries(folder / "export.zip", log_key)),
        {(line["disclosure"], line["attempt"]): bytes.fromhex(line["salt"]) for line in openings},
        tuple(_partner(path.parent) for path in sorted((folder / "partners").glob("*/about.json"))),
        tuple(clients),
    )


def moment(text: str) -> datetime:
    """A time as logs and ledgers write it, in UTC."""
    return datetime.fromisoformat(text)


def _lines(path: Path) -> list[str]:
    # A line without its end was being written when somebody was killed: it was never said.
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def _partner(folder: Path) -> Partner:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    arrivals = []
    for line in map(json.loads, _lines(folder / "ledger.jsonl")):
        body = (folder / "bodies" / line["sha256"]).read_bytes()
        if hashlib.sha256(body).hexdigest() != line["sha256"]:
            raise Untrusted(f"{folder.name}: the ledger of this partner does not fit its own bytes")
        arrivals.append(Arrival(
            folder.name, line["disclosure"], moment(line["at"]), line["sha256"], body, line["answered"]
        ))  # fmt: skip
    return Partner(folder.name, bool(about["notices_copies"]), tuple(arrivals))


def _entries(path: Path, log_key: str) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as bundle:
        origin, size, root = _signed(bundle.read("checkpoint").decode(), log_key)
        leaves = list(_leaves(bundle, size))
    if _root([hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]) != root:
        raise Untrusted(f"{origin}: the entries do not lead to the signed root")
    for number, leaf in enumerate(leaves):
        said = json.loads(leaf)
        yield Entry(number, said["kind"], moment(said["at"]), said["facts"])


def _leaves(bundle: zipfile.ZipFile, size: int) -> Iterator[bytes]:
    """The entries in order: 256 to a file, the last one with as many as are left (C2SP tlog-tiles)."""
    for tile in range(-(-size // 256)):
        groups = [f"{tile // 1000**place % 1000:03}" for place in range(3) if place == 0 or tile >= 1000**place]
        name = "/".join([*(f"x{group}" for group in groups[:0:-1]), groups[0]])
        width = min(256, size - tile * 256)
        rest = bundle.read(f"tile/entries/{name}" + (f".p/{width}" if width < 256 else ""))
        for _ in range(width):
            end = 2 + int.from_bytes(rest[:2], "big")
            yield rest[2:end]
            rest = rest[end:]
        if rest:
            raise Untrusted("a bundle of entries holds more than its checkpoint counts")


def _root(hashes: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, by joining neighbours; an odd last one is carried up."""
    while len(hashes) > 1:
        joined = [
            hashlib.sha256(b"\1" + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=False)
        ]
        hashes = joined + hashes[len(joined) * 2 :]
    return hashes[0] if hashes else hashlib.sha256(b"").digest()


def _signed(checkpoint: str, log_key: str) -> tuple[str, int, bytes]:
    """Origin, size and root that the key signed (C2SP signed-note)."""
    name, key_id, encoded = log_key.split("+", 2)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
    body, _, notes = checkpoint.rpartition("\n\n")
    origin, size, root = f"{body}\n".split("\n")[:3]
    for note in notes.splitlines():
        _dash, signer, signature = note.split(" ")
        given = base64.b64decode(signature)
        if (signer, given[:4].hex()) == (name, key_id) and origin == name:
            try:
                key.verify(given[4:], f"{body}\n".encode())
            except InvalidSignature:
                raise Untrusted("the checkpoint's signature is wrong") from None
            return origin, int(size), base64.b64decode(root)
    raise Untrusted("the checkpoint is not signed by this key")
