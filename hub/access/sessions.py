"""Sessions: kept here and not in a token, so that they end at once; each with an idle and an absolute limit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from hub.access.people import Standing
from hub.access.roles import Actor, AuthoriserKind, Role, Strength
from hub.access.tokens import digest, new_token
from hub.errors import NotFound, NotSignedIn
from hub.ids import Prefix, new_id
from hub.store.tables import person, session
from hub.store.unit_of_work import Reading, Writing

PREFIX = "ccs"
"""What a session's token begins with."""

KNOWN = timedelta(days=90)
"""For how long an address that somebody signed in from is known as theirs; ended sessions are kept as long."""

_TOUCHED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One session as its holder sees it."""

    id: str
    strength: Strength
    started_at: datetime
    seen_at: datetime
    ends_at: datetime


def begin(
    tx: Writing, person_id: str, strength: Strength, address: str, now: datetime, lasting: timedelta
) -> tuple[Session, str]:
    """A session of somebody who just proved who they are, and its token, which is told once."""
    tx.connection.execute(delete(session).where(session.c.person == person_id, session.c.ends_at < now - KNOWN))
    made, token = Session(new_id(Prefix.SESSION), strength, now, now, now + lasting), new_token(PREFIX)
    tx.connection.execute(
        insert(session).values(
            id=made.id, person=person_id, token_hash=digest(token), strength=strength.value, started_at=now,
            address=_address_index(tx, address), proved_at=now, seen_at=now, ends_at=made.ends_at,
        )
    )  # fmt: skip
    return made, token


def authenticate(tx: Reading, token: str, now: datetime, idle: timedelta) -> tuple[Actor, bool]:
    """Whose session this is, as they stand now, and whether its use is to be written down (`touch`).

    Raises NotSignedIn for one that is unknown, ended, revoked or idle, and for somebody who is not at work any more.
    """
    row = tx.connection.execute(
        select(session.c.id, session.c.strength, session.c.proved_at, session.c.seen_at, session.c.person,
               person.c.role, person.c.landlord, person.c.kinds, person.c.team)
        .join(person, person.c.id == session.c.person)
        .where(
            session.c.token_hash == digest(token), session.c.revoked_at.is_(None), session.c.ends_at > now,
            session.c.seen_at > now - idle, person.c.state == Standing.ACTIVE.value,
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
    actor = Actor(
        row.id, row.person, Role(row.role), row.landlord, None, frozenset(map(AuthoriserKind, row.kinds)), row.team,
        Strength(row.strength), row.proved_at,
    )  # fmt: skip
    return actor, row.seen_at <= now - _TOUCHED_EVERY


def touch(tx: Writing, session_id: str, now: datetime) -> None:
    """Write down that a session was used."""
    tx.connection.execute(
        update(session).where(session.c.id == session_id, session.c.seen_at < now).values(seen_at=now)
    )


def prove(tx: Writing, session_id: str, strength: Strength, now: datetime) -> str:
    """Its holder proved again who they are: a new token, and the old one ends at once (ASVS 5.0 7.2.4)."""
    token = new_token(PREFIX)
    changed = tx.connection.execute(
        update(session)
        .where(session.c.id == session_id, session.c.revoked_at.is_(None))
        .values(token_hash=digest(token), proved_at=now, seen_at=now, strength=strength.value)
    )
    if changed.rowcount == 0:
        raise NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
    return token


def open_of(tx: Reading, person_id: str, now: datetime, idle: timedelta) -> tuple[Session, ...]:
    """The sessions of somebody that have not ended, the newest first."""
    rows = tx.connection.execute(
        select(session)
        .where(session.c.person == person_id, session.c.revoked_at.is_(None), session.c.ends_at > now,
               session.c.seen_at > now - idle)
        .order_by(session.c.started_at.desc())
    )  # fmt: skip
    return tuple(Session(row.id, Strength(row.strength), row.started_at, row.seen_at, row.ends_at) for row in rows)


def revoke(tx: Writing, person_id: str, session_id: str, now: datetime) -> None:
    """End a session of somebody's own. Raises NotFound for any other, and for one that ended."""
    ended = tx.connection.execute(
        update(session)
        .where(session.c.id == session_id, session.c.person == person_id, session.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if ended.rowcount == 0:
        raise NotFound("NOT_FOUND", "there is nothing by that id")


def revoke_all(tx: Writing, person_id: str, now: datetime) -> tuple[str, ...]:
    """End every session of somebody; returns which."""
    ended = tx.connection.execute(
        update(session)
        .where(session.c.person == person_id, session.c.revoked_at.is_(None), session.c.ends_at > now)
        .values(revoked_at=now)
        .returning(session.c.id)
    )
    return tuple(ended.scalars())


def began_here(tx: Reading, person_id: str, address: str, now: datetime) -> bool:
    """Whether somebody signed in from that address before, not too long ago."""
    return tx.connection.execute(
        select(session.c.id).where(
            session.c.person == person_id, session.c.address == _address_index(tx, address),
            session.c.started_at > now - KNOWN,
        ).limit(1)
    ).first() is not None  # fmt: skip


def _address_index(tx: Reading, address: str) -> str:
    return tx.keys.index(address, "session.address")
