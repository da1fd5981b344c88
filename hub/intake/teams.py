"""Whose officers see a case: the team that it belongs to, and who wrote referrals for it."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update

from hub.errors import NotFound
from hub.store.tables import case_file, referral
from hub.store.unit_of_work import Reading, Writing


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case's landlord and team, and the persons who wrote referrals for it where it has a team."""

    landlord: str
    team: str | None
    authors: frozenset[str]


def standing(tx: Reading, case_id: str) -> CaseStanding:
    """How a case stands. Raises NotFound."""
    found = standings(tx, (case_id,)).get(case_id)
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found


def standings(tx: Reading, case_ids: Collection[str]) -> dict[str, CaseStanding]:
    """How several cases stand, by id."""
    rows = tx.connection.execute(
        select(case_file.c.id, case_file.c.landlord, case_file.c.team).where(case_file.c.id.in_(case_ids))
    ).all()
    teamed = [row.id for row in rows if row.team is not None]
    wrote: dict[str, set[str]] = {}
    if teamed:
        for row in tx.connection.execute(
            select(referral.c.case_id, referral.c.author).where(referral.c.case_id.in_(teamed)).distinct()
        ):
            wrote.setdefault(row.case_id, set()).add(row.author)
    return {row.id: CaseStanding(row.landlord, row.team, frozenset(wrote.get(row.id, ()))) for row in rows}


def move(tx: Writing, case_id: str, team: str | None) -> None:
    """Give a case to a team; None: to every officer of the landlord."""
    tx.connection.execute(update(case_file).where(case_file.c.id == case_id).values(team=team))
