"""What authorisers said of held disclosures. An authorisation holds for the findings that were seen, and no others."""

from datetime import datetime

from sqlalchemy import insert, select

from hub.store.tables import review
from hub.store.unit_of_work import Reading, Writing


def record(
    tx: Writing, *, review_id: str, disclosure_id: str, decision_id: str, authoriser: str, authorised: bool,
    findings: frozenset[str], now: datetime,
) -> None:  # fmt: skip
    """Put a review on file."""
    tx.connection.execute(
        insert(review).values(
            id=review_id, disclosure_id=disclosure_id, decision_id=decision_id, authoriser=authoriser,
            authorised=authorised, findings=sorted(findings), at=now,
        )
    )  # fmt: skip


def covers(tx: Reading, disclosure_id: str, findings: frozenset[str]) -> bool:
    """Whether the latest review authorised a release despite all of these findings."""
    row = tx.connection.execute(
        select(review.c.authorised, review.c.findings)
        .where(review.c.disclosure_id == disclosure_id)
        .order_by(review.c.at.desc())
        .limit(1)
    ).one_or_none()
    return row is not None and row.authorised and findings <= frozenset(row.findings)
