"""Join: whoever holds an invitation says how they will sign in; a colleague then confirms them (`invite.py`)."""

from datetime import datetime
from typing import Any

from hub.access import accounts, oidc, passkeys, passwords, people, tokens, totp
from hub.access.oidc import Answer
from hub.access.passkeys import Registered, Said
from hub.access.people import Person, Standing
from hub.access.roles import Act, Actor, require, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput
from hub.flow.house import House
from hub.flow.sign_in import provider_of, refused
from hub.store.scope import EVERY


def invited_options(house: House, invitation: str, name: str) -> dict[str, Any]:
    """What the browser makes a passkey with, for whoever holds an invitation. Raises NotSignedIn."""
    now = house.clock.now()
    with house.store.read(EVERY) as tx:
        who = people.invited(tx, invitation, now)
    return passkeys.registration_options(house.party, house.keys, who.id, name, now)


def join(
    house: House, invitation: str, name: str, password: str | None, said: Said | None
) -> tuple[str, Standing, str | None]:
    """Redeem an invitation with a password, a passkey or both.

    Returns who, their standing, and where a password was chosen the URI for the app that shows one-time codes, once.

    Raises NotSignedIn for the invitation or the passkey, BadInput for the password, Conflict for a name that is taken.
    """
    if password is None and said is None:
        raise BadInput("WAY_MISSING", "", "says no way to sign in", "choose a password, make a passkey, or both")
    now, phc, key = house.clock.now(), None, None
    with house.store.read(EVERY) as tx:
        expected = people.invited(tx, invitation, now)
    if password is not None:
        passwords.check_new(password, name)
        phc, key = passwords.hash_password(password), totp.new_key()
    made = passkeys.check_new(house.party, house.keys, expected.id, said, now) if said is not None else None
    with house.store.write(EVERY) as tx:
        who = people.redeem(tx, invitation, now)
        standing = accounts.enrol(tx, who, name, password=phc, totp=key)
        ways = ["password", "totp"] if phc else []
        if made is not None and said is not None:
            passkeys.keep(tx, who.id, made, said, now)
            ways.append("passkey")
        log.append(tx, [_enrolled(who, ways, now)])
    return who.id, standing, totp.uri(key, name, house.party.name) if key else None


def join_by_provider(house: House, invitation: str, name: str, answer: Answer) -> tuple[str, Standing]:
    """Redeem an invitation with what the provider answered: its subject signs this person in from now on.

    Raises NotSignedIn, NotAllowed, Unavailable, Conflict for a subject or name that is somebody else's.
    """
    now = house.clock.now()
    with house.store.read(EVERY) as tx:
        people.invited(tx, invitation, now)
    subject = oidc.finish(provider_of(house), house.keys, answer, now)
    with house.store.write(EVERY) as tx:
        if not tokens.spend(tx, "oidc", answer.hold, now):
            raise refused()
        who = people.redeem(tx, invitation, now)
        standing = accounts.enrol(tx, who, name, subject=subject)
        log.append(tx, [_enrolled(who, ["provider"], now)])
    return who.id, standing


def more_options(house: House, actor: Actor) -> dict[str, Any]:
    """What the browser makes another passkey with, for somebody signed in. Raises NotAllowed without a recent proof."""
    require(actor, Act.OWN_SESSIONS)
    now = house.clock.now()
    require_recent_proof(actor, now)
    with house.store.read(EVERY) as tx:
        name = people.get(tx, actor.person).name
    return passkeys.registration_options(house.party, house.keys, actor.person, name or actor.person, now)


def add_passkey(house: House, actor: Actor, said: Said) -> None:
    """Another passkey for somebody signed in. Raises NotAllowed without a recent proof, NotSignedIn for the passkey."""
    require(actor, Act.OWN_SESSIONS)
    now = house.clock.now()
    require_recent_proof(actor, now)
    made: Registered = passkeys.check_new(house.party, house.keys, actor.person, said, now)
    with house.store.write(EVERY) as tx:
        who = people.get(tx, actor.person)
        passkeys.keep(tx, who.id, made, said, now)
        log.append(tx, [_enrolled(who, ["passkey"], now)])


def _enrolled(who: Person, ways: list[str], now: datetime) -> Entry:
    return Entry(EntryKind.PERSON_ENROLLED, now, who.id, {
        "person": who.id, "landlord": who.landlord and who.landlord.lower(), "role": who.role.value, "ways": ways,
    })  # fmt: skip
