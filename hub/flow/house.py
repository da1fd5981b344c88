"""What a journey needs of the house, handed in once by the wiring."""

from dataclasses import dataclass
from datetime import timedelta

from hub.clock import Clock
from hub.decision.rulebook import Rulebook
from hub.delivery.doors import Doors
from hub.keys import KeyRing
from hub.store.unit_of_work import Store


@dataclass(frozen=True)
class House:
    """Store, clock, rules, doors and keys of one hub, and how patient it is."""

    store: Store
    clock: Clock
    rulebook: Rulebook
    doors: Doors
    keys: KeyRing
    name: str
    lease: timedelta
    give_up_after_hours: float
