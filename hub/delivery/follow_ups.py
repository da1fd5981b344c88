"""What past recipients are told of what they have: that its consent was withdrawn, or that it was wrong.

A follow-up is a disclosure of its own, about an earlier one to the same agency, under that one's reference with a sign
of its own after a stroke. A bare one says only what to do; the other takes the earlier one's place.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto, unique
from itertools import count, product
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, case, delete, insert, literal, select, update

from hub.delivery import leases
from hub.delivery.doors import Rung
from hub.delivery.outbox import HOLD_WINDOW, DisclosureRow, State, recall_is_due
from hub.delivery.queue import DANGER
from hub.store.tables import attempt, disclosure, follow_up, outbox
from hub.store.unit_of_work import Reading, Writing

_STROKE = "/"
_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_MOST = 500


@unique
class Reach(Enum):
    """Whether an agency has a disclosure: it has or may have it, it never came, or that shows later."""

    HAS = auto()
    NEVER = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One disclosure about an earlier one. `look_at`: when to see whether that one arrived; None where it is known."""

    disclosure_id: str
    agency: str
    about: str
    notice: Literal["withdrawn", "corrected"]
    bare: bool
    look_at: datetime | None


def put(tx: Writing, made: FollowUp) -> None:
    """Enter a follow-up, after its disclosure."""
    tx.connection.execute(insert(follow_up).values(**{name: getattr(made, name) for name in FollowUp.__slots__}))


def of(tx: Reading, row: DisclosureRow) -> FollowUp | None:
    """What this disclosure is about; None for most, of which nothing is asked."""
    return among(tx, [row.id]).get(row.id) if _STROKE in row.reference else None


def among(tx: Reading, disclosure_ids: Collection[str]) -> Mapping[str, FollowUp]:
    """Those of the disclosures that are follow-ups, by id."""
    return {entry.disclosure_id: entry for entry in _where(tx, follow_up.c.disclosure_id.in_(sorted(disclosure_ids)))}


def on(tx: Reading, disclosure_id: str) -> tuple[FollowUp, ...]:
    """The follow-ups of one disclosure."""
    return _where(tx, follow_up.c.about == disclosure_id)


def to_look_at(tx: Reading, now: datetime, about: Iterable[str] | None = None) -> tuple[FollowUp, ...]:
    """The follow-ups of which it may show by now whether the earlier one arrived; only of those `about` where given."""
    due = follow_up.c.look_at <= now
    return _where(tx, due if about is None else due & follow_up.c.about.in_(sorted(about)))


def look_again(tx: Writing, disclosure_id: str, at: datetime | None) -> None:
    """Put off looking; None: it is known now."""
    tx.connection.execute(update(follow_up).where(follow_up.c.disclosure_id == disclosure_id).values(look_at=at))


def cut_off(tx: Writing, disclosure_id: str) -> None:
    """There was nothing to follow up: what stays is a disclosure like any other."""
    tx.connection.execute(delete(follow_up).where(follow_up.c.disclosure_id == disclosure_id))


def reference_after(tx: Reading, reference: str) -> str:
    """A free reference that shows what it follows up: with one sign, and where all of these are used with two, or more.

    There is always another one: nobody who takes their consent back may be told that it was followed up too often.
    """
    root = reference.partition(_STROKE)[0]
    heads = ("".join(signs) for length in count() for signs in product(_SIGNS, repeat=length))
    for head in heads:
        wanted = [f"{root}{_STROKE}{head}{sign}" for sign in _SIGNS]
        asked = select(disclosure.c.reference).where(disclosure.c.reference.in_(wanted))
        used = set(tx.connection.execute(asked).scalars())
        free = next((one for one in wanted if one not in used), None)
        if free is not None:
            return free
    raise AssertionError("there is no end of signs")


def reach(tx: Reading, row: DisclosureRow) -> Reach:
    """Whether its agency has this disclosure."""
    if row.rung >= Rung.HANDED_OVER:
        return Reach.HAS
    under_way = select(attempt.c.id).where(attempt.c.disclosure_id == row.id, attempt.c.outcome.is_(None)).limit(1)
    if tx.connection.execute(under_way).first() is not None:
        return Reach.LATER
    if row.state is State.PREPARED or recall_is_due(tx, row.id):
        return Reach.LATER
    return Reach.HAS if leases.may_have_left(tx, row.id) else Reach.NEVER


def decisions_behind(tx: Reading, disclosure_id: str) -> tuple[str, ...]:
    """The decisions under which the agency got it, or may have."""
    rows = tx.connection.execute(
        select(attempt.c.decision_id).where(attempt.c.disclosure_id == disclosure_id, leases.MAY_HAVE_LEFT)
    )
    return tuple(dict.fromkeys(rows.scalars()))


def hurry(tx: Writing, disclosure_ids: Collection[str], lane: int, now: datetime) -> None:
    """Raise what is queued to a more urgent lane, due now; what is as urgent already stays as it is.

    But for danger, which goes now whenever it is told of again: an attempt that fails costs less than one not made.
    """
    due, waits = outbox.c.due_at, outbox.c.lane >= lane if lane == DANGER else outbox.c.lane > lane
    tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id.in_(sorted(disclosure_ids)), waits)
        .values(lane=lane, due_at=case((due > now, literal(now, due.type)), else_=due))
    )
    tx.connection.execute(
        update(disclosure)
        .where(disclosure.c.id.in_(sorted(disclosure_ids)), disclosure.c.cause == HOLD_WINDOW)
        .values(cause=None)
    )


def _where(tx: Reading, criterion: ColumnElement[bool]) -> tuple[FollowUp, ...]:
    asked = select(follow_up).where(criterion).order_by(follow_up.c.disclosure_id).limit(_MOST)
    return tuple(_entry(row) for row in tx.connection.execute(asked))


def _entry(row: Row[Any]) -> FollowUp:
    return FollowUp(row.disclosure_id, row.agency, row.about, row.notice, row.bare, row.look_at)
