"""Introductions: to which agencies a landlord is known to write. A first-time recipient waits for a second person."""

from datetime import datetime

from sqlalchemy import and_, exists, select

from hub.delivery.outbox import DisclosureRow, Seen, State, among, listed
from hub.store.tables import disclosure, introduction
from hub.store.unit_of_work import Reading, Writing

FIRST_TIME = "FIRST_TIME_RECIPIENT"
"""The cause of what is held until a second person has confirmed whom it goes to."""

BY_RELEASE = "hub"
"""In `introduction.by`: something had gone there under an agreement that two people approved."""

_WENT = (State.PREPARED, State.SENT, State.RECEIPTED)
_MOST = 500


class Introduced:
    """Which landlords write to which agencies, remembered by a process: it is asked for all that goes.

    An introduction is never taken back, so what was read once stays true. Any number of threads may ask.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: set[tuple[str, str]] = set()

    def knows(self, tx: Reading, landlord: str, agency: str) -> bool:
        """Whether this landlord has been introduced to this agency."""
        if (landlord, agency) in self._known:
            return True
        asked = select(introduction.c.at).where(introduction.c.landlord == landlord, introduction.c.agency == agency)
        if tx.connection.execute(asked).first() is None:
            return False
        self._known.add((landlord, agency))
        return True


def record(tx: Writing, landlord: str, agency: str, by: str, now: datetime) -> bool:
    """Put an introduction on file; False where there is one."""
    return tx.insert_missing(introduction, landlord=landlord, agency=agency, by=by, at=now)


def held(tx: Reading, landlord: str, agency: str) -> tuple[DisclosureRow, ...]:
    """What of this landlord waits for its introduction to this agency, oldest first."""
    asked = select(disclosure.c.id).where(
        disclosure.c.landlord == landlord, disclosure.c.agency == agency, disclosure.c.state == State.HELD.value,
        disclosure.c.cause == FIRST_TIME,
    )  # fmt: skip
    found = among(tx, tx.connection.execute(asked.order_by(disclosure.c.seq).limit(_MOST)).scalars().all())
    return tuple(sorted(found.values(), key=lambda row: row.seq))


def to_confirm(tx: Reading, landlord: str, seen: Seen | None) -> tuple[DisclosureRow, ...]:
    """What waits for an introduction, and what went without one because somebody was in danger."""
    known = exists().where(
        introduction.c.landlord == disclosure.c.landlord, introduction.c.agency == disclosure.c.agency
    )
    went = and_(disclosure.c.state.in_(state.value for state in _WENT), ~known)
    waits = and_(disclosure.c.state == State.HELD.value, disclosure.c.cause == FIRST_TIME)
    return listed(tx, landlord, seen, went | waits)
