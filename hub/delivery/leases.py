"""Leases: the right to make one attempt, and how it ended. Whoever comes back after the lease finds a higher fence.

Lock order everywhere: registers, doors, the case (`hub.intake.referrals.hold_case`), the outbox row, the log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, and_, case, exists, func, literal, or_, select, update

from hub.delivery.doors import Rung
from hub.delivery.outbox import RECALL_DUE, State, change
from hub.store.tables import attempt, disclosure, follow_up, outbox
from hub.store.unit_of_work import Reading, Writing

_COUNTED = {"preserve_rowcount": True}

UNKNOWN, TAKEN_BACK, GONE = "unknown", "taken_back", "gone"
"""How an attempt ended, beside its own outcome: nobody knows; or its pack was taken back, or gone when it was to be."""

_LOOSE = ("unsure", UNKNOWN)
_IS_LOOSE = or_(attempt.c.outcome.is_(None), attempt.c.outcome.in_(_LOOSE))
MAY_HAVE_IT = ("done", *_LOOSE, GONE)
"""Ends of an attempt after which the partner has it or may have it."""
MAY_HAVE_LEFT = or_(attempt.c.outcome.is_(None), attempt.c.outcome.in_(MAY_HAVE_IT), attempt.c.reached.is_(True))
"""Attempts under way, or after which the partner has the bytes or may have them, also where it refused them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt, until `until`. `fence` proves at settling that it is still ours."""

    disclosure_id: str
    agency: str
    lane: int
    worker: str
    fence: int
    attempt: int
    first_tried_at: datetime
    until: datetime
    unknown_attempts: int
    lost_attempts: int = 0
    """How many of those since `first_tried_at` ended with their worker, these included: it may be what kills it."""


def take(
    tx: Writing, disclosure_ids: Collection[str], worker: str, now: datetime, lease: timedelta, *,
    collected: bool = False,
) -> Sequence[Claim]:  # fmt: skip
    """Claim disclosures, leaving out what is not due any more or somebody else's. The caller holds their cases.

    What is `collected` is never ready for a worker; the partner's own request has it go, once its hold is over.
    """
    claimable = and_(is_free(now), outbox.c.due_at <= now) if collected else is_claimable(now)
    first = outbox.c.first_tried_at
    taken = tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id.in_(sorted(disclosure_ids)), claimable)
        .values(
            lease_owner=worker, lease_until=now + lease, fence=outbox.c.fence + 1, attempts=outbox.c.attempts + 1,
            first_tried_at=case((first.is_(None), literal(now, first.type)), else_=first),
        )
        .returning(
            outbox.c.disclosure_id, outbox.c.agency, outbox.c.lane, outbox.c.fence, outbox.c.attempts,
            outbox.c.first_tried_at,
        )
    ).all()  # fmt: skip
    unknown = _of_unknown_end(tx, [row.disclosure_id for row in taken])
    return [
        Claim(row.disclosure_id, row.agency, row.lane, worker, row.fence, row.attempts, row.first_tried_at, now + lease,
              *unknown.get(row.disclosure_id, (0, 0)))
        for row in taken
    ]  # fmt: skip


def is_claimed(tx: Reading, disclosure_id: str, now: datetime) -> bool:
    """Whether somebody is at it now; a lease that is over is a dead worker's."""
    held = select(outbox.c.seq).where(outbox.c.disclosure_id == disclosure_id, outbox.c.lease_until > now)
    return tx.connection.execute(held).first() is not None


def begin_attempt(tx: Writing, claim: Claim, attempt_id: str, decision_id: str, commitment: str, now: datetime) -> None:
    """Record the intent: from here until it is settled, whether the bytes left is unknown."""
    tx.connection.insert_with_others(attempt, [{
        "id": attempt_id, "disclosure_id": claim.disclosure_id, "number": claim.attempt, "decision_id": decision_id,
        "commitment": commitment, "started_at": now,
    }])  # fmt: skip


def end_attempt(tx: Writing, claim: Claim, outcome: str, now: datetime, *, reached: bool = False) -> bool:
    """Record how an attempt ended, and whether it reached a partner who refused it.

    False when the lease was lost meanwhile, and then nothing may be changed.
    """
    ours = tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == claim.disclosure_id, outbox.c.fence == claim.fence)
        .values(lease_owner=None, lease_until=None)
    )
    if ours.rowcount == 0:
        return False
    tx.connection.execute(
        update(attempt)
        .where(attempt.c.disclosure_id == claim.disclosure_id, attempt.c.number == claim.attempt)
        .values(ended_at=now, outcome=outcome, reached=reached)
    )
    if outcome not in MAY_HAVE_IT and not reached:
        _date_again(tx, claim.disclosure_id)
    return True


def lapse(tx: Writing, now: datetime) -> int:
    """End every lease; returns how many. Only for a hub that is certain to be the only one: who held them is dead."""
    ended = tx.connection.execute(
        update(outbox).where(outbox.c.lease_until > now).values(lease_until=now), execution_options=_COUNTED
    )
    return ended.rowcount


def may_have_left(tx: Reading, disclosure_id: str) -> bool:
    """Whether an attempt is under way, or ended so that the partner has it or may have it."""
    found = tx.connection.execute(
        select(attempt.c.id).where(attempt.c.disclosure_id == disclosure_id, MAY_HAVE_LEFT).limit(1)
    ).first()
    return found is not None


def is_loose(tx: Reading, disclosure_id: str) -> bool:
    """Whether an attempt may have left a pack of which nobody knows."""
    found = select(attempt.c.id).where(attempt.c.disclosure_id == disclosure_id, _IS_LOOSE).limit(1)
    return tx.connection.execute(found).first() is not None


def is_in_doubt(tx: Reading, disclosure_id: str) -> bool:
    """Whether it may have arrived, and no person has taken it up again since, which says that it did not."""
    found = (
        select(attempt.c.id)
        .join(outbox, outbox.c.disclosure_id == attempt.c.disclosure_id)
        .where(attempt.c.disclosure_id == disclosure_id, _IS_LOOSE, attempt.c.started_at >= outbox.c.first_tried_at)
        .limit(1)
    )
    return tx.connection.execute(found).first() is not None


def was_taken_back(tx: Reading, disclosure_id: str) -> bool:
    """Whether a pack of it lay in its folder, and was taken out again."""
    its = select(attempt.c.id).where(attempt.c.disclosure_id == disclosure_id, attempt.c.outcome == TAKEN_BACK)
    return tx.connection.execute(its.limit(1)).first() is not None


def end_pack(tx: Writing, disclosure_id: str, *, found: bool) -> None:
    """What was to be taken out of its folder was there, so that nobody has it, or was gone, so that somebody does."""
    tx.connection.execute(
        update(attempt)
        .where(attempt.c.disclosure_id == disclosure_id, attempt.c.outcome.in_(("done", *_LOOSE)))
        .values(outcome=TAKEN_BACK if found else GONE)
    )
    if found:
        _date_again(tx, disclosure_id)


def close_unknown(tx: Writing, disclosure_ids: Collection[str], now: datetime) -> None:
    """Close the attempts whose worker died: how they ended stays unknown, and that is put on record."""
    tx.connection.execute(
        update(attempt)
        .where(attempt.c.disclosure_id.in_(sorted(disclosure_ids)), attempt.c.outcome.is_(None))
        .values(ended_at=now, outcome=UNKNOWN)
    )


def restart(tx: Writing, disclosure_id: str, now: datetime, *, ready: bool) -> None:
    """Take up again what was held or parked: nobody is asked about it any more, and its time to give up counts anew.

    Attempts of unknown end are closed. What follows up something of which it does not show yet whether it came is made
    ready by nobody but whoever sees that (`hub.flow.follow.look`): the older one would arrive last.
    """
    close_unknown(tx, [disclosure_id], now)
    looks = exists().where(follow_up.c.disclosure_id == disclosure_id, follow_up.c.look_at.is_not(None))
    tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == disclosure_id)
        .values(ready=~looks if ready else False, due_at=now, lease_owner=None, lease_until=None, first_tried_at=None)
    )
    change(tx, disclosure_id, State.QUEUED, cause=None, authoriser=None, within=None, review_due_at=None,
           review_overdue_at=None, answer_due_at=None, answer_late_at=None)  # fmt: skip


def is_claimable(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Rows that a worker may claim: ready, due, and nobody's."""
    return and_(outbox.c.ready.is_(True), outbox.c.due_at <= now, is_free(now))


def is_free(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Rows that nobody holds, and no pack of which is still to be taken out of its folder."""
    lapsed = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now)
    return and_(lapsed, or_(outbox.c.recall.is_(None), outbox.c.recall != RECALL_DUE))


def _date_again(tx: Writing, disclosure_id: str) -> None:
    """Nobody got it by one attempt: it was disclosed by the first of the others, if by any.

    What its recipient said, or who carried it, stands.
    """
    began = select(func.min(attempt.c.started_at)).where(attempt.c.disclosure_id == disclosure_id, MAY_HAVE_LEFT)
    tx.connection.execute(
        update(disclosure)
        .where(disclosure.c.id == disclosure_id, disclosure.c.rung < Rung.HANDED_OVER)
        .values(disclosed_at=began.scalar_subquery())
    )


def _of_unknown_end(tx: Reading, disclosure_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """By disclosure: attempts that nobody has ended yet, and all since it was first tried whose end nobody knows."""
    is_open = attempt.c.outcome.is_(None)
    since = or_(is_open, and_(attempt.c.outcome == UNKNOWN, attempt.c.started_at >= outbox.c.first_tried_at))
    rows = tx.connection.execute(
        select(attempt.c.disclosure_id, func.sum(case((is_open, 1), else_=0)).label("unended"),
               func.count().label("lost"))
        .join(outbox, outbox.c.disclosure_id == attempt.c.disclosure_id)
        .where(attempt.c.disclosure_id.in_(sorted(disclosure_ids)), since)
        .group_by(attempt.c.disclosure_id)
    )  # fmt: skip
    return {row.disclosure_id: (int(row.unended), row.lost) for row in rows}
