"""Status: the figures of a hub that all its processes share, and what among them needs a person.

For whoever runs the hub: counts, times, agencies and codes of every landlord together, and nothing of any case.
`/metrics` and `concordat status` tell the same figures.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.audit import log
from hub.delivery import queues
from hub.delivery.queues import Queue, State
from hub.flow.house import House
from hub.store.scope import EVERY

LATE_AFTER: Final = {"danger": timedelta(minutes=1), "priority": timedelta(minutes=15), "routine": timedelta(hours=1)}
"""How long what may go can wait in its lane before a person should look."""

MEANS: Final = {
    "LATE": "what may go has waited too long: look whether workers run, and at the doors below",
    "DOOR_OPEN": "a partner does not answer: ring it up",
    "PARKED": "trying has stopped: see 'When a delivery is parked' in docs/operations.md",
    "REVIEW_OVERDUE": "what is held was not answered in time: ring up its authorisers",
    "RECEIPT_OVERDUE": "a partner has not answered in time: ask whether it has what was sent",
    "CHECKPOINT_LATE": "the head of the log has not been signed: look whether the timetable runs",
    "COMMITS_NOT_DURABLE": "the database is set to lose what it said it had: turn fsync and synchronous_commit on",
    "STORE_FULL": "the disk is filling up: make room; until then only danger is taken in, and nothing leaves",
    "DISK_LOW": "the disk under the data folder is filling up: make room",
    "CLOCK_UNSURE": "the clock jumped, or is another than that of the log or the database: nothing leaves until it was "
    "steady for a lease; set it right",
    "STORE_SLOW": "the database does not answer in time",
    "STORE_UNAVAILABLE": "the database cannot be written: is it there, is its disk full",
    "SCHEMA_OUTDATED": "the database is of another version: run 'concordat migrate'",
    "LOG_DISPUTED": "others hold a longer or another audit log of this hub: nothing leaves while they are enough; see "
    "'When others hold another log' in docs/operations.md",
    "LOG_UNWITNESSED": "too few witnesses cosign the log: after a start danger alone leaves; ring up who runs them",
    "CHECKPOINT_NOT_MAILED": "somebody who is mailed the checkpoint has had none for two weeks, or never: look at "
    "checkpoint-mail.toml, and for checkpoint_not_mailed in the hub's log",
    "LOG_BROKEN": "the log does not agree with its own head: restore it, do not go on",
    "SCOPE_NOT_TAKEN": "the keys are others than those 'concordat migrate' ran with",
    "BROKER_AWAY": "the broker does not answer: hints are not heard, and delivery waits for the next sweep",
    "HUB_FAULT": "the hub failed to look at itself: read its log",
}
"""Every code of what needs a person, in plain words."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How the hub stands at a moment. `free_bytes`: of the disk of the embedded database."""

    at: datetime
    queues: queues.Standing
    log: log.Standing
    free_bytes: int | None

    @property
    def oldest_unsent(self) -> datetime | None:
        """When the oldest that waits for a worker was taken in."""
        return min((queue.accepted_at for queue in self.queues.queues), default=None)

    def late(self, queue: Queue) -> timedelta:
        """For how long the oldest of a queue has been free to go."""
        return self.at - queue.late_since if queue.late_since else timedelta(0)


def figures(house: House) -> Figures:
    """The figures of now. Raises Unavailable."""
    now = house.clock.now()
    with house.store.read(EVERY) as tx:
        return Figures(now, queues.standing(tx, now), log.standing(tx), house.store.space.free_bytes())


def concerns(found: Figures) -> tuple[str, ...]:
    """The codes of what needs a person; none when all is well."""
    standing = found.queues
    asked = {
        "LATE": any(found.late(queue) > LATE_AFTER[queue.lane] for queue in standing.queues),
        "DOOR_OPEN": any(door.state != "closed" for door in standing.doors.values()),
        "PARKED": bool(standing.by_state[State.PARKED]),
        "REVIEW_OVERDUE": bool(standing.held_overdue),
        "RECEIPT_OVERDUE": bool(standing.receipts_overdue),
    }
    return tuple(code for code, is_so in asked.items() if is_so)
