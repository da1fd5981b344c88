"""When disk, clock or log say stop, no attempt begins; what was taken in is kept, and goes on by itself afterwards."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from hub.access.roles import Role
from hub.audit import newest, nodes, tree
from hub.bootstrap import Hub
from hub.clock import SystemWatch
from hub.delivery import breaker, follow_ups
from hub.delivery.follow_ups import FollowUp
from hub.errors import NotTrusted, Unavailable
from hub.flow import still
from hub.flow.checkpoint import checkpoint
from hub.flow.house import House
from hub.flow.readiness import look
from hub.store.scope import EVERY, NOBODY
from hub.store.space import Space
from hub.store.tables import audit_checkpoint, audit_entry, audit_head, door_state, outbox
from tests import logs
from tests.conftest import POSTGRESQL
from tests.hub.delivery.waiting_rows import put_waiting
from tests.hubs import LMH, HandClock, lengthen_log, migrated_database, open_test_hub, somebody
from tests.servers import fresh_database, owning


@dataclass
class Watched:
    """A house, and the clocks that it is watched by: the one that can be set, and the one that cannot."""

    hub: Hub
    clock: HandClock
    since_start: float = 0.0

    @property
    def house(self) -> House:
        return self.hub.house

    def watch_anew(self) -> None:
        """As a hub does that has just started."""
        watch = SystemWatch(self.house.lease, self.clock, lambda: self.since_start)
        self.hub = replace(self.hub, house=replace(self.house, watch=watch))
        still.hear(self.house)

    def pass_by(self, by: timedelta) -> None:
        """Both clocks go on."""
        self.clock.at += by
        self.since_start += by.total_seconds()

    def is_still(self) -> bool:
        """Whether danger that is taken in now goes at once."""
        with self.house.store.read(EVERY) as tx:
            return still.is_still(self.house, tx)

    def why_not(self) -> str | None:
        """Why nothing may be claimed now."""
        try:
            with self.house.store.write(EVERY) as tx:
                still.require_still(self.house, tx)
        except Unavailable as problem:
            return problem.code
        return None


def _open(folder: Path, url: str) -> Iterator[Watched]:
    clock = HandClock()
    hub = open_test_hub(folder / "data", url, clock)
    watched = Watched(hub, clock)
    watched.watch_anew()
    yield watched
    hub.house.store.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("still")
    yield from _open(folder, f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}")


@pytest.fixture(scope="module")
def on_a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with fresh_database() as url:
        yield from _open(tmp_path_factory.mktemp("server"), url)


def _row(house: House, disclosure_id: str) -> tuple[datetime, datetime | None]:
    with house.store.read(EVERY) as tx:
        found = tx.connection.execute(
            select(outbox.c.due_at, outbox.c.lease_until).where(outbox.c.disclosure_id == disclosure_id)
        ).one()
    return found.due_at, found.lease_until


def _change(house: House, disclosure_id: str, **values: object) -> None:
    with house.store.write(EVERY) as tx:
        tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(**values))


def _log_times(house: House) -> list[datetime]:
    return [entry.at for entry in logs.entries(house.store)]


def test_nothing_is_claimed_after_a_jump_until_the_clock_was_steady_for_a_lease(watched: Watched) -> None:
    assert watched.why_not() is None
    watched.clock.move(hours=1)
    assert watched.why_not() == "CLOCK_UNSURE"
    watched.pass_by(watched.house.lease - timedelta(seconds=1))
    assert watched.why_not() == "CLOCK_UNSURE"
    assert not watched.is_still()
    watched.pass_by(timedelta(seconds=1))
    assert watched.why_not() is None
    assert watched.is_still()


def test_after_a_clock_was_put_back_nothing_waits_until_the_later_time_comes_again(watched: Watched) -> None:
    house, lease, later = watched.house, watched.house.lease, watched.clock.now()
    waiting, tried, held_dead, window = (put_waiting(house, later) for _ in range(4))
    _change(house, tried, attempts=1, due_at=later + timedelta(minutes=20))
    _change(house, held_dead, lease_until=later + lease, lease_owner="dead", attempts=1)
    _change(house, window, due_at=later + timedelta(minutes=15))
    somebody(watched.hub, Role.OFFICER)  # so that the log has an entry of that time

    watched.clock.move(minutes=-30)
    assert watched.why_not() == "CLOCK_UNSURE"
    still.put_right(watched.house)
    assert _row(house, waiting)[0] == later  # not before the last attempt from before is over
    watched.pass_by(lease)
    assert watched.why_not() is None
    still.put_right(watched.house)

    now = watched.clock.now()
    for row in (waiting, tried, held_dead):
        due_at, lease_until = _row(house, row)
        assert due_at <= now
        assert lease_until is None or lease_until <= now
    assert _row(house, window)[0] == later + timedelta(minutes=15)
    # Another process, which starts now, knows of it from the log, and has nothing more to change.
    watched.watch_anew()
    assert watched.why_not() == "CLOCK_UNSURE"
    watched.pass_by(lease)
    assert watched.why_not() is None
    still.put_right(watched.house)
    assert _row(house, window)[0] == later + timedelta(minutes=15)


def test_no_entry_is_before_the_one_above_it_for_a_clock_that_was_put_back(watched: Watched) -> None:
    somebody(watched.hub, Role.OFFICER)
    latest = _log_times(watched.house)[-1]
    watched.clock.at = latest - timedelta(minutes=30)
    somebody(watched.hub, Role.OFFICER)
    assert _log_times(watched.house)[-1] == latest
    # What was more than an hour ahead was wrong, and is not carried on.
    watched.clock.at = latest - timedelta(hours=2)
    somebody(watched.hub, Role.OFFICER)
    assert _log_times(watched.house)[-1] == watched.clock.now()
    watched.clock.at = latest + timedelta(minutes=1)
    somebody(watched.hub, Role.OFFICER)
    assert _log_times(watched.house)[-1] == watched.clock.now()
    watched.watch_anew()


def test_nothing_is_claimed_on_a_log_that_does_not_end_where_its_head_says(watched: Watched) -> None:
    house = watched.house
    size = logs.size(house.store)
    with house.store.read(NOBODY) as tx:
        assert newest.end(tx).is_whole
    for wrong in (size + 1, size - 1):
        with house.store.write(NOBODY) as tx:
            tx.connection.execute(update(audit_head).values(size=wrong))
        assert watched.why_not() == "LOG_UNSURE"
    with house.store.write(NOBODY) as tx:
        tx.connection.execute(update(audit_head).values(size=size))
    assert watched.why_not() is None


@pytest.fixture(params=["sqlite", POSTGRESQL])
def changed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Watched, str]]:
    """A house whose log is signed, and where its database is, for tests that break it."""
    with migrated_database(request.param, tmp_path / "fresh") as url:
        for watched in _open(tmp_path, url):
            lengthen_log(watched.hub, 50)
            checkpoint(watched.house)
            assert watched.why_not() is None
            yield watched, url


def _signed(house: House) -> list[str]:
    with house.store.read(NOBODY) as tx:
        return list(tx.connection.execute(select(audit_checkpoint.c.text).order_by(audit_checkpoint.c.size)).scalars())


def _frontier(house: House, forge: Callable[[list[list[object]]], list[list[object]]]) -> list[list[object]]:
    """Change the head's nodes, as the role may that queries; returns those of before."""
    with house.store.write(NOBODY) as tx:
        kept: list[list[object]] = tx.connection.execute(select(audit_head.c.frontier)).scalar_one()
        tx.connection.execute(update(audit_head).values(frontier=forge(kept)))
    return kept


@pytest.mark.parametrize(
    "forge",
    [lambda kept: [[level, "00" * 32] for level, _ in kept], lambda kept: [*kept[:-1], [kept[-1][0], "00" * 32]],
     lambda kept: kept[:-1], lambda _: [["no", "node"]]],
)  # fmt: skip
def test_a_head_that_the_entries_do_not_lead_to_is_not_signed_and_nothing_leaves_until_it_is_right_again(
    changed: tuple[Watched, str], forge: Callable[[list[list[object]]], list[list[object]]]
) -> None:
    watched, _ = changed
    before = _signed(watched.house)
    kept = _frontier(watched.house, forge)
    with pytest.raises(NotTrusted, match="its own head"):
        checkpoint(watched.house)
    assert _signed(watched.house) == before
    assert watched.why_not() == "LOG_UNSURE"
    assert not watched.is_still()
    assert look(watched.house).unready == ("LOG_BROKEN",)
    _frontier(watched.house, lambda _: kept)
    checkpoint(watched.house)
    assert watched.why_not() is None


def test_a_head_that_was_forged_before_entries_came_is_not_signed_though_the_nodes_then_made_agree_with_it(
    changed: tuple[Watched, str],
) -> None:
    watched, _ = changed
    house = watched.house
    for _ in range(8 - logs.size(house.store) % 8):
        lengthen_log(watched.hub, 1)
    checkpoint(house)
    lengthen_log(watched.hub, 2)
    logs.size(house.store)
    _frontier(house, lambda kept: [*kept[:-1], [kept[-1][0], "00" * 32]])
    lengthen_log(watched.hub, 2)  # they complete a node over the forged one
    logs.size(house.store)
    with pytest.raises(NotTrusted, match="its own head"):
        checkpoint(house)
    assert watched.why_not() == "LOG_UNSURE"


def test_another_process_finds_within_a_second_what_whoever_signs_found(
    changed: tuple[Watched, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, _ = changed
    _frontier(watched.house, lambda kept: [[level, "00" * 32] for level, _ in kept])
    assert watched.why_not() is None  # it looked just now
    seen = time.monotonic()
    monkeypatch.setattr("hub.audit.head.time.monotonic", lambda: seen + 1)
    assert watched.why_not() == "LOG_UNSURE"


def test_a_log_that_went_back_behind_its_newest_checkpoint_is_signed_at_no_size_and_nothing_leaves(
    changed: tuple[Watched, str],
) -> None:
    watched, url = changed
    house, before = watched.house, _signed(watched.house)
    size = logs.size(house.store) - 10
    with house.store.read(NOBODY) as tx:
        kept = [[level, value.hex()] for level, value in tree.frontier_at(size, nodes.remembering(tx))]
    with owning(url) as owner, owner.begin() as connection:  # an old copy of these tables
        connection.execute(delete(audit_entry).where(audit_entry.c.number >= size))
        connection.execute(text("DELETE FROM audit_node WHERE (number + 1) * (1 << level) > :size"), {"size": size})
        connection.execute(update(audit_head).values(size=size, frontier=kept))
    assert watched.why_not() == "LOG_UNSURE"
    watched.pass_by(timedelta(seconds=1))  # so that what comes now is not what was there
    for more in (0, 10, 1):  # less, as many and more than what was signed
        lengthen_log(watched.hub, more)
        with pytest.raises(NotTrusted, match="its own head"):
            checkpoint(house)
        logs.size(house.store)
        assert watched.why_not() == "LOG_UNSURE"
    assert _signed(house) == before


def test_nothing_is_claimed_without_room_on_the_disk_and_again_once_there_is(watched: Watched) -> None:
    store, enough = watched.house.store, watched.house.store.space
    store.space = Space(watched.hub.settings.data_dir, least_free=2**62)
    assert watched.why_not() == "STORE_FULL"
    assert not watched.is_still()
    store.space = enough
    assert watched.why_not() is None


def _put_back(watched: Watched) -> None:
    """What the later time wrote down of doors, of a follow-up and of what a partner fetches is due after all."""
    house, later = watched.house, watched.clock.now()
    earlier, follows = put_waiting(house, later), put_waiting(house, later)
    fetched, held_back = put_waiting(house, later, ready=False), put_waiting(house, later, ready=False)
    _change(house, held_back, due_at=later + timedelta(minutes=15))
    told = FollowUp(follows, "agy_jag", earlier, "corrected", bare=False, look_at=later + timedelta(seconds=5))
    with house.store.write(LMH) as tx:
        follow_ups.put(tx, told)
    with house.store.write(EVERY) as tx:
        breaker.hold(tx, ["agy_police"])
        its = update(door_state).where(door_state.c.agency == "agy_police")
        tx.connection.execute(its.values(paced_until=later, probe_at=later + timedelta(minutes=5), opened_at=later))
    watched.clock.move(hours=-1)
    assert not house.watch.is_steady()
    watched.pass_by(house.lease)
    still.put_right(house)
    now = watched.clock.now()
    assert _row(house, fetched)[0] <= now
    assert _row(house, held_back)[0] == later + timedelta(minutes=15)
    with house.store.read(EVERY) as tx:
        assert follows in [entry.disclosure_id for entry in follow_ups.to_look_at(tx, now)]
        door = breaker.states(tx, ["agy_police"])["agy_police"]
    assert (door.paced_until, door.probe_at, door.opened_at) == (now, now, now)


def test_after_a_clock_was_put_back_no_door_stays_shut_and_no_correction_unsent(watched: Watched) -> None:
    watched.watch_anew()
    _put_back(watched)
    watched.watch_anew()


@pytest.mark.postgresql
def test_on_a_server_too_no_door_stays_shut_and_no_correction_unsent(on_a_server: Watched) -> None:
    on_a_server.watch_anew()
    _put_back(on_a_server)
    on_a_server.watch_anew()


@pytest.mark.postgresql
def test_nothing_is_claimed_by_a_clock_that_is_not_the_servers(on_a_server: Watched) -> None:
    on_a_server.clock.at = datetime.now(UTC)
    on_a_server.watch_anew()
    assert on_a_server.why_not() is None
    on_a_server.pass_by(timedelta(seconds=-20))  # it was wrong from the start, and never jumped
    assert on_a_server.why_not() == "CLOCK_UNSURE"
    on_a_server.pass_by(timedelta(seconds=20))
    assert on_a_server.why_not() == "CLOCK_UNSURE"


@pytest.mark.postgresql
def test_on_a_server_too_what_the_later_time_wrote_is_due_now(on_a_server: Watched) -> None:
    on_a_server.watch_anew()
    house, later = on_a_server.house, on_a_server.clock.now()
    waiting, leased = put_waiting(house, later), put_waiting(house, later)
    _change(house, leased, lease_until=later + house.lease, lease_owner="dead", attempts=1)
    on_a_server.clock.move(hours=-1)
    assert not house.watch.is_steady()
    on_a_server.pass_by(house.lease)
    still.put_right(house)
    now = on_a_server.clock.now()
    assert _row(house, waiting)[0] <= now
    assert _row(house, leased) == (now, now)
