"""Invite: put people on the list, vouch for them, change what they may be, end their access.

An administrator invites, and a supervisor or DPO of the landlord, who has just proved who they are, confirms. The first
of a landlord, and every administrator, is invited at the command line of the hub's own machine, which vouches: an
administrator who could make another would be two persons wherever two are asked for.
"""

from datetime import datetime, timedelta

from hub.access import credentials, passkeys, people, sessions
from hub.access.people import COMMAND, Person, Standing
from hub.access.roles import Act, Actor, AuthoriserKind, Role, require, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import Conflict, NotAllowed
from hub.flow.house import House
from hub.register import landlords
from hub.store.scope import EVERY
from hub.store.unit_of_work import Writing

INVITATION = timedelta(days=7)


def invite(
    house: House, actor: Actor | None, *, role: Role, landlord: str | None,
    kinds: frozenset[AuthoriserKind] = frozenset(), team: str | None = None,
) -> tuple[str, str]:  # fmt: skip
    """Put somebody on the list; returns their id and the invitation, told once. `actor` is None at the command line.

    Raises BadInput for a body, kinds or team that do not fit the role, NotFound for a landlord, NotAllowed for an
    administrator by another.
    """
    if actor is not None:
        require(actor, Act.INVITE)
        _not_an_administrator(role)
    now, made_by = house.clock.now(), actor.person if actor else COMMAND
    with house.store.write(EVERY) as tx:
        if landlord is not None:
            landlords.get(tx, landlord)
        made, code = people.invite(tx, role=role, landlord=landlord, kinds=kinds, team=team, made_by=made_by, now=now,
                                   ends_at=now + INVITATION)  # fmt: skip
        log.append(tx, [_entry(EntryKind.PERSON_INVITED, people.get(tx, made), made_by, now, again=False)])
    return made, code


def invite_again(house: House, actor: Actor, person_id: str) -> str:
    """Another invitation, for a lost telephone or password; returns it.

    All ways to sign in end, and somebody must vouch anew. Raises NotFound, Conflict for oneself, NotAllowed for another
    administrator.
    """
    require(actor, Act.INVITE)
    _not_oneself(actor, person_id)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        _not_an_administrator(people.get(tx, person_id).role)
        code = people.invite_again(tx, person_id, actor.person, now + INVITATION)
        _end_all(tx, person_id, now)
        passkeys.forget(tx, person_id)
        log.append(tx, [_entry(EntryKind.PERSON_INVITED, people.get(tx, person_id), actor.person, now, again=True)])
    return code


def confirm(house: House, actor: Actor, person_id: str) -> None:
    """Vouch that whoever enrolled is the colleague whom they say. Raises NotFound, NotAllowed, Conflict."""
    require(actor, Act.CONFIRM_PERSON)
    now = house.clock.now()
    require_recent_proof(actor, now)
    with house.store.write(actor.scope) as tx:
        people.confirm(tx, person_id, actor.person, now)
        log.append(tx, [_entry(EntryKind.PERSON_CONFIRMED, people.get(tx, person_id), actor.person, now)])


def change(
    house: House, actor: Actor, person_id: str, *, role: Role, kinds: frozenset[AuthoriserKind], team: str | None
) -> Standing:
    """Make somebody something else; for more than another team, somebody must vouch for them anew.

    Raises NotFound, Conflict for oneself, BadInput for kinds or a team that do not fit.
    """
    require(actor, Act.INVITE)
    _not_oneself(actor, person_id)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        standing = people.change(tx, person_id, role=role, kinds=kinds, team=team, changed_by=actor.person)
        log.append(tx, [_entry(EntryKind.PERSON_CHANGED, people.get(tx, person_id), actor.person, now)])
    return standing


def disable(house: House, actor: Actor, person_id: str) -> None:
    """End somebody's access, sessions and tokens at once. Raises NotFound, Conflict for oneself."""
    require(actor, Act.INVITE)
    _not_oneself(actor, person_id)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        people.disable(tx, person_id, now)
        ended = _end_all(tx, person_id, now)
        who = people.get(tx, person_id)
        log.append(tx, [Entry(EntryKind.PERSON_DISABLED, now, actor.person, {
            "person": who.id, "landlord": who.landlord and who.landlord.lower(), "sessions": ended,
        })])  # fmt: skip


def end_sessions(house: House, actor: Actor, person_id: str) -> None:
    """End every session of somebody, when a computer is lost. Raises NotFound."""
    require(actor, Act.INVITE)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        who = people.get(tx, person_id)
        log.append(tx, [
            Entry(EntryKind.SESSION_ENDED, now, actor.person, {
                "session": ended, "landlord": who.landlord and who.landlord.lower(), "reason": "ended_by_administrator",
            })
            for ended in sessions.revoke_all(tx, person_id, now)
        ])  # fmt: skip


def listed(house: House, actor: Actor) -> tuple[Person, ...]:
    """The people of the actor's landlord; for an administrator everybody."""
    require(actor, Act.LIST_PEOPLE)
    with house.store.read(EVERY if actor.role is Role.ADMINISTRATOR else actor.scope) as tx:
        return people.listed(tx)


def _end_all(tx: Writing, person_id: str, now: datetime) -> int:
    credentials.revoke_all(tx, person_id, now)
    return len(sessions.revoke_all(tx, person_id, now))


def _not_oneself(actor: Actor, person_id: str) -> None:
    if actor.person == person_id:
        raise Conflict("ONESELF", "nobody does this to themselves; ask another administrator")


def _not_an_administrator(role: Role) -> None:
    if role is Role.ADMINISTRATOR:
        raise NotAllowed("ADMINISTRATOR_BY_COMMAND", "administrators are invited on the hub's own machine: "
                         "concordat invite administrator")  # fmt: skip


def _entry(kind: EntryKind, who: Person, actor: str, now: datetime, **more: bool) -> Entry:
    return Entry(kind, now, actor, {
        "person": who.id, "landlord": who.landlord and who.landlord.lower(), "role": who.role.value, **more,
    })  # fmt: skip
