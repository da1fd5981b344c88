"""The courier: claims in batches, sends with hands of its own, settles in batches. One in each process that delivers.

One thread alone asks the database, so that what many senders bring back is settled in one commit, and as many rows as
there are free hands are claimed in one. Senders hold no transaction: one that hangs costs a hand, and some hands are
kept for danger. A hint wakes it, and so does its own look at the queue; a hint that is lost costs one such look.
"""

import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from hub.delivery.doors import Attempted, AttemptOutcome
from hub.errors import Unavailable
from hub.flow.claim import Claimed, claim
from hub.flow.deliver import send
from hub.flow.house import House
from hub.flow.release import Intent
from hub.flow.settle import leave_to_a_person, settle
from hub.logs import event
from hub.worker.names import worker_name

_BATCH = 8
_KEPT_FOR_DANGER = 4
_PAUSE_SECONDS = 1.0
_BEATEN_SECONDS = 0.05
_STOP_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Courier:
    """Delivers what is due until it is stopped, with at most `hands` attempts under way."""

    def __init__(self, house: House, hands: int, look_seconds: float) -> None:
        """Start it; `look_seconds` is how often it looks for what no hint announced."""
        self._house, self._hands, self._look_seconds = house, hands, look_seconds
        self._kept_for_danger = max(1, hands // _KEPT_FOR_DANGER) if hands > 1 else 0
        self._ended: deque[tuple[Intent, Attempted]] = deque()
        self._under_way = 0
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._senders = ThreadPoolExecutor(hands, thread_name_prefix="sender")
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now. Returns at once and never raises."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing more, let what is under way end and be settled, for a minute at the most."""
        self._stopping.set()
        self.wake()
        self._thread.join(timeout=_STOP_SECONDS)
        self._senders.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._under_way == 0):
            try:
                settled, claimed = self._settle(), self._claim()
            except Unavailable:
                time.sleep(_PAUSE_SECONDS)  # nothing was lost: it goes on when the store is back, also while it stops
                continue
            except BaseException as problem:  # noqa: BLE001 - an entrance; without a next look nothing would leave again
                event(_log, "courier_failed", logging.ERROR, code=type(problem).__name__)
                time.sleep(_PAUSE_SECONDS)
                continue
            if not settled and not claimed.dealt:
                self._woken.wait(_BEATEN_SECONDS if claimed.beaten else self._look_seconds)
                self._woken.clear()

    def _settle(self) -> int:
        ended = list(self._ended)[:_BATCH]
        if ended:
            self._settle_together(ended)
        return len(ended)

    def _settle_together(self, ended: list[tuple[Intent, Attempted]]) -> None:
        try:
            settle(self._house, ended)
        except Unavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - an entrance; the others that ended must be settled
            if len(ended) > 1:  # one of them spoils it for all
                for one in ended:
                    self._settle_together([one])
                return
            event(_log, "not_settled", logging.ERROR, disclosure=ended[0][0].row.id, code=type(problem).__name__)
            self._give_up(*ended[0])
        for _ in ended:
            self._ended.popleft()
            self._under_way -= 1

    def _give_up(self, intent: Intent, answer: Attempted) -> None:
        """Its lease would lapse and it be sent again, and again not be settled: for ever."""
        try:
            leave_to_a_person(self._house, intent, answer)
        except Unavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - an entrance; the others that ended must be settled
            event(_log, "not_left_to_a_person", logging.ERROR, disclosure=intent.row.id, code=type(problem).__name__)

    def _claim(self) -> Claimed:
        free = self._hands - self._under_way
        if free <= 0 or self._stopping.is_set():
            return Claimed()
        usual = max(0, free - self._kept_for_danger)
        claimed = claim(self._house, worker_name(), min(free, _BATCH), usual=usual)
        for intent in claimed.intents:
            self._under_way += 1
            self._senders.submit(self._send, intent)
        return claimed

    def _send(self, intent: Intent) -> None:
        try:
            ended = send(self._house, intent)
        except BaseException as problem:  # noqa: BLE001 - an entrance; an attempt without an end would keep its hand
            event(_log, "sender_failed", logging.ERROR, disclosure=intent.row.id, code=type(problem).__name__)
            ended = Attempted(AttemptOutcome.UNSURE)
        self._ended.append((intent, ended))
        self.wake()
