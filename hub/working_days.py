"""Working days and hours in England and Wales: by when somebody who is asked must have answered.

Bank holidays follow the Banking and Financial Dealings Act 1971 s.1 and Sch 1, the yearly proclamations under it
(New Year's Day, the first Monday in May) and the common law (Good Friday, Christmas Day). A day at the weekend gives
its holiday to the next working day. A holiday proclaimed for one year alone cannot be computed and is named in
`PROCLAIMED`; without it a clock ends a day early, never late.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PROCLAIMED: frozenset[date] = frozenset()
"""Bank holidays of one year alone, such as a coronation. None was announced for 2026 to 2028 by November 2026."""

OPENS, CLOSES = time(9), time(17)
"""The working hours of a landlord's office."""

_LONDON = ZoneInfo("Europe/London")
_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether offices are open on this day."""
    return day.weekday() < _SATURDAY and day not in bank_holidays(day.year)


def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of a year, in England and Wales."""
    easter = _easter(year)
    fixed = [easter - 2 * _DAY, easter + _DAY, _monday(date(year, 5, 1)), _monday(date(year, 5, 25)),
             _monday(date(year, 8, 25))]  # fmt: skip
    for month, number in ((1, 1), (12, 25), (12, 26)):
        day = date(year, month, number)
        while day.weekday() >= _SATURDAY or day in fixed:
            day += _DAY
        fixed.append(day)
    return frozenset(fixed) | {day for day in PROCLAIMED if day.year == year}


def end_of_working_day(now: datetime, days: int) -> datetime:
    """When the office closes, `days` working days after this one; 0 is today, or the next working day if none is left.

    The day itself does not count, whenever in the day it is.
    """
    here = now.astimezone(_LONDON)
    day = here.date()
    if days == 0 and here.time() >= CLOSES:
        day += _DAY
    while days or not is_working_day(day):
        day += _DAY
        days -= 1 if days and is_working_day(day) else 0
    return _at(day, CLOSES)


def after_working_hours(now: datetime, hours: float) -> datetime:
    """When so many hours of office time have passed."""
    left, at = timedelta(hours=hours), now
    while True:
        day = at.astimezone(_LONDON).date()
        opens, closes = _at(day, OPENS), _at(day, CLOSES)
        begins = max(at, opens)
        if is_working_day(day) and begins + left <= closes:
            return begins + left
        if is_working_day(day) and begins < closes:
            left -= closes - begins
        at = _at(day + _DAY, time())


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, _LONDON).astimezone(UTC)


def _monday(earliest: date) -> date:
    return earliest + (-earliest.weekday() % 7) * _DAY


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, Nature, 20 April 1876)."""
    golden, century, of_century = year % 19, year // 100, year % 100
    leaps, plain = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    quarters, odd = divmod(of_century, 4)
    week = (32 + 2 * plain + 2 * quarters - moon - odd) % 7
    shift = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)
