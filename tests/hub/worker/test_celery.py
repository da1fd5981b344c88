"""Celery as we set it: losing any message costs time and never a referral, and no message says anything of a person."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from celery import Celery
from kombu.connection import Connection
from sqlalchemy import select, update

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import State
from hub.flow.refer import refer
from hub.ids import Prefix, new_id
from hub.store.scope import EVERY
from hub.store.tables import case_file, consent, disclosure, referral, sealed
from hub.worker.app import make_celery
from hub.worker.courier import Courier
from hub.worker.tasks import CHECKPOINT, DELIVER, MAIL, RETAIN, SWEEP
from tests.cases import JAG, Case
from tests.hub.delivery.waiting_rows import outcomes
from tests.hubs import somebody
from tests.journeys.waiting import until
from tests.servers import RABBITMQ_URL, fresh_queue

MEMORY = "memory://"


@pytest.fixture
def hub(embedded_hub: Hub) -> Hub:
    return embedded_hub


@pytest.fixture
def courier(hub: Hub) -> Iterator[Courier]:
    """One that looks when it is woken, and else not within a test."""
    courier = Courier(hub.house, 2, 3_600.0)
    yield courier
    courier.stop()


@pytest.fixture
def app(hub: Hub) -> Celery:
    return make_celery(hub.house, MEMORY, 1.0, queue_name="concordat_test", wake=nobody)


def nobody() -> None:
    """A process that only says hints has no courier to wake."""


def is_prepared(hub: Hub, disclosure_id: str) -> bool:
    with hub.house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure_id).state is State.PREPARED


@pytest.fixture
def at_rabbitmq(hub: Hub) -> Iterator[Celery]:
    with fresh_queue() as name:
        app = make_celery(hub.house, RABBITMQ_URL, 1.0, queue_name=name, wake=nobody)
        yield app
        app.close()


def test_a_message_is_acknowledged_only_when_its_work_is_done(app: Celery) -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_there_is_no_result_backend_and_no_event_stream_to_leak_into(app: Celery) -> None:
    assert app.conf.result_backend is None
    assert app.backend.as_uri() == "disabled://"
    assert app.conf.task_ignore_result
    assert not app.conf.task_send_sent_event
    assert not app.conf.worker_send_task_events
    assert not app.conf.worker_enable_remote_control


def test_messages_are_json_and_nothing_else_is_read(app: Celery) -> None:
    assert (app.conf.task_serializer, list(app.conf.accept_content)) == ("json", ["json"])


def test_two_apps_in_one_process_keep_their_tasks_and_queues_apart(app: Celery, hub: Hub) -> None:
    other = make_celery(hub.house, MEMORY, 1.0, queue_name="another", wake=nobody)
    assert app.conf.task_default_queue == "concordat_test"
    assert other.conf.task_default_queue == "another"
    assert all(app.tasks[name].run is not other.tasks[name].run for name in (DELIVER, SWEEP, CHECKPOINT, RETAIN, MAIL))


def test_every_task_takes_at_most_one_id(app: Celery) -> None:
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert set(ours) == {DELIVER, SWEEP, CHECKPOINT, RETAIN, MAIL}
    assert [task.run.__code__.co_argcount for task in ours.values()].count(1) == 1


def test_the_timetable_sweeps_and_signs_and_what_it_says_expires(app: Celery) -> None:
    entries = app.conf.beat_schedule.values()
    assert {entry["task"] for entry in entries} == {SWEEP, CHECKPOINT, RETAIN, MAIL}
    assert all(entry["options"]["expires"] > 0 for entry in entries), "unread hints must not pile up at a broker"


@pytest.mark.parametrize("task", [SWEEP, DELIVER])
def test_the_sweep_and_a_hint_wake_the_courier_of_their_process(hub: Hub, courier: Courier, task: str) -> None:
    app = make_celery(hub.house, MEMORY, 1.0, queue_name="concordat_test", wake=courier.wake)
    case = Case((JAG,))
    (row,) = refer(hub.house, somebody(hub, Role.OFFICER), case.raw(), f"key-{case.tag}").ready

    app.tasks[task].apply(args=[row] if task == DELIVER else []).get()

    until(partial(is_prepared, hub, row), "the courier has delivered")


def test_the_hourly_task_lets_go_what_is_past_its_day(app: Celery, hub: Hub) -> None:
    case = Case((JAG,), routine=False)
    refer(hub.house, somebody(hub, Role.OFFICER), case.raw(), f"key-{case.tag}")
    long_ago = hub.house.clock.now() - timedelta(days=3_000)
    with hub.house.store.write(EVERY) as tx:
        tx.connection.execute(update(disclosure).values(state="receipted"))
        for table, at in ((case_file, "opened_at"), (referral, "accepted_at"), (consent, "recorded_at")):
            tx.connection.execute(update(table).values({at: long_ago}))

    app.tasks[RETAIN].apply().get()

    with hub.house.store.read(EVERY) as tx:
        assert tx.connection.execute(select(sealed)).all() == []


def test_a_hint_about_what_is_done_already_or_never_was_is_no_trouble(hub: Hub, courier: Courier) -> None:
    app = make_celery(hub.house, MEMORY, 1.0, queue_name="concordat_test", wake=courier.wake)
    case = Case((JAG,))
    (row,) = refer(hub.house, somebody(hub, Role.OFFICER), case.raw(), f"key-{case.tag}").ready
    for hinted in (row, row, new_id(Prefix.DISCLOSURE)):
        app.tasks[DELIVER].apply(args=[hinted]).get()
    until(partial(is_prepared, hub, row), "the courier has delivered")

    app.tasks[DELIVER].apply(args=[row]).get()
    courier.stop()

    assert outcomes(hub.house, row) == ["done"]


@pytest.mark.rabbitmq
def test_at_rabbitmq_the_queue_is_a_quorum_queue_and_publishing_is_confirmed(at_rabbitmq: Celery) -> None:
    at_rabbitmq.send_task(DELIVER, args=["dsc_0123456789abcdefghjkmnpqrs"], ignore_result=True)

    assert at_rabbitmq.conf.broker_transport_options["confirm_publish"]
    queue = at_rabbitmq.amqp.queues[at_rabbitmq.conf.task_default_queue]
    assert queue.queue_arguments["x-queue-type"] == "quorum"
    # RabbitMQ refuses to declare a queue again as another type, so this says which type it really is.
    with Connection(RABBITMQ_URL) as connection, connection.channel() as channel:
        assert queue(channel).queue_declare(passive=True).message_count == 1


@pytest.mark.rabbitmq
def test_at_rabbitmq_a_hint_holds_one_id_and_what_celery_puts_around_it(at_rabbitmq: Celery) -> None:
    identifier = "dsc_0123456789abcdefghjkmnpqrs"
    at_rabbitmq.send_task(DELIVER, args=[identifier], ignore_result=True)

    (message,) = messages(at_rabbitmq.conf.task_default_queue)
    arguments, named, then = json.loads(message.body)
    assert (arguments, named) == ([identifier], {})
    assert not any(then.values())
    assert message.headers["argsrepr"] == repr((identifier,)) or message.headers["argsrepr"] == repr([identifier])
    assert message.headers["ignore_result"] is True


def messages(queue: str) -> list[Any]:
    found: list[Any] = []
    with Connection(RABBITMQ_URL) as connection, connection.channel() as channel:

        def look() -> bool:
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                found.append(message)
            return bool(found)

        until(look, "the hint has arrived")
    return found
