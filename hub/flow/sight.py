"""Sight: what an actor may know of, asked in one place; whatever else there is answers as if it were not there.

From a list, what they may not know of is left out before its page is cut, so that another team's backlog hides nobody's
own danger.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from hub.access.cases import ReadFor, purpose_of, require_case, sees_case
from hub.access.roles import Act, Actor, Role, require
from hub.audit import log
from hub.delivery.outbox import DisclosureRow, Seen
from hub.errors import NotFound
from hub.flow.entries import case_read
from hub.flow.house import House
from hub.intake import referrals, teams
from hub.intake.seen import is_seen
from hub.store.unit_of_work import Reading

Waiting: TypeAlias = Callable[[Reading, str, Seen | None], tuple[DisclosureRow, ...]]
"""One list of what waits, of a landlord and of what is seen."""


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


def landlord_of(actor: Actor, act: Act) -> str:
    """Whose lists the actor may read by this act. Raises NotAllowed; NotFound for a credential of no landlord."""
    require(actor, act)
    if actor.landlord is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return actor.landlord


def list_waiting(tx: Reading, actor: Actor, landlord: str, waiting: Waiting) -> tuple[DisclosureRow, ...]:
    """The first page of what is waiting, of that landlord, and in the actor's sight; most urgent first."""
    is_officer = actor.role is Role.OFFICER
    seen = partial(is_seen, team=actor.team, person=actor.person) if is_officer else None
    return in_sight(tx, actor, waiting(tx, landlord, seen))  # where the criterion and the rule differ, the rule decides


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
