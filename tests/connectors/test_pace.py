"""When a partner's system is open: by the clock on the wall in London, over midnight and when the clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pace import LONDON, ServiceHours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = timedelta(minutes=1)
TIMES = st.one_of(
    st.sampled_from([time(0), time(0, 30), time(1), time(1, 15), time(1, 30), time(2), time(22)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
HOURS = st.builds(ServiceHours, days=st.sets(st.sampled_from(_DAYS), min_size=1).map(tuple), opens=TIMES, closes=TIMES)
MOMENTS = st.one_of(
    *(
        st.integers(0, 5 * 24 * 60).map(lambda minutes, begins=begins: begins + minutes * _MINUTE)
        for begins in (
            datetime(2026, 3, 27, tzinfo=UTC),  # before the clocks go forward
            datetime(2026, 10, 23, tzinfo=UTC),  # before they go back
            datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC),
        )
    )
)  # fmt: skip


def _is_open(hours: ServiceHours, moment: datetime) -> bool:
    """Count the minutes since midnight on the wall; what closed no later than it opened goes on into the next day."""
    here = moment.astimezone(LONDON)
    minute, opens, closes = (one.hour * 60 + one.minute for one in (here.time(), hours.opens, hours.closes))
    if closes <= opens:
        closes += 24 * 60
    today, yesterday = _DAYS[here.weekday()], _DAYS[(here.weekday() + 6) % 7]
    return (today in hours.days and opens <= minute < closes) or (
        yesterday in hours.days and opens <= minute + 24 * 60 < closes
    )


def _next_open(hours: ServiceHours, now: datetime) -> datetime:
    return next(
        moment for moment in (now + minutes * _MINUTE for minutes in range(15 * 24 * 60)) if _is_open(hours, moment)
    )


@given(HOURS, MOMENTS)
def test_it_opens_at_the_first_minute_at_which_the_clock_on_the_wall_says_so(
    hours: ServiceHours, now: datetime
) -> None:  # fmt: skip
    assert hours.next_open(now) == _next_open(hours, now)


@pytest.mark.parametrize(
    ("opens", "closes", "now", "goes"),
    [
        (time(0), time(0), "2026-11-23T03:00", "2026-11-23T03:00"),  # the whole of a Monday
        (time(0), time(0), "2026-11-24T03:00", "2026-11-30T00:00"),
        (time(7), time(0), "2026-11-23T23:59", "2026-11-23T23:59"),
        (time(22), time(6), "2026-11-24T05:59", "2026-11-24T05:59"),  # Monday's night
        (time(22), time(6), "2026-11-23T05:59", "2026-11-23T22:00"),  # Sunday's is none of its days
        (time(22), time(6), "2026-11-24T06:00", "2026-11-30T22:00"),
    ],
)
def test_hours_that_reach_midnight_or_cross_it_belong_to_the_day_on_which_they_began(
    opens: time, closes: time, now: str, goes: str
) -> None:
    hours = ServiceHours(days=("mon",), opens=opens, closes=closes)
    assert hours.next_open(datetime.fromisoformat(now).replace(tzinfo=UTC)) == datetime.fromisoformat(goes).replace(
        tzinfo=UTC
    )
