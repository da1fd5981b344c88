"""Running who hears hints and the timetable: as processes of their own, or as threads inside the embedded hub."""

import threading

from celery import Celery
from celery.app.trace import setup_worker_optimizations
from celery.beat import Scheduler, Service
from celery.worker import WorkController

_NAME = "embedded"
_STOP_SECONDS = 30
_THREADS = 5  # sweep, checkpoint, retention and mail, and a hint between them: none may wait for another


class EmbeddedTimetable:
    """The timetable and who works it off, as threads of this process over the in-memory transport."""

    def __init__(self, app: Celery) -> None:
        """Start both."""
        # As Celery's own worker command does it: pool threads find the tasks of this app, and of no other.
        setup_worker_optimizations(app, _NAME)
        self._worker = WorkController(
            app=app, pool_cls="threads", concurrency=_THREADS, hostname=_NAME, without_mingle=True,
            without_gossip=True, without_heartbeat=True,
        )  # fmt: skip
        self._timetable = Service(app, scheduler_cls=Scheduler, max_interval=1)
        self._threads = [
            threading.Thread(target=self._worker.start, name="worker", daemon=True),
            threading.Thread(target=self._timetable.start, args=(True,), name="timetable", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is at work, and end."""
        self._timetable.stop()
        self._worker.stop()
        for thread in self._threads:
            thread.join(timeout=_STOP_SECONDS)


def run_worker(app: Celery) -> None:
    """Hear hints and the timetable's messages until told to stop; SIGTERM finishes what is at work."""
    app.worker_main([
        "worker", "--pool", "threads", "--concurrency", str(_THREADS), "--loglevel", "WARNING",
        "--without-mingle", "--without-gossip", "--without-heartbeat",
    ])  # fmt: skip


def run_timetable(app: Celery) -> None:
    """Be the timetable process until told to stop. It keeps nothing on disk: every entry is an interval."""
    Service(app, scheduler_cls=Scheduler, max_interval=1).start()
