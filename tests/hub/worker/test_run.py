"""The embedded worker: threads of this process that run the tasks of their own hub."""

from functools import partial

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import State
from hub.flow.refer import refer
from hub.worker.hints import Hints
from hub.worker.run import EmbeddedWorker
from tests.cases import JAG, Case
from tests.hubs import somebody
from tests.journeys.waiting import until


def is_prepared(hub: Hub, disclosure_id: str) -> bool:
    with hub.house.store.read() as tx:
        return outbox.get(tx, disclosure_id).state is State.PREPARED


def test_the_embedded_worker_delivers_for_its_own_hub_with_a_hint_and_without(embedded_hub: Hub) -> None:
    officer = somebody(embedded_hub, Role.OFFICER)
    app = embedded_hub.celery()
    worker, hints = EmbeddedWorker(app, 2), Hints(app)
    try:
        for hinted in (True, False):
            case = Case((JAG,))
            (row,) = refer(embedded_hub.house, officer, case.raw(), f"key-{case.tag}").ready
            if hinted:
                hints.wake([row])
            until(partial(is_prepared, embedded_hub, row), "the worker has delivered")
    finally:
        worker.stop()
        hints.stop()
