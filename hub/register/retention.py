"""How long a landlord keeps what it has of a case, by class of data; which cases that is over for.

The clock of a case starts anew with everything that people or partners do in it. A schedule is never changed: a newer
row counts. No policy of the five landlords names a period (`docs/retention.md`), so the defaults rest on the law.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, union_all
from sqlalchemy.sql.selectable import Subquery

from hub.store.tables import (
    attachment,
    attempt,
    case_file,
    consent,
    correction,
    data_key,
    disclosure,
    receipt,
    referral,
    retention_schedule,
    review,
)
from hub.store.unit_of_work import Reading, Writing

DEFAULT_DAYS = {"normal": 2_192, "special": 1_096, "sealed": 365}
"""Where the landlord has set none. Six years: claims on a tenancy, a tort or harassment (Limitation Act 1980 ss.2, 5,
11(1A)). Three years for what is most sensitive: claims for personal injury (s.11(4)). One year for a safe address or
the like, which serves only while a case is worked on (UK GDPR Art 5(1)(e))."""

SHORTEST, LONGEST = 30, 36_525
"""Bounds of a schedule, in days: a slip of the pen empties no hub, and nothing is kept for ever."""

_UNSETTLED = ("held", "queued", "leaving", "prepared", "parked")


def schedule(tx: Reading, landlord: str) -> dict[str, int]:
    """Days after the last activity by class, as the landlord set them last, or by default."""
    rows = tx.connection.execute(
        select(retention_schedule.c.data_class, retention_schedule.c.days)
        .where(retention_schedule.c.landlord == landlord)
        .order_by(retention_schedule.c.seq)
    )
    return DEFAULT_DAYS | {row.data_class: row.days for row in rows}


def set_days(tx: Writing, landlord: str, data_class: str, days: int, by: str, now: datetime) -> None:
    """Put a new period on file."""
    tx.connection.execute(
        insert(retention_schedule).values(landlord=landlord, data_class=data_class, days=days, set_by=by, set_at=now)
    )


def idle_since(tx: Reading, before: datetime) -> tuple[str, ...]:
    """The cases with content in which nothing was done after that time, by id."""
    acts = _acts()
    rows = tx.connection.execute(
        select(acts.c.case_id)
        .where(acts.c.case_id.in_(select(data_key.c.case_id)))
        .group_by(acts.c.case_id)
        .having(func.max(acts.c.at) <= before)
        .order_by(acts.c.case_id)
    )
    return tuple(rows.scalars())


def last_activity(tx: Reading, case_id: str) -> datetime:
    """When anything was last done in a case."""
    acts = _acts()
    latest: datetime = tx.connection.execute(select(func.max(acts.c.at)).where(acts.c.case_id == case_id)).scalar_one()
    return latest


def is_over(last: datetime, days: int, now: datetime) -> bool:
    """Whether so many days have passed since the last activity."""
    return last + timedelta(days=days) <= now


def is_unsettled(tx: Reading, case_id: str) -> bool:
    """Whether something of the case still waits for anybody: for its delivery, an authoriser, a carrier or a look."""
    waiting = select(disclosure.c.id).where(disclosure.c.case_id == case_id, disclosure.c.state.in_(_UNSETTLED))
    return tx.connection.execute(waiting.limit(1)).first() is not None


def _acts() -> Subquery:
    """Every act in a case with its time. Reading a case is none: it would keep what is looked at for ever."""
    in_its_case = [
        select(disclosure.c.case_id, table.c[at].label("at")).join(table, table.c.disclosure_id == disclosure.c.id)
        for table, at in ((attempt, "started_at"), (receipt, "at"), (review, "at"))
    ]
    return union_all(
        select(case_file.c.id.label("case_id"), case_file.c.opened_at.label("at")),
        select(referral.c.case_id, referral.c.accepted_at),
        select(correction.c.case_id, correction.c.at),
        select(consent.c.case_id, consent.c.recorded_at),
        select(attachment.c.case_id, attachment.c.begun_at),
        *in_its_case,
    ).subquery("acts")
