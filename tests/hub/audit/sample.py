"""A log of fictional acts, signed, as the files of an export."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.entry import Entry, canonical_bytes
from hub.audit.kinds import EntryKind
from hub.audit.note import Checkpoint, checkpoint_text, parse_vkey, sign_checkpoint, vkey
from hub.audit.shape import Fact
from hub.audit.tiles import bundles, hash_tiles
from hub.audit.tree import leaf_hash, root_of

ORIGIN = "hub.landlord.example/audit"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
VKEY = vkey(ORIGIN, KEY.public_key())
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

Files = dict[str, bytes]


def an_id(prefix: str, number: int = 0) -> str:
    return f"{prefix}_{number:026}"


def an_entry(number: int = 0) -> Entry:
    facts: dict[str, Fact] = {
        "disclosure": an_id("dsc", number),
        "attempt": 1,
        "rung": "receipted",
        "outcome": "accepted",
    }
    return Entry(EntryKind.RELEASE_SETTLED, START + timedelta(seconds=number), "worker", facts)


def entries(count: int) -> list[bytes]:
    return [canonical_bytes(an_entry(number)) for number in range(count)]


def checkpoint_of(logged: Sequence[bytes], key: Ed25519PrivateKey = KEY) -> str:
    root = root_of(map(leaf_hash, logged))
    return sign_checkpoint(Checkpoint(ORIGIN, len(logged), root), ORIGIN, key)


def signed_for_another_log() -> str:
    """A checkpoint that names another log, wrongly signed by this log's key under its own name."""
    text = checkpoint_text(Checkpoint("another.example/audit", 1, bytes(32)))
    signature = base64.b64encode(parse_vkey(VKEY).key_id + KEY.sign(text.encode())).decode()
    return f"{text}\n— {ORIGIN} {signature}\n"


def spelt_otherwise(note: str) -> str:
    """The same note, its last signature's base64 ending in bits that decode to nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert note.endswith("=\n")
    return note[:-3] + alphabet[alphabet.index(note[-3]) + 1] + "=\n"


def export(logged: Sequence[bytes], *, with_hashes: bool = True) -> Files:
    files = {"checkpoint": checkpoint_of(logged).encode(), **dict(bundles(logged))}
    return files | dict(hash_tiles(map(leaf_hash, logged))) if with_hashes else files


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
