"""The doors of this hub's partners, and going through one: a single attempt, answered in one of four ways."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

from connectors.contract import (
    Connector,
    DeliveryProblem,
    Idempotency,
    Message,
    Receipt,
    Refused,
    Rung,
    TryLater,
    Unsure,
)
from connectors.pace import Pace
from hub import metrics, traces
from hub.delivery import given
from hub.errors import Conflict
from hub.logs import event
from protocols.disclosure import Disclosure

__all__ = ["AttemptOutcome", "Attempted", "Doors", "Message", "Pace", "Recallable", "Receipt", "Rung"]

_log = logging.getLogger(__name__)
_Said = TypeVar("_Said")
_CODE = re.compile(r"(?!.*[0-9]{7})[a-z][a-z0-9_.]{0,59}")


@unique
class AttemptOutcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    REFUSED = "refused"
    TRY_LATER = "try_later"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Attempted:
    """The end of one attempt: a receipt, or a stable code of what went wrong and when to look again."""

    outcome: AttemptOutcome
    receipt: Receipt | None = None
    code: str | None = None
    after_seconds: float | None = None
    reached: bool = False
    """Whether the partner had the bytes although it refused them."""


@runtime_checkable
class Recallable(Protocol):
    """A transport whose prepared messages can still be taken back."""

    def recall(self, filename: str) -> bool:
        """Take a prepared message back; False when it is not there any more."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A transport that finds what was taken back again, until it is told that this is on record."""

    def forget(self, filename: str) -> None:
        """It is on record."""
        ...


class Doors:
    """Connectors by agency id."""

    def __init__(
        self, connectors: Mapping[str, Connector], digests: Mapping[str, str] | None = None,
        addresses: Mapping[str, tuple[str, ...]] | None = None, paces: Mapping[str, Pace] | None = None,
        timeouts: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        """Hold them; nothing is opened.

        By agency: `digests` of their settings, `addresses` these name, `paces`, `timeouts` of one attempt in seconds.
        """
        self._connectors, self._paces, self._timeouts = dict(connectors), dict(paces or {}), dict(timeouts or {})
        self._digests, self._addresses = dict(digests or {}), dict(addresses or {})

    def __contains__(self, agency: object) -> bool:
        return agency in self._connectors

    def digest(self, agency: str) -> str:
        """What pins this door. Raises Conflict where there is none."""
        self._door(agency)
        return self._digests.get(agency, "")

    def addresses(self, agency: str) -> tuple[str, ...]:
        """Where this door leads, as its settings say."""
        return self._addresses.get(agency, ())

    def pace(self, agency: str) -> Pace:
        """How this partner wants to be approached; the default where it says nothing, or has no door any more."""
        return self._paces.get(agency, Pace())

    def takes(self, agency: str, lease: timedelta) -> timedelta:
        """How long an attempt may take: its time-out, or a quarter of the lease where none is known that is shorter."""
        known = timedelta(seconds=self._timeouts.get(agency, 0.0))
        return known if timedelta(0) < known < lease else lease / 4

    def outlasting(self, lease: timedelta) -> tuple[str, ...]:
        """The agencies whose attempts may last as long as a lease, or longer."""
        return tuple(agency for agency, known in self._timeouts.items() if timedelta(seconds=known) >= lease)

    def is_collected(self, agency: str) -> bool:
        """Whether this partner fetches what is for it."""
        return self._door(agency).manifest.collected

    def is_sent(self, agency: str) -> bool:
        """Whether a worker goes through this door; one that is gone is found out by the worker, and parked."""
        return agency not in self or not self.is_collected(agency)

    def can_repeat(self, agency: str) -> bool:
        """Whether a second delivery of the same disclosure does no harm there."""
        return self._door(agency).manifest.idempotency is not Idempotency.NONE

    def can_recall(self, agency: str) -> bool:
        """Whether what was prepared there can be taken back."""
        return isinstance(self._door(agency).transport, Recallable)

    def transport_code(self, agency: str) -> str:
        """The connector's id, for the log."""
        return _as_code(self._door(agency).manifest.id, "third_party")

    def render(self, agency: str, disclosure: Disclosure) -> Message:
        """The exact message. Raises Conflict if it tells more than the disclosure, is too large, or cannot be made."""
        door = self._door(agency)
        try:
            message = given.message(door.render(disclosure))
        except DeliveryProblem:
            raise Conflict("MESSAGE_REFUSED", "the connector does not make a message of this disclosure") from None
        except BaseException as problem:  # a stranger's code: whatever it raises, nothing else may wait behind this row
            event(_log, "connector_broke_contract", logging.ERROR, agency=agency, disclosure=disclosure.id)
            raise Conflict("CONNECTOR_FAULT", "the connector failed to make a message of this disclosure") from problem
        if not message.paths <= {item.path for item in disclosure.items}:
            raise Conflict("MESSAGE_TELLS_MORE", "the connector's message tells more than was decided; nothing is sent")
        if len(message.body) > door.manifest.max_bytes:
            raise Conflict("MESSAGE_TOO_LARGE", "the message is larger than this partner takes; write a summary")
        return message

    def send(self, agency: str, message: Message, key: str, at: datetime) -> Attempted:
        """One attempt, with no transaction open. What a connector raises beyond its contract counts as unsure."""
        with traces.Step("send", message.disclosure_id, agency=agency, disclosure=message.disclosure_id) as step:
            ended = self._send(agency, message, key, at)
            step.add(outcome=ended.outcome.value, code=ended.code)
        metrics.ATTEMPTS.labels(agency, ended.outcome.value).inc()
        return ended

    def _send(self, agency: str, message: Message, key: str, at: datetime) -> Attempted:
        try:
            return self._attempt(agency, message, key, at)
        except BaseException:  # noqa: BLE001 - a stranger's code: whatever it raises, the row must be settled
            event(_log, "connector_broke_contract", logging.ERROR, agency=agency, disclosure=message.disclosure_id)
            return Attempted(AttemptOutcome.UNSURE, code="connector_fault")

    def _attempt(self, agency: str, message: Message, key: str, at: datetime) -> Attempted:
        try:
            receipt = self._door(agency).transport.deliver(message, key, at)
            return Attempted(AttemptOutcome.DONE, given.receipt(receipt))
        except Refused as problem:
            return Attempted(AttemptOutcome.REFUSED, code=_as_code(problem.code), reached=problem.reached is True)
        except TryLater as problem:
            return Attempted(AttemptOutcome.TRY_LATER, code=_as_code(problem.code),
                             after_seconds=given.wait(problem.after))  # fmt: skip
        except Unsure as problem:
            return Attempted(AttemptOutcome.UNSURE, code=_as_code(problem.code))

    def recall(self, agency: str, filename: str) -> bool:
        """Take back what was prepared and not yet carried; False when it is not there, or can never be taken back.

        Raises Conflict where it could not be done now.
        """
        transport = self._door(agency).transport
        return isinstance(transport, Recallable) and _tried(partial(transport.recall, filename))

    def forget(self, agency: str, filename: str) -> None:
        """What was taken back is on record. Where this fails something is left there that tells of no content."""
        transport = self._door(agency).transport
        if not isinstance(transport, Remembering):
            return
        try:
            _tried(partial(transport.forget, filename))
        except Conflict:
            event(_log, "recall_not_forgotten", logging.WARNING, agency=agency)

    def _door(self, agency: str) -> Connector:
        if agency not in self._connectors:
            raise Conflict("NO_DOOR", "no connector is set up for this agency; see partners.toml")
        return self._connectors[agency]


def _tried(act: Callable[[], _Said]) -> _Said:
    try:
        return act()
    except BaseException as problem:  # a folder's rights, or a stranger's code: no other pack waits behind this
        raise Conflict("RECALL_FAILED", "the pack could not be taken back; look at the folder") from problem


def _as_code(code: object, instead: str = "connector_code") -> str:
    """A connector's code as it may stand in the log: one that does not fit must not keep a row from being settled."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else instead
