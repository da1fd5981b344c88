"""What a witness knows: its name and key, the logs that it looks at, and the last checkpoint it cosigned of each.

The check of a submission and the memory of it are one transaction, and it is on the disk before anything is answered:
else two submissions at once, or a cut of the power, could have it cosign two histories (C2SP tlog-witness). A witness
whose memory is lost is not started again: it would cosign anything. It is made anew under another name.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit import witness
from hub.audit.cosignatures import cosign, cosigner_line
from hub.audit.note import Checkpoint
from hub.audit.witness import Submission
from hub.clock import Clock
from hub.errors import Conflict, NotTrusted
from hub.keys import files

_KEY: Final = "key"
_MEMORY: Final = "memory.sqlite3"
_TABLES: Final = """
CREATE TABLE witness (name TEXT NOT NULL);
CREATE TABLE log (key TEXT PRIMARY KEY);
CREATE TABLE cosigned (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL);
"""
_PATIENCE_SECONDS: Final = 10.0


def make(folder: Path, name: str, logs: Sequence[str]) -> "Memory":
    """A new witness in a folder of its own. Raises Conflict where one is there, NoteError for a name or a log's key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if (folder / _MEMORY).exists() or (folder / _KEY).exists():
        raise Conflict("WITNESS_THERE", "there is a witness in this folder already; it must not be made anew")
    key = Ed25519PrivateKey.generate()
    cosigner_line(name, key.public_key())
    witness.by_origin(logs)
    files.make(folder / _KEY, key.private_bytes_raw())
    (folder / _MEMORY).touch(mode=0o600)
    with closing(sqlite3.connect(folder / _MEMORY)) as database, database:
        database.executescript(f"PRAGMA journal_mode=WAL; {_TABLES}")
        database.execute("INSERT INTO witness (name) VALUES (?)", (name,))
        database.executemany("INSERT INTO log (key) VALUES (?)", [(log,) for log in logs])
    return Memory(folder)


class Memory:
    """One witness, opened. Any number of processes may open it: each submission is dealt with alone."""

    def __init__(self, folder: Path) -> None:
        """Raises NotTrusted where key or memory is missing or can be read by others."""
        self._path = folder / _MEMORY
        self._key = Ed25519PrivateKey.from_private_bytes(files.read(folder / _KEY))
        if not self._path.exists():
            raise NotTrusted(
                "WITNESS_FORGOT", "the memory of this witness is lost; make another one under another name"
            )
        with closing(self._open()) as database:
            (self.name,) = database.execute("SELECT name FROM witness").fetchone()
            self._logs = witness.by_origin([key for (key,) in database.execute("SELECT key FROM log ORDER BY key")])

    @property
    def key(self) -> str:
        """The public key that its cosignatures verify under, as a log and its readers are given it (C2SP vkey)."""
        return cosigner_line(self.name, self._key.public_key())

    def last(self, origin: str) -> str | None:
        """The last checkpoint that it cosigned of a log, as it came; None before the first."""
        with closing(self._open()) as database:
            found = database.execute("SELECT note FROM cosigned WHERE origin = ?", (origin,)).fetchone()
        return str(found[0]) if found else None

    def cosign(self, submission: Submission, clock: Clock) -> str:
        """The line that cosigns it, kept before it is returned. Raises `hub.audit.witness.Refused`."""
        origin = witness.origin_of(submission)
        with closing(self._open()) as database, database:
            database.execute("BEGIN IMMEDIATE")  # ended with the block: kept, or undone by a refusal
            row = database.execute("SELECT size, root FROM cosigned WHERE origin = ?", (origin,)).fetchone()
            last = Checkpoint(origin, row[0], row[1]) if row else None
            asked = witness.consider(submission, self._logs, last)
            now = clock.now()
            line = cosign(asked.body, self.name, self._key, now)
            database.execute(
                "INSERT INTO cosigned (origin, size, root, note, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) "
                "DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at",
                (origin, asked.checkpoint.size, asked.checkpoint.root, submission.checkpoint,
                 now.astimezone(UTC).isoformat()),
            )  # fmt: skip
        return line

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        database.execute("PRAGMA synchronous=FULL")
        return database
