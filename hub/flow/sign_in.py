"""Sign in: with a password and a one-time code, with a passkey, or through the landlord's own provider.

Nothing tells whether a name is known: the same bytes, and as much work, whoever is asked for. A try is counted before
it is looked at (`hub.access.limits`), and no transaction is open while a password is hashed or a provider asked.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.access import accounts, limits, oidc, passkeys, passwords, people, sessions, tokens, totp
from hub.access.accounts import Keys
from hub.access.limits import Counted, Lane
from hub.access.oidc import Answer, Begun, Provider
from hub.access.passkeys import Said
from hub.access.people import Person, Standing
from hub.access.roles import Role, Strength
from hub.access.sessions import Session
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import Conflict, NotAllowed, NotSignedIn
from hub.flow.house import House
from hub.logs import event
from hub.store.scope import EVERY
from hub.store.unit_of_work import Writing

DEVICE_LASTS = timedelta(days=90)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a try comes from: an address, and a device that signed in before, if it says so."""

    address: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody signed in. Token and device are told once; the device is shown at the next sign-in and opens nothing."""

    person: str
    role: Role
    session: Session
    token: str = field(repr=False)
    device: str = field(repr=False)


def by_password(house: House, name: str, password: str, code: str, place: Place) -> SignedIn:
    """Sign in with a password and a one-time code.

    Raises TooManyTries, NotSignedIn for anything wrong, NotAllowed for somebody whom no colleague confirmed yet.
    """
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        keys = accounts.by_name(tx, name)
        lanes = _lanes(tx, name, keys, place, now)
        limits.take(tx, lanes, now)
    right = passwords.matches(password, keys.password if keys else None)
    step = totp.step_of(keys.totp if keys else None, code, now)
    if keys is None or not right or step is None:
        event(_log, "sign_in_refused", logging.WARNING, code="password")
        raise refused()
    with house.store.write(EVERY) as tx:
        if accounts.keys_of(tx, keys.person.id) != keys or not accounts.take_step(tx, keys.person.id, step):
            raise refused()
        limits.give_back(tx, lanes)
        return begin(house, tx, keys.person, Strength.TWO_FACTORS, place, now)


def passkey_options(house: House) -> dict[str, Any]:
    """What the browser asks its authenticators with; nobody has said who they are."""
    return passkeys.sign_in_options(house.party, house.keys, house.clock.now())


def by_passkey(house: House, said: Said, place: Place) -> SignedIn:
    """Sign in with a passkey. Raises NotSignedIn, NotAllowed for somebody whom no colleague confirmed yet."""
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        who = people.get(tx, passkeys.use(tx, house.party, said, now))
        return begin(house, tx, who, Strength.PASSKEY, place, now)


def begin_at_provider(house: House, about: str = "") -> Begun:
    """Begin to sign in through the provider; `about` a session, to prove anew. Raises Conflict, Unavailable."""
    return oidc.begin(provider_of(house), house.keys, house.clock.now(), about)


def by_provider(house: House, answer: Answer, place: Place) -> SignedIn:
    """Sign in with what the provider answered. The person was linked at enrolment, never by e-mail.

    Raises NotSignedIn, NotAllowed, TooManyTries, Unavailable.
    """
    now = house.clock.now()
    with house.store.write(EVERY) as tx:  # the provider is asked at our cost
        lanes = (limits.lane(tx, Lane.ADDRESS, f"provider|{place.address}"),)
        limits.take(tx, lanes, now)
    subject = oidc.finish(provider_of(house), house.keys, answer, now)
    with house.store.write(EVERY) as tx:
        who = accounts.by_subject(tx, subject)
        if who is None or not tokens.spend(tx, "oidc", answer.hold, now):
            raise refused()
        limits.give_back(tx, lanes)
        return begin(house, tx, who, Strength.TWO_FACTORS, place, now)


def begin(house: House, tx: Writing, who: Person, strength: Strength, place: Place, now: datetime) -> SignedIn:
    """A session of somebody who has just proved who they are.

    Raises NotAllowed for somebody whom no colleague confirmed yet, NotSignedIn for somebody who is gone.
    """
    if who.standing is Standing.WAITING:
        raise NotAllowed("NOT_CONFIRMED", "a colleague must confirm that it is you; ask your data protection officer")
    if who.standing is not Standing.ACTIVE:
        raise refused()
    made, token = sessions.begin(tx, who.id, strength, place.address, now, house.session_lasting)
    device = tokens.make_ticket(tx.keys, "device", now, DEVICE_LASTS, who.id)
    log.append(tx, [Entry(EntryKind.SESSION_STARTED, now, who.id, {
        "session": made.id, "landlord": who.landlord and who.landlord.lower(), "strength": strength.value,
    })])  # fmt: skip
    return SignedIn(who.id, who.role, made, token, device)


def provider_of(house: House) -> Provider:
    """The provider that is set up. Raises Conflict where none is."""
    if house.provider is None:
        raise Conflict("NO_PROVIDER", "no sign-in provider is set up for this hub; sign in with a password or passkey")
    return house.provider


def refused() -> NotSignedIn:
    """The one answer to whatever was wrong."""
    return NotSignedIn("SIGN_IN_REFUSED", "that does not sign anybody in; look at what you gave, and try again")


def _lanes(tx: Writing, name: str, keys: Keys | None, place: Place, now: datetime) -> tuple[Counted, ...]:
    """The lane of a place that this account is known at; else those of account, address and all strangers."""
    if keys is not None:
        who = keys.person.id
        if place.device is not None and tokens.is_valid(tx.keys, "device", place.device, now, who):
            return (limits.lane(tx, Lane.PLACE, f"{who}|{place.device}"),)
        if sessions.began_here(tx, who, place.address, now):
            return (limits.lane(tx, Lane.PLACE, f"{who}|{place.address}"),)
    return (
        limits.lane(tx, Lane.ACCOUNT, passwords.normal(name).casefold().strip()),
        limits.lane(tx, Lane.ADDRESS, place.address), limits.lane(tx, Lane.STRANGERS),
    )  # fmt: skip
