"""Guessing is slowed by account, by address and in all, and never shuts out whoever belongs there (ASVS 5.0 6.3.1).

A try is counted before it is looked at, in lanes that every process shares; beyond its free tries a lane takes the next
one only after a wait that doubles, up to a bound. A try from a place known for the account (a device that signed in
before, or an address that it signed in from) has a lane of its own: strangers who hammer an account slow each other,
not its holder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Row, delete, select, update

from hub.errors import TooManyTries
from hub.store.tables import guess
from hub.store.unit_of_work import Reading, Writing


@dataclass(frozen=True, slots=True)
class Slowness:
    """How many tries are free, how long the longest wait is, and in what time without a try one is forgotten."""

    free: int
    longest: timedelta
    forgets: timedelta


class Lane(Enum):
    """What tries are counted by."""

    ACCOUNT = Slowness(5, timedelta(minutes=15), timedelta(hours=1))
    PLACE = Slowness(10, timedelta(minutes=1), timedelta(minutes=1))
    ADDRESS = Slowness(30, timedelta(minutes=5), timedelta(minutes=1))
    STRANGERS = Slowness(300, timedelta(seconds=2), timedelta(seconds=1))


_FORGOTTEN = timedelta(days=3)

Counted = tuple[Lane, str]
"""A lane, and whose: the keyed digest of an account, an address or a place."""


def lane(tx: Reading, kind: Lane, whose: str = "") -> Counted:
    """The lane of that kind of somebody or something; what it is called is not kept."""
    return kind, tx.keys.index(whose, f"guess|{kind.name.lower()}")


def take(tx: Writing, lanes: Sequence[Counted], now: datetime) -> None:
    """Count one try in each lane. While one is closed, raises TooManyTries with the wait, and counts nothing."""
    found = _held(tx, lanes)
    for _kind, name in sorted(lanes, key=_name):
        if name not in found:
            tx.insert_missing(guess, lane=name, tries=0, last_at=now, next_at=now)
    found = found if len(found) == len(lanes) else _held(tx, lanes)
    wait = max(row.next_at for row in found.values()) - now
    if wait > timedelta(0):
        raise TooManyTries("TOO_MANY_TRIES", "too many tries to sign in; wait, or sign in with a passkey or from where "
                           "you did before", after=int(wait.total_seconds()) + 1)  # fmt: skip
    for kind, name in lanes:
        tries = _remembered(kind.value, found[name].tries, now - found[name].last_at) + 1
        values = {"tries": tries, "last_at": now, "next_at": now + _wait(kind.value, tries)}
        tx.connection.execute(update(guess).where(guess.c.lane == name).values(values))
    tx.connection.execute(delete(guess).where(guess.c.last_at < now - _FORGOTTEN))


def give_back(tx: Writing, lanes: Sequence[Counted]) -> None:
    """A try was right: it does not count, and a place of the account's own begins anew. Others' tries stay counted."""
    for kind, name in sorted(lanes, key=_name):
        if kind is Lane.PLACE:
            tx.connection.execute(delete(guess).where(guess.c.lane == name))
        else:
            tx.connection.execute(
                update(guess).where(guess.c.lane == name, guess.c.tries > 0).values(tries=guess.c.tries - 1)
            )


def _held(tx: Writing, lanes: Sequence[Counted]) -> dict[str, Row]:  # type: ignore[type-arg]
    """The lanes that there are, held in one order: two who need the same ones never wait for each other."""
    names = [name for _kind, name in lanes]
    rows = tx.connection.execute(select(guess).where(guess.c.lane.in_(names)).order_by(guess.c.lane).with_for_update())
    return {row.lane: row for row in rows}


def _name(counted: Counted) -> str:
    return counted[1]


def _remembered(slowness: Slowness, tries: int, quiet: timedelta) -> int:
    return max(0, tries - quiet // slowness.forgets)


def _wait(slowness: Slowness, tries: int) -> timedelta:
    over = tries - slowness.free
    return min(timedelta(seconds=2 ** min(over - 1, 20)), slowness.longest) if over > 0 else timedelta(0)
