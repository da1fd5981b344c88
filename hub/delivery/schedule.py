"""When to try again: exponential back-off with full jitter, no earlier than the partner asked, until a last moment.

Pure. The due time stands in the outbox row, so no broker needs to remember it.
"""

from datetime import datetime, timedelta

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 900.0
MOST_LOST = 10
"""Attempts that ended with their worker: as likely as not, it is what they try that kills it, and all beside it."""


def next_due(now: datetime, attempts: int, after_seconds: float | None, jitter: float) -> datetime:
    """When attempt number `attempts` + 1 is due. `jitter` is a random number in [0, 1) from the caller.

    Full jitter: anything from a tenth of the step to the whole of it, so that partners coming back are not stormed.
    """
    step = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    wait = step * (0.1 + 0.9 * jitter)
    return now + timedelta(seconds=max(wait, after_seconds or 0.0))


def kills(lost_attempts: int) -> bool:
    """Whether so many attempts ended with their worker that a person should look before another is made."""
    return lost_attempts >= MOST_LOST


def gives_up(now: datetime, first_tried_at: datetime, hours: float) -> bool:
    """Whether retries have gone on for so long that a person should look instead."""
    return now - first_tried_at >= timedelta(hours=hours)
