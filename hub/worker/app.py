"""Celery, set so that losing any message costs time and never a referral: messages are hints, the outbox is the truth.

Messages hold ids only. There is no result back-end, no event stream, no remote control, no countdown in a broker.
"""

import logging
import socket
import threading
from typing import Final

from celery import Celery

from hub.flow.checkpoint import checkpoint
from hub.flow.deliver import deliver, deliver_due
from hub.flow.house import House
from hub.flow.recall import recall
from hub.logs import event

DELIVER: Final = "concordat.deliver"
SWEEP: Final = "concordat.sweep"
CHECKPOINT: Final = "concordat.checkpoint"

_CHECKPOINT_SECONDS = 5.0
_ROWS_PER_SWEEP = 100
_log = logging.getLogger(__name__)


def make_celery(house: House, broker_url: str, sweep_seconds: float, *, queue_name: str) -> Celery:
    """The Celery app of one hub, its three tasks bound to this house; `queue_name` is no other hub's."""
    app = Celery("concordat", broker=broker_url, backend=None, set_as_current=False)
    app.conf.update(
        task_default_queue=queue_name,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_send_sent_event=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=2,
        broker_transport_options=_transport_options(broker_url),
        beat_schedule={
            "sweep": {"task": SWEEP, "schedule": sweep_seconds, "options": {"expires": sweep_seconds * 5}},
            "checkpoint": {
                "task": CHECKPOINT, "schedule": _CHECKPOINT_SECONDS, "options": {"expires": _CHECKPOINT_SECONDS},
            },
        },
    )  # fmt: skip
    if broker_url.startswith("amqp"):
        app.conf.update(task_default_queue_type="quorum", worker_detect_quorum_queues=True)
    _bind(app, house)
    return app


def _bind(app: Celery, house: House) -> None:
    sweeping = threading.Lock()

    def deliver_one(disclosure_id: str) -> None:
        deliver(house, worker_name(), disclosure_id)

    def sweep() -> None:
        # One sweep at a time in a process: the others would only look at the same rows.
        if not sweeping.acquire(blocking=False):
            return
        try:
            recall(house)
            dealt_with = deliver_due(house, worker_name(), _ROWS_PER_SWEEP)
        finally:
            sweeping.release()
        if dealt_with:
            event(_log, "sweep_found_due", count=dealt_with)

    def sign_checkpoint() -> None:
        checkpoint(house)

    # Not shared: a shared task would also be given to every other app of the process, bound to the wrong house.
    app.task(deliver_one, name=DELIVER, shared=False)
    app.task(sweep, name=SWEEP, shared=False)
    app.task(sign_checkpoint, name=CHECKPOINT, shared=False)


def worker_name() -> str:
    """Who holds a lease: this machine and thread."""
    return f"{socket.gethostname()[:40]}:{threading.get_ident()}"


def _transport_options(broker_url: str) -> dict[str, object]:
    if broker_url.startswith("memory"):
        return {"polling_interval": 0.02}
    return {"confirm_publish": True, "max_retries": 1, "interval_start": 0, "socket_timeout": 5.0}
