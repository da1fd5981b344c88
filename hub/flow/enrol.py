"""Enrol: the first start, signing in with a one-time code, and credentials for people and partners."""

from datetime import datetime, timedelta

from hub.access import credentials
from hub.access.credentials import Issued
from hub.access.roles import Act, Actor, Role, require
from hub.audit import log
from hub.audit.entry import Entry, EntryKind
from hub.delivery import outbox
from hub.errors import Conflict
from hub.flow.house import House
from hub.register import agencies, agreements, landlords
from hub.register.agencies import Agency
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
    with house.store.write() as tx:
        tx.lock_log()  # two processes that start at once take turns
        log.open_log(tx)
        size = log.check_head(tx)
        if alone:
            outbox.lapse_leases(tx, now)
        landlords.put_missing(tx, {})
        entries = [
            Entry(
                EntryKind.AGENCY_REGISTERED,
                now,
                "hub",
                {
                    "agency": entry.id,
                    "agency_kind": entry.kind.value,
                    "digest": entry.door_digest,
                },
            )
            for entry in agencies.put(tx, known)
        ]
        entries += [
            Entry(EntryKind.AGREEMENT_REGISTERED, now, "hub", {
                "agreement": f"{entry.id}@{entry.version}", "digest": agreements.digest(entry),
            })
            for entry in agreements.put(tx, on_file, now)
        ]  # fmt: skip
        entries.append(Entry(EntryKind.HUB_STARTED, now, "hub", {
            "release": f"v{release}", "mode": "embedded" if embedded else "scaled_out", "size": size,
            "rules": house.rulebook.rules.digest,
        }))  # fmt: skip
        log.append(tx, entries)


def first_code(house: House) -> Issued | None:
    """A one-time sign-in code for the first administrator; None once anybody was enrolled."""
    now = house.clock.now()
    with house.store.write() as tx:
        tx.lock_log()  # two processes that start at once make one code
        if not credentials.is_first_start(tx):
            return None
        made = credentials.issue(tx, role=Role.ADMINISTRATOR, now=now, single_use=True, expires_at=now + FIRST_CODE)
        log.append(tx, [_issued(made, Role.ADMINISTRATOR, None, "hub", now)])
        return made


def sign_in(house: House, code: str) -> tuple[Actor, Issued, datetime]:
    """Trade a one-time code for a credential; returns who signed in, the credential, and when it ends."""
    now = house.clock.now()
    with house.store.write() as tx:
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
) -> Issued:
    """A credential for a person or partner. `actor` is None at the command line of the hub's own machine.

    Raises BadInput for a landlord or agency that does not fit the role.
    """
    if actor is not None:
        require(actor, Act.ADMINISTER)
    now = house.clock.now()
    with house.store.write() as tx:
        if landlord is not None:
            landlords.get(tx, landlord)
        if agency is not None:
            agencies.get(tx, agency)
        made = credentials.issue(tx, role=role, now=now, landlord=landlord, agency=agency, person=person)
        who = actor.person if actor else "command"
        log.append(tx, [_issued(made, role, agency, who, now)])
    return made


def revoke(house: House, actor: Actor, credential_id: str) -> None:
    """End a credential at once. Raises NotFound; Conflict for one's own."""
    require(actor, Act.ADMINISTER)
    if credential_id == actor.credential:
        raise Conflict("OWN_CREDENTIAL", "an administrator cannot end the credential in use")
    now = house.clock.now()
    with house.store.write() as tx:
        credentials.revoke(tx, credential_id, now)
        log.append(tx, [Entry(EntryKind.CREDENTIAL_REVOKED, now, actor.person, {"credential": credential_id})])


def set_policy_document(house: House, actor: Actor | None, landlord: str, review_by: datetime | None) -> None:
    """Record until when a landlord's appropriate policy document is in date (DPA 2018 Sch 1 para 39)."""
    if actor is not None:
        require(actor, Act.ADMINISTER)
    with house.store.write() as tx:
        landlords.set_policy_document(tx, landlord, review_by)
        log.append(tx, [Entry(EntryKind.POLICY_DOCUMENT_RECORDED, house.clock.now(),
                              actor.person if actor else "command", {"landlord": landlord.lower()})])  # fmt: skip


def who_is(house: House, token: str) -> Actor:
    """Whose token this is. Raises NotSignedIn."""
    with house.store.read() as tx:
        return credentials.authenticate(tx, token, house.clock.now())


def _issued(made: Issued, role: Role, agency: str | None, actor: str, now: datetime) -> Entry:
    return Entry(EntryKind.CREDENTIAL_ISSUED, now, actor, {
        "credential": made.id, "holder": made.person, "role": role.value, "agency": agency,
    })  # fmt: skip
