"""Clocks that differ: a witness's own signed time stops no proof and lends none to an old copy."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from hub.audit import log, witnessed
from hub.bootstrap import Hub
from hub.errors import Unavailable
from hub.flow.deliver import deliver_due
from hub.flow.witness import ask, concerns
from hub.store.scope import NOBODY
from tests.hub.flow.test_witness import Place, accept, sign_and_ask, size_of, why_still
from tests.hubs import HandClock, open_test_hub
from tests.servers import POSTGRES_URL, fresh_database

HOUR = timedelta(hours=1)


class Apart:
    """A clock that goes right, but for so much."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        """What it shows."""
        return datetime.now(UTC) + self.by


@contextmanager
def silent(place: Place) -> Iterator[None]:
    """No witness can be reached meanwhile."""
    for one in place.witnesses:
        one.stop()
    yield
    for one in place.witnesses:
        one.start()


def lengthened(hub: Hub) -> int:
    for _ in range(3):
        accept(hub)
    deliver_due(hub.house, "worker", 50)
    sign_and_ask(hub)
    return size_of(hub)


def check_nothing_leaves(hub: Hub, known: int) -> None:
    assert size_of(hub) < known
    assert why_still(hub) == "LOG_UNWITNESSED"
    with pytest.raises(Unavailable, match="too few witnesses"):
        deliver_due(hub.house, "worker", 50)


def copied_and_lengthened(place: Place, to: Path) -> tuple[Hub, int]:
    """A hub that went on after it was copied, and how long its log is now."""
    hub = place.open()
    accept(hub)
    sign_and_ask(hub)
    place.copy(hub, to)
    hub = place.open()
    return hub, lengthened(hub)


@pytest.mark.parametrize("ahead", [(HOUR, HOUR, None), (HOUR, None, None), (None, None, None)])
def test_an_old_copy_does_not_vouch_for_itself_by_cosignatures_of_witnesses_whose_clocks_are_ahead(
    tmp_path: Path, ahead: tuple[timedelta | None, ...]
) -> None:
    with ExitStack() as ending:
        place = Place(tmp_path, ending, [Apart(by) if by else None for by in ahead])
        hub, known = copied_and_lengthened(place, tmp_path / "copy")
        with silent(place):
            hub = place.put_back(hub, tmp_path / "copy")
            check_nothing_leaves(hub, known)


def test_an_old_copy_does_not_vouch_for_itself_where_the_clock_of_the_hub_is_behind(tmp_path: Path) -> None:
    with ExitStack() as ending:
        place = Place(tmp_path, ending)
        hub, known = copied_and_lengthened(place, tmp_path / "copy")
        with silent(place):
            clock = HandClock()
            clock.move(minutes=-10)
            hub = place.put_back(hub, tmp_path / "copy", clock)
            assert why_still(hub) == "LOG_UNWITNESSED"
            assert deliver_due(hub.house, "worker", 50) == 0, "by this clock nothing is due yet"
            clock.move(minutes=20)
            check_nothing_leaves(hub, known)


@pytest.mark.postgresql
def test_on_postgresql_an_old_copy_does_not_vouch_for_itself_either(tmp_path: Path) -> None:
    with ExitStack() as ending:
        place = Place(tmp_path, ending, [Apart(HOUR), Apart(HOUR), None])
        url = ending.enter_context(fresh_database())
        database = make_url(url).database
        hub = open_test_hub(place.data, url)
        accept(hub)
        sign_and_ask(hub)
        hub.house.store.close()
        server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
        ending.callback(server.dispose)
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database}_copy TEMPLATE {database}"))
        hub = open_test_hub(place.data, url)
        known = lengthened(hub)
        hub.house.store.close()
        with silent(place):
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
                connection.execute(text(f"ALTER DATABASE {database}_copy RENAME TO {database}"))
            hub = open_test_hub(place.data, url)
            ending.callback(hub.house.store.close)
            check_nothing_leaves(hub, known)


def test_a_process_that_asks_nobody_itself_waits_for_what_witnesses_sign_after_it_began(tmp_path: Path) -> None:
    """As where several processes run: one asks, and another believes what it finds."""
    with ExitStack() as ending:
        clocks = [HandClock(), HandClock(), HandClock()]
        for clock in clocks:
            clock.move(hours=1)
        place = Place(tmp_path, ending, clocks)
        hub = place.open()
        accept(hub)
        sign_and_ask(hub)
        with hub.house.store.read(NOBODY) as tx:
            known = witnessed.newest(tx)
        began = replace(hub.house.witnesses, began=hub.house.clock.now(), known=known, vouched=type(
            hub.house.witnesses.vouched)())  # fmt: skip
        other = replace(hub, house=replace(hub.house, witnesses=began))
        assert why_still(other) == "LOG_UNWITNESSED"
        hub.house.witnesses.vouched.clear()  # so that it asks again at once
        ask(hub.house)
        assert why_still(other) == "LOG_UNWITNESSED", "in the same second they have said nothing new"
        for clock in clocks:
            clock.move(seconds=1)
        hub.house.witnesses.vouched.clear()
        ask(hub.house)
        assert why_still(other) is None


@pytest.mark.parametrize("by", [HOUR, -HOUR * 3, timedelta(days=365)])
def test_witnesses_whose_clocks_are_wrong_are_asked_as_often_as_others_and_missed_as_soon(
    tmp_path: Path, by: timedelta
) -> None:
    with ExitStack() as ending:
        clock, theirs = HandClock(), HandClock()
        theirs.at += by
        place = Place(tmp_path, ending, [theirs] * 3)
        hub = place.open(clock)
        accept(hub)
        sign_and_ask(hub)
        assert told(hub) == ()
        first = signed(hub)
        for moved in (clock, theirs):
            moved.move(seconds=20)
        ask(hub.house)
        assert signed(hub) == {party: at + timedelta(seconds=20) for party, at in first.items()}
        with silent(place):
            clock.move(minutes=61)
            ask(hub.house)
            assert told(hub) == ("LOG_UNWITNESSED",), "nobody answered for an hour"


def test_where_our_own_clock_was_ahead_witnesses_are_asked_again_at_once(tmp_path: Path) -> None:
    with ExitStack() as ending:
        clock = HandClock()
        clock.move(days=30)
        theirs = HandClock()
        place = Place(tmp_path, ending, [theirs] * 3)
        hub = place.open(clock)
        sign_and_ask(hub)
        first = signed(hub)
        clock.move(days=-30)
        theirs.move(seconds=1)
        ask(hub.house)
        assert all(at > first[party] for party, at in signed(hub).items())


def told(hub: Hub) -> tuple[str, ...]:
    with hub.house.store.read(NOBODY) as tx:
        return concerns(hub.house, tx)


def signed(hub: Hub) -> dict[str, datetime]:
    """When each witness signed the newest checkpoint, by its own clock."""
    with hub.house.store.read(NOBODY) as tx:
        found = log.latest_checkpoint(tx)
        assert found is not None
        return dict(hub.house.witnesses.policy.seen_at(witnessed.with_lines(tx, *found)))
