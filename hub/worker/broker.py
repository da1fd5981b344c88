"""Whether the broker answers: asked in the background, so that whoever wants to know never waits for it."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from celery import Celery

_FRESH: Final = 10.0
_PATIENCE: Final = 2.0


class BrokerProbe:
    """Knows what it found last, and looks again when that is old."""

    def __init__(self, app: Celery) -> None:
        """Nothing is asked before somebody wants to know."""
        self._app = app
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "broker-probe")
        self._asking: Future[None] | None = None
        self._asked = 0.0
        self._away = False

    def is_away(self) -> bool:
        """Whether it did not answer when it was asked last; a broker not asked yet is there."""
        with self._lock:
            if self._asking is not None and self._asking.done():
                self._away = self._asking.exception() is not None
            if self._asking is None or (self._asking.done() and time.monotonic() - self._asked > _FRESH):
                self._asking, self._asked = self._thread.submit(ask, self._app), time.monotonic()
            return self._away

    def is_away_now(self) -> bool:
        """Whether it does not answer, asked now; waits for seconds at the most."""
        return self._thread.submit(ask, self._app).exception() is not None


def ask(app: Celery) -> None:
    """Connect to the broker and let go again; raises what its transport raises where it does not answer in time."""
    with app.connection_for_read(connect_timeout=_PATIENCE) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=_PATIENCE)
