"""Readiness: told in time and by code, whatever is wrong, and never a write for each who asks."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from hub.bootstrap import Hub
from hub.clock import SystemWatch
from hub.flow.checkpoint import checkpoint
from hub.flow.readiness import Looked, Readiness, look
from hub.store.space import Space
from hub.store.unit_of_work import _AUDIT_LOCK
from hub.worker.broker import BrokerProbe
from tests.conftest import POSTGRESQL
from tests.hubs import HandClock, lengthen_log, open_test_hub
from tests.journeys.waiting import until
from tests.servers import fresh_database, owning


@dataclass
class Opened:
    """A hub, and where its database is."""

    hub: Hub
    url: str

    def change(self, statement: str) -> None:
        """What an accident did to its tables."""
        with owning(self.url) as owner, owner.begin() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    data: Path = tmp_path_factory.mktemp("readiness") / "data"
    with ExitStack() as ending:
        sqlite = f"sqlite:///{data / 'concordat.sqlite3'}"
        url = sqlite if request.param == "sqlite" else ending.enter_context(fresh_database())
        hub = open_test_hub(data, url)
        ending.callback(hub.house.store.close)
        checkpoint(hub.house)
        yield Opened(hub, url)


def test_a_hub_that_is_well_is_ready(opened: Opened) -> None:
    assert look(opened.hub.house) == Looked()


def test_asking_often_writes_no_more_often(opened: Opened) -> None:
    commits: list[Connection] = []
    readiness = Readiness(opened.hub.house)
    readiness.now()

    def note(connection: Connection) -> None:
        commits.append(connection)

    event.listen(opened.hub.house.store.engine, "commit", note)
    answers = [readiness.now() for _ in range(500)]
    event.remove(opened.hub.house.store.engine, "commit", note)
    assert set(answers) == {Looked()}
    assert len(commits) < 250, "two commits, of a writing and a reading, for each second at the most"


@pytest.mark.parametrize(
    ("breaks", "mends", "code"),
    [
        ("UPDATE alembic_version SET version_num = '0' || version_num",
         "UPDATE alembic_version SET version_num = substr(version_num, 2)", "SCHEMA_OUTDATED"),
        ("UPDATE audit_head SET size = size - 1", "UPDATE audit_head SET size = size + 1", "LOG_BROKEN"),
    ],
)  # fmt: skip
def test_a_database_that_is_not_what_it_should_be_is_not_ready(
    opened: Opened, breaks: str, mends: str, code: str
) -> None:
    opened.change(breaks)
    try:
        assert look(opened.hub.house).unready == (code,)
    finally:
        opened.change(mends)
    assert look(opened.hub.house).unready == ()


def test_a_store_that_hangs_is_told_in_time_and_asked_once(opened: Opened) -> None:
    readiness = Readiness(opened.hub.house)
    held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with opened.hub.house.store.engine.connect().execution_options(concordat_write=True) as other, other.begin():
            if not opened.url.startswith("sqlite"):  # there it has begun as the one writer
                other.execute(text(f"SELECT pg_advisory_xact_lock({_AUDIT_LOCK})"))
            held.set()
            enough.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    try:
        assert [readiness.now().unready for _ in range(3)] == [("STORE_SLOW",)] * 3
    finally:
        enough.set()
        holder.join()
    assert until(lambda: readiness.now().unready == (), "the store answers again")


def test_a_disk_that_is_short_and_a_clock_that_jumped_are_not_ready(opened: Opened, tmp_path: Path) -> None:
    clock, house = HandClock(), opened.hub.house
    watch = SystemWatch(timedelta(seconds=120), clock, elapsed=lambda: 0.0)
    clock.move(hours=1)
    assert look(replace(house, watch=watch)).unready == ("CLOCK_UNSURE",)
    space = house.store.space
    try:
        house.store.space = Space(tmp_path, 2**60)
        assert look(house).unready == ("STORE_FULL",)
    finally:
        house.store.space = space


def test_a_head_that_nobody_signs_is_told_and_keeps_nothing_from_being_taken(opened: Opened) -> None:
    clock = HandClock()
    clock.move(minutes=5)
    checkpoint(opened.hub.house)
    lengthen_log(opened.hub, 1)
    try:
        assert look(replace(opened.hub.house, clock=clock)) == Looked((), ("CHECKPOINT_LATE",))
    finally:
        checkpoint(opened.hub.house)


@pytest.mark.parametrize("opened", [POSTGRESQL], indirect=True)
def test_a_database_that_loses_what_it_committed_is_told(opened: Opened) -> None:
    role = opened.hub.house.store.engine.url.username
    opened.change(f"ALTER ROLE {role} SET synchronous_commit = off")
    opened.hub.house.store.engine.dispose()
    try:
        assert look(opened.hub.house) == Looked((), ("COMMITS_NOT_DURABLE",))
    finally:
        opened.change(f"ALTER ROLE {role} RESET synchronous_commit")
        opened.hub.house.store.engine.dispose()


def test_a_broker_that_is_away_is_told_and_keeps_nothing_from_being_taken(opened: Opened) -> None:
    away = replace(opened.hub, settings=opened.hub.settings.model_copy(update={"broker_url": "amqp://127.0.0.1:1//"}))
    probe = BrokerProbe(away.celery())
    readiness = away.readiness(probe.is_away)
    assert until(lambda: readiness.now() == Looked((), ("BROKER_AWAY",)), "it is known that the broker is away")
    assert not BrokerProbe(opened.hub.celery()).is_away_now()
