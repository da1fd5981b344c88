"""People: who was invited, who vouched for them, how they sign in, and what they may be.

Somebody invited who would see cases waits until a colleague who is not the inviter has confirmed that it is them: no
administrator can make a working credential of a case-reading role alone. What is personal about staff is sealed, or a
keyed digest to find it by.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from sqlalchemy import Row, insert, select, update

from hub.access import tokens
from hub.access.roles import LANDLORD_ROLES, AuthoriserKind, Role
from hub.errors import BadInput, Conflict, NotFound, NotSignedIn
from hub.ids import Prefix, new_id
from hub.keys import Place
from hub.store.tables import person as table
from hub.store.unit_of_work import Reading, Writing

COMMAND = "command"
"""Who makes people at the command line of the hub's own machine, and vouches for them: so, every administrator."""


@unique
class Standing(StrEnum):
    """How far somebody is: an invitation is open, a colleague must vouch, at work, or gone."""

    INVITED = "invited"
    WAITING = "waiting"
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list. `name` is the sign-in name, once it was chosen; `vouched` says that no colleague need."""

    id: str
    role: Role
    landlord: str | None
    kinds: frozenset[AuthoriserKind]
    team: str | None
    standing: Standing
    made_by: str
    confirmed_by: str | None
    name: str | None

    @property
    def vouched(self) -> bool:
        """Whether somebody confirmed them."""
        return self.confirmed_by is not None


def invite(
    tx: Writing, *, role: Role, landlord: str | None, kinds: frozenset[AuthoriserKind], team: str | None, made_by: str,
    now: datetime, ends_at: datetime,
) -> tuple[str, str]:  # fmt: skip
    """Put somebody on the list; returns their id and the invitation, which is told once.

    Raises BadInput for a role that is no person's, or that lacks the landlord or kinds it must have.
    """
    _check(role, landlord, kinds, team)
    made, code = new_id(Prefix.PERSON), tokens.new_token("cci")
    tx.connection.execute(
        insert(table).values(
            id=made, landlord=landlord, role=role.value, kinds=sorted(kinds), team=team, made_by=made_by,
            state=Standing.INVITED.value, created_at=now, code_hash=tokens.digest(code), code_ends_at=ends_at,
            confirmed_by=made_by if made_by == COMMAND else None, confirmed_at=now if made_by == COMMAND else None,
        )
    )  # fmt: skip
    return made, code


def invite_again(tx: Writing, person_id: str, made_by: str, ends_at: datetime) -> str:
    """A new invitation for a lost telephone or password: every way to sign in ends, and somebody vouches anew."""
    code, by_command = tokens.new_token("cci"), made_by == COMMAND
    change_row(tx, person_id, made_by=made_by, state=Standing.INVITED.value, code_hash=tokens.digest(code),
            code_ends_at=ends_at, confirmed_by=COMMAND if by_command else None, confirmed_at=None, disabled_at=None,
            name_index=None, oidc_index=None, name=None, password=None, totp=None, totp_step=None)  # fmt: skip
    return code


def redeem(tx: Writing, code: str, now: datetime) -> Person:
    """Use up an invitation; whose it was. Raises NotSignedIn for one that is unknown, used or out of date."""
    row = tx.connection.execute(
        update(table)
        .where(table.c.code_hash == tokens.digest(code), table.c.code_ends_at > now,
               table.c.state == Standing.INVITED.value)
        .values(code_hash=None, code_ends_at=None)
        .returning(table)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise _not_valid()
    return person_of(tx, row)


def invited(tx: Reading, code: str, now: datetime) -> Person:
    """Whose invitation this is, which stays open. Raises NotSignedIn."""
    row = tx.connection.execute(
        select(table).where(table.c.code_hash == tokens.digest(code), table.c.code_ends_at > now,
                            table.c.state == Standing.INVITED.value)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise _not_valid()
    return person_of(tx, row)


def confirm(tx: Writing, person_id: str, confirmer: str, now: datetime) -> None:
    """Somebody vouches for who waits. Raises NotFound, Conflict where nobody waits or for oneself or one's invited."""
    found = get(tx, person_id)
    if found.standing is not Standing.WAITING:
        raise Conflict("NOT_WAITING_FOR_CONFIRMATION", "this person is not waiting to be confirmed")
    if confirmer in (found.id, found.made_by):
        raise Conflict("CONFIRMER_IS_INVITER", "whoever invited somebody cannot vouch for them; ask a colleague")
    change_row(tx, person_id, state=Standing.ACTIVE.value, confirmed_by=confirmer, confirmed_at=now)


def change(tx: Writing, person_id: str, *, role: Role, kinds: frozenset[AuthoriserKind], team: str | None,
           changed_by: str) -> Standing:  # fmt: skip
    """Another role, kinds or team of the same body. A colleague vouches anew for more than another team."""
    found = get(tx, person_id)
    _check(role, found.landlord, kinds, team)
    same = (role, kinds) == (found.role, found.kinds)
    standing = found.standing
    if not same and role in LANDLORD_ROLES and standing is Standing.ACTIVE:
        standing = Standing.WAITING
    kept = {} if same else {"made_by": changed_by, "confirmed_by": None, "confirmed_at": None}
    change_row(tx, person_id, role=role.value, kinds=sorted(kinds), team=team, state=standing.value, **kept)
    return standing


def disable(tx: Writing, person_id: str, now: datetime) -> None:
    """End somebody's access with this transaction. Raises NotFound."""
    get(tx, person_id)
    change_row(tx, person_id, state=Standing.DISABLED.value, disabled_at=now, code_hash=None, code_ends_at=None)


def get(tx: Reading, person_id: str) -> Person:
    """The person of that id. Raises NotFound."""
    row = tx.connection.execute(select(table).where(table.c.id == person_id)).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return person_of(tx, row)


def listed(tx: Reading) -> tuple[Person, ...]:
    """Everybody within the scope, the first one first."""
    return tuple(person_of(tx, row) for row in tx.connection.execute(select(table).order_by(table.c.created_at)))


def _check(role: Role, landlord: str | None, kinds: frozenset[AuthoriserKind], team: str | None) -> None:
    if role is Role.PARTNER:
        raise BadInput("ROLE_IS_NO_PERSONS", "role", "a partner is a machine here", "make a credential for the agency")
    if (role in LANDLORD_ROLES) != (landlord is not None):
        raise BadInput("LANDLORD_MISPLACED", "landlord", "this role needs one, or may not have one",
                       "give it for officer, supervisor, authoriser and dpo only")  # fmt: skip
    if (role is Role.AUTHORISER) < bool(kinds):
        raise BadInput("KINDS_MISPLACED", "kinds", "only an authoriser decides kinds of things", "leave it out")
    if team is not None and landlord is None:
        raise BadInput("TEAM_MISPLACED", "team", "an administrator belongs to no team", "leave it out")


def change_row(tx: Writing, person_id: str, **values: object) -> None:
    """Change what is on file of somebody. Raises NotFound."""
    changed = tx.connection.execute(update(table).where(table.c.id == person_id).values(**values))
    if changed.rowcount == 0:
        raise NotFound("NOT_FOUND", "there is nothing by that id")


def person_of(tx: Reading, row: Row) -> Person:  # type: ignore[type-arg]
    """Somebody as the table has them."""
    return Person(
        row.id, Role(row.role), row.landlord, frozenset(map(AuthoriserKind, row.kinds)), row.team, Standing(row.state),
        row.made_by, row.confirmed_by, opened(tx, row.id, "name", row.name),
    )  # fmt: skip


def place_of(person_id: str, part: str) -> Place:
    """Where a sealed part of somebody's row belongs."""
    return Place("hub", table.name, part, (person_id,))


def opened(tx: Reading, person_id: str, part: str, sealed: bytes | None) -> str | None:
    """A sealed part of somebody's row; None where it is empty."""
    return None if sealed is None else tx.keys.unseal_own(sealed, place_of(person_id, part)).decode()


def _not_valid() -> NotSignedIn:
    return NotSignedIn("CODE_NOT_VALID", "the sign-in code is not valid, or was used before; ask for a new one")
