"""Partners at the end of a simulated network, each with a ledger of its own of what truly came."""

from dataclasses import dataclass, field
from datetime import datetime

from connectors.contract import (
    CONTRACT,
    Check,
    Connector,
    Idempotency,
    Manifest,
    Message,
    Receipt,
    Refused,
    Rung,
    TryLater,
    Unsure,
)
from protocols.disclosure import Disclosure
from protocols.vocabulary import AgencyKind
from tests.simulation.world import Disk, World

_TOLD = ("done", "busy", "refused", "lost on the way", "taken, answer lost", "taken, answer late")
"""How an attempt may end, in the order of `Weather.answers`."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a partner took: of which attempt, when, under which key, which bytes; how long the durable log was then.

    `attempt` is None where the process made one attempt at a time, and this was its latest.
    """

    by: str
    attempt: int | None
    agency: str
    key: str
    disclosure: str
    body: bytes
    at: datetime
    leaves: int


@dataclass
class Ledger:
    """What came to whom, in order."""

    arrivals: list[Arrival] = field(default_factory=list)
    packs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By agency: what lies in the outgoing folder."""
    is_down: bool = False


def render(disclosure: Disclosure) -> Message:
    """The disclosure itself as bytes, the same whenever the same is told: partners' own words are tested elsewhere."""
    paths = frozenset(item.path for item in disclosure.items)
    return Message(disclosure.id, disclosure.reference, "application/json", f"{disclosure.id}.json", "x",
                   disclosure.model_dump_json(exclude={"decision_id"}).encode(), paths)  # fmt: skip


class Line:
    """A transport to a partner: each attempt may end in any way that a network knows."""

    def __init__(self, world: World, disk: Disk, ledger: Ledger, agency: str) -> None:
        self._world, self._disk, self._ledger, self._agency = world, disk, ledger, agency

    def check(self) -> Check:
        return Check((), ())

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        world = self._world
        world.seam("sends")
        answer = 0 if world.is_calm else world.choices.weighted(world.weather.answers)
        world.tell(f"sends {message.disclosure_id} to {self._agency}: {_TOLD[answer]}")
        if answer == 1:
            raise TryLater("busy", "later", 30.0 if world.choices.below(2) else None)
        if answer == 2:
            raise Refused("no_thanks", "no")
        if answer == 3:
            raise Unsure("cut", "nothing came back")
        self._take(message, idempotency_key)
        world.seam("taken")
        if answer == 4:
            raise Unsure("cut", "nothing came back")
        if answer == 5:
            world.seam("answers late")
            world.seam("answers late")
        return Receipt(Rung.ACCEPTED, world.now(), "250 queued")

    def _take(self, message: Message, key: str) -> None:
        strand = self._world.strand
        self._ledger.arrivals.append(
            Arrival(
                self._world.process,
                strand.attempt if strand else None,
                self._agency,
                key,
                message.disclosure_id,
                message.body,
                self._world.now(),
                self._disk.leaves(),
            )
        )


class Folder(Line):
    """An outgoing folder: packs are prepared, carried by people, and can be taken back while they lie there."""

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        world, packs = self._world, self._ledger.packs.setdefault(self._agency, {})
        world.seam("prepares")
        if not world.is_calm and world.choices.weighted((9, 1)) == 1:
            raise TryLater("folder_unusable", "full")
        if packs.setdefault(message.filename, message.body) != message.body:
            raise Refused("name_taken", "another pack already has this name")
        self._take(message, idempotency_key)
        world.tell(f"prepares {message.disclosure_id}")
        world.seam("prepared")
        return Receipt(Rung.PREPARED, world.now(), message.filename)

    def recall(self, filename: str) -> bool:
        found = self._ledger.packs.get(self._agency, {}).pop(filename, None) is not None
        self._world.tell(f"takes back {filename}: {found}")
        return found


def connector(transport: Line, way: str, repeats: Idempotency) -> Connector:
    """A door by that way."""
    manifest = Manifest(f"simulated.{way}", "1", CONTRACT, frozenset(AgencyKind), Rung.TAKEN, repeats, 1_000_000,
                        carried_by_a_person=way == "carried", collected=way == "collection")  # fmt: skip
    return Connector(manifest, render, transport)
