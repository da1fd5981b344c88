"""Placing: where a first decision puts a disclosure, and how long it waits there before it may begin to leave."""

from dataclasses import replace
from datetime import datetime

from hub.decision.authorisers import CLOCKS
from hub.decision.gate import Verdict
from hub.delivery import queue
from hub.delivery.introductions import FIRST_TIME
from hub.delivery.outbox import HOLD_WINDOW, DisclosureRow, State
from hub.flow.first_time import WITHIN, is_first_time, waits
from hub.flow.house import House
from hub.store.unit_of_work import Reading
from protocols.vocabulary import Outcome


def place(verdict: Verdict) -> tuple[State, str | None]:
    """Where a verdict puts a disclosure, and the stable code of why where it does not go."""
    deciding = next((reason.code for reason in verdict.decision.reasons if reason.determining), "DECIDED")
    match verdict.decision.outcome:
        case Outcome.DENY:
            return State.DENIED, deciding
        case Outcome.NEEDS_AUTHORISER:
            return State.HELD, deciding
        case _:
            return (State.QUEUED, None) if verdict.says_something else (State.DENIED, "NOTHING_LEFT_TO_TELL")


def hold_back(
    house: House, tx: Reading, row: DisclosureRow, lane: int, verdict: Verdict, now: datetime
) -> tuple[DisclosureRow, datetime]:
    """The disclosure as it begins to wait, and when it is due.

    What would go is held where its recipient must be confirmed first. A routine one that no danger hurries is due when
    its hold is over, so that whoever sent it can take it back.
    """
    if row.state is not State.QUEUED:
        return row, now
    if waits(lane) and is_first_time(house, tx, row, verdict):
        due = CLOCKS[WITHIN](now)
        return replace(row, state=State.HELD, cause=FIRST_TIME, within=WITHIN, review_due_at=due), now
    if row.routine and lane == queue.ROUTINE and house.hold:
        return replace(row, cause=HOLD_WINDOW), now + house.hold
    return row, now
