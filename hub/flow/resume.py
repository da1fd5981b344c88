"""Resume: a person who has looked at a parked disclosure has it tried again. It is decided once more at the door.

For a partner who cannot notice a repeat this is the person's word that the earlier attempt did not arrive.
"""

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import leases
from hub.delivery.outbox import State
from hub.errors import Conflict
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.sight import require_sight


def resume(house: House, actor: Actor, disclosure_id: str) -> State:
    """Have a parked disclosure tried again; returns its new state. Raises Conflict when it is not parked, NotFound."""
    require(actor, Act.RESUME)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        row = hold_disclosure(tx, disclosure_id)
        require_sight(tx, actor, row.case_id)
        if row.state is not State.PARKED:
            raise Conflict("NOT_PARKED", "this disclosure is not parked; there is nothing to resume")
        leases.restart(tx, row.id, now, ready=not house.doors.is_collected(row.agency))
        log.append(tx, [Entry(EntryKind.RELEASE_RESUMED, now, actor.person, {
            "disclosure": row.id, "cause": row.cause.lower() if row.cause else None,
        })])  # fmt: skip
    return State.QUEUED
