"""Readiness: whether this hub can take a referral and make it durable now; what is wrong is told by stable codes.

The head of the log is really written, as every act needs it to be: a full disk, a lost server or a lock that nobody
lets go of shows here before it shows in a referral.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.audit import log, newest
from hub.errors import ConcordatError
from hub.flow import mail_checkpoint
from hub.flow.house import House
from hub.flow.witness import concerns
from hub.store import migrate, probe
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Reading

_PATIENCE: Final = 2.0
"""Seconds that the store may take; whoever asks is answered by then."""

_FRESH: Final = 1.0
"""Seconds for which an answer is given again, so that asking often costs no more writes."""

_CHECKPOINT_LATE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """Why nothing can be taken now (none: ready), and what is wrong though it can."""

    unready: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


def look(house: House) -> Looked:
    """Try the store, the log, the disk and the clock now. Waits as long as the store does; see `Readiness`."""
    try:
        with house.store.write(NOBODY) as tx:
            log.touch(tx)
        with house.store.read(NOBODY) as tx:
            if not migrate.is_current(house.store.engine):
                return Looked(("SCHEMA_OUTDATED",))
            log.check_head(tx)
            _compare_clocks(house, tx)
            degraded = (*_degraded(tx, house.clock.now()), *concerns(house, tx), *mail_checkpoint.concerns(house, tx))
    except ConcordatError as problem:
        return Looked((problem.code,))
    short = (("STORE_FULL", house.store.space.is_short()), ("CLOCK_UNSURE", not house.watch.is_steady()))
    return Looked(tuple(code for code, is_so in short if is_so), degraded)


def _compare_clocks(house: House, tx: Reading) -> None:
    """Tell the watch over the clock what log and database server know of the time."""
    newest_entry, server = newest.end(tx).at, probe.time_there(tx)
    if newest_entry is not None:
        house.watch.hear(newest_entry)
    if server is not None:
        house.watch.compare(server)


def _degraded(tx: Reading, now: datetime) -> tuple[str, ...]:
    standing = log.standing(tx)
    signed = standing.signed_at
    late = standing.unsigned > 0 and (signed is None or now - signed > _CHECKPOINT_LATE)
    asked = (("CHECKPOINT_LATE", late), ("COMMITS_NOT_DURABLE", not probe.commits_are_durable(tx)))
    return tuple(code for code, is_so in asked if is_so)


class Readiness:
    """The answer to whoever asks often: at most a second old, and never later than the store is given time for."""

    def __init__(
        self, house: House, *, beside: Mapping[str, Callable[[], bool]] | None = None,
        against: Mapping[str, Callable[[], bool]] | None = None,
    ) -> None:  # fmt: skip
        """Nothing is tried before somebody asks.

        By its code, what else is wrong when it says so: `beside` though the hub can go on, `against` so that it is not
        ready. They must answer at once.
        """
        self._house, self._beside, self._against = house, dict(beside or {}), dict(against or {})
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "readiness")
        self._trying: Future[Looked] | None = None
        self._began = 0.0

    def now(self) -> Looked:
        """How it is, or `STORE_SLOW` while the store does not answer; one try at a time, whoever asks."""
        found = self._tried()
        beside = tuple(code for code, is_so in self._beside.items() if is_so())
        against = tuple(code for code, is_so in self._against.items() if is_so())
        return Looked((*found.unready, *against), (*found.degraded, *beside))

    def _tried(self) -> Looked:
        with self._lock:
            age = time.monotonic() - self._began
            if self._trying is None or (self._trying.done() and age > _FRESH):
                self._trying, self._began, age = self._thread.submit(look, self._house), time.monotonic(), 0.0
            trying = self._trying
        try:
            problem = trying.exception(max(0.0, _PATIENCE - age))
        except NotYet:
            return Looked(("STORE_SLOW",))
        # A fault of ours: nobody should rely on what cannot even be looked at.
        return trying.result() if problem is None else Looked(("HUB_FAULT",))
