"""Preserve: legal holds. What one keeps is not erased at anybody's request; it says why, and when that is reviewed."""

from datetime import datetime, timedelta

from hub.access.roles import Act, Actor, require, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput, NotFound
from hub.flow.house import House
from hub.flow.sight import require_sight
from hub.intake import referrals, traces
from hub.register import holds
from hub.register.holds import HoldGround, LegalHold

LONGEST_UNREVIEWED = timedelta(days=366)


def preserve(
    house: House, actor: Actor, referral_id: str, person: str | None, ground: HoldGround, review_by: datetime
) -> LegalHold:
    """Keep one person of a referral's case, or everybody of it (None), until the hold is lifted.

    Raises NotFound, and BadInput for a review that lies in the past or more than a year ahead.
    """
    require(actor, Act.HOLD_LEGALLY)
    now = house.clock.now()
    if not now < review_by <= now + LONGEST_UNREVIEWED:
        raise BadInput("REVIEW_DATE_WRONG", "review_by", "this is past, or more than a year ahead",
                       "give a day within a year; a hold stands until it is lifted")  # fmt: skip
    with house.store.write(actor.scope) as tx:
        landlord, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        referrals.hold_case(tx, case_id)
        if person is not None and not traces.is_there(tx, case_id, person):
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        made = holds.put(tx, case_id, person, ground, review_by, actor.person, now)
        log.append(tx, [Entry(EntryKind.LEGAL_HOLD_SET, now, actor.person, {
            "hold": made.id, "landlord": landlord.lower(), "ground": ground.value,
        })])  # fmt: skip
    return made


def lift(house: House, actor: Actor, hold_id: str) -> None:
    """End a hold: what is past its day goes with the next run. Raises NotFound, NotAllowed without a recent proof."""
    require(actor, Act.HOLD_LEGALLY)
    now = house.clock.now()
    require_recent_proof(actor, now)
    with house.store.write(actor.scope) as tx:
        holds.lift(tx, hold_id, actor.person, now)
        log.append(tx, [Entry(EntryKind.LEGAL_HOLD_LIFTED, now, actor.person, {
            "hold": hold_id, "landlord": actor.scope.of.lower(),
        })])  # fmt: skip


def list_holds(house: House, actor: Actor) -> tuple[LegalHold, ...]:
    """The holds that stand at the actor's landlord, the one to be reviewed first at the head."""
    require(actor, Act.HOLD_LEGALLY)
    with house.store.read(actor.scope) as tx:
        return holds.standing(tx)
