"""Pins: what this hub holds an agency to. The digest of its door's settings, and its public keys.

A new one counts once two persons have compared its fingerprint with the agency, each out of band, and its cooling-off
has passed (security.md T1, T2; section 4, separation of duties). Those of an agency's first registration count at once,
on the word of the operator who set it up. The one that counted before does so until then, or is taken out.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.engine import Row

from hub.errors import BadInput, Conflict, NotAllowed, NotFound
from hub.ids import Prefix, new_id
from hub.store.tables import agency_pin
from hub.store.unit_of_work import Reading, Writing
from protocols.weak_keys import is_weak

OPERATOR = "operator"
"""Who set up the hub on its own machine: no person that the hub knows."""

_PREFIX = "whpk_"
_ITSELF = frozenset({agency_pin})


@unique
class What(StrEnum):
    """What is pinned: the way to the agency, or the key by which it signs, is sealed to, or acknowledges."""

    DOOR = "door"
    SIGN = "sign"
    SEAL = "seal"
    ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class Pin:
    """One pin. `fingerprint` is what two persons compare; `confirmed_at` stays empty until both have."""

    id: str
    agency: str
    what: What
    value: str
    fingerprint: str
    proposed_by: str
    proposed_at: datetime
    usable_from: datetime
    first_by: str | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    retired_at: datetime | None

    def stands_in_the_way(self, now: datetime) -> str | None:
        """Why it does not count now, as a stable code; None where it does."""
        if self.retired_at is not None or self.confirmed_at is None:
            return "door_unconfirmed" if self.what is What.DOOR else "key_unconfirmed"
        if now < self.usable_from:
            return "door_cooling_off" if self.what is What.DOOR else "key_cooling_off"
        return None


def register(tx: Writing, agency: str, digest: str, now: datetime) -> Pin:
    """The first door of an agency, on the operator's word."""
    return _put(tx, agency, What.DOOR, digest, digest, by=OPERATOR, now=now, usable_from=now, confirmed=True)


def change_door(tx: Writing, agency: str, digest: str, now: datetime, cooling_off: timedelta) -> Pin | None:
    """A changed door, proposed by whoever changed the settings; None where this very change is known already."""
    if any(pin.value == digest and pin.what is What.DOOR and pin.retired_at is None for pin in of_agency(tx, agency)):
        return None
    return _put(tx, agency, What.DOOR, digest, digest, by=OPERATOR, now=now, usable_from=now + cooling_off)


def propose_key(
    tx: Writing, agency: str, what: What, text: str, *, told: str, by: str, now: datetime, cooling_off: timedelta
) -> Pin:  # fmt: skip
    """A public key, proposed by the first person who compared its fingerprint.

    Raises BadInput for a weak key, one that is none, or a fingerprint that is not its own; Conflict for one known.
    """
    if what is What.DOOR:
        raise BadInput("KEY_USE_UNKNOWN", "use", "a door is no key", "use sign, seal or acknowledge")
    fingerprint = hashlib.sha256(_raw(what, text)).hexdigest()
    _compare(told, fingerprint)
    if any(pin.value == text and pin.what is what and pin.retired_at is None for pin in of_agency(tx, agency)):
        raise Conflict("KEY_KNOWN", "that key is on file for this agency and use; confirm it, or take it out first")
    return _put(tx, agency, what, text, fingerprint, by=by, now=now, usable_from=now + cooling_off, first_by=by)


def confirm(tx: Writing, pin_id: str, told: str, by: str, now: datetime) -> Pin:
    """One more person has compared the fingerprint; the second one's word makes it count after its cooling-off.

    With it, the older pins of the same use are taken out where it was a door. Raises NotFound, BadInput for a
    fingerprint that is another's, Conflict where it is confirmed or taken out, NotAllowed for the same person twice.
    """
    pin = _held(tx, pin_id)
    if pin.retired_at is not None or pin.confirmed_at is not None:
        raise Conflict("CHANGE_SETTLED", "this change was confirmed or taken out before; nothing more to do")
    _compare(told, pin.fingerprint)
    if pin.first_by == by:
        raise NotAllowed("SAME_PERSON", "the second confirmation must be another person's; ask a colleague")
    done: dict[str, object] = (
        {"first_by": by} if pin.first_by is None else {"confirmed_by": by, "confirmed_at": now}
    )  # fmt: skip
    tx.connection.execute(update(agency_pin).where(agency_pin.c.id == pin_id).values(**done))
    if pin.first_by is not None and pin.what is What.DOOR:
        _retire(tx, by, now, agency_pin.c.agency == pin.agency, agency_pin.c.what == pin.what.value,
                agency_pin.c.id != pin_id, agency_pin.c.confirmed_at.is_not(None))  # fmt: skip
    return get(tx, pin_id)


def retire(tx: Writing, pin_id: str, by: str, now: datetime) -> Pin:
    """Take a pin out at once: one person may, as nothing can go wrong by less. Raises NotFound, Conflict."""
    pin = _held(tx, pin_id)
    if pin.retired_at is not None:
        raise Conflict("CHANGE_SETTLED", "this change was confirmed or taken out before; nothing more to do")
    _retire(tx, by, now, agency_pin.c.id == pin_id)
    return pin


def get(tx: Reading, pin_id: str) -> Pin:
    """The pin of that id. Raises NotFound."""
    row = tx.connection.execute(select(agency_pin).where(agency_pin.c.id == pin_id)).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _pin(row)


def of_agency(tx: Reading, agency: str) -> tuple[Pin, ...]:
    """Every pin of an agency, oldest first."""
    asked = select(agency_pin).where(agency_pin.c.agency == agency).order_by(agency_pin.c.proposed_at, agency_pin.c.id)
    return tx.connection.once(
        ("pins", agency), _ITSELF, _ITSELF, lambda: tuple(_pin(row) for row in tx.connection.execute(asked))
    )


def keys_in_force(tx: Reading, agency: str, what: What, now: datetime) -> tuple[str, ...]:
    """The public keys of an agency that count now for one use: two at most times of a change, none before the first."""
    return tuple(
        pin.value for pin in of_agency(tx, agency) if pin.what is what and pin.stands_in_the_way(now) is None
    )  # fmt: skip


def in_the_way(pins: Iterable[Pin], door_digest: str, now: datetime) -> str | None:
    """Why nothing may leave by a door with these settings now; None where it may.

    The door itself must count. Where a sealing key is announced or ever counted, one must count: nothing goes unsealed
    meanwhile, also not because one person took the key out.
    """
    pins = tuple(pins)
    doors = [pin for pin in pins if pin.what is What.DOOR and pin.value == door_digest]
    seals = [pin for pin in pins if pin.what is What.SEAL and (pin.retired_at is None or pin.confirmed_at is not None)]
    if not doors:
        return "door_unconfirmed"
    for wanted in (doors, seals):
        reasons = [pin.stands_in_the_way(now) for pin in wanted]
        if reasons and None not in reasons:
            return reasons[-1]
    return None


def _raw(what: What, text: str) -> bytes:
    """The 32 bytes of a key. A sealing key is X25519 (RFC 7748), every other Ed25519 (RFC 8032)."""
    try:
        raw = base64.b64decode(text.removeprefix(_PREFIX).encode("ascii"), validate=True)
        if f"{_PREFIX}{base64.b64encode(raw).decode()}" != text:  # one key has one spelling
            raw = b""
        if what is What.SEAL:  # one of small order makes a secret that anybody knows; this refuses it
            X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(raw))
        else:
            Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error):
        raise BadInput("KEY_UNUSABLE", "public_key", "is not a public key that can be used here",
                       "send whpk_ and the 32 bytes in base64") from None  # fmt: skip
    if what is not What.SEAL and is_weak(raw):
        raise BadInput("KEY_WEAK", "public_key", "is of small order: anybody could sign under it", "ask for a new one")
    return raw


def _compare(told: str, fingerprint: str) -> None:
    if re.sub(r"[\s:]", "", told).lower() != fingerprint:
        raise BadInput("FINGERPRINT_WRONG", "fingerprint", "is not the fingerprint of this change",
                       "read it with the agency by telephone, on a number that you knew before")  # fmt: skip


def _put(
    tx: Writing, agency: str, what: What, value: str, fingerprint: str, *, by: str, now: datetime,
    usable_from: datetime, confirmed: bool = False, first_by: str | None = None,
) -> Pin:  # fmt: skip
    made = new_id(Prefix.PIN)
    tx.connection.execute(
        insert(agency_pin).values(
            id=made, agency=agency, what=what.value, value=value, fingerprint=fingerprint, proposed_by=by,
            proposed_at=now, usable_from=usable_from, first_by=by if confirmed else first_by,
            confirmed_by=by if confirmed else None, confirmed_at=now if confirmed else None,
        )
    )  # fmt: skip
    return get(tx, made)


def _held(tx: Writing, pin_id: str) -> Pin:
    """The pin as it stands until this transaction ends: two who confirm at once take turns."""
    tx.connection.execute(select(agency_pin.c.id).where(agency_pin.c.id == pin_id).with_for_update())
    return get(tx, pin_id)


def _retire(tx: Writing, by: str, now: datetime, *which: ColumnElement[bool]) -> None:
    tx.connection.execute(
        update(agency_pin)
        .where(agency_pin.c.retired_at.is_(None), *which)
        .values(retired_by=by, retired_at=now)
    )  # fmt: skip


def _pin(row: Row[tuple[object, ...]]) -> Pin:
    return Pin(
        row.id, row.agency, What(row.what), row.value, row.fingerprint, row.proposed_by, row.proposed_at,
        row.usable_from, row.first_by, row.confirmed_by, row.confirmed_at, row.retired_at,
    )  # fmt: skip
