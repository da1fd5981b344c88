"""When the hub cannot take something: what can wait is told when to come back, danger is told to telephone at once."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from hub.api.app import make_api
from hub.api.danger import tells_of_danger
from hub.bootstrap import RELEASE
from hub.clock import SystemWatch
from hub.delivery.backlog import Backlog
from hub.flow.house import House
from hub.store.space import Space
from tests.cases import FIRE, HELPLINE, JAG, POLICE, Case
from tests.hub.api.served import MAX_BODY_BYTES, Api, listening, served

OVERRIDE = {"category": "immediate_danger", "reason": "He is at the door now, and she is alone."}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One hub for all of this, which does not wait long for the database's lock."""
    with served(tmp_path_factory.mktemp("telephone")) as found:
        found.hub.house.store.close()
        event.listen(found.hub.house.store.engine, "connect", _impatient)
        yield found


def _impatient(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=20")
    cursor.close()


@contextmanager
def _store_away(api: Api) -> Iterator[None]:
    other = sqlite3.connect(api.hub.settings.data_dir / "concordat.sqlite3", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


@contextmanager
def _disk_short(api: Api) -> Iterator[None]:
    store, enough = api.hub.house.store, api.hub.house.store.space
    store.space = Space(api.hub.settings.data_dir, least_free=2**62)
    try:
        yield
    finally:
        store.space = enough


@contextmanager
def _with_house(api: Api, house: House) -> Iterator[Api]:
    """The same hub and people, served once more by a house that is somewhat different."""
    app = make_api(house, api.woken.extend, RELEASE, MAX_BODY_BYTES)
    with listening(app) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield replace(api, client=client)


def _in_danger(case: Case) -> bytes:
    return case.raw().replace(b'"level": "medium"', b'"level": "immediate_danger"')


def _problem(answer: httpx.Response, status: int = 503) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("written", [b"immediate_danger", b"immediate\\u005fdanger"])
def test_danger_that_cannot_be_stored_is_told_to_telephone(api: Api, written: bytes) -> None:
    case = Case()
    with _store_away(api):
        told = _problem(api.refer(case, raw=_in_danger(case).replace(b"immediate_danger", written)))
    assert (told["title"], told["cause"]) == ("TELEPHONE_NOW", "STORE_UNAVAILABLE")
    assert "telephone 999 at once" in told["detail"]
    assert "same key" in told["detail"]


@pytest.mark.parametrize(
    ("body", "is_danger"),
    [
        (Case().raw(), False), (b"{}", False), (b'{"level": "high"}', False), (b'{"says": "immediate_danger"}', False),
        (b'{"risk": {"level": "immediate_danger"}}', True),
        (b'{"risk": {"level": "immediate_danger", "level": "low"}}', True),
        (b'{"risk": {"level": "immediate_danger"}, "risk": {"level": "low"}}', True),
        (b'{"risk": {"level": "low"}', True), (b"", True), (None, True), (b"\xff", True), (b"[" * 100_000, True),
        ('{"risk": {"level": "immediate_danger"}}'.encode("utf-16"), True),
    ],
)  # fmt: skip
def test_what_may_be_danger_counts_as_danger(body: bytes | None, is_danger: bool) -> None:
    assert tells_of_danger("/v1/referrals", body) is is_danger


def test_a_referral_that_can_wait_is_told_when_to_come_back_and_nothing_of_the_telephone(api: Api) -> None:
    case = Case()
    with _store_away(api):
        told = _problem(api.refer(case))
    assert told["title"] == "STORE_UNAVAILABLE"
    assert api.refer(case).status_code == 201


def test_an_override_that_cannot_be_stored_is_danger(api: Api) -> None:
    referral = api.sent(Case())["id"]
    with _store_away(api):
        told = _problem(api.ask("POST", f"/v1/referrals/{referral}/overrides", "officer", json=OVERRIDE))
    assert (told["title"], told["cause"]) == ("TELEPHONE_NOW", "STORE_UNAVAILABLE")


def test_with_little_room_on_the_disk_only_danger_is_taken_and_whom_to_telephone_is_said(api: Api) -> None:
    routine, danger = Case((POLICE, HELPLINE)), Case((POLICE, HELPLINE))
    referral = api.sent(Case())["id"]
    with _disk_short(api):
        assert _problem(api.refer(routine))["title"] == "STORE_FULL"
        file = api.ask("POST", f"/v1/referrals/{referral}/attachments", "officer", content=b"%PDF-1.4",
                       headers={"Content-Type": "application/pdf"})  # fmt: skip
        assert _problem(file)["title"] == "STORE_FULL"
        taken = api.refer(danger, raw=_in_danger(danger))
        assert taken.status_code == 201, taken.text
        assert taken.json()["telephone"] == ["agy_police", "agy_helpline"]
    assert api.refer(routine).status_code == 201
    again = Case((POLICE, HELPLINE))
    assert api.refer(again, raw=_in_danger(again)).json()["telephone"] == []


def test_nothing_is_fetched_while_the_hub_is_not_still_and_what_waited_is_fetched_after(api: Api) -> None:
    waiting = api.waiting_for_fire()
    with _disk_short(api):
        told = _problem(api.ask("POST", f"/v1/feed/{waiting}/collection", "partner"))
        assert told["title"] == "STORE_FULL"
    assert api.ask("POST", f"/v1/feed/{waiting}/collection", "partner").status_code == 200


def test_a_referral_over_what_may_wait_names_the_agency_that_is_behind_and_danger_is_taken(api: Api) -> None:
    with _with_house(api, replace(api.hub.house, backlog=Backlog(2))) as bounded:
        waiting = 0
        while (answer := bounded.refer(Case((JAG,)))).status_code == 201:
            waiting += 1
        told = _problem(answer)
        assert told["title"] == "QUEUE_FULL"
        assert "agy_jag" in told["detail"]
        assert waiting <= 2
        assert bounded.refer(Case((FIRE,))).status_code == 201
        danger = Case((JAG,))
        assert bounded.refer(danger, raw=_in_danger(danger)).status_code == 201


def test_a_referral_that_was_taken_before_is_answered_as_before_also_without_room(api: Api) -> None:
    case = Case()
    taken = api.refer(case)
    with _disk_short(api):
        again = api.refer(case)
    assert (taken.status_code, again.status_code) == (201, 200)
    assert again.json()["referral"] == taken.json()["referral"]


def test_danger_that_would_wait_for_the_clock_names_whom_to_telephone(api: Api) -> None:
    house = api.hub.house
    watch = SystemWatch(house.lease)
    watch.hear(house.clock.now() + house.lease)
    case = Case((POLICE,))
    with _with_house(api, replace(house, watch=watch)) as unsure:
        answer = unsure.refer(case, raw=_in_danger(case))
    assert answer.json()["telephone"] == ["agy_police"]
