"""A delivery step by step, as a worker that is at one disclosure alone."""

from hub.delivery.doors import Attempted
from hub.delivery.outbox import State
from hub.flow.claim import claim
from hub.flow.deliver import send
from hub.flow.house import House
from hub.flow.release import Intent
from hub.flow.settle import settle


def claim_one(house: House, worker: str, disclosure_id: str) -> Intent | None:
    """Claim and decide again; None where nothing may be sent."""
    intents = claim(house, worker, 1, only=[disclosure_id]).intents
    return intents[0] if intents else None


def settle_one(house: House, intent: Intent, answer: Attempted) -> State | None:
    """Settle one attempt."""
    return settle(house, [(intent, answer)])[0]


def deliver_one(house: House, worker: str, disclosure_id: str) -> State | None:
    """One attempt; its state after it, None where none was made."""
    intent = claim_one(house, worker, disclosure_id)
    return settle_one(house, intent, send(house, intent)) if intent else None
