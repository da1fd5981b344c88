"""Members: people of a hub in this process who were invited, joined and were confirmed, with what they sign in by."""

import base64
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from hub.access import totp
from hub.access.roles import LANDLORD_ROLES, Actor, AuthoriserKind, Role
from hub.bootstrap import Hub
from hub.flow import enrol, invite, join, sign_in
from hub.flow.sign_in import Place, SignedIn
from hub.ids import Prefix, new_id

PASSWORD = "violet kettle under harbour"
OFFICE = Place("192.0.2.10")
"""Where members sign in from unless a test says otherwise (RFC 5737)."""


@dataclass
class Member:
    """Somebody with a password and an app that shows codes."""

    hub: Hub
    person: str
    name: str
    key: bytes
    password: str = PASSWORD

    def code(self, at: datetime | None = None) -> str:
        """What the app shows now, or at another moment."""
        return totp.code_at(self.key, at or self.hub.house.clock.now())

    def sign_in(self, place: Place = OFFICE) -> SignedIn:
        """Sign in with everything right."""
        return sign_in.by_password(self.hub.house, self.name, self.password, self.code(), place)

    def actor(self, place: Place = OFFICE) -> Actor:
        """Who they are once signed in."""
        return enrol.who_is(self.hub.house, self.sign_in(place).token)


def key_in(uri: str) -> bytes:
    """The key in an otpauth URI, as an app reads it."""
    (secret,) = parse_qs(urlsplit(uri).query)["secret"]
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def administrator(hub: Hub) -> Actor:
    """An administrator, by a token of the command line."""
    return enrol.who_is(
        hub.house, enrol.enrol(hub.house, None, role=Role.ADMINISTRATOR, landlord=None, agency=None).token
    )


def dpo(hub: Hub, landlord: str = "LMH") -> Actor:
    """A data protection officer, by a token of the command line."""
    return enrol.who_is(hub.house, enrol.enrol(hub.house, None, role=Role.DPO, landlord=landlord, agency=None).token)


def waiting(
    hub: Hub, role: Role = Role.OFFICER, *, landlord: str = "LMH", team: str | None = None,
    kinds: frozenset[AuthoriserKind] = frozenset(), by: Actor | None = None,
) -> Member:  # fmt: skip
    """Somebody who was invited and joined, and whom nobody confirmed yet."""
    where = landlord if role in LANDLORD_ROLES else None
    inviter = by or (administrator(hub) if where else None)  # an administrator is invited at the command line
    _, code = invite.invite(hub.house, inviter, role=role, landlord=where, kinds=kinds, team=team)
    name = f"{role.value}.{new_id(Prefix.PERSON)[-6:]}@homes.example"
    person, _standing, uri = join.join(hub.house, code, name, PASSWORD, None)
    assert uri is not None
    return Member(hub, person, name, key_in(uri))


def member(
    hub: Hub, role: Role = Role.OFFICER, *, landlord: str = "LMH", team: str | None = None,
    kinds: frozenset[AuthoriserKind] = frozenset(),
) -> Member:  # fmt: skip
    """Somebody who can sign in."""
    made = waiting(hub, role, landlord=landlord, team=team, kinds=kinds)
    if role in LANDLORD_ROLES:
        invite.confirm(hub.house, dpo(hub, landlord), made.person)
    return made
