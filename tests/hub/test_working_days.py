"""Working days: the bank holidays that the government publishes, and what they do to clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.working_days import after_working_hours, bank_holidays, end_of_working_day, is_working_day

LONDON = ZoneInfo("Europe/London")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - given a zone


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
        (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        (2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        (2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
    ],
)  # fmt: skip
def test_the_bank_holidays_are_those_that_the_government_publishes(year: int, days: str) -> None:
    """As on gov.uk/bank-holidays for England and Wales."""
    assert bank_holidays(year) == {date.fromisoformat(f"{year}-{day}") for day in days.split()}


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-23T10:00", "2026-11-23T14:00"),  # Monday morning
        ("2026-11-23T13:00", "2026-11-23T17:00"),
        ("2026-11-23T15:00", "2026-11-24T11:00"),
        ("2026-11-20T16:30", "2026-11-23T12:30"),  # Friday afternoon
        ("2026-11-21T12:00", "2026-11-23T13:00"),  # Saturday
        ("2026-11-23T03:00", "2026-11-23T13:00"),  # before anybody is there
        ("2026-12-24T15:00", "2026-12-29T11:00"),  # over Christmas
        ("2026-03-27T16:00", "2026-03-30T12:00"),  # over the night on which clocks go forward
    ],
)
def test_four_working_hours_are_counted_while_the_office_is_open(now: str, ends: str) -> None:
    assert after_working_hours(_local(now), 4) == _local(ends)


@pytest.mark.parametrize(
    ("now", "days", "ends"),
    [
        ("2026-11-23T10:00", 0, "2026-11-23T17:00"),
        ("2026-11-23T17:00", 0, "2026-11-24T17:00"),
        ("2026-11-21T10:00", 0, "2026-11-23T17:00"),
        ("2026-11-23T10:00", 1, "2026-11-24T17:00"),
        ("2026-11-20T23:00", 1, "2026-11-23T17:00"),
        ("2026-11-20T23:00", 2, "2026-11-24T17:00"),
        ("2026-11-21T10:00", 2, "2026-11-24T17:00"),
        ("2026-12-24T10:00", 2, "2026-12-30T17:00"),
        ("2026-04-02T18:00", 0, "2026-04-07T17:00"),  # before Easter, in summer time
    ],
)
def test_a_working_day_ends_when_the_office_closes(now: str, days: int, ends: str) -> None:
    assert end_of_working_day(_local(now), days) == _local(ends)


@given(MOMENTS, st.integers(0, 5))
def test_a_clock_ends_ahead_on_a_working_day_with_as_many_between(now: datetime, days: int) -> None:
    ends = end_of_working_day(now, days)
    begins, closes = now.astimezone(LONDON).date(), ends.astimezone(LONDON)
    between = [begins + timedelta(days=n) for n in range(1, (closes.date() - begins).days + 1)]
    assert now < ends
    assert is_working_day(closes.date())
    assert closes.hour == 17
    if days:
        assert sum(map(is_working_day, between)) == days


@given(MOMENTS, st.floats(0.25, 40))
def test_office_hours_passed_are_as_many_as_were_asked(now: datetime, hours: float) -> None:
    ends = after_working_hours(now, hours)
    minute, counted = timedelta(minutes=1), 0
    at = now
    while at < ends:
        here = at.astimezone(LONDON)
        counted += is_working_day(here.date()) and 9 <= here.hour < 17
        at += minute
    assert abs(counted - hours * 60) <= 2
