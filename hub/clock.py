"""The clock is I/O: whoever needs the time is handed it, and whoever releases asks whether it can be trusted now.

Leases are told in wall time, and wall time jumps. An hour forward ends the lease of an attempt that is still under way;
an hour back keeps a dead worker's lease for an hour. So it is held against a clock that never jumps, the one of the
time since this machine was started, and against what others know: the database server's clock, the newest entry.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from hub.logs import event

ALLOWED: Final = timedelta(seconds=5)
"""How far two clocks may be apart, or one move at once, before it is a jump."""

LARGEST: Final = timedelta(days=1)
"""A jump beyond it is not believed for being steady: whatever ends by its date would be cancelled in the wrong year."""

_DRIFT = 0.001  # of the time since the last look: a clock that is being slewed (adjtime(3)) does not jump
_log = logging.getLogger(__name__)


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


class Watch(Protocol):
    """Something that knows whether the time it is can be relied on."""

    def is_steady(self) -> bool:
        """Whether an attempt may begin: no jump within the last lease, so that all that began before one is over."""
        ...

    def compare(self, other: datetime) -> None:
        """Hold the clock against another one, read just now, which should tell the same."""
        ...

    def hear(self, newest: datetime) -> None:
        """Take note of the newest time on record: a clock that is before it was put back, or it was ahead then."""
        ...

    def was_put_back(self) -> datetime | None:
        """The latest time that was told before the clock was put back, from when it is steady again until `settle`."""
        ...

    def settle(self) -> None:
        """What was recorded in that later time is put right."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC, to the microsecond."""
        return datetime.now(UTC)


class AlwaysSteady:
    """The watch over a clock that is moved on purpose, as in a test: what it tells is so."""

    def is_steady(self) -> bool:
        """Always."""
        return True

    def compare(self, other: datetime) -> None:
        """No other clock counts."""

    def hear(self, newest: datetime) -> None:
        """Nothing on record counts."""

    def was_put_back(self) -> None:
        """Never."""

    def settle(self) -> None:
        """There is nothing to put right."""


def since_start() -> float:
    """Seconds since this machine was started, asleep or not: no setting of the clock moves it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SystemWatch:
    """Watches the machine's clock; each question is also a look. Any number of threads may ask."""

    def __init__(self, lease: timedelta, wall: Clock | None = None, elapsed: Callable[[], float] = since_start) -> None:
        """Begin to watch. After a jump the clock is unsure for one `lease`: as long as any attempt may last."""
        self._wall, self._elapsed = wall or SystemClock(), elapsed
        self._lease = lease.total_seconds()
        self._lock = threading.Lock()
        self._seen, self._at = self._wall.now(), elapsed()
        self._jumped_at: float | None = None
        self._off = timedelta()
        self._before: datetime | None = None
        self._known = datetime.min.replace(tzinfo=UTC)

    def is_steady(self) -> bool:
        """Whether no jump was seen within the last lease, and none of more than `LARGEST` that was not taken back."""
        with self._lock:
            self._look()
            return self._jumped_at is None

    def compare(self, other: datetime) -> None:
        """Unsure for a lease from now where the other clock tells another time."""
        with self._lock:
            self._look()
            if abs(other - self._seen) > ALLOWED:
                self._doubt(other - self._seen)

    def hear(self, newest: datetime) -> None:
        """Unsure for a lease where it lies ahead of the clock, and was not heard of before."""
        with self._lock:
            self._look()
            if newest > max(self._seen + ALLOWED, self._known):
                self._put_back_from(newest)
                self._doubt(self._seen - newest)

    def was_put_back(self) -> datetime | None:
        """See `Watch`."""
        with self._lock:
            self._look()
            return self._before if self._jumped_at is None else None

    def settle(self) -> None:
        """See `Watch`."""
        with self._lock:
            self._before = None

    def _look(self) -> None:
        seen, at = self._wall.now(), self._elapsed()
        passed = at - self._at
        jump = seen - self._seen - timedelta(seconds=passed)
        if abs(jump) > ALLOWED + timedelta(seconds=passed * _DRIFT):
            self._off += jump
            if jump < timedelta():
                self._put_back_from(seen - jump)
            self._doubt(jump)
        self._seen, self._at = seen, at
        over = self._jumped_at is not None and at - self._jumped_at >= self._lease
        if over and abs(self._off) <= LARGEST:
            self._jumped_at, self._off = None, timedelta()
            event(_log, "clock_is_steady_again", logging.WARNING)

    def _put_back_from(self, time_before: datetime) -> None:
        self._before = max(self._before or time_before, time_before)
        self._known = max(self._known, time_before + ALLOWED)

    def _doubt(self, jump: timedelta) -> None:
        if self._jumped_at is None:
            event(_log, "clock_jumped", logging.ERROR, seconds=round(jump.total_seconds(), 1))
        self._jumped_at = self._elapsed()
