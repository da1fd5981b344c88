"""Deliver: claim and decide again, send, settle.

    [transaction 1, `hub.flow.claim`] hold the case, claim the row, decide again on current facts, log the intent with
                                      the digest of the exact bytes, commit
    [no transaction, here]            send
    [transaction 2, `hub.flow.settle`] settle: receipt, next try, or parked; log; commit

A crash before transaction 2: the lease ends, the attempt's end stays unknown, and the same idempotency key is used
again - or, where the partner cannot notice a repeat, a person is asked.
"""

from hub.delivery.doors import Attempted, AttemptOutcome
from hub.flow.claim import claim
from hub.flow.house import House
from hub.flow.release import Intent
from hub.flow.settle import LEASE_OVER, settle


def send(house: House, intent: Intent) -> Attempted:
    """One attempt at what was claimed, with no transaction open. The one place from which anything is sent.

    It begins only where it is over before its lease is, as far as its door tells: after that somebody else may be at
    it, or the person have been erased, and what came back would be thrown away.
    """
    if house.clock.now() + house.doors.takes(intent.row.agency, house.lease) > intent.claim.until:
        return Attempted(AttemptOutcome.TRY_LATER, code=LEASE_OVER)
    return house.doors.send(intent.row.agency, intent.message, intent.row.id, house.clock.now())


def deliver_due(house: House, worker: str, limit: int) -> int:
    """Deliver what is due, most urgent first, one after another, until nothing is or `limit` rows were dealt with.

    Returns how many were. For whoever has no senders of its own; a worker has (`hub.worker.courier`).
    """
    dealt = 0
    while dealt < limit:
        claimed = claim(house, worker, 1)
        if not claimed.dealt and not claimed.beaten:
            break
        settle(house, [(intent, send(house, intent)) for intent in claimed.intents])
        dealt += claimed.dealt
    return dealt
