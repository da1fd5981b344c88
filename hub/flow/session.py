"""Session: prove again who one is, see one's sessions and end them. Whoever is not at work any more has none."""

from typing import Any

from hub.access import accounts, limits, oidc, passkeys, sessions, tokens, totp
from hub.access.limits import Lane
from hub.access.oidc import Answer, Begun
from hub.access.passkeys import Said
from hub.access.roles import Act, Actor, Strength, require
from hub.access.sessions import Session
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import Conflict
from hub.flow.house import House
from hub.flow.sign_in import begin_at_provider, provider_of, refused
from hub.ids import Prefix, is_id
from hub.store.scope import EVERY
from hub.store.unit_of_work import Writing


def prove_by_code(house: House, actor: Actor, code: str) -> str:
    """Prove anew with a one-time code; returns the session's new token, and the old one is over.

    Raises Conflict without a session, TooManyTries, NotSignedIn for a wrong code.
    """
    _require_session(actor)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        lanes = (limits.lane(tx, Lane.PLACE, f"proof|{actor.credential}"),)
        limits.take(tx, lanes, now)
        keys = accounts.keys_of(tx, actor.person)
    step = totp.step_of(keys.totp, code, now)
    with house.store.write(EVERY) as tx:
        if step is None or not accounts.take_step(tx, actor.person, step):
            raise refused()
        limits.give_back(tx, lanes)
        return _proved(house, tx, actor, actor.strength)


def proof_options(house: House, actor: Actor) -> dict[str, Any]:
    """What the browser asks its authenticators with, for a proof of this session. Raises Conflict without one."""
    _require_session(actor)
    return passkeys.sign_in_options(house.party, house.keys, house.clock.now(), actor.credential)


def prove_by_passkey(house: House, actor: Actor, said: Said) -> str:
    """Prove anew with one's own passkey; returns the new token. Raises Conflict without a session, NotSignedIn."""
    _require_session(actor)
    with house.store.write(EVERY) as tx:
        if passkeys.use(tx, house.party, said, house.clock.now(), actor.credential) != actor.person:
            raise refused()
        return _proved(house, tx, actor, Strength.PASSKEY)


def begin_proof_at_provider(house: House, actor: Actor) -> Begun:
    """Begin to prove anew through the provider, which is to ask again. Raises Conflict, Unavailable."""
    _require_session(actor)
    return begin_at_provider(house, actor.credential)


def prove_by_provider(house: House, actor: Actor, answer: Answer) -> str:
    """Prove anew with what the provider answered; returns the new token.

    Raises Conflict without a session, NotSignedIn, NotAllowed, Unavailable.
    """
    _require_session(actor)
    now = house.clock.now()
    subject = oidc.finish(provider_of(house), house.keys, answer, now, actor.credential)
    with house.store.write(EVERY) as tx:
        who = accounts.by_subject(tx, subject)
        if who is None or who.id != actor.person or not tokens.spend(tx, "oidc", answer.hold, now):
            raise refused()
        return _proved(house, tx, actor, actor.strength)


def own(house: House, actor: Actor) -> tuple[Session, ...]:
    """One's own sessions that have not ended."""
    require(actor, Act.OWN_SESSIONS)
    with house.store.read(EVERY) as tx:
        return sessions.open_of(tx, actor.person, house.clock.now(), house.session_idle)


def end(house: House, actor: Actor, session_id: str | None = None) -> None:
    """End one of one's own sessions, the one in use unless another is named. Raises NotFound, Conflict without one."""
    require(actor, Act.OWN_SESSIONS)
    if session_id is None:
        _require_session(actor)
    ended, now = session_id or actor.credential, house.clock.now()
    with house.store.write(EVERY) as tx:
        sessions.revoke(tx, actor.person, ended, now)
        log.append(tx, [Entry(EntryKind.SESSION_ENDED, now, actor.person, {
            "session": ended, "landlord": _landlord(actor), "reason": "signed_out",
        })])  # fmt: skip


def _proved(house: House, tx: Writing, actor: Actor, strength: Strength) -> str:
    now = house.clock.now()
    token = sessions.prove(tx, actor.credential, strength, now)
    log.append(tx, [Entry(EntryKind.SESSION_PROVED, now, actor.person, {
        "session": actor.credential, "landlord": _landlord(actor), "strength": strength.value,
    })])  # fmt: skip
    return token


def _landlord(actor: Actor) -> str | None:
    return actor.landlord and actor.landlord.lower()


def _require_session(actor: Actor) -> None:
    require(actor, Act.OWN_SESSIONS)
    if not is_id(actor.credential, Prefix.SESSION):
        raise Conflict("NO_SESSION", "this token is of no session; sign in, or have a new token made")
