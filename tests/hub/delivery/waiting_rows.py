"""Disclosures that wait in an outbox, with nothing of a decision behind them."""

from datetime import datetime

from sqlalchemy import insert, select

from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.house import House
from hub.ids import Prefix, new_id, new_reference
from hub.store.scope import EVERY
from hub.store.tables import attempt, case_file, referral
from tests.hubs import LMH


def put_waiting(house: House, now: datetime, lane: int = 2, agency: str = "agy_jag", *, ready: bool = True) -> str:
    """Enter one disclosure of a case of its own, due at once; returns its id."""
    case_id, referral_id = new_id(Prefix.CASE), new_id(Prefix.REFERRAL)
    row = DisclosureRow(
        seq=0, id=new_id(Prefix.DISCLOSURE), referral_id=referral_id, case_id=case_id, landlord="LMH", agency=agency,
        purpose="crime_prevention", routine=True, reference=new_reference(), state=State.QUEUED, cause=None,
        authoriser=None, decision_id=new_id(Prefix.DECISION), consent_id=None, rung=0, released_at=None,
        created_at=now,
    )  # fmt: skip
    with house.store.write(LMH) as tx:
        tx.connection.execute(
            insert(case_file).values(id=case_id, landlord="LMH", reference_index=case_id, opened_at=now)
        )
        tx.connection.execute(
            insert(referral).values(
                id=referral_id, case_id=case_id, landlord="LMH", reference=new_reference(), subject="p1",
                author=new_id(Prefix.PERSON), accepted_at=now,
            )
        )  # fmt: skip
        outbox.put(tx, row, lane, ready=ready)
    return row.id


def outcomes(house: House, disclosure_id: str) -> list[str | None]:
    """How each attempt ended, in order."""
    with house.store.read(EVERY) as tx:
        return list(
            tx.connection.execute(
                select(attempt.c.outcome).where(attempt.c.disclosure_id == disclosure_id).order_by(attempt.c.number)
            ).scalars()
        )
