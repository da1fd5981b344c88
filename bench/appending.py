"""What the log costs: durable entries by callers at once, and proofs, against the plain store and against pymerkle.

The plain store is the database's own driver on the same disk: one row of the same bytes, one commit. Ours is what every
act does: a transaction of the hub, the entry canonical, in the tree (on PostgreSQL: in the inbox), durable when the
caller is told. A full record is that of a disclosure: its content sealed under a new key of its own person, the salted
commitment to it, and the entry that holds that.
"""

import json
import secrets
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from pymerkle import InmemoryTree  # type: ignore[import-untyped]
from sqlalchemy import make_url

from bench.pairing import Pair
from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry, canonical_bytes
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.flow.checkpoint import checkpoint
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.store import content
from hub.store.scope import NOBODY
from tests.hubs import LMH, open_test_hub
from tests.servers import as_owner, fresh_database

AT_ONCE, ALONE, FULL = 10.0, 0.8, 4.0
"""Aims: entries by 64 callers, by one, and full records by 64, to one row a commit by one caller."""
PROOFS = 3.0
"""Aim: inclusion proofs among as many entries as `AMONG`, to pymerkle's in memory."""
AMONG = 100_000

_CALLERS = 64
_CONTENT = json.dumps({"narrative": "x" * 900}).encode()


@dataclass(frozen=True, slots=True)
class Appended:
    """Entries a second, ours to the plain store's, round by round; milliseconds of one append by the log's length."""

    at_once: Pair
    alone: Pair
    full: Pair
    growth: dict[int, float]

    @property
    def grows(self) -> float:
        """The longest log's append to the shortest's."""
        return self.growth[max(self.growth)] / self.growth[min(self.growth)]


def run(rounds: int, each: int, sizes: tuple[int, ...], postgres: str | None) -> dict[str, Appended]:
    """By database."""
    found = {}
    for database, hub, plain in _places(postgres):
        at_once, alone, full, other = _no_rates(), _no_rates(), _no_rates(), _no_rates()
        for number in range(rounds + 1):
            rates = (_rate(hub, _CALLERS, each * 8, _bare), _rate(hub, 1, each, _bare),
                     _rate(hub, _CALLERS, each * 2, _record), plain(each))  # fmt: skip
            if number:  # the first one warms up
                for kept, rate in zip((at_once, alone, full, other), rates, strict=True):
                    kept.append(rate)
        paired = {
            name: Pair(tuple(ours), tuple(other))
            for name, ours in (("at_once", at_once), ("alone", alone), ("full", full))
        }
        found[database] = Appended(**paired, growth=_growth(hub, sizes, each))
    return found


def proofs(rounds: int, entries: int) -> Pair:
    """Inclusion proofs a second from a log in a store that is at work, to pymerkle's tree in memory."""
    leaves = [secrets.token_bytes(64) for _ in range(entries)]
    peer = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        peer.append_entry(leaf)
    ours, other = [], []
    with _embedded() as (_, hub, _plain):
        _lengthen(hub, entries)
        checkpoint(hub.house)
        numbers = [secrets.randbelow(entries) for _ in range(2_000)]
        for number in range(rounds + 1):
            with hub.house.store.read(NOBODY) as tx:
                mine = _times(lambda n, tx=tx: log.inclusion(tx, n, entries), numbers)  # type: ignore[misc]
            yours = _times(lambda n: peer.prove_inclusion(n + 1, entries), numbers)
            if number:
                ours.append(mine)
                other.append(yours)
    return Pair(tuple(ours), tuple(other))


def _no_rates() -> list[float]:
    return []


def _times(act: Callable[[int], object], numbers: list[int]) -> float:
    began = time.perf_counter()
    for number in numbers:
        act(number)
    return len(numbers) / (time.perf_counter() - began)


def _rate(hub: Hub, callers: int, entries: int, act: Callable[[Hub, Iterator[int]], None]) -> float:
    """Entries a second by callers who each wait for their own."""
    numbers = count(secrets.randbelow(2**20) * 2**20)

    def call() -> None:
        for _ in range(entries // callers):
            act(hub, numbers)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return entries // callers * callers / (time.perf_counter() - began)


def _bare(hub: Hub, _numbers: Iterator[int]) -> None:
    with hub.house.store.write(NOBODY) as tx:
        log.append(tx, [_entry(hub)])


def _record(hub: Hub, numbers: Iterator[int]) -> None:
    now, owner = hub.house.clock.now(), new_id(Prefix.DISCLOSURE)
    person = f"p{next(numbers) % 10**6}"
    with hub.house.store.write(LMH) as tx:
        case_id = referrals.open_case(tx, "LMH", person, now)
        content.keep(tx, case_id, owner, "disclosure", {person: _CONTENT}, now)
        bound = commit(tx, case_id, owner, person, _CONTENT, now)
        log.append(tx, [Entry(EntryKind.DISCLOSURE_QUEUED, now, "hub", {
            "disclosure": owner, "decision": new_id(Prefix.DECISION), "agency": "agy_police",
            "content_commitment": bound,
        })])  # fmt: skip


def _entry(hub: Hub) -> Entry:
    return Entry(EntryKind.HUB_STARTED, hub.house.clock.now(), "hub", {
        "release": "v1", "mode": "embedded", "size": 0, "rules": "ab" * 32,
    })  # fmt: skip


def _growth(hub: Hub, sizes: tuple[int, ...], each: int) -> dict[int, float]:
    """Milliseconds of one durable append, by how long the log is. On SQLite it gets its number by the same commit."""
    found = {}
    for size in sizes:
        with hub.house.store.write(NOBODY) as tx:
            there = log.gather(tx)
        _lengthen(hub, size - there)
        times = []
        for _ in range(each):
            began = time.perf_counter()
            with hub.house.store.write(NOBODY) as tx:
                log.append(tx, [_entry(hub)])
            times.append((time.perf_counter() - began) * 1_000)
        found[size] = statistics.median(times)
    return found


def _lengthen(hub: Hub, by: int) -> None:
    while by > 0:
        some = min(by, 20_000)
        with hub.house.store.write(NOBODY) as tx:
            log.append(tx, [_entry(hub)] * some)
            log.gather(tx)
        by -= some


_Place = tuple[str, Hub, Callable[[int], float]]


def _places(postgres: str | None) -> Iterator[_Place]:
    """A hub on each database, and how fast the database itself takes rows one by one."""
    with _embedded() as place:
        yield place
    if postgres is not None:
        with ExitStack() as ending:
            url = ending.enter_context(fresh_database(postgres))
            folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
            hub = open_test_hub(folder / "data", url)
            ending.callback(hub.house.store.close)
            leaf = canonical_bytes(_entry(hub))
            yield "postgresql", hub, lambda each: _plain_postgres(as_owner(url), leaf, each)


@contextmanager
def _embedded() -> Iterator[_Place]:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "data" / "concordat.sqlite3"
        hub = open_test_hub(Path(folder) / "data", f"sqlite:///{database}")
        leaf = canonical_bytes(_entry(hub))
        yield "sqlite", hub, lambda each: _plain_sqlite(Path(folder) / "plain.sqlite3", leaf, each)
        hub.house.store.close()


def _plain_sqlite(path: Path, leaf: bytes, each: int) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=FULL")
        file.execute("CREATE TABLE IF NOT EXISTS plain (number INTEGER PRIMARY KEY, leaf BLOB)")
        began = time.perf_counter()
        for _ in range(each):
            file.execute("BEGIN IMMEDIATE")
            file.execute("INSERT INTO plain (leaf) VALUES (?)", (leaf,))
            file.execute("COMMIT")
        return each / (time.perf_counter() - began)


def _plain_postgres(url: str, leaf: bytes, each: int) -> float:
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as server:
        server.execute("CREATE TABLE IF NOT EXISTS plain (number BIGSERIAL PRIMARY KEY, leaf BYTEA)")
        server.commit()
        began = time.perf_counter()
        for _ in range(each):
            server.execute("INSERT INTO plain (leaf) VALUES (%s)", (leaf,))
            server.commit()
        return each / (time.perf_counter() - began)
