"""The tasks: a hint takes an id and wakes the courier of its process; the others call the sweeps of the timetable."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from celery import Celery

from hub.errors import ConcordatError
from hub.flow.attach import sweep_unfinished
from hub.flow.checkpoint import checkpoint
from hub.flow.find_again import enter_missing
from hub.flow.follow import look as follow_up
from hub.flow.house import House
from hub.flow.lapse import lapse
from hub.flow.mail_checkpoint import mail_checkpoint
from hub.flow.overdue import raise_overdue
from hub.flow.recall import recall
from hub.flow.retain import run
from hub.flow.witness import ask, reconcile
from hub.logs import event

DELIVER: Final = "concordat.deliver"
SWEEP: Final = "concordat.sweep"
CHECKPOINT: Final = "concordat.checkpoint"
RETAIN: Final = "concordat.retain"
MAIL: Final = "concordat.mail"

_ENTERED_A_SWEEP: Final = 200
"""Cases of before that a sweep enters in the index of persons; there are none once a hub has caught up."""

_log = logging.getLogger(__name__)


def bind(app: Celery, house: House, wake: Callable[[], None]) -> None:
    """Give an app the tasks of this house, and of no other; `wake` has the courier of this process look."""
    sweeping, witnessed = threading.Lock(), _Witnessed(house)

    def look(disclosure_id: str) -> None:  # noqa: ARG001 - what a hint is about is for whoever traces it
        # The outbox says what is due, and in which order: a hint about one row must not put it before the others.
        wake()

    def sweep() -> None:
        # One sweep at a time in a process: the others would only look at the same rows.
        if not sweeping.acquire(blocking=False):
            return
        try:
            wake()
            lapse(house)
            follow_up(house)
            recall(house)
            raise_overdue(house)
            enter_missing(house, _ENTERED_A_SWEEP)
        finally:
            sweeping.release()

    def sign_checkpoint() -> None:
        checkpoint(house)
        witnessed.begin()

    def retain() -> None:
        sweep_unfinished(house)
        done = run(house, dry_run=False)
        if done.gone:
            event(_log, "retention_run", count=len(done.gone))

    def mail() -> None:
        mail_checkpoint(house)

    # Not shared: a shared task would also be given to every other app of the process, bound to the wrong house.
    app.task(look, name=DELIVER, shared=False)
    app.task(sweep, name=SWEEP, shared=False)
    app.task(sign_checkpoint, name=CHECKPOINT, shared=False)
    app.task(retain, name=RETAIN, shared=False)
    app.task(mail, name=MAIL, shared=False)


class _Witnessed:
    """Has the newest checkpoint witnessed beside the timetable: a witness that is slow keeps no sweep waiting."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._busy = threading.Lock()

    def begin(self) -> None:
        """Begin, unless the last time is not over yet."""
        if self._busy.acquire(blocking=False):
            threading.Thread(target=self._ask, name="witness", daemon=True).start()

    def _ask(self) -> None:
        try:
            ask(self._house)
            reconcile(self._house)
        except ConcordatError as problem:
            event(_log, "witnesses_not_asked", logging.WARNING, code=problem.code)
        finally:
            self._busy.release()
