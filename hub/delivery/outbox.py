"""The outbox: rows that say what is to go and where it stands. The row is the truth; a broker only wakes.

Who is at a row, and until when: `hub.delivery.leases`. Which rows are next: `hub.delivery.queue`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from sqlalchemy import ColumnElement, and_, case, select, update
from sqlalchemy.engine import Row

from hub.errors import NotFound
from hub.store.tables import disclosure, follow_up, outbox
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


HOLD_WINDOW = "HOLD_WINDOW"
"""The cause of what is queued and does not go yet, so that whoever sent it may still think better of it."""

SUBJECT_ERASED = "SUBJECT_ERASED"
"""The cause of what goes no more because its person was erased: about them nobody is told anything."""

RECALL_DUE = "due"
"""In `outbox.recall`: a pack is still to be taken out of its folder."""

Seen = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Of a column of case ids: which of these cases somebody may know of."""

_MOST = 500  # of what is listed for somebody, or worked off by a sweep that comes again

UNSENT = (State.HELD, State.QUEUED, State.PREPARED, State.PARKED)
"""States in which nothing is on its way; whether an earlier attempt may have arrived, `leases.may_have_left` says."""


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
    within: str | None = None
    review_due_at: datetime | None = None
    review_overdue_at: datetime | None = None
    override_id: str | None = None
    answer_due_at: datetime | None = None
    answer_late_at: datetime | None = None
    disclosed_at: datetime | None = None


def put(tx: Writing, row: DisclosureRow, lane: int, *, ready: bool, due_at: datetime | None = None) -> None:
    """Enter a disclosure, and its outbox row unless it was denied for good; due at once unless said otherwise."""
    values = {name: getattr(row, name) for name in DisclosureRow.__slots__ if name != "seq"}
    tx.connection.insert_with_others(disclosure, [values | {"state": row.state.value}])
    if row.state is not State.DENIED:
        tx.connection.insert_with_others(outbox, [{
            "disclosure_id": row.id, "case_id": row.case_id, "agency": row.agency, "lane": lane, "ready": ready,
            "due_at": due_at or row.created_at, "attempts": 0, "fence": 0,
        }])  # fmt: skip


def get(tx: Reading, disclosure_id: str) -> DisclosureRow:
    """The disclosure of that id. Raises NotFound."""
    row = tx.connection.execute(select(disclosure).where(disclosure.c.id == disclosure_id)).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _row(row)


def among(tx: Reading, disclosure_ids: Iterable[str]) -> Mapping[str, DisclosureRow]:
    """The disclosures of these ids, by id."""
    rows = tx.connection.execute(select(disclosure).where(disclosure.c.id.in_(sorted(disclosure_ids))))
    return {row.id: _row(row) for row in rows}


def of_referral(tx: Reading, referral_id: str) -> tuple[DisclosureRow, ...]:
    """The disclosures of a referral, in the order asked."""
    rows = tx.connection.execute(
        select(disclosure).where(disclosure.c.referral_id == referral_id).order_by(disclosure.c.seq)
    )
    return tuple(_row(row) for row in rows)


def of_case(tx: Reading, case_id: str) -> tuple[DisclosureRow, ...]:
    """Every disclosure of a case, in the order asked."""
    rows = tx.connection.execute(select(disclosure).where(disclosure.c.case_id == case_id).order_by(disclosure.c.seq))
    return tuple(_row(row) for row in rows)


def relying_on(tx: Reading, consent_id: str) -> tuple[DisclosureRow, ...]:
    """The disclosures whose latest decision relied on a consent, or that one by which they were released."""
    rows = tx.connection.execute(
        select(disclosure).where(disclosure.c.consent_id == consent_id).order_by(disclosure.c.seq)
    )
    return tuple(_row(row) for row in rows)


def waiting_for(tx: Reading, agency: str, now: datetime) -> tuple[DisclosureRow, ...]:
    """What waits to be collected by an agency, danger first; also what was being fetched when something broke.

    Not yet what follows up something of which it does not show yet whether it came.
    """
    too_early = select(follow_up.c.disclosure_id).where(follow_up.c.look_at.is_not(None))
    rows = tx.connection.execute(
        select(disclosure).join(outbox, outbox.c.disclosure_id == disclosure.c.id).where(outbox.c.due_at <= now)
        .where(disclosure.c.agency == agency, disclosure.c.state.in_((State.QUEUED.value, State.LEAVING.value)))
        .where(disclosure.c.id.not_in(too_early))
        .order_by(outbox.c.lane, disclosure.c.seq)
        .limit(_MOST)
    )  # fmt: skip
    return tuple(_row(row) for row in rows)


def to_recall(tx: Reading) -> tuple[DisclosureRow, ...]:
    """Disclosures with a pack that is to be taken out of its folder."""
    rows = tx.connection.execute(
        select(disclosure)
        .join(outbox, outbox.c.disclosure_id == disclosure.c.id)
        .where(outbox.c.recall == RECALL_DUE)
        .order_by(outbox.c.seq)
        .limit(_MOST)
    )
    return tuple(_row(row) for row in rows)


def ask_recall(tx: Writing, disclosure_id: str) -> None:
    """Record that a pack of this disclosure is to be taken out of its folder; until then it is nobody's to claim."""
    tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(recall=RECALL_DUE))


def recall_is_due(tx: Reading, disclosure_id: str) -> bool:
    """Whether a pack of this disclosure is still to be taken out of its folder."""
    asked = select(outbox.c.recall).where(outbox.c.disclosure_id == disclosure_id)
    return tx.connection.execute(asked).scalar_one_or_none() == RECALL_DUE


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


def listed(
    tx: Reading, landlord: str, seen: Seen | None, criterion: ColumnElement[bool],
    *first: ColumnElement[datetime] | ColumnElement[bool],
) -> tuple[DisclosureRow, ...]:  # fmt: skip
    """What waits for people of that landlord, and is `seen`: most urgent lane first, then as said, then oldest.

    As many as one page holds: what somebody may not know of must not take the place of what waits for them.
    """
    asked = select(disclosure).join(outbox, outbox.c.disclosure_id == disclosure.c.id).where(criterion)
    asked = asked.where(disclosure.c.landlord == landlord, *([seen(disclosure.c.case_id)] if seen else []))
    rows = tx.connection.execute(asked.order_by(outbox.c.lane, *first, disclosure.c.seq).limit(_MOST))
    return tuple(_row(row) for row in rows)


def parked(tx: Reading, landlord: str, seen: Seen | None) -> tuple[DisclosureRow, ...]:
    """What stopped being tried and waits for a person of that landlord."""
    return listed(tx, landlord, seen, disclosure.c.state == State.PARKED.value)


def held(tx: Reading, landlord: str) -> tuple[DisclosureRow, ...]:
    """What waits for an authoriser of that landlord: in each lane what is due first, and what has no clock last."""
    due = disclosure.c.review_due_at
    return listed(tx, landlord, None, disclosure.c.state == State.HELD.value, due.is_(None), due)


def held_in(tx: Reading, case_id: str) -> tuple[DisclosureRow, ...]:
    """What waits for an authoriser in one case, oldest first."""
    return _where(tx, and_(disclosure.c.case_id == case_id, disclosure.c.state == State.HELD.value))


def prepared_for(tx: Reading, agency: str) -> tuple[DisclosureRow, ...]:
    """What waits to be carried to an agency, oldest first."""
    return _where(tx, and_(disclosure.c.agency == agency, disclosure.c.state == State.PREPARED.value))


def prepared(tx: Reading) -> tuple[DisclosureRow, ...]:
    """What waits to be carried, of the landlord at hand, oldest first."""
    return _where(tx, disclosure.c.state == State.PREPARED.value)


def standing_on(tx: Reading, override_id: str) -> tuple[DisclosureRow, ...]:
    """The disclosures whose latest decision stands on an override."""
    return _where(tx, disclosure.c.override_id == override_id)


def late_reviews(tx: Reading, now: datetime) -> tuple[DisclosureRow, ...]:
    """What still waits for an authoriser though its clock has run out, and was not raised yet."""
    return _where(tx, and_(
        disclosure.c.state == State.HELD.value, disclosure.c.review_due_at < now,
        disclosure.c.review_overdue_at.is_(None),
    ), most=_MOST)  # fmt: skip


def lane_of(tx: Reading, disclosure_id: str) -> int | None:
    """The lane that a disclosure waits in (`hub.delivery.queue`); None where it was never put in any."""
    return tx.connection.execute(
        select(outbox.c.lane).where(outbox.c.disclosure_id == disclosure_id)
    ).scalar_one_or_none()


def schedule(tx: Writing, disclosure_id: str, due_at: datetime, *, lane: int | None = None) -> None:
    """Make a disclosure due (again) at a time."""
    values: dict[str, object] = {"ready": True, "due_at": due_at, "lease_owner": None, "lease_until": None}
    if lane is not None:
        values["lane"] = lane
    tx.connection.execute(update(outbox).where(outbox.c.disclosure_id == disclosure_id).values(**values))


def stop(tx: Writing, disclosure_id: str) -> None:
    """Take a disclosure out of the queue; a worker that holds it finds its fence gone."""
    tx.connection.execute(
        update(outbox)
        .where(outbox.c.disclosure_id == disclosure_id)
        .values(ready=False, lease_owner=None, lease_until=None, fence=outbox.c.fence + 1)
    )


def change(tx: Writing, disclosure_id: str, state: State, **columns: str | int | datetime | None) -> None:
    """Move a disclosure to another state, with what goes with it (cause, authoriser, decision, rung, ...).

    A later decision that relies on no consent leaves the one on which it was released: whoever may have it is to be
    told when that is withdrawn.
    """
    relied = {} if columns.get("consent_id", "") is not None else {
        "consent_id": case((disclosure.c.disclosed_at.is_not(None), disclosure.c.consent_id))
    }  # fmt: skip
    tx.connection.execute(
        update(disclosure).where(disclosure.c.id == disclosure_id).values(state=state.value, **{**columns, **relied})
    )


def _where(tx: Reading, criterion: ColumnElement[bool], most: int | None = None) -> tuple[DisclosureRow, ...]:
    """All of them unless said otherwise: what is stopped for good is stopped whole, however much it is."""
    rows = tx.connection.execute(select(disclosure).where(criterion).order_by(disclosure.c.seq).limit(most))
    return tuple(_row(row) for row in rows)


def _row(row: Row[tuple[object, ...]]) -> DisclosureRow:
    values = row._asdict()
    return DisclosureRow(**{**values, "state": State(str(values["state"]))})
