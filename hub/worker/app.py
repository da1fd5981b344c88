"""Celery, set so that losing any message costs time and never a referral: messages are hints, the outbox is the truth.

Messages hold ids only. There is no result back-end, no event stream, no remote control, no countdown in a broker.
"""

from collections.abc import Callable

from celery import Celery

from hub.flow.house import House
from hub.worker.tasks import CHECKPOINT, MAIL, RETAIN, SWEEP, bind

_LOOKS_BETWEEN_SWEEPS = 5
"""Each courier looks for what is due by itself; a sweep is for what comes by the clock: lapses, notices, overdue."""
_CHECKPOINT_SECONDS = 5.0
_RETAIN_SECONDS = 3_600.0  # the timetable keeps nothing on disk: a day would never pass where it is restarted daily
_MAIL_SECONDS = 300.0  # how often it is asked whether a week has passed


def make_celery(
    house: House, broker_url: str, sweep_seconds: float, *, queue_name: str, wake: Callable[[], None]
) -> Celery:  # fmt: skip
    """The Celery app of one hub, its tasks bound to this house; `queue_name` is no other hub's.

    `wake` has the courier of this process look; a process that only says hints has none, and nothing to wake.
    """
    sweeps = sweep_seconds * _LOOKS_BETWEEN_SWEEPS
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
            "sweep": {"task": SWEEP, "schedule": sweeps, "options": {"expires": sweeps * 5}},
            "checkpoint": {
                "task": CHECKPOINT, "schedule": _CHECKPOINT_SECONDS, "options": {"expires": _CHECKPOINT_SECONDS},
            },
            "retain": {"task": RETAIN, "schedule": _RETAIN_SECONDS, "options": {"expires": _RETAIN_SECONDS}},
            "mail": {"task": MAIL, "schedule": _MAIL_SECONDS, "options": {"expires": _MAIL_SECONDS}},
        },
    )  # fmt: skip
    if broker_url.startswith("amqp"):
        app.conf.update(task_default_queue_type="quorum", worker_detect_quorum_queues=True)
    bind(app, house, wake)
    return app


def _transport_options(broker_url: str) -> dict[str, object]:
    if broker_url.startswith("memory"):
        return {"polling_interval": 0.5}  # the timetable alone speaks through it: whoever accepts wakes the courier
    return {"confirm_publish": True, "max_retries": 1, "interval_start": 0, "socket_timeout": 5.0}
