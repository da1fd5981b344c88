"""The backlog: how much waits to go to each agency, so that no more is taken in than can be looked after.

Whatever way it goes: sent by us, fetched by the partner, or carried by a person.

Counting a long queue is not free, so this process counts anew only now and then, and adds what it took in meanwhile.
The bound is therefore held about, not exactly: by each process to what the others take within some seconds.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select

from hub.clock import since_start
from hub.delivery.outbox import State
from hub.store.tables import disclosure
from hub.store.unit_of_work import Reading

_WAITING: Final = (State.QUEUED.value, State.LEAVING.value, State.PREPARED.value)
_SECONDS: Final = 5.0
_SHARE: Final = 20
"""Counting takes at most one part in so many of the time."""


@dataclass(slots=True)
class _Counted:
    until: float = 0.0
    waiting: Counter[str] = field(default_factory=Counter)


class Backlog:
    """What waits, by landlord and agency. Any number of threads may ask."""

    def __init__(self, most: int, elapsed: Callable[[], float] = since_start) -> None:
        """At most about `most` disclosures of one landlord are to wait for one agency."""
        self._most, self._elapsed = most, elapsed
        self._lock = threading.Lock()
        self._counted: dict[str, _Counted] = {}

    def is_due(self, landlord: str) -> bool:
        """Whether what waits of a landlord is to be counted anew; said to one caller only."""
        with self._lock:
            known = self._counted.setdefault(landlord, _Counted())
            now = self._elapsed()
            if now < known.until:
                return False
            known.until = now + _SECONDS
            return True

    def count(self, tx: Reading, landlord: str) -> None:
        """Count what waits of a landlord, in a reading of its rows."""
        began = self._elapsed()
        rows = tx.connection.execute(
            select(disclosure.c.agency, func.count().label("waiting"))
            .where(disclosure.c.state.in_(_WAITING), disclosure.c.landlord == landlord)
            .group_by(disclosure.c.agency)
        ).all()
        ended = self._elapsed()
        with self._lock:
            again = ended + max(_SECONDS, (ended - began) * _SHARE)
            self._counted[landlord] = _Counted(again, Counter({row.agency: row.waiting for row in rows}))

    def add(self, landlord: str, agencies: Iterable[str]) -> None:
        """So much was taken in for these agencies since."""
        with self._lock:
            self._counted.setdefault(landlord, _Counted()).waiting.update(agencies)

    def behind(self, landlord: str, agencies: Iterable[str]) -> str | None:
        """The first of the agencies for which too much waits; None where there is room for all."""
        with self._lock:
            waiting = self._counted.setdefault(landlord, _Counted()).waiting
            return next((agency for agency in agencies if waiting[agency] >= self._most), None)
