"""A clock that jumps is not trusted until every attempt that began before the jump is over, and then it is again."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import ALLOWED, LARGEST, SystemWatch

LEASE = timedelta(seconds=120)


class Pair:
    """A clock that can be set, and the time since the start, which cannot."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.since_start = 1_000.0

    def now(self) -> datetime:
        return self.wall

    def elapsed(self) -> float:
        return self.since_start

    def pass_by(self, by: timedelta) -> None:
        """Both go on."""
        self.wall += by
        self.since_start += by.total_seconds()


@pytest.fixture
def pair() -> Pair:
    return Pair()


@pytest.fixture
def watch(pair: Pair) -> SystemWatch:
    return SystemWatch(LEASE, pair, pair.elapsed)


@pytest.mark.parametrize(
    "jump", [timedelta(seconds=6), timedelta(hours=20), -timedelta(seconds=6), -timedelta(hours=20)]
)
def test_after_a_jump_either_way_the_clock_is_unsure_for_exactly_one_lease(
    pair: Pair, watch: SystemWatch, jump: timedelta
) -> None:
    pair.pass_by(timedelta(hours=3))
    assert watch.is_steady()
    pair.wall += jump
    assert not watch.is_steady()
    pair.pass_by(LEASE - timedelta(seconds=1))
    assert not watch.is_steady()
    pair.pass_by(timedelta(seconds=1))
    assert watch.is_steady()


def test_a_second_jump_begins_the_lease_anew(pair: Pair, watch: SystemWatch) -> None:
    pair.wall += timedelta(minutes=5)
    assert not watch.is_steady()
    pair.pass_by(LEASE - timedelta(seconds=1))
    pair.wall -= timedelta(minutes=5)
    assert not watch.is_steady()
    pair.pass_by(LEASE - timedelta(seconds=1))
    assert not watch.is_steady()
    pair.pass_by(timedelta(seconds=1))
    assert watch.is_steady()


def test_a_clock_that_is_slewed_or_a_little_off_is_no_jump(pair: Pair, watch: SystemWatch) -> None:
    pair.wall += ALLOWED
    assert watch.is_steady()
    for _ in range(24):  # 500 parts in a million, as adjtime does it, looked at once an hour
        pair.pass_by(timedelta(hours=1))
        pair.wall += timedelta(hours=1) * 0.0005
        assert watch.is_steady()


def test_another_year_is_not_believed_for_being_steady_and_the_right_one_is_again(
    pair: Pair, watch: SystemWatch
) -> None:
    pair.wall += timedelta(days=365)
    for _ in range(5):
        pair.pass_by(LEASE)
        assert not watch.is_steady()
    pair.wall -= timedelta(days=365)
    assert not watch.is_steady()
    pair.pass_by(LEASE)
    assert watch.is_steady()
    assert timedelta(days=365) > LARGEST


def test_a_server_whose_clock_is_another_keeps_it_unsure_until_a_lease_after_they_agree(
    pair: Pair, watch: SystemWatch
) -> None:
    for _ in range(3):
        watch.compare(pair.wall - timedelta(minutes=1))
        assert not watch.is_steady()
        pair.pass_by(LEASE / 2)
    watch.compare(pair.wall + timedelta(seconds=1))
    pair.pass_by(LEASE / 2)
    assert watch.is_steady()


def test_a_hub_that_starts_before_the_newest_entry_waits_one_lease_and_is_told_once(
    pair: Pair, watch: SystemWatch
) -> None:
    newest = pair.wall + timedelta(hours=1)
    watch.hear(newest)
    assert not watch.is_steady()
    assert watch.was_put_back() is None
    for _ in range(4):  # each claim hears of it again
        pair.pass_by(LEASE / 4)
        watch.hear(newest)
    assert watch.is_steady()
    assert watch.was_put_back() == newest
    watch.settle()
    assert watch.was_put_back() is None
    watch.hear(pair.wall - timedelta(days=3))
    assert watch.is_steady()


def test_it_is_known_until_when_a_clock_that_was_put_back_had_been(pair: Pair, watch: SystemWatch) -> None:
    latest = pair.wall
    pair.wall -= timedelta(hours=1)
    assert watch.was_put_back() is None
    assert not watch.is_steady()
    pair.pass_by(LEASE)
    assert watch.was_put_back() == latest


def test_a_jump_and_its_end_are_logged_once_each(
    pair: Pair, watch: SystemWatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pair.wall += timedelta(minutes=10)
    for _ in range(10):
        watch.is_steady()
        watch.compare(pair.wall - timedelta(minutes=10))
    for _ in range(3):
        pair.pass_by(LEASE)
        watch.is_steady()
    assert [record.message for record in caplog.records] == ["clock_jumped", "clock_is_steady_again"]
    assert caplog.records[0].__dict__["fields"] == {"seconds": 600.0}
