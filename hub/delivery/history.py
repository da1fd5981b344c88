"""What happened to disclosures so far: attempts and receipts, in times and codes, and nothing of what they tell."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from hub.delivery.doors import Rung
from hub.store.tables import attempt, receipt
from hub.store.unit_of_work import Reading


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `outcome` is None while it is under way, and `unknown` where whoever made it died."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """How far a disclosure had provably come, and when."""

    rung: Rung
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Attempts by number, receipts as they came."""

    attempts: tuple[Attempt, ...] = ()
    steps: tuple[Step, ...] = ()


def of(tx: Reading, disclosure_ids: Collection[str]) -> Mapping[str, History]:
    """The history of each of these disclosures, by id."""
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for row in tx.connection.execute(
        select(attempt.c.disclosure_id, attempt.c.number, attempt.c.started_at, attempt.c.ended_at, attempt.c.outcome)
        .where(attempt.c.disclosure_id.in_(sorted(disclosure_ids)))
        .order_by(attempt.c.number)
    ):
        attempts[row.disclosure_id].append(Attempt(row.number, row.started_at, row.ended_at, row.outcome))
    steps: dict[str, list[Step]] = defaultdict(list)
    for row in tx.connection.execute(
        select(receipt.c.disclosure_id, receipt.c.rung, receipt.c.at)
        .where(receipt.c.disclosure_id.in_(sorted(disclosure_ids)))
        .order_by(receipt.c.seq)
    ):
        steps[row.disclosure_id].append(Step(Rung(row.rung), row.at))
    return {one: History(tuple(attempts[one]), tuple(steps[one])) for one in disclosure_ids}
