"""Assign: a supervisor gives a case to another team, or to every officer of the landlord."""

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.flow.house import House
from hub.flow.sight import require_sight
from hub.intake import referrals, teams


def assign(house: House, actor: Actor, referral_id: str, team: str | None) -> None:
    """Give the case of a referral to a team. Raises NotFound."""
    require(actor, Act.MOVE_CASE)
    with house.store.write(actor.scope) as tx:
        _landlord, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        referrals.hold_case(tx, case_id)
        teams.move(tx, case_id, team)
        log.append(tx, [Entry(EntryKind.CASE_MOVED, house.clock.now(), actor.person, {
            "referral": referral_id, "case": case_id,
        })])  # fmt: skip
