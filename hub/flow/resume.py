"""Resume: a person who has looked at a parked disclosure has it tried again. It is decided once more at the door.

For a partner who cannot notice a repeat this is the person's word that the earlier attempt did not arrive.
"""

from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.entry import Entry, EntryKind
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotFound
from hub.flow.hold import hold_disclosure
from hub.flow.house import House


def resume(house: House, actor: Actor, disclosure_id: str) -> State:
    """Have a parked disclosure tried again; returns its new state. Raises Conflict when it is not parked, NotFound."""
    require(actor, Act.RESUME)
    now = house.clock.now()
    with house.store.write() as tx:
        row = hold_disclosure(tx, disclosure_id)
        require_landlord(actor, row.landlord)
        if row.state is not State.PARKED:
            raise Conflict("NOT_PARKED", "this disclosure is not parked; there is nothing to resume")
        outbox.restart(tx, row.id, now, ready=not house.doors.is_collected(row.agency))
        outbox.change(tx, row.id, State.QUEUED, cause=None)
        log.append(tx, [Entry(EntryKind.RELEASE_RESUMED, now, actor.person, {
            "disclosure": row.id, "cause": row.cause.lower() if row.cause else None,
        })])  # fmt: skip
    return State.QUEUED


def list_parked(house: House, actor: Actor) -> tuple[DisclosureRow, ...]:
    """What stopped being tried and waits for a person of the actor's landlord."""
    require(actor, Act.RESUME)
    if actor.landlord is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    with house.store.read() as tx:
        return outbox.parked(tx, actor.landlord)
