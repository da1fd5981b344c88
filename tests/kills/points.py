"""The crash points: named moments of the hub's work at which a test may kill it, or a server that it relies on.

Nothing of this is in the product. Each point is found from outside, at seams that stay where they are however the
journeys are cut: a transaction is named by what it puts into the audit log, a sending by the one door out, a hint and
the end of a task by Celery's own functions.
"""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final

from celery import Celery
from celery.worker.request import Request

from hub.audit import log, numbering
from hub.audit.kinds import EntryKind
from hub.delivery.doors import Doors
from hub.store.unit_of_work import Store, Writing
from hub.worker.tasks import DELIVER

_OF_API: Final = ("refer", "withdraw", "collect")
_OF_WORKER: Final = ("claim", "settle", "checkpoint")
API_POINTS: Final = (*(f"{step}.{when}_commit" for step in _OF_API for when in ("before", "after")),
                     "hint.before", "hint.after")  # fmt: skip
WORKER_POINTS: Final = (
    *(f"{step}.{when}_commit" for step in _OF_WORKER for when in ("before", "after")), "checkpoint.signed",
    "send.before", "send.after", "ack.before", "ack.after", "number.before", "number.after",
)  # fmt: skip
POINTS: Final = {
    "embedded": tuple(point for point in (*API_POINTS, *WORKER_POINTS) if not point.startswith("hint")),
    "scaled_out": (*API_POINTS, *WORKER_POINTS),
}  # fmt: skip
"""Where a kill may be asked for. `claim` logs an intent in a worker, `collect` for a partner who fetches. In the
embedded hub nobody says hints: whoever accepts wakes whoever delivers. `number` is where entries get their numbers: in
the embedded hub right before the commit that several acts share, else by whoever signs."""

_NAMED_BY: Final = {
    EntryKind.REFERRAL_ACCEPTED: "refer", EntryKind.CONSENT_WITHDRAWN: "withdraw", EntryKind.RELEASE_SETTLED: "settle",
}  # fmt: skip


class Trap:
    """One kill that is asked for: at the n-th time that a point is reached, of whom, by which signal."""

    def __init__(self, name: str, report: int) -> None:
        """Armed for nothing; `report` is a file descriptor that is told before a kill that `name` gets there."""
        self._name, self._report = name, report
        self._lock = threading.Lock()
        self._point: str | None = None
        self._left, self._victim, self._signal = 0, 0, int(signal.SIGKILL)

    def arm(self, point: str, nth: int, victim: int, by: int) -> None:
        """Kill this process, 0 being the trap's own, at the n-th time from now that the point is reached.

        By SIGKILL a server dies with all its children, as in a power cut.
        """
        with self._lock:
            self._point, self._left, self._victim, self._signal = point, nth, victim, by

    def reached(self, point: str) -> None:
        """The hub is at a point."""
        with self._lock:
            if point != self._point:
                return
            self._left -= 1
            if self._left > 0:
                return
            self._point = None
            os.write(self._report, f"{json.dumps({'hit': point, 'name': self._name})}\n".encode())
            if self._victim and self._signal == signal.SIGKILL:
                _kill_tree(self._victim)
            else:
                os.kill(self._victim or os.getpid(), self._signal)


def _kill_tree(server: int) -> None:
    os.kill(server, signal.SIGSTOP)  # so that it starts nothing more, and no number of a child of it goes to a stranger
    for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    os.kill(server, signal.SIGKILL)


def lay(trap: Trap) -> None:
    """Wrap the functions of this process at which the points are."""
    _note_what_is_logged(trap)
    Store.write = _write(trap)  # type: ignore[method-assign]
    Doors.send = _around(Doors.send, trap, "send")  # type: ignore[method-assign]
    Celery.send_task = _around(Celery.send_task, trap, "hint", lambda _app, name, *_, **__: name == DELIVER)
    Request.acknowledge = _around(Request.acknowledge, trap, "ack", lambda request: not request.acknowledged)


def _note_what_is_logged(trap: Trap) -> None:
    append, sign, sign_checkpoint = log.append, log.sign, log.sign_checkpoint

    @wraps(append)
    def noting(tx: Writing, entries: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the log takes
        vars(tx).setdefault("noted", []).extend(entries)
        return append(tx, entries, *more, **named)

    @wraps(sign)
    def signing(tx: Writing, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - the same
        vars(tx)["signed"] = True
        return sign(tx, *more, **named)

    @wraps(sign_checkpoint)
    def signed(*given: Any) -> str:  # noqa: ANN401 - the same
        text = sign_checkpoint(*given)
        trap.reached("checkpoint.signed")
        return text

    log.append, log.sign, log.sign_checkpoint = noting, signing, signed  # type: ignore[assignment]
    numbering._number = _around(numbering._number, trap, "number", lambda _connection, rows: bool(rows))


def _write(trap: Trap) -> Callable[..., Any]:
    write = Store.write

    @contextmanager
    def watched(store: Store, *scope: Any, **named: Any) -> Iterator[Writing]:  # noqa: ANN401 - whatever the store takes
        with write(store, *scope, **named) as tx:
            yield tx
            steps = _steps(tx)
            for step in steps:
                trap.reached(f"{step}.before_commit")
        for step in steps:
            trap.reached(f"{step}.after_commit")

    return watched


def _steps(tx: Writing) -> set[str]:
    """What a transaction was, told by what it logged."""
    noted = vars(tx).get("noted", [])
    found = {_NAMED_BY[entry.kind] for entry in noted if entry.kind in _NAMED_BY}
    found |= {
        "claim" if entry.actor == "worker" else "collect" for entry in noted if entry.kind is EntryKind.RELEASE_INTENDED
    }
    return found | ({"checkpoint"} if vars(tx).get("signed") else set())


def _around(
    function: Callable[..., Any], trap: Trap, name: str, counts: Callable[..., bool] = lambda *_, **__: True
) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the wrapped function takes
        if not counts(*given, **named):
            return function(*given, **named)
        trap.reached(f"{name}.before")
        answer = function(*given, **named)
        trap.reached(f"{name}.after")
        return answer

    return wrapped
