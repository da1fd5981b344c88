"""What was disclosed: released, and with its recipient or perhaps so. The register of disclosures in ids and times.

Counted by what attempts say, and not by the state: something that was cancelled can have gone before. What the latest
decision says is not what went; the decisions of the attempts are.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from hub.delivery.doors import Rung
from hub.delivery.leases import MAY_HAVE_LEFT
from hub.delivery.outbox import DisclosureRow, State
from hub.store.tables import attempt, disclosure, follow_up, referral
from hub.store.unit_of_work import Reading


@dataclass(frozen=True, slots=True)
class Which:
    """Which disclosures, by what of them stands in the clear; a day is inclusive from its beginning to its end."""

    agency: str | None = None
    officer: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the register, which is told newest first: all that is older than this."""

    disclosed_at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A disclosure, whose referral asked for it, and the decisions under which its recipient got it, or may have."""

    row: DisclosureRow
    officer: str
    decisions: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where it stands in the register."""
        return Place(self.row.disclosed_at or self.row.created_at, self.row.seq)


_BARE = select(follow_up.c.disclosure_id).where(follow_up.c.disclosure_id == disclosure.c.id, follow_up.c.bare)
_DISCLOSED = (disclosure.c.disclosed_at.is_not(None), ~_BARE.correlate(disclosure).exists())
"""Bare notices tell of nobody and are none."""


def page(tx: Reading, which: Which, after: Place | None, at_most: int) -> tuple[Disclosed, ...]:
    """The next of them, the last disclosed first."""
    asked = select(disclosure).where(*_DISCLOSED, *_criteria(which))
    if after is not None:
        same = and_(disclosure.c.disclosed_at == after.disclosed_at, disclosure.c.seq < after.seq)
        asked = asked.where(disclosure.c.disclosed_at <= after.disclosed_at)  # which an index answers; the rest cuts it
        asked = asked.where(or_(disclosure.c.disclosed_at < after.disclosed_at, same))
    asked = asked.order_by(disclosure.c.disclosed_at.desc(), disclosure.c.seq.desc()).limit(at_most)
    return _whole(tx, tx.connection.execute(asked).all())


def of_cases(tx: Reading, case_ids: Collection[str]) -> dict[str, tuple[Disclosed, ...]]:
    """What was disclosed of each of these cases, oldest first; also of a case of which nothing was."""
    asked = select(disclosure).where(disclosure.c.case_id.in_(sorted(case_ids)), *_DISCLOSED)
    rows = tx.connection.execute(asked).all()
    found: dict[str, list[Disclosed]] = {case_id: [] for case_id in case_ids}
    for one in _whole(tx, sorted(rows, key=lambda row: int(row.seq))):
        found[one.row.case_id].append(one)
    return {case_id: tuple(its) for case_id, its in found.items()}


def counted(tx: Reading) -> Mapping[tuple[str, str], int]:
    """How many disclosures each agency has, or may have, for each purpose."""
    rows = tx.connection.execute(
        select(disclosure.c.agency, disclosure.c.purpose, func.count().label("how_many"))
        .where(*_DISCLOSED)
        .group_by(disclosure.c.agency, disclosure.c.purpose)
        .order_by(disclosure.c.agency, disclosure.c.purpose)
    )  # fmt: skip
    return {(row.agency, row.purpose): row.how_many for row in rows}


def _criteria(which: Which) -> list[ColumnElement[bool]]:
    criteria: list[ColumnElement[bool]] = []
    if which.agency is not None:
        criteria.append(disclosure.c.agency == which.agency)
    if which.officer is not None:
        theirs = select(referral.c.id).where(referral.c.author == which.officer)
        criteria.append(disclosure.c.referral_id.in_(theirs))
    if which.since is not None:
        criteria.append(disclosure.c.disclosed_at >= which.since)
    if which.before is not None:
        criteria.append(disclosure.c.disclosed_at < which.before)
    return criteria


def _whole(tx: Reading, rows: Sequence[Row[Any]]) -> tuple[Disclosed, ...]:
    """With who referred, and the decisions of the attempts: asked by id, so that no planner goes another way."""
    authors = {
        one.id: one.author for one in tx.connection.execute(
            select(referral.c.id, referral.c.author).where(referral.c.id.in_(sorted({row.referral_id for row in rows})))
        )
    }  # fmt: skip
    tried: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for one in tx.connection.execute(
        select(attempt.c.disclosure_id, attempt.c.decision_id, MAY_HAVE_LEFT.label("may_have_it"))
        .where(attempt.c.disclosure_id.in_([row.id for row in rows]))
        .order_by(attempt.c.disclosure_id, attempt.c.number)
    ):
        tried[one.disclosure_id].append((one.decision_id, bool(one.may_have_it)))
    return tuple(_disclosed(row, authors[row.referral_id], tried[row.id]) for row in rows)


def _disclosed(row: Row[Any], officer: str, tried: Sequence[tuple[str, bool]]) -> Disclosed:
    values = row._asdict()
    kept = DisclosureRow(**{**values, "state": State(str(values["state"]))})
    arrived = [decision for decision, may_have_it in tried if may_have_it]
    if not arrived and kept.rung >= Rung.HANDED_OVER:  # its recipient says so, whatever we saw of the attempts
        arrived = [decision for decision, _ in tried]
    return Disclosed(kept, officer, tuple(dict.fromkeys(arrived)))
