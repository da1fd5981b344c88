"""When to try again: ever longer, never sooner than the partner asked, and not for ever."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.delivery.schedule import FIRST_SECONDS, LONGEST_SECONDS, gives_up, next_due

NOWS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone given
ATTEMPTS = st.integers(1, 10_000)
JITTERS = st.floats(0, 1, exclude_max=True)
ASKED = st.none() | st.floats(0, 86_400)


def seconds(now: datetime, due: datetime) -> float:
    return (due - now).total_seconds()


@given(NOWS, ATTEMPTS, ASKED, JITTERS)
def test_a_retry_is_later_than_now_and_no_sooner_than_the_partner_asked(
    now: datetime, attempts: int, asked: float | None, jitter: float
) -> None:
    wait = seconds(now, next_due(now, attempts, asked, jitter))
    assert wait >= FIRST_SECONDS * 0.1
    # A time holds whole microseconds.
    assert wait >= (asked or 0.0) - 0.000_001


@given(NOWS, ATTEMPTS, JITTERS)
def test_a_retry_is_never_further_away_than_the_longest_step_unless_asked(
    now: datetime, attempts: int, jitter: float
) -> None:
    assert seconds(now, next_due(now, attempts, None, jitter)) <= LONGEST_SECONDS


@given(NOWS, ATTEMPTS, JITTERS)
def test_each_further_attempt_waits_at_least_as_long(now: datetime, attempts: int, jitter: float) -> None:
    assert next_due(now, attempts, None, jitter) <= next_due(now, attempts + 1, None, jitter)


@given(NOWS, ATTEMPTS, JITTERS, JITTERS)
def test_jitter_spreads_a_step_over_nine_tenths_of_it(now: datetime, attempts: int, one: float, other: float) -> None:
    first, second = (seconds(now, next_due(now, attempts, None, jitter)) for jitter in sorted((one, other)))
    assert first <= second
    assert second <= first * 10 + 0.000_01


def test_the_steps_are_those_of_the_documentation() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    steps = [round(seconds(now, next_due(now, attempt, None, 0.999_999_9))) for attempt in range(1, 12)]
    assert steps == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(NOWS, st.floats(0.01, 720), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_giving_up_comes_once_and_for_good(first: datetime, hours: float, passed: timedelta) -> None:
    assert gives_up(first + passed, first, hours) is (passed >= timedelta(hours=hours))
    if gives_up(first + passed, first, hours):
        assert gives_up(first + passed + timedelta(seconds=1), first, hours)
