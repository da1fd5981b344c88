"""First time: whether a disclosure must wait because its landlord has never written to that agency before.

What an agreement in force covers does not wait: two people approved it. Nor does danger, after which a second person is
asked all the same; nor what follows up an earlier disclosure, for its agency has that one already.
"""

from datetime import datetime

from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.decision.authorisers import CLOCKS
from hub.decision.gate import Verdict
from hub.delivery import follow_ups, outbox, queue
from hub.delivery.introductions import FIRST_TIME
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.house import House
from hub.store.unit_of_work import Reading, Writing
from protocols.agreement import ProtocolFact

WITHIN = "1 working day"
"""By when a second person is to have looked; after it, that nobody has is raised as any review that is late."""


def is_first_time(house: House, tx: Reading, row: DisclosureRow, verdict: Verdict) -> bool:
    """Whether this goes to somebody whom neither an introduction nor an agreement vouches for."""
    if house.introduced.knows(tx, row.landlord, row.agency) or is_covered(verdict):
        return False
    return follow_ups.of(tx, row) is None


def introduces(house: House, tx: Reading, row: DisclosureRow, verdict: Verdict) -> bool:
    """Whether its agency counts as known once this has gone, and did not before."""
    return is_covered(verdict) and not house.introduced.knows(tx, row.landlord, row.agency)


def is_covered(verdict: Verdict) -> bool:
    """Whether an agreement that two people approved covers it."""
    return verdict.facts.get("protocol") == ProtocolFact.IN_FORCE.value


def waits(lane: int) -> bool:
    """Whether what goes in this lane has time for a second person."""
    return lane != queue.DANGER


def hold_first_time(tx: Writing, row: DisclosureRow, decision_id: str, actor: str, now: datetime) -> Entry:
    """Hold what was about to go until a second person has confirmed whom it goes to; returns the entry."""
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, State.HELD, cause=FIRST_TIME, decision_id=decision_id, authoriser=None, within=WITHIN,
                  review_due_at=CLOCKS[WITHIN](now), review_overdue_at=None)  # fmt: skip
    return Entry(EntryKind.DISCLOSURE_HELD, now, actor, {
        "disclosure": row.id, "decision": decision_id, "agency": row.agency, "gaps": 0,
    })  # fmt: skip
