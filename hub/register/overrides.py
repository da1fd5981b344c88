"""Safeguarding overrides declared, and who may declare none until a DPO restores the right.

The reason that somebody gives is personal content: it is sealed, and what stands in the clear are codes, ids and times.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.engine import Row

from hub.errors import NotFound
from hub.store import content
from hub.store.tables import override, override_right, referral
from hub.store.unit_of_work import Reading, Writing

LASTS = timedelta(minutes=60)
"""How long an override counts."""

UNREVIEWED = 3
"""So many of one person's overrides may wait for review; a further one is refused, or in immediate danger flagged."""

_PART, _VERDICT = "override", "override_review"


@dataclass(frozen=True, slots=True)
class Override:
    """An override as kept in the clear."""

    id: str
    landlord: str
    case_id: str
    referral_id: str
    category: str
    person: str
    team: str | None
    over_quota: bool
    at: datetime
    ends_at: datetime
    review_due: datetime
    closed_at: datetime | None = None
    overdue_at: datetime | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    justified: bool | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been reviewed by now, and was not."""
        return self.reviewed_at is None and self.review_due < now


_COLUMNS = [override.c[field.name] for field in fields(Override)]


def declare(tx: Writing, declared: Override, subject: str, reason: str) -> None:
    """Put an override on file, its reason sealed under the person's key. The caller holds the case."""
    tx.connection.execute(insert(override).values(**{name.name: getattr(declared, name.name) for name in _COLUMNS}))
    content.keep(tx, declared.case_id, declared.id, _PART, {subject: reason.encode()}, declared.at)


def get(tx: Reading, override_id: str) -> Override:
    """The override of that id. Raises NotFound."""
    found = _select(tx, override.c.id == override_id)
    if not found:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found[0]


def in_force(tx: Reading, case_id: str, now: datetime) -> tuple[Override, ...]:
    """The overrides that count in this case at this moment, the latest last."""
    return _select(tx, and_(
        override.c.case_id == case_id, override.c.at <= now, override.c.ends_at > now, override.c.closed_at.is_(None),
    ))  # fmt: skip


def of_landlord(tx: Reading) -> tuple[tuple[Override, str], ...]:
    """The overrides of the landlord at hand, those that wait for review first; each with its case's reference."""
    rows = tx.connection.execute(
        select(*_COLUMNS, referral.c.reference)
        .join(referral, referral.c.id == override.c.referral_id)
        .order_by(override.c.reviewed_at.is_not(None), override.c.review_due, override.c.seq.desc())
        .limit(500)
    )
    return tuple((_override(row), str(row.reference)) for row in rows)


def declarers(tx: Reading, case_id: str) -> frozenset[str]:
    """Everybody who ever declared an override in this case."""
    return frozenset(tx.connection.execute(select(override.c.person).where(override.c.case_id == case_id)).scalars())


def reason(tx: Reading, found: Override) -> tuple[str | None, str | None]:
    """Why it was declared, and what the reviewer wrote; None for what is not there, or was erased."""
    pieces = [content.read(tx, found.case_id, found.id, part) for part in (_PART, _VERDICT)]
    first, second = (next((piece.decode() for piece in opened.values()), None) for opened in pieces)
    return first, second


def unreviewed(tx: Reading, person: str) -> int:
    """How many overrides of this person wait for review."""
    waiting = select(func.count()).select_from(override)
    return int(
        tx.connection.execute(
            waiting.where(override.c.person == person, override.c.reviewed_at.is_(None))
        ).scalar_one()
    )  # fmt: skip


def review(tx: Writing, found: Override, reviewer: str, why: str, now: datetime, *, justified: bool) -> None:
    """Record what a reviewer found; whoever declared an unjustified one may declare none from now on."""
    tx.connection.execute(
        update(override).where(override.c.id == found.id).values(
            reviewed_by=reviewer, reviewed_at=now, justified=justified
        )
    )  # fmt: skip
    content.keep(tx, found.case_id, found.id, _VERDICT, {content.CASE: why.encode()}, now)
    if not justified:
        tx.connection.execute(
            insert(override_right).values(person=found.person, override_id=found.id, suspended_at=now)
        )


def may_declare(tx: Reading, person: str) -> bool:
    """Whether nothing suspends this person's right."""
    found = tx.connection.execute(
        select(override_right.c.seq).where(override_right.c.person == person, override_right.c.restored_at.is_(None))
    )
    return found.first() is None


def restore(tx: Writing, override_id: str, by: str, now: datetime) -> bool:
    """Lift what an unjustified override suspended; False where nothing was suspended by it, or is any more."""
    lifted = tx.connection.execute(
        update(override_right)
        .where(override_right.c.override_id == override_id, override_right.c.restored_at.is_(None))
        .values(restored_by=by, restored_at=now)
    )
    return lifted.rowcount == 1


def to_close(tx: Reading, now: datetime) -> tuple[Override, ...]:
    """Overrides that have ended, and under which nothing was looked at since."""
    return _select(tx, and_(override.c.closed_at.is_(None), override.c.ends_at <= now))


def close(tx: Writing, override_id: str, now: datetime) -> None:
    """Record that an override counts no more, and what had not left under it was stopped."""
    tx.connection.execute(update(override).where(override.c.id == override_id).values(closed_at=now))


def to_raise(tx: Reading, now: datetime) -> tuple[Override, ...]:
    """Overrides whose review is overdue, and was not raised yet."""
    return _select(tx, and_(
        override.c.overdue_at.is_(None), override.c.reviewed_at.is_(None), override.c.review_due < now,
    ))  # fmt: skip


def raised(tx: Writing, override_id: str, now: datetime) -> bool:
    """Record that it was raised; False where somebody reviewed or raised it since."""
    done = tx.connection.execute(
        update(override)
        .where(override.c.id == override_id, override.c.overdue_at.is_(None), override.c.reviewed_at.is_(None))
        .values(overdue_at=now)
    )
    return done.rowcount == 1


def _select(tx: Reading, criterion: ColumnElement[bool]) -> tuple[Override, ...]:
    rows = tx.connection.execute(select(*_COLUMNS).where(criterion).order_by(override.c.seq).limit(500))
    return tuple(_override(row) for row in rows)


def _override(row: Row[Any]) -> Override:
    return Override(**{column.name: getattr(row, column.name) for column in _COLUMNS})
