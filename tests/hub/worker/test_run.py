"""The embedded hub: its courier delivers, and its timetable and hints wake it, all in this process."""

from functools import partial

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import State
from hub.flow.refer import refer
from hub.store.scope import EVERY
from hub.worker.hints import Hints
from hub.worker.run import EmbeddedTimetable
from tests.cases import JAG, Case
from tests.hubs import somebody
from tests.journeys.waiting import until


def is_prepared(hub: Hub, disclosure_id: str) -> bool:
    with hub.house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure_id).state is State.PREPARED


def test_the_embedded_courier_delivers_for_its_own_hub_with_a_hint_and_without(embedded_hub: Hub) -> None:
    officer = somebody(embedded_hub, Role.OFFICER)
    courier = embedded_hub.courier()
    app = embedded_hub.celery(courier.wake)
    timetable, hints = EmbeddedTimetable(app), Hints(app)
    try:
        for hinted in (True, False):
            case = Case((JAG,))
            (row,) = refer(embedded_hub.house, officer, case.raw(), f"key-{case.tag}").ready
            if hinted:
                hints.wake([row])
            until(partial(is_prepared, embedded_hub, row), "the courier has delivered")
    finally:
        timetable.stop()
        hints.stop()
        courier.stop()
