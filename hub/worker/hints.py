"""Hints: wake-up messages, said by a thread of their own, so that no request ever waits for a broker.

A hint that is not said costs at most one sweep.
"""

import logging
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress

from celery import Celery
from kombu.exceptions import OperationalError

from hub.logs import event
from hub.worker.tasks import DELIVER

_log = logging.getLogger(__name__)
_MOST_WAITING = 10_000
_STOP_SECONDS = 5


class Hints:
    """Says hints in the background, and forgets them when the broker cannot be reached."""

    def __init__(self, app: Celery) -> None:
        """Start the thread."""
        self._app = app
        self._waiting: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._given_up = False
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def wake(self, disclosure_ids: Sequence[str]) -> None:
        """Have a worker look at these disclosures soon. Returns at once and never raises."""
        for disclosure_id in disclosure_ids:
            try:
                self._waiting.put_nowait(disclosure_id)
            except queue.Full:
                event(_log, "hint_not_said", logging.WARNING, disclosure=disclosure_id)
                return

    def stop(self) -> None:
        """Say what is waiting, for a few seconds at the most, and end the thread."""
        with suppress(queue.Full):  # so many wait only where nobody hears them: given up below
            self._waiting.put_nowait(None)
        self._thread.join(timeout=_STOP_SECONDS)
        self._given_up = True

    def _run(self) -> None:
        while (disclosure_id := self._waiting.get()) is not None and not self._given_up:
            try:
                self._app.send_task(DELIVER, args=[disclosure_id], ignore_result=True, retry=False)
            except (OperationalError, OSError):
                event(_log, "hint_not_said", logging.WARNING, disclosure=disclosure_id)
