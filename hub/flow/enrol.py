"""Enrol: the first start, signing in with a one-time code, and credentials for people and partners."""

from datetime import datetime, timedelta

from hub.access import credentials, sessions
from hub.access.credentials import Issued
from hub.access.roles import Act, Actor, AuthoriserKind, Role, require, require_own_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import leases
from hub.errors import Conflict, NotAllowed
from hub.flow.entries import registered
from hub.flow.house import House
from hub.register import agencies, agreements, landlords
from hub.register.agencies import Agency
from hub.store.scope import EVERY
from protocols.agreement import Agreement

SESSION = timedelta(hours=12)
FIRST_CODE = timedelta(days=7)


def start(
    house: House, *, release: str, embedded: bool, alone: bool, known: tuple[Agency, ...],
    on_file: tuple[Agreement, ...],
) -> None:  # fmt: skip
    """Bring the registers up to date with what was set up, and log the start. Raises NotTrusted for a broken log.

    `alone` says that no other process delivers from this store: attempts under way are those of the dead.
    """
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        tx.lock_log()  # two processes that start at once take turns
        log.open_log(tx)
        size = log.check_head(tx)
        if alone:
            leases.lapse(tx, now)
        landlords.put_missing(tx)
        entries = [
            logged for entry, pin in agencies.put(tx, known, now, house.cooling_off)
            for logged in registered(entry, pin, now)
        ]  # fmt: skip
        entries += [
            Entry(EntryKind.AGREEMENT_REGISTERED, now, "hub", {
                "agreement": f"{entry.id}@{entry.version}", "digest": agreements.digest(entry),
            })
            for entry in agreements.put(tx, on_file, agreements.HUB, now)
        ]  # fmt: skip
        entries.append(Entry(EntryKind.HUB_STARTED, now, "hub", {
            "release": f"v{release}", "mode": "embedded" if embedded else "scaled_out", "size": size,
            "rules": house.rulebook.rules.digest,
        }))  # fmt: skip
        log.append(tx, entries)


def first_code(house: House) -> Issued | None:
    """A one-time sign-in code for the first administrator; None once anybody was enrolled."""
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        tx.lock_log()  # two processes that start at once make one code
        if not credentials.is_first_start(tx):
            return None
        made = credentials.issue(tx, role=Role.ADMINISTRATOR, now=now, single_use=True, expires_at=now + FIRST_CODE)
        log.append(tx, [_issued(made, Role.ADMINISTRATOR, None, "hub", now)])
        return made


def sign_in(house: House, code: str) -> tuple[Actor, Issued, datetime]:
    """Trade a one-time code for a credential; returns who signed in, the credential, and when it ends."""
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        actor, made = credentials.exchange(tx, code, now, now + SESSION)
        log.append(tx, [_issued(made, actor.role, actor.agency, actor.person, now)])
    return actor, made, now + SESSION


def enrol(
    house: House,
    actor: Actor | None,
    *,
    role: Role,
    landlord: str | None,
    agency: str | None,
    person: str | None = None,
    kinds: frozenset[AuthoriserKind] = frozenset(),
) -> Issued:
    """A credential for a partner, which works once another person confirmed it.

    Or for anybody at the command line of the hub's own machine (`actor` is None), at once.

    Raises BadInput for a landlord or agency that does not fit the role, NotAllowed for a person's role over HTTP: no
    administrator makes a working credential of such a role alone (`invite.py`).
    """
    if actor is not None:
        require(actor, Act.ADMINISTER)
        if role is not Role.PARTNER:
            raise NotAllowed(
                "PERSON_NEEDS_INVITATION", "people are invited and a colleague confirms; see POST /v1/people"
            )
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        if landlord is not None:
            landlords.get(tx, landlord)
        if agency is not None:
            agencies.get(tx, agency)
        made = credentials.issue(tx, role=role, now=now, landlord=landlord, agency=agency, person=person, kinds=kinds,
                                 made_by=actor.person if actor else None)  # fmt: skip
        who = actor.person if actor else "command"
        log.append(tx, [_issued(made, role, agency, who, now)])
    return made


def confirm_credential(house: House, actor: Actor, credential_id: str) -> None:
    """Another person's word on a partner's credential, with which it works.

    Raises NotFound, Conflict; NotAllowed for whoever made it, and by a token.
    """
    require(actor, Act.CONFIRM_ACCESS)
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        credentials.find(tx, credential_id)
        require_own_proof(actor, now)
        credentials.confirm(tx, credential_id, actor.person, now)
        log.append(tx, [Entry(EntryKind.CREDENTIAL_CONFIRMED, now, actor.person, {"credential": credential_id})])


def revoke(house: House, actor: Actor, credential_id: str) -> None:
    """End a credential at once. Raises NotFound; Conflict for one's own."""
    require(actor, Act.ADMINISTER)
    if credential_id == actor.credential:
        raise Conflict("OWN_CREDENTIAL", "an administrator cannot end the credential in use")
    now = house.clock.now()
    with house.store.write(EVERY) as tx:
        credentials.revoke(tx, credential_id, now)
        log.append(tx, [Entry(EntryKind.CREDENTIAL_REVOKED, now, actor.person, {"credential": credential_id})])


def who_is(house: House, token: str) -> Actor:
    """Whose token this is, of a session or of a credential, as they stand now. Raises NotSignedIn."""
    now, is_session = house.clock.now(), token.startswith(f"{sessions.PREFIX}_")
    with house.store.read(EVERY) as tx:
        if not is_session:
            return credentials.authenticate(tx, token, now)
        actor, unseen = sessions.authenticate(tx, token, now, house.session_idle)
    if unseen:
        with house.store.write(EVERY) as tx:
            sessions.touch(tx, actor.credential, now)
    return actor


def _issued(made: Issued, role: Role, agency: str | None, actor: str, now: datetime) -> Entry:
    return Entry(EntryKind.CREDENTIAL_ISSUED, now, actor, {
        "credential": made.id, "holder": made.person, "role": role.value, "agency": agency,
    })  # fmt: skip
