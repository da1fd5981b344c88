"""Prove: a machine shows who it is, by a token, by an assertion that it trades for one, or by signing its request.

Promise: whatever is wrong with what it shows, the answer is the same, and only a code in the log lines of the hub tells
why; what counts once is counted before anything is done for it, across every process. RFC 6749 4.4, 7523, 9421, 8705.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.access import assertions, machine_keys, machines, signatures
from hub.access.machine_keys import KeyKind, MachineKey, Told
from hub.access.machines import Machine, MachineScope
from hub.access.roles import Actor
from hub.access.signatures import Refused, Request
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput, NotAllowed, NotFound, NotSignedIn
from hub.flow.house import House
from hub.logs import event
from hub.store.scope import EVERY
from hub.store.unit_of_work import Reading, Writing

ACCESS_LASTS = timedelta(minutes=10)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token, told once, and what it is good for until when."""

    told: Told
    scope: MachineScope


@dataclass(frozen=True, slots=True)
class Asked:
    """What a machine asks the token endpoint: its proof, and perhaps who it is and what for, once more."""

    assertion: str
    machine: str | None = None
    scope: str | None = None


def grant(house: House, asked: Asked, audience: str, certificate: str | None) -> Granted:
    """An access token for a machine that proves by an assertion that it holds its key (RFC 6749 4.4, RFC 7523).

    `certificate` is the fingerprint of the one that its connection showed. Raises NotSignedIn, always the same, and
    BadInput when who it is was proved and it asks for another scope than its own.
    """
    now = house.clock.now()
    try:
        shown = assertions.read(asked.assertion, audience, now)
        found = _find(house, shown.machine)
        signed_by = assertions.check(shown, [key.public for key in machines.public_keys(found, now) if key.public])
        key = next(key for key in found.keys if key.public == signed_by)
        _check_connection(found, certificate, now)
        _check_asked(asked, found)
        with house.store.write(EVERY) as tx:
            _take_once(tx, key, found, f"assertion|{shown.once}", shown.good_until, now)
            told = machine_keys.add_token(
                tx, found.id, KeyKind.ACCESS, now=now, ends_at=now + ACCESS_LASTS, got_with=key.id
            )
            log.append(tx, [Entry(EntryKind.MACHINE_TOKEN_ISSUED, now, found.person, {
                "machine": found.id, "key": told.key.id, "got_with": key.id,
            })])  # fmt: skip
    except Refused as problem:
        raise _not_signed_in(problem) from None
    return Granted(told, found.scope)


def machine_by_token(house: House, token: str, certificate: str | None, officer: str | None) -> Actor:
    """Who shows this token of a machine. `officer` is the person on whose behalf a landlord's machine speaks.

    Raises NotSignedIn, always the same; NotAllowed where it may not speak for whom it names.
    """
    now = house.clock.now()
    try:
        with house.store.read(EVERY) as tx:
            found, key = _holder(tx, token, now)
            _check_connection(found, certificate, now)
            return _speaking_for(tx, found, key, officer, now)
    except Refused as problem:
        raise _not_signed_in(problem) from None


def machine_by_signature(house: House, request: Request, certificate: str | None) -> Actor:
    """Who signed this request, whose nonce is spent by it. Errors as for `machine_by_token`."""
    now = house.clock.now()
    try:
        signed = signatures.read(request, now)
        found, key = _signer(house, signed, now)
        _check_connection(found, certificate, now)
        with house.store.write(EVERY) as tx:
            _take_once(tx, key, found, f"signature|{signed.nonce}", signed.good_until, now)
        with house.store.read(EVERY) as tx:
            return _speaking_for(tx, found, key, request.headers.get("on-behalf-of"), now)
    except Refused as problem:
        raise _not_signed_in(problem) from None


def _find(house: House, machine_id: str) -> Machine:
    with house.store.read(EVERY) as tx:
        try:
            return machines.get(tx, machine_id)
        except NotFound:
            raise Refused("machine_unknown") from None


def _signer(house: House, signed: signatures.Signed, now: datetime) -> tuple[Machine, MachineKey]:
    """`keyid` is `machine/key`, both as the administrator was told them."""
    machine_id, _, key_id = signed.key.partition("/")
    found = _find(house, machine_id)
    for key in machines.public_keys(found, now):
        if key.id == key_id and key.public is not None:
            signatures.check(signed, key.public)
            return found, key
    raise Refused("key_unknown")


def _check_connection(found: Machine, certificate: str | None, now: datetime) -> None:
    if not machines.fits_connection(found, certificate, now):
        raise Refused("certificate_wrong")


def _check_asked(asked: Asked, found: Machine) -> None:
    if asked.machine not in (None, found.id):
        raise Refused("client_other")
    if asked.scope not in (None, found.scope.value):
        raise BadInput("SCOPE_OTHER", "scope", "is not the one of this machine", "leave it out")


def _holder(tx: Reading, token: str, now: datetime) -> tuple[Machine, MachineKey]:
    held = machines.holder(tx, token, now)
    if held is None:
        raise Refused("token_unknown")
    return held


def _take_once(tx: Writing, key: MachineKey, found: Machine, nonce: str, until: datetime, now: datetime) -> None:
    """The key worked when it was looked up and may have been ended since; the nonce may have been used before."""
    if not machine_keys.key_works(tx, key.id, now):
        raise Refused("key_ended")
    if not machine_keys.count_once(tx, found.id, nonce, until, now):
        raise Refused("repeated")


def _speaking_for(tx: Reading, found: Machine, key: MachineKey, officer: str | None, now: datetime) -> Actor:
    """A landlord's machine speaks for an officer, so that an author is a person; a partner's for nobody but itself."""
    team = None
    if found.landlord is not None:
        speaks = machines.officer(tx, officer or "", found.landlord, now)
        if speaks is None:
            raise _not_for_them()
        team = speaks.team
    elif officer is not None:
        raise _not_for_them()
    return found.actor(key, officer, team)


def _not_for_them() -> NotAllowed:
    says = "On-Behalf-Of must name an active officer of this machine's landlord; a partner's machine names nobody"
    return NotAllowed("OFFICER_NOT_NAMED", says)


def _not_signed_in(problem: Refused) -> NotSignedIn:
    event(_log, "machine_refused", logging.WARNING, code=problem.why)
    return NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
