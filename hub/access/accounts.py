"""Accounts: how somebody on the list signs in, found by a name or a subject that the hub does not keep in the clear."""

from dataclasses import dataclass, field

from sqlalchemy import Row, select, update

from hub.access import passwords
from hub.access.people import Person, Standing, change_row, opened, person_of, place_of
from hub.errors import Conflict, NotFound
from hub.store.tables import person as table
from hub.store.unit_of_work import Reading, Writing


@dataclass(frozen=True, slots=True)
class Keys:
    """How somebody proves with a password and a one-time code who they are."""

    person: Person
    password: str | None = field(repr=False)
    totp: bytes | None = field(repr=False)


def enrol(
    tx: Writing, who: Person, name: str, *, password: str | None = None, totp: bytes | None = None,
    subject: str | None = None,
) -> Standing:  # fmt: skip
    """Keep how somebody signs in, the password in PHC form; returns whether they are at work or wait for a colleague.

    Raises Conflict for a name or subject that somebody else has. Only the holder of an invitation comes this far.
    """
    index, oidc = _name_index(tx, name), subject and _subject_index(tx, subject)
    tx.lock_log()  # two who choose one name at once take turns
    taken = (
        table.c.name_index == index if oidc is None else (table.c.name_index == index) | (table.c.oidc_index == oidc)
    )
    if tx.connection.execute(select(table.c.id).where(taken)).first() is not None:
        raise Conflict("NAME_TAKEN", "somebody signs in by that name or subject already; choose another name")
    standing = Standing.ACTIVE if who.vouched else Standing.WAITING
    change_row(
        tx, who.id, state=standing.value, name_index=index, oidc_index=oidc,
        name=_sealed(tx, who.id, "name", name.encode()),
        password=_sealed(tx, who.id, "password", password.encode()) if password else None,
        totp=_sealed(tx, who.id, "totp", totp) if totp else None,
    )  # fmt: skip
    return standing


def by_name(tx: Reading, name: str) -> Keys | None:
    """Who signs in by that name with a password; None for nobody."""
    row = tx.connection.execute(select(table).where(table.c.name_index == _name_index(tx, name))).one_or_none()
    return None if row is None else _keys(tx, row)


def keys_of(tx: Reading, person_id: str) -> Keys:
    """How that person signs in with a password. Raises NotFound."""
    row = tx.connection.execute(select(table).where(table.c.id == person_id)).one_or_none()
    if row is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return _keys(tx, row)


def by_subject(tx: Reading, subject: str) -> Person | None:
    """Who was linked to that issuer and subject at enrolment; never by e-mail (OpenID Connect Core 5.7)."""
    row = tx.connection.execute(select(table).where(table.c.oidc_index == _subject_index(tx, subject))).one_or_none()
    return None if row is None else person_of(tx, row)


def take_step(tx: Writing, person_id: str, step: int) -> bool:
    """Use up the step of a one-time code; False when it, or a later one, was used before (RFC 6238 section 5.2)."""
    unused = table.c.totp_step.is_(None) | (table.c.totp_step < step)
    return tx.connection.execute(
        update(table).where(table.c.id == person_id, unused).values(totp_step=step)
    ).rowcount == 1  # fmt: skip


def _keys(tx: Reading, row: Row) -> Keys:  # type: ignore[type-arg]
    totp = None if row.totp is None else tx.keys.unseal_own(row.totp, place_of(row.id, "totp"))
    return Keys(person_of(tx, row), opened(tx, row.id, "password", row.password), totp)


def _name_index(tx: Reading, name: str) -> str:
    return tx.keys.index(passwords.normal(name).casefold().strip(), "person.name")


def _subject_index(tx: Reading, subject: str) -> str:
    return tx.keys.index(subject, "person.subject")


def _sealed(tx: Reading, person_id: str, part: str, content: bytes) -> bytes:
    return tx.keys.seal_own(content, place_of(person_id, part))  # there is no case to seal under
