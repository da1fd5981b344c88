"""What authorisers said of held disclosures. An authorisation holds for the findings that were seen, and no others."""

from datetime import datetime

from sqlalchemy import insert, select, update

from hub.store.tables import review
from hub.store.unit_of_work import Reading, Writing


def record(
    tx: Writing, *, review_id: str, disclosure_id: str, decision_id: str, authoriser: str, kinds: frozenset[str],
    authorised: bool, findings: frozenset[str], now: datetime,
) -> None:  # fmt: skip
    """Put a review on file."""
    tx.connection.execute(
        insert(review).values(
            id=review_id, disclosure_id=disclosure_id, decision_id=decision_id, authoriser=authoriser,
            kinds=sorted(kinds), authorised=authorised, findings=sorted(findings), at=now,
        )
    )  # fmt: skip


def standing(tx: Reading, disclosure_id: str, findings: frozenset[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Who has authorised a release despite all of these findings, and as what; it has not lapsed since."""
    rows = tx.connection.execute(
        select(review.c.authoriser, review.c.kinds, review.c.findings).where(
            review.c.disclosure_id == disclosure_id, review.c.authorised.is_(True), review.c.lapsed_at.is_(None)
        )
    )
    return tuple((row.authoriser, frozenset(row.kinds)) for row in rows if findings <= frozenset(row.findings))


def lapse(tx: Writing, disclosure_id: str, now: datetime) -> None:
    """What was authorised is not authorised any more: the disclosure is held again, and somebody looks again."""
    tx.connection.execute(
        update(review)
        .where(review.c.disclosure_id == disclosure_id, review.c.lapsed_at.is_(None))
        .values(lapsed_at=now)
    )
