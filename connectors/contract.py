"""What a connector is: a manifest (data) and behaviour. It is given a disclosure, already decided and minimised.

The hub logs the digest of the exact bytes before `deliver` is called, with no database transaction open. A connector
never sees a case, a database, or another recipient's data.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum, unique
from typing import Protocol

from protocols.disclosure import Disclosure
from protocols.vocabulary import AgencyKind

CONTRACT = 1
"""The version of this contract; a connector made for another is refused when the hub starts."""


@unique
class Rung(IntEnum):
    """How far a message has provably come. A connector claims no rung that it cannot prove."""

    PREPARED = 0
    HANDED_OVER = 1
    ACCEPTED = 2
    TAKEN = 3
    READ = 4
    ANSWERED = 5
    REFERENCED = 6


@unique
class Idempotency(StrEnum):
    """Who notices a second delivery of the same disclosure: the transport itself, the peer by our id, or nobody."""

    NATIVE = "native"
    BY_REFERENCE = "by_reference"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Message:
    """A disclosure in a partner's format. Same disclosure, same bytes.

    `paths` are the canonical paths that the bytes tell, which the hub holds against the disclosure's own.
    `filename` and `subject` carry references only, never personal data.
    """

    disclosure_id: str
    reference: str
    media_type: str
    filename: str
    subject: str
    body: bytes
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Evidence of what the partner did: the highest rung proven, their own reference if they gave one.

    `evidence` is short and free of personal data (a status line, a message id, a file name of ours).
    """

    rung: Rung
    at: datetime
    evidence: str
    partner_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Result of a dry check with no personal data: what was proven of the peer, and what could not be."""

    proven: tuple[str, ...]
    not_proven: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a connector says of itself, readable without importing anything that works.

    `recipients` are the agency kinds its profile speaks to; `highest_rung` the most it can prove alone;
    `carried_by_a_person` and `collected` mark doors through which the hub itself sends nothing.
    """

    id: str
    version: str
    contract: int
    recipients: frozenset[AgencyKind]
    highest_rung: Rung
    idempotency: Idempotency
    max_bytes: int
    carried_by_a_person: bool = False
    collected: bool = False


class DeliveryProblem(Exception):
    """Base of the three ways in which a delivery can fail; `code` is stable, the text free of personal data."""

    def __init__(self, code: str, says: str) -> None:
        """Keep the stable code beside the sentence."""
        super().__init__(says)
        self.code = code


class Refused(DeliveryProblem):
    """The partner or the transport said no for good: trying again cannot help.

    `reached`: the partner's own machine had the bytes before it said no, so that what they tell was told.
    """

    def __init__(self, code: str, says: str, *, reached: bool = False) -> None:
        """Keep whether the bytes had come."""
        super().__init__(code, says)
        self.reached = reached


class TryLater(DeliveryProblem):
    """Nothing left, or the partner says it took nothing: trying again is safe. `after` seconds at the earliest."""

    def __init__(self, code: str, says: str, after: float | None = None) -> None:
        """Keep the partner's own Retry-After, in seconds, where it gave one."""
        super().__init__(code, says)
        self.after = after


class Unsure(DeliveryProblem):
    """Bytes may have arrived and no answer came: never repeated by itself unless the peer de-duplicates on our id."""


class Renderer(Protocol):
    """The partner half: pure and deterministic."""

    def __call__(self, disclosure: Disclosure) -> Message:
        """The disclosure in the agency's own words."""
        ...


class Transport(Protocol):
    """The carrying half: does the I/O, holds the settings of one partner's address."""

    def check(self) -> Check:
        """Reach the peer and prove its identity, sending no personal data."""
        ...

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Carry the bytes. `idempotency_key` stays the same for every attempt of one disclosure.

        Raises: Refused, TryLater or Unsure, and nothing else for anything a network or a peer can do.
        """
        ...


@dataclass(frozen=True)
class Connector:
    """A partner's rendering joined to a transport: what delivery holds for one agency."""

    manifest: Manifest
    render: Renderer
    transport: Transport
