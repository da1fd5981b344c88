"""Whose rows a transaction may see: one landlord's, one agency's, everybody's or nobody's.

Every transaction has a scope. `hub.store.narrowing` keeps each statement within it on both databases; PostgreSQL holds
the same line again by itself (`hub.store.walls`).
"""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Reach(StrEnum):
    """How far a scope reaches."""

    LANDLORD = "landlord"
    AGENCY = "agency"
    EVERY = "every"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of one landlord (`of`: its code), of one agency (`of`: its id), of everybody, or of nobody."""

    reach: Reach
    of: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a scope of one that names none."""
        if (self.of == "") == (self.reach in (Reach.LANDLORD, Reach.AGENCY)):
            raise ValueError("the scope of one landlord or agency names it, and no other scope does")

    @property
    def landlord(self) -> str | None:
        """The landlord whose rows these are; None for any other scope."""
        return self.of if self.reach is Reach.LANDLORD else None


EVERY = Scope(Reach.EVERY)
"""Every landlord's rows: for finding out whose a thing is, for sweeps and for keys. Never for somebody's request."""

NOBODY = Scope(Reach.NOBODY)
"""No landlord's rows: the registers that all share, and the log."""


def of_landlord(code: str) -> Scope:
    """The rows of one landlord."""
    return Scope(Reach.LANDLORD, code)


def of_agency(agency_id: str) -> Scope:
    """What is addressed to one agency, whoever sent it."""
    return Scope(Reach.AGENCY, agency_id)
