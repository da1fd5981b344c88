"""Bearer tokens: 256 random bits shown once and stored as a hash, one role each, revocable at once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update

from hub.access.roles import LANDLORD_ROLES, Actor, AuthoriserKind, Role, require_another
from hub.access.tokens import digest, new_token
from hub.errors import BadInput, Conflict, NotFound, NotSignedIn
from hub.ids import Prefix, new_id
from hub.store.tables import credential
from hub.store.unit_of_work import Reading, Writing


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential just made. The token is told once and never again."""

    id: str
    person: str
    token: str = field(repr=False)


def issue(
    tx: Writing,
    *,
    role: Role,
    now: datetime,
    person: str | None = None,
    landlord: str | None = None,
    agency: str | None = None,
    kinds: frozenset[AuthoriserKind] = frozenset(),
    expires_at: datetime | None = None,
    single_use: bool = False,
    made_by: str | None = None,
) -> Issued:
    """Make a credential. Officers, supervisors, authorisers and DPOs belong to a landlord, partners to an agency.

    It does not work before another than `made_by` confirmed it; None: the operator vouches, or the hub itself.

    Raises BadInput when the role lacks the body it belongs to, or names one it must not.
    """
    needs_landlord = role in LANDLORD_ROLES
    if needs_landlord != (landlord is not None):
        raise BadInput("LANDLORD_MISPLACED", "landlord", "this role needs one, or may not have one",
                       "give it for officer, supervisor, authoriser and dpo only")  # fmt: skip
    if (role is Role.PARTNER) != (agency is not None):
        raise BadInput("AGENCY_MISPLACED", "agency", "only a partner has one, and must", "give it for partner only")
    if kinds and role is not Role.AUTHORISER:
        raise BadInput("KINDS_MISPLACED", "kinds", "only an authoriser decides kinds of things", "leave it out")
    token = new_token("cct")
    made, holder = new_id(Prefix.CREDENTIAL), person or new_id(Prefix.PERSON)
    tx.connection.execute(
        insert(credential).values(
            id=made, person=holder, role=role.value, landlord=landlord, agency=agency, kinds=sorted(kinds),
            token_hash=digest(token), single_use=single_use, issued_at=now, expires_at=expires_at,
            made_by=made_by, confirmed_at=None if made_by else now,
        )
    )  # fmt: skip
    return Issued(made, holder, token)


def authenticate(tx: Reading, token: str, now: datetime) -> Actor:
    """Whose token this is. Raises NotSignedIn: unknown, unconfirmed, expired, revoked, or for signing in once."""
    row = tx.connection.execute(
        select(credential).where(
            credential.c.token_hash == digest(token),
            credential.c.confirmed_at.is_not(None),
            credential.c.revoked_at.is_(None),
            or_(credential.c.expires_at.is_(None), credential.c.expires_at > now),
            credential.c.single_use.is_(False),
        )
    ).one_or_none()
    if row is None:
        raise NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
    kinds = frozenset(map(AuthoriserKind, row.kinds or ()))
    return Actor(row.id, row.person, Role(row.role), row.landlord, row.agency, kinds, proved_at=row.issued_at)


def exchange(tx: Writing, code: str, now: datetime, expires_at: datetime) -> tuple[Actor, Issued]:
    """Trade a one-time sign-in code for a credential of the same role; the code is spent by it.

    Raises NotSignedIn when it was spent before, expired, or never was one.
    """
    spent = tx.connection.execute(
        update(credential)
        .where(
            credential.c.token_hash == digest(code),
            credential.c.single_use.is_(True),
            credential.c.revoked_at.is_(None),
            or_(credential.c.expires_at.is_(None), credential.c.expires_at > now),
        )
        .values(revoked_at=now)
        .returning(credential.c.person, credential.c.role, credential.c.landlord, credential.c.agency)
    ).one_or_none()
    if spent is None:
        raise NotSignedIn("CODE_NOT_VALID", "the sign-in code is not valid, or was used before; ask for a new one")
    role = Role(spent.role)
    made = issue(tx, role=role, now=now, person=spent.person, landlord=spent.landlord, agency=spent.agency,
                 expires_at=expires_at)  # fmt: skip
    return Actor(made.id, spent.person, role, spent.landlord, spent.agency, proved_at=now), made


def find(tx: Writing, credential_id: str) -> Row[Any]:
    """A partner's credential in use, held until the transaction ends. Raises NotFound."""
    row = tx.connection.execute(
        select(credential)
        .where(credential.c.id == credential_id, credential.c.role == Role.PARTNER, credential.c.revoked_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return row


def confirm(tx: Writing, credential_id: str, by: str, now: datetime) -> None:
    """The second person's word, with which it works. Raises NotFound, Conflict, NotAllowed for its maker."""
    row = find(tx, credential_id)
    if row.confirmed_at is not None:
        raise Conflict("CHANGE_SETTLED", "this change was confirmed or taken out before; nothing more to do")
    require_another(row.made_by, by)
    tx.connection.execute(
        update(credential).where(credential.c.id == credential_id).values(confirmed_by=by, confirmed_at=now)
    )


def revoke(tx: Writing, credential_id: str, now: datetime) -> None:
    """End a credential; it stops working with this transaction. Raises NotFound for one that is not in use."""
    ended = tx.connection.execute(
        update(credential)
        .where(credential.c.id == credential_id, credential.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if ended.rowcount == 0:
        raise NotFound("NOT_FOUND", "there is nothing by that id")


def revoke_all(tx: Writing, person: str, now: datetime) -> None:
    """End every credential of somebody."""
    tx.connection.execute(
        update(credential)
        .where(credential.c.person == person, credential.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def is_first_start(tx: Reading) -> bool:
    """Whether nobody was ever given a credential here."""
    count = tx.connection.execute(select(func.count()).select_from(credential)).scalar_one()
    return bool(count == 0)
