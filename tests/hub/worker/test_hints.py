"""Hints: a request never waits for a broker, and never fails because of one."""

import logging
import socket
import threading

import pytest
from celery import Celery

from hub.bootstrap import Hub
from hub.worker.app import make_celery
from hub.worker.hints import Hints
from hub.worker.tasks import DELIVER
from tests.hub.worker.test_celery import messages
from tests.journeys.waiting import until
from tests.servers import RABBITMQ_URL, fresh_queue

NOBODY = "amqp://guest:guest@127.0.0.1:1//"
IDS = ["dsc_0123456789abcdefghjkmnpqrs", "dsc_1123456789abcdefghjkmnpqrs"]


@pytest.fixture
def hub(embedded_hub: Hub) -> Hub:
    return embedded_hub


def celery(hub: Hub, url: str, queue: str = "concordat_test") -> Celery:
    return make_celery(hub.house, url, 1.0, queue_name=queue, wake=lambda: None)


def test_a_broker_that_is_away_costs_a_log_line_with_ids_and_nothing_else(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    hints = Hints(celery(hub, NOBODY))
    with caplog.at_level(logging.WARNING):
        hints.wake(IDS)
        until(lambda: len(caplog.records) >= len(IDS), "both hints have failed")
    hints.stop()

    told = [(record.msg, getattr(record, "fields", None)) for record in caplog.records if record.msg == "hint_not_said"]
    assert told == [("hint_not_said", {"disclosure": identifier}) for identifier in IDS]


def test_a_broker_that_takes_the_call_and_says_nothing_holds_up_neither_waking_nor_stopping(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hints = Hints(celery(hub, f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}//"))
        done = threading.Event()

        def wake_and_stop() -> None:
            hints.wake(IDS * 10_000)  # more than can wait: what is too much is forgotten, for the sweep finds it
            hints.stop()
            done.set()

        threading.Thread(target=wake_and_stop, daemon=True).start()
        assert done.wait(30), "waking or stopping waited for the broker"


@pytest.mark.rabbitmq
def test_hints_reach_the_broker_in_order_and_stopping_says_what_is_waiting(hub: Hub) -> None:
    with fresh_queue() as queue:
        app = celery(hub, RABBITMQ_URL, queue)
        hints = Hints(app)
        hints.wake(IDS)
        hints.stop()

        said = [message.headers for message in messages(queue)]
        app.close()
    assert [headers["task"] for headers in said] == [DELIVER, DELIVER]
    assert [headers["argsrepr"].strip("()[],'") for headers in said] == IDS
