"""What a claim costs as the queue grows: the whole first transaction, with so many rows behind the one it takes.

The rows behind are due, ready and nobody's, of one partner and each of its own case: what makes looking for the first
one hardest. They are rows of the queue alone, and are never taken.
"""

import secrets
import sqlite3
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import make_url, text

from bench.officers import one_recipient
from bench.stage import Stage, kinds, stage
from hub.bootstrap import Hub
from hub.flow import enrol
from hub.flow.claim import claim
from hub.flow.refer import refer
from hub.ids import Prefix, new_id

_CLAIMS = 20
_COLUMNS = "landlord, disclosure_id, case_id, agency, lane, ready, due_at, attempts, fence"


@dataclass(frozen=True, slots=True)
class Grown:
    """Median milliseconds of a claim, by how many rows wait."""

    claims: dict[int, float]

    @property
    def ratio(self) -> float:
        """The longest queue to the shortest."""
        return self.claims[max(self.claims)] / self.claims[min(self.claims)]


def run(sizes: tuple[int, ...], postgres: str | None) -> dict[str, Grown]:
    """By store."""
    return {kind: _measured(kind, sizes, postgres) for kind in kinds(postgres)}


def _measured(kind: str, sizes: tuple[int, ...], postgres: str | None) -> Grown:
    with stage(kind, postgres) as ours:
        there, claims = 0, {}
        for size in sizes:
            _lengthen(ours, size - there)
            there = size
            hub = ours.open()
            claims[size] = _median(hub, ours)
            hub.house.store.close()
        return Grown(claims)


def _median(hub: Hub, ours: Stage) -> float:
    """Milliseconds of one claim of one row that is due before all others."""
    actor = enrol.who_is(hub.house, ours.token)
    times = []
    for _ in range(_CLAIMS + 1):
        accepted = refer(hub.house, actor, one_recipient(ours.agencies[0]), new_id(Prefix.REFERRAL))
        _first(ours, accepted.ready[0])
        began = time.perf_counter()
        claimed = claim(hub.house, "bench", 1)
        times.append((time.perf_counter() - began) * 1_000)
        if [intent.row.id for intent in claimed.intents] != list(accepted.ready):
            raise RuntimeError("another row was claimed; the measurement would be of something else")
        _done(ours, accepted.ready[0])
    return statistics.median(times[1:])


def _first(ours: Stage, disclosure: str) -> None:
    _tell(ours, "UPDATE outbox SET due_at = 0 WHERE disclosure_id = :id", disclosure)


def _done(ours: Stage, disclosure: str) -> None:
    """As if it had gone: its slot at the partner is free for the next."""
    _tell(ours, "UPDATE outbox SET ready = false, lease_until = NULL WHERE disclosure_id = :id", disclosure)


def _tell(ours: Stage, statement: str, disclosure: str) -> None:
    engine = ours.engine()
    with engine.begin() as connection:
        connection.execute(text(statement), {"id": disclosure})
    engine.dispose()


def _lengthen(ours: Stage, count: int) -> None:
    """Add rows to the queue, without the disclosures that they are about."""
    now = int(time.time() * 1_000_000)
    if ours.kind == "sqlite":
        file = sqlite3.connect(str(make_url(ours.settings.database).database))
        with file:
            file.executemany(
                f"INSERT INTO outbox ({_COLUMNS}) VALUES ('LMH', ?, ?, ?, 2, 1, ?, 0, 0)",  # noqa: S608 - constants
                _rows(ours.agencies[0], now, count),
            )
            file.execute("ANALYZE")
        file.close()
        return
    engine = ours.engine()
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # the disclosures are not there
        connection.execute(
            text(f"INSERT INTO outbox ({_COLUMNS}) SELECT 'LMH', 'dsc_' || substr(md5(:salt || n), 1, 26), "  # noqa: S608
                 "'cas_' || substr(md5(:salt || -n), 1, 26), :agency, 2, true, :now - n, 0, 0 "
                 "FROM generate_series(1, :count) n"),
            {"salt": secrets.token_hex(4), "agency": ours.agencies[0], "now": now, "count": count},
        )  # fmt: skip
        connection.execute(text("ANALYZE outbox"))
    engine.dispose()


def _rows(agency: str, now: int, count: int) -> Iterator[tuple[str, str, str, int]]:
    for number in range(count):
        yield f"dsc_{secrets.token_hex(13)}", f"cas_{secrets.token_hex(13)}", agency, now - number
