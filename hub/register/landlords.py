"""The landlords whose policies this hub knows, each with what the law makes depend on the landlord itself."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from hub.errors import NotFound
from hub.store.tables import landlord
from hub.store.unit_of_work import Reading, Writing

NAMES = {
    "LMH": "Liverpool Mutual Homes",
    "OHG": "One Housing Group",
    "FAIRHIVE": "Fairhive Homes",
    "MHP": "Metropolitan Housing Partnership",
    "PCHA": "Pine Court Housing Association",
}
"""The five whose policies stand in `consent/policies`."""


@dataclass(frozen=True, slots=True)
class Landlord:
    """A controller. `apd_review_by` is when its appropriate policy document must be reviewed; None: it has none."""

    code: str
    name: str
    jurisdiction: str
    public_authority: bool
    apd_review_by: datetime | None

    def has_policy_document(self, at: datetime) -> bool:
        """Whether its appropriate policy document is in date (DPA 2018 Sch 1 paras 5, 38, 39)."""
        return self.apd_review_by is not None and at < self.apd_review_by


def get(tx: Reading, code: str) -> Landlord:
    """The landlord of that code. Raises NotFound."""
    row = tx.connection.execute(select(landlord).where(landlord.c.code == code)).one_or_none()
    if row is None:
        raise NotFound("LANDLORD_UNKNOWN", "there is no landlord by that code on the register")
    return Landlord(row.code, row.name, row.jurisdiction, row.public_authority, row.apd_review_by)


def put_missing(tx: Writing, policy_documents: dict[str, datetime]) -> tuple[str, ...]:
    """Enter the landlords that are not on the register yet; returns the codes entered.

    `policy_documents` gives the review date of each landlord's appropriate policy document, where it has one.
    """
    there = set(tx.connection.execute(select(landlord.c.code)).scalars())
    missing = tuple(code for code in NAMES if code not in there)
    for code in missing:
        tx.connection.execute(
            insert(landlord).values(
                code=code, name=NAMES[code], jurisdiction="england", public_authority=False,
                apd_review_by=policy_documents.get(code),
            )
        )  # fmt: skip
    return missing


def set_policy_document(tx: Writing, code: str, review_by: datetime | None) -> None:
    """Record until when a landlord's appropriate policy document is in date. Raises NotFound."""
    changed = tx.connection.execute(landlord.update().where(landlord.c.code == code).values(apd_review_by=review_by))
    if changed.rowcount == 0:
        raise NotFound("LANDLORD_UNKNOWN", "there is no landlord by that code on the register")
