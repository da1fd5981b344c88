"""How a partner wants to be approached: how many at once, how often, in which hours, and by when it answers. Pure."""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.contract import Rung
from protocols.record.labels import Strict

LONDON = ZoneInfo("Europe/London")
"""Service hours are told in the agencies' own time, summer time included."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ServiceHours(Strict):
    """When a partner's system takes anything: on which days, from and until when, in London."""

    days: tuple[Day, ...] = Field(strict=False, min_length=1)
    opens: time
    closes: time

    def next_open(self, now: datetime) -> datetime:
        """`now` while it is open, otherwise the moment at which it opens next; aware, in the zone of `now`."""
        here = now.astimezone(LONDON)
        for ahead in range(8):
            day = here.date() + timedelta(days=ahead)
            closes = datetime.combine(day, self.closes, LONDON)
            if _DAYS[day.weekday()] in self.days and here < closes:
                return max(here, datetime.combine(day, self.opens, LONDON)).astimezone(now.tzinfo)
        return now  # it closes before it opens: no hours at all, and nothing may wait for ever


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
