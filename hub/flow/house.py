"""What a journey needs of the house, handed in once by the wiring."""

from dataclasses import dataclass, field
from datetime import timedelta

from hub.access.oidc import Provider
from hub.access.passkeys import RelyingParty
from hub.audit.asking import Witnesses
from hub.clock import AlwaysSteady, Clock, Watch
from hub.decision.rulebook import Rulebook
from hub.delivery.backlog import Backlog
from hub.delivery.checkpoint_mail import CheckpointMail
from hub.delivery.doors import Doors
from hub.delivery.introductions import Introduced
from hub.keys import KeyRing
from hub.store.unit_of_work import Store


@dataclass(frozen=True)
class House:
    """Store, clock, rules, doors and keys of one hub, how people sign in to it, and how patient it is."""

    store: Store
    clock: Clock
    rulebook: Rulebook
    doors: Doors
    keys: KeyRing
    name: str
    lease: timedelta
    give_up_after_hours: float
    party: RelyingParty
    provider: Provider | None
    session_idle: timedelta
    session_lasting: timedelta
    cooling_off: timedelta = timedelta(hours=24)
    max_attachment_bytes: int = 20 * 1024 * 1024
    watch: Watch = field(default_factory=AlwaysSteady)
    backlog: Backlog = field(default_factory=lambda: Backlog(200_000))
    hold: timedelta = timedelta(0)
    introduced: Introduced = field(default_factory=Introduced)
    witnesses: Witnesses = field(default_factory=Witnesses)
    checkpoint_mail: CheckpointMail | None = None
