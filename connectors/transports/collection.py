"""A partner who collects: it reads its own feed from the hub and acknowledges. The hub sends nothing."""

from datetime import datetime

from connectors.contract import Check, Idempotency, Message, Receipt, Refused, Rung
from protocols.record.labels import Strict

HIGHEST_RUNG = Rung.PREPARED
IDEMPOTENCY = Idempotency.NATIVE
MAX_BYTES = 10 * 1024 * 1024


class CollectionSettings(Strict):
    """Nothing to set: the partner's own credentials open its feed."""


class Collection:
    """A door at which the partner knocks."""

    def check(self) -> Check:
        """Nothing can be proven from here."""
        return Check((), ("that the partner reads its feed",))

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Never called by a worker. Raises Refused("collected"), always."""
        del message, idempotency_key, at
        raise Refused("collected", "this partner collects from its feed; nothing is sent")
