"""A delivery step by step, as a worker that is at one disclosure alone; and a connector that does as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.contract import CONTRACT, Check, Connector, Idempotency, Manifest, Message, Receipt, Rung
from connectors.pace import Pace
from hub.delivery.doors import Attempted, Doors
from hub.delivery.outbox import State
from hub.flow.claim import claim
from hub.flow.deliver import send
from hub.flow.house import House
from hub.flow.release import Intent
from hub.flow.settle import settle
from protocols.disclosure import Disclosure
from protocols.vocabulary import AgencyKind


def accepting(at: datetime) -> Receipt:
    """A partner that takes it."""
    return Receipt(Rung.ACCEPTED, at, "250 queued")


def raising(problem: BaseException) -> Callable[[object], Any]:
    """Whatever is asked, this is raised."""

    def raises(_asked: object) -> None:
        raise problem

    return raises


def said(disclosure: Disclosure) -> Message:
    """A disclosure as the shortest message that tells all of it."""
    paths = frozenset(item.path for item in disclosure.items)
    body = disclosure.model_dump_json().encode()
    return Message(disclosure.id, disclosure.reference, "application/json", "x.json", "x", body, paths)


@dataclass
class Line:
    """A connector that renders and answers as the test says, and remembers what came to it."""

    answer: Callable[[datetime], Any] = accepting
    render: Callable[[Disclosure], Any] = said
    came: list[str] = field(default_factory=list)
    repeats: Idempotency = Idempotency.BY_REFERENCE

    def check(self) -> Check:
        """Nothing to reach."""
        return Check((), ())

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Take it and answer."""
        del message
        self.came.append(idempotency_key)
        return self.answer(at)  # type: ignore[no-any-return]

    def connector(self) -> Connector:
        """As delivery holds it."""
        kinds = frozenset(AgencyKind)
        manifest = Manifest("test.line", "1", CONTRACT, kinds, Rung.ACCEPTED, self.repeats, 1_000_000)
        return Connector(manifest, self.render, self)  # type: ignore[arg-type]  # positional alone is enough here


def by_lines(
    house: House, paces: dict[str, Pace] | None = None, timeouts: dict[str, float] | None = None, **lines: Line
) -> House:
    """The house with a line for each of these agencies, and no other door."""
    connectors = {agency: line.connector() for agency, line in lines.items()}
    digests = {agency: house.doors.digest(agency) for agency in lines}
    return replace(house, doors=Doors(connectors, digests, paces=paces, timeouts=timeouts))


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
