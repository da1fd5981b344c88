"""The courier goes on whatever connectors and the store do: no hand is lost, nothing is tried for ever or spins."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from connectors.contract import Idempotency, Receipt
from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.doors import Attempted
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Unavailable
from hub.flow import settle as settling
from hub.flow.claim import claim
from hub.flow.house import House
from hub.flow.refer import refer
from hub.flow.release import Intent
from hub.flow.settle import settle
from hub.store.scope import EVERY
from hub.worker import courier as couriers
from hub.worker.courier import Courier
from tests.cases import HELPLINE, POLICE, Ask, Case
from tests.delivering import Line, accepting, by_lines, raising
from tests.hub.delivery.waiting_rows import outcomes
from tests.hubs import somebody
from tests.journeys.waiting import until

AWAY = Unavailable("STORE_UNAVAILABLE", "nothing was taken", 5)
every_way_of_ending_all = pytest.mark.parametrize(
    "problem", [SystemExit(1), asyncio.CancelledError()], ids=lambda one: type(one).__name__
)


@contextmanager
def _delivering(house: House, hands: int = 2) -> Iterator[Courier]:
    courier = Courier(house, hands, 0.05)
    try:
        yield courier
    finally:
        courier.stop()


def _send(hub: Hub, ask: Ask) -> str:
    case = Case((ask,))
    (row,) = refer(hub.house, somebody(hub, Role.OFFICER), case.raw(), f"key-{case.tag}").ready
    return row


def _row(hub: Hub, disclosure_id: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure_id)


def _is(hub: Hub, disclosure_id: str, state: State) -> bool:
    return _row(hub, disclosure_id).state is state


@every_way_of_ending_all
@pytest.mark.parametrize("where", ["answer", "render"])
def test_a_connector_that_would_end_the_process_costs_no_hand_and_not_the_courier(
    embedded_hub: Hub, where: str, problem: BaseException
) -> None:
    bad, good = Line(repeats=Idempotency.NONE, **{where: raising(problem)}), Line()  # type: ignore[arg-type]
    with _delivering(by_lines(embedded_hub.house, agy_police=bad, agy_helpline=good)):
        rows = [_send(embedded_hub, POLICE) for _ in range(3)]
        for row in rows:
            until(partial(_is, embedded_hub, row, State.PARKED), "it is parked")
        other = _send(embedded_hub, HELPLINE)
        until(partial(_is, embedded_hub, other, State.SENT), "another agency's is sent")
    assert {_row(embedded_hub, row).cause.lower() for row in rows} == {"connector_fault"}  # type: ignore[union-attr]


@every_way_of_ending_all
def test_a_hand_whose_own_work_fails_comes_back_with_an_attempt_of_unknown_end(
    embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    def send(_house: House, _intent: Intent) -> Attempted:
        raise problem

    monkeypatch.setattr(couriers, "send", send)
    line = Line(repeats=Idempotency.NONE)
    with _delivering(by_lines(embedded_hub.house, agy_police=line)) as courier:
        rows = [_send(embedded_hub, POLICE) for _ in range(3)]
        for row in rows:
            until(partial(_is, embedded_hub, row, State.PARKED), "it is parked")
        assert courier._under_way == 0
    assert [outcomes(embedded_hub.house, row) for row in rows] == [["unsure"]] * 3


def test_the_courier_looks_again_after_whatever_a_look_raised(
    embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = [SystemExit(1)]

    def claim_or_not(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - those of the function
        if fails:
            raise fails.pop()
        return claim(*args, **more)

    monkeypatch.setattr(couriers, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(couriers, "claim", claim_or_not)
    with _delivering(by_lines(embedded_hub.house, agy_police=Line())):
        row = _send(embedded_hub, POLICE)
        until(partial(_is, embedded_hub, row, State.SENT), "it is sent")


@pytest.mark.parametrize("repeats", [Idempotency.BY_REFERENCE, Idempotency.NONE])
def test_an_attempt_that_cannot_be_settled_is_made_once_and_left_to_a_person_and_those_beside_it_are_settled(
    embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch, repeats: Idempotency
) -> None:
    spoilt: list[str] = []
    settle_one: Callable[..., Any] = settling._settle_one

    def settle_or_not(house: House, tx: object, intent: Intent, answer: Attempted, now: datetime) -> Any:  # noqa: ANN401
        if intent.row.id in spoilt:
            raise ZeroDivisionError
        return settle_one(house, tx, intent, answer, now)

    monkeypatch.setattr(settling, "_settle_one", settle_or_not)
    line = Line(repeats=repeats)
    rows = [_send(embedded_hub, POLICE) for _ in range(3)]
    spoilt.append(rows[1])
    with _delivering(by_lines(embedded_hub.house, agy_police=line), hands=4):
        until(partial(_is, embedded_hub, rows[1], State.PARKED), "it is parked")
        for row in (rows[0], rows[2]):
            until(partial(_is, embedded_hub, row, State.SENT), "it is settled")
    assert (_row(embedded_hub, rows[1]).cause, outcomes(embedded_hub.house, rows[1])) == ("not_settled", ["unsure"])
    assert line.came.count(rows[1]) == 1


def test_while_it_stops_and_the_store_is_away_it_waits_between_its_tries(
    embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, came, goes = list[float](), threading.Event(), threading.Event()

    def answer(at: datetime) -> Receipt:
        came.set()
        goes.wait(30)
        return accepting(at)

    def settle_later(*args: Any) -> Any:  # noqa: ANN401 - those of the function
        tried.append(time.monotonic())
        if len(tried) < 4:
            raise AWAY
        return settle(*args)

    monkeypatch.setattr(couriers, "_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(couriers, "settle", settle_later)
    with _delivering(by_lines(embedded_hub.house, agy_police=Line(answer))) as courier:
        row = _send(embedded_hub, POLICE)
        assert came.wait(30)
        courier._stopping.set()
        goes.set()
    assert len(tried) == 4
    assert tried[-1] - tried[0] >= 3 * 0.2
    assert _is(embedded_hub, row, State.SENT)
