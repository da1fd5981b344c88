"""What the API says when the hub cannot make anything durable, or fails: and that nothing was taken then."""

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from hub.api.problems import HEADERS
from hub.logs import AllowListFormatter
from tests.cases import Case
from tests.hub.api.served import Api, served


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    """A hub of this test's own, which does not wait long for the database's lock."""
    with served(tmp_path) as found:
        found.hub.house.store.close()
        event.listen(found.hub.house.store.engine, "connect", _impatient)
        yield found


def _impatient(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=50")
    cursor.close()


def test_a_locked_database_is_a_503_that_says_when_to_come_back_and_takes_nothing(own: Api) -> None:
    case = Case()
    other = sqlite3.connect(own.hub.settings.data_dir / "concordat.sqlite3", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        refused = own.refer(case)
    finally:
        other.close()
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["title"] == "STORE_UNAVAILABLE"
    taken = own.refer(case)
    assert taken.status_code == 201
    assert own.refer(case).json() == taken.json()


def test_a_database_that_went_away_is_a_503_on_reading_writing_and_readiness_but_the_process_lives(own: Api) -> None:
    own.hub.house.store.close()
    file = own.hub.settings.data_dir / "concordat.sqlite3"
    for part in file.parent.glob("concordat.sqlite3*"):
        part.unlink()
    file.mkdir()
    for method, path in (("GET", "/v1/health/ready"), ("GET", "/v1/feed"), ("GET", "/log/checkpoint")):
        answer = own.ask(method, path, "partner" if "feed" in path else None)
        assert (answer.status_code, answer.json()["title"]) == (503, "STORE_UNAVAILABLE")
    assert own.ask("GET", "/v1/health/live").status_code == 200


def test_a_fault_of_the_hub_is_a_500_that_shows_nothing_of_its_inside(
    own: Api, caplog: pytest.LogCaptureFixture
) -> None:
    case = Case()
    with own.hub.house.store.engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER broken BEFORE INSERT ON referral BEGIN SELECT RAISE(ABORT, 'x'); END"))
    with caplog.at_level(logging.ERROR):
        answer = own.refer(case)
    assert answer.status_code == 500
    assert answer.json()["title"] == "HUB_FAULT"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    told = answer.text + "".join(AllowListFormatter().format(record) for record in caplog.records)
    assert "request_failed" in told
    assert "INSERT" not in told
    assert not [secret for secret in case.secrets if secret in told]
