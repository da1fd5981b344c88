"""The landlords whose policies this hub knows, each with what the law makes depend on the landlord itself."""

from dataclasses import dataclass

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
    """A controller, and what the law makes depend on what it is."""

    code: str
    name: str
    jurisdiction: str
    public_authority: bool


def get(tx: Reading, code: str) -> Landlord:
    """The landlord of that code. Raises NotFound."""
    row = tx.connection.execute(select(landlord).where(landlord.c.code == code)).one_or_none()
    if row is None:
        raise NotFound("LANDLORD_UNKNOWN", "there is no landlord by that code on the register")
    return Landlord(row.code, row.name, row.jurisdiction, row.public_authority)


def put_missing(tx: Writing) -> tuple[str, ...]:
    """Enter the landlords that are not on the register yet; returns the codes entered."""
    there = set(tx.connection.execute(select(landlord.c.code)).scalars())
    missing = tuple(code for code in NAMES if code not in there)
    for code in missing:
        tx.connection.execute(
            insert(landlord).values(code=code, name=NAMES[code], jurisdiction="england", public_authority=False)
        )
    return missing
