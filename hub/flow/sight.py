"""Sight: what an actor may know of, asked in one place; whatever else there is answers as if it were not there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hub.access.cases import ReadFor, purpose_of, require_case, sees_case
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.delivery.outbox import DisclosureRow
from hub.flow.entries import case_read
from hub.flow.house import House
from hub.intake import referrals, teams
from hub.store.unit_of_work import Reading


def require_sight(tx: Reading, actor: Actor, case_id: str) -> None:
    """Raise NotFound for a case that the actor may not know of."""
    found = teams.standing(tx, case_id)
    require_case(actor, found.landlord, found.team, found.authors)


def in_sight(tx: Reading, actor: Actor, rows: Iterable[DisclosureRow]) -> tuple[DisclosureRow, ...]:
    """Those of the disclosures whose case the actor may know of."""
    listed = tuple(rows)
    found = teams.standings(tx, {row.case_id for row in listed})
    return tuple(
        row for row in listed
        if (case := found.get(row.case_id)) is not None and sees_case(actor, case.landlord, case.team, case.authors)
    )  # fmt: skip


@contextmanager
def reading_case(
    house: House, actor: Actor, referral_id: str, view: str, purpose: ReadFor | None
) -> Iterator[tuple[Reading, str]]:
    """A reading of a referral's case, for the block; that it was read, and what for, is on record when the block ends.

    Gives the case. Raises NotAllowed, and NotFound for what the actor may not know of.
    """
    require(actor, Act.READ_REFERRAL)
    reads_for = purpose_of(actor, purpose)
    with house.store.write(actor.scope) as tx:
        _, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        yield tx, case_id
        log.append(tx, [case_read(actor, referral_id, view, reads_for, house.clock.now())])
