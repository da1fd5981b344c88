"""The outbox: rows that say what is to go, who is at it, and until when. The row is the truth; a broker only wakes.

A claim is a lease with a fence: whoever comes back after the lease has lapsed finds a higher fence and changes nothing.
Lock order everywhere: the case first (`hub.intake.referrals.hold_case`), then the outbox row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.engine import Row

from hub.errors import NotFound
from hub.store.tables import attempt, disclosure, outbox
from hub.store.unit_of_work import Reading, Writing


@unique
class State(StrEnum):
    """Where a disclosure stands; the README says what each promises."""

    DENIED = "denied"
    HELD = "held"
    QUEUED = "queued"
    LEAVING = "leaving"
    PREPARED = "prepared"
    SENT = "sent"
    RECEIPTED = "receipted"
    PARKED = "parked"
    CANCELLED = "cancelled"
    REFUSED = "refused"


_RECALL_DUE = "due"
_COUNTED = {"preserve_rowcount": True}

UNSENT = (State.HELD, State.QUEUED, State.PREPARED, State.PARKED)
"""States in which nothing is on its way; whether an earlier attempt may have arrived, `may_have_left` says."""


@dataclass(frozen=True, slots=True)
class DisclosureRow:
    """A disclosure as kept in the clear: ids, codes and times."""

    seq: int
    id: str
    referral_id: str
    case_id: str
    landlord: str
    agency: str
    purpose: str
    routine: bool
    reference: str
    state: State
    cause: str | None
    authoriser: str | None
    decision_id: str
    consent_id: str | None
    rung: int
    released_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt, until `until`. `fence` proves at settling that it is still ours."""

    disclosure_id: str
    agency: str
    worker: str
    fence: int
    attempt: int
    first_tried_at: datetime
    until: datetime
    unknown_attempts: int


def put(tx: Writing, row: DisclosureRow, lane: int, *, ready: bool) -> None:
    """Enter a disclosure, and its outbox row unless it was denied for good."""
    values = {name: getattr(row, name) for name in DisclosureRow.__slots__ if name != "seq"}
    tx.connection.execute(insert(disclosure).values(**values))
    if row.state is not State.DENIED:
        tx.connection.execute(
            insert(outbox).values(
                disclosure_id=row.id, agency=row.agency, lane=lane, ready=ready, due_at=row.created_at, attempts=0,
                fence=0,
            )
        )  # fmt: skip


def get(tx: Reading, disclosure_id: str) -> DisclosureRow:
    """The disclosure of that id. Raises NotFound."""
    row = tx.connection.execute(select(disclosure).where(disclosure.c.id == disclosure_id)).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _row(row)


def of_referral(tx: Reading, referral_id: str) -> tuple[DisclosureRow, ...]:
    """The disclosures of a referral, in the order asked."""
    rows = tx.connection.execute(
        select(disclosure).where(disclosure.c.referral_id == referral_id).order_by(disclosure.c.seq)
    )
    return tuple(_row(row) for row in rows)


def relying_on(tx: Reading, consent_id: str) -> tuple[DisclosureRow, ...]:
    """The disclosures whose latest decision relied on a consent."""
    rows = tx.connection.execute(
        select(disclosure).where(disclosure.c.consent_id == consent_id).order_by(disclosure.c.seq)
    )
    return tuple(_row(row) for row in rows)


def waiting_for(tx: Reading, agency: str) -> tuple[DisclosureRow, ...]:
    """What waits to be collected by an agency, oldest first; also what was being fetched when something broke."""
    rows = tx.connection.execute(
        select(disclosure)
        .where(disclosure.c.agency == agency, disclosure.c.state.in_((State.QUEUED.value, State.LEAVING.value)))
        .order_by(disclosure.c.seq)
        .limit(500)
    )
    return tuple(_row(row) for row in rows)


def to_recall(tx: Reading) -> tuple[DisclosureRow, ...]:
    """Disclosures with a pack that is to be taken out of its folder."""
    rows = tx.connection.execute(
        select(disclosure)
        .join(outbox, outbox.c.disclosure_id == disclosure.c.id)
        .where(outbox.c.recall == _RECALL_DUE)
        .order_by(outbox.c.seq)
        .limit(500)
    )
    return tuple(_row(row) for row in rows)


def ask_recall(tx: Writing, disclosure_id: str) -> None:
    """Record that a pack of this disclosure is to be taken out of its folder; until then it is nobody's to claim."""
    tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(recall=_RECALL_DUE))


def recall_is_due(tx: Reading, disclosure_id: str) -> bool:
    """Whether a pack of this disclosure is still to be taken out of its folder."""
    asked = select(outbox.c.recall).where(outbox.c.disclosure_id == disclosure_id)
    return tx.connection.execute(asked).scalar_one_or_none() == _RECALL_DUE


def recalled(tx: Writing, disclosure_id: str, *, found: bool) -> None:
    """Record that the pack was taken away, or was not there any more."""
    ended = "taken" if found else "missing"
    tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(recall=ended))


def packs_missing(tx: Reading, disclosure_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the disclosures whose pack was not there when it was to be taken away: somebody has it."""
    rows = tx.connection.execute(
        select(outbox.c.disclosure_id)
        .where(outbox.c.disclosure_id.in_(list(disclosure_ids)), outbox.c.recall == "missing")
        .order_by(outbox.c.seq)
    )
    return tuple(rows.scalars())


def parked(tx: Reading, landlord: str) -> tuple[DisclosureRow, ...]:
    """What stopped being tried and waits for a person of that landlord, oldest first."""
    return _in_state(tx, landlord, State.PARKED)


def held(tx: Reading, landlord: str) -> tuple[DisclosureRow, ...]:
    """What waits for an authoriser of that landlord, oldest first."""
    return _in_state(tx, landlord, State.HELD)


def next_due(tx: Reading, now: datetime, skip: frozenset[str] = frozenset()) -> DisclosureRow | None:
    """The most urgent disclosure that is due and nobody's: danger first, then by due time; none of `skip`."""
    row = tx.connection.execute(
        select(disclosure)
        .join(outbox, outbox.c.disclosure_id == disclosure.c.id)
        .where(_claimable(now), outbox.c.disclosure_id.not_in(skip))
        .order_by(outbox.c.lane, outbox.c.due_at, outbox.c.seq)
        .limit(1)
    ).one_or_none()
    return _row(row) if row is not None else None


def take(
    tx: Writing, disclosure_id: str, worker: str, now: datetime, lease: timedelta, *, collected: bool = False
) -> Claim | None:
    """Claim one disclosure; None when it is not due any more or somebody else was first. The caller holds the case.

    What is `collected` is never ready for a worker; the partner's own request makes it due.
    """
    claimable = _free(now) if collected else _claimable(now)
    taken = tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == disclosure_id, claimable)
        .values(lease_owner=worker, lease_until=now + lease, fence=outbox.c.fence + 1, attempts=outbox.c.attempts + 1)
        .returning(outbox.c.agency, outbox.c.fence, outbox.c.attempts, outbox.c.first_tried_at)
    ).one_or_none()
    if taken is None:
        return None
    first = taken.first_tried_at or now
    if taken.first_tried_at is None:
        tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(first_tried_at=now))
    unknown = tx.connection.execute(
        select(attempt.c.id).where(attempt.c.disclosure_id == disclosure_id, attempt.c.outcome.is_(None))
    ).all()
    return Claim(disclosure_id, taken.agency, worker, taken.fence, taken.attempts, first, now + lease, len(unknown))


def begin_attempt(tx: Writing, claim: Claim, attempt_id: str, decision_id: str, commitment: str, now: datetime) -> None:
    """Record the intent: from here until it is settled, whether the bytes left is unknown."""
    tx.connection.execute(
        insert(attempt).values(
            id=attempt_id, disclosure_id=claim.disclosure_id, number=claim.attempt, decision_id=decision_id,
            commitment=commitment, started_at=now,
        )
    )  # fmt: skip
    change(tx, claim.disclosure_id, State.LEAVING, decision_id=decision_id)


def lapse_leases(tx: Writing, now: datetime) -> int:
    """End every lease; returns how many. Only for a hub that is certain to be the only one: who held them is dead."""
    ended = tx.connection.execute(
        update(outbox).where(outbox.c.lease_until > now).values(lease_until=now), execution_options=_COUNTED
    )
    return ended.rowcount


def end_attempt(tx: Writing, claim: Claim, outcome: str, now: datetime) -> bool:
    """Record how an attempt ended; False when the lease was lost meanwhile, and then nothing may be changed."""
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
        .values(ended_at=now, outcome=outcome)
    )
    return True


def may_have_left(tx: Reading, disclosure_id: str) -> bool:
    """Whether an attempt is under way, or ended so that the partner has it or may have it."""
    found = tx.connection.execute(
        select(attempt.c.id)
        .where(
            attempt.c.disclosure_id == disclosure_id,
            or_(attempt.c.outcome.is_(None), attempt.c.outcome.in_(("done", "unsure", "unknown"))),
        )
        .limit(1)
    ).first()
    return found is not None


def close_unknown(tx: Writing, disclosure_id: str, now: datetime) -> None:
    """Close the attempts whose worker died: how they ended stays unknown, and that is put on record."""
    tx.connection.execute(
        update(attempt)
        .where(attempt.c.disclosure_id == disclosure_id, attempt.c.outcome.is_(None))
        .values(ended_at=now, outcome="unknown")
    )


def schedule(tx: Writing, disclosure_id: str, due_at: datetime, *, lane: int | None = None) -> None:
    """Make a disclosure due (again) at a time."""
    values: dict[str, object] = {"ready": True, "due_at": due_at, "lease_owner": None, "lease_until": None}
    if lane is not None:
        values["lane"] = lane
    tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(**values))


def restart(tx: Writing, disclosure_id: str, now: datetime, *, ready: bool) -> None:
    """Take up a parked disclosure again, its time to give up counted anew; attempts of unknown end are closed."""
    close_unknown(tx, disclosure_id, now)
    tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == disclosure_id)
        .values(ready=ready, due_at=now, lease_owner=None, lease_until=None, first_tried_at=None)
    )


def stop(tx: Writing, disclosure_id: str) -> None:
    """Take a disclosure out of the queue; a worker that holds it finds its fence gone."""
    tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == disclosure_id)
        .values(ready=False, lease_owner=None, lease_until=None, fence=outbox.c.fence + 1)
    )


def change(tx: Writing, disclosure_id: str, state: State, **columns: str | int | datetime | None) -> None:
    """Move a disclosure to another state, with what goes with it (cause, authoriser, decision, rung, ...)."""
    tx.connection.execute(
        update(disclosure).where(disclosure.c.id == disclosure_id).values(state=state.value, **columns)
    )


def _claimable(now: datetime) -> ColumnElement[bool]:
    return and_(outbox.c.ready.is_(True), outbox.c.due_at <= now, _free(now))


def _free(now: datetime) -> ColumnElement[bool]:
    lapsed = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now)
    return and_(lapsed, or_(outbox.c.recall.is_(None), outbox.c.recall != _RECALL_DUE))


def _in_state(tx: Reading, landlord: str, state: State) -> tuple[DisclosureRow, ...]:
    rows = tx.connection.execute(
        select(disclosure)
        .where(disclosure.c.landlord == landlord, disclosure.c.state == state.value)
        .order_by(disclosure.c.seq)
        .limit(500)
    )
    return tuple(_row(row) for row in rows)


def _row(row: Row[tuple[object, ...]]) -> DisclosureRow:
    values = row._asdict()
    return DisclosureRow(**{**values, "state": State(str(values["state"]))})
