"""How a partner wants to be approached: how many at once, how often, in which hours, and by when it answers. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.contract import Rung
from protocols.record.labels import Strict

LONDON = ZoneInfo("Europe/London")
"""Service hours are told in the agencies' own time, summer time included."""

_CLOCKS_CHANGE = time(1)  # by UTC, in spring and in autumn; what is open by the clock on the wall can change with it
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ServiceHours(Strict):
    """When a partner's system takes anything: on which days, from and until when, in London.

    Where it closes no later than it opens it closes on the following day: its hours belong to the day on which they
    began, and `00:00` to `00:00` is the whole day.
    """

    days: tuple[Day, ...] = Field(strict=False, min_length=1)
    opens: time
    closes: time

    def next_open(self, now: datetime) -> datetime:
        """`now` while it is open, otherwise the moment at which it opens next; aware, in the zone of `now`."""
        if self._is_open(now):
            return now
        today = now.astimezone(LONDON).date()
        for ahead in range(15):  # its only hour of a week can be the one that a spring night leaves out
            begins = self._may_open_on(today + timedelta(days=ahead))
            found = min((moment for moment in begins if moment > now and self._is_open(moment)), default=None)
            if found is not None:
                return found.astimezone(now.tzinfo)
        return now  # nothing may wait for ever

    def _is_open(self, moment: datetime) -> bool:
        here = moment.astimezone(LONDON)
        at, today = here.time(), _DAYS[here.weekday()] in self.days
        if self.opens < self.closes:
            return today and self.opens <= at < self.closes
        yesterday = _DAYS[here.weekday() - 1] in self.days
        return (today and at >= self.opens) or (yesterday and at < self.closes)

    def _may_open_on(self, day: date) -> tuple[datetime, ...]:
        """When it opens on that day: both times where clocks go through that hour twice, and when they are changed."""
        opens = datetime.combine(day, self.opens, LONDON)
        changed = datetime.combine(day, _CLOCKS_CHANGE, UTC)
        return opens.astimezone(UTC), opens.replace(fold=1).astimezone(UTC), changed


class Answers(Strict):
    """By when, in minutes after it was handed over, each answer of a partner is late; not awaited where unset.

    Named as the rungs of the ladder (`connectors.contract.Rung`).
    """

    taken: Annotated[float, Field(gt=0)] | None = None
    read: Annotated[float, Field(gt=0)] | None = None
    answered: Annotated[float, Field(gt=0)] | None = None
    referenced: Annotated[float, Field(gt=0)] | None = None

    def next_after(self, rung: Rung) -> timedelta | None:
        """How long the next answer above a rung may take; None where none is awaited."""
        above = ((Rung.TAKEN, self.taken), (Rung.READ, self.read), (Rung.ANSWERED, self.answered),
                 (Rung.REFERENCED, self.referenced))  # fmt: skip
        return next((timedelta(minutes=given) for step, given in above if step > rung and given is not None), None)


class Pace(Strict):
    """One partner's limits, the table `[agencies.<id>.pace]` of its door.

    `at_once` attempts are under way at the most, and one more for danger; `per_minute` begin in a minute;
    `gives_up_after_hours` is how long a delivery is retried before a person is asked, unset for the hub's setting.
    """

    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    per_minute: Annotated[float, Field(gt=0, le=60_000)] | None = None
    gives_up_after_hours: Annotated[float, Field(gt=0, le=720)] | None = None
    hours: ServiceHours | None = None
    answers: Answers = Answers()

    def open_at(self, now: datetime) -> datetime:
        """The earliest moment, from `now` on, at which the partner's system takes anything."""
        return now if self.hours is None else self.hours.next_open(now)
