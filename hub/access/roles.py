"""Roles, the acts each may do, and the person behind a credential.

An administrator configures and cannot read cases; a DPO audits and cannot release; an author never authorises, which
is checked by person and not by credential (`hub/flow/review.py`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from hub.errors import NotAllowed, NotFound
from hub.store.scope import NOBODY, Scope, of_agency, of_landlord


@unique
class Role(StrEnum):
    """What a credential lets its holder be."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUTHORISER = "authoriser"
    PARTNER = "partner"
    DPO = "dpo"
    ADMINISTRATOR = "administrator"


@unique
class Act(StrEnum):
    """What can be done here; each has its roles in `MAY`."""

    REFER = "refer"
    CORRECT = "correct"
    PREVIEW = "preview"
    QUESTION = "question"
    READ_REFERRAL = "read_referral"
    EXPLAIN = "explain"
    WITHDRAW_CONSENT = "withdraw_consent"
    REVIEW = "review"
    DECLARE_OVERRIDE = "declare_override"
    REVIEW_OVERRIDE = "review_override"
    RESTORE_OVERRIDE = "restore_override"
    RESUME = "resume"
    ABANDON = "abandon"
    INTRODUCE = "introduce"
    SETTLE_CARRIED = "settle_carried"
    READ_FEED = "read_feed"
    ACKNOWLEDGE = "acknowledge"
    READ_LOG = "read_log"
    EXPORT_LOG = "export_log"
    LIST_AGENCIES = "list_agencies"
    ADMINISTER = "administer"
    INVITE = "invite"
    LIST_PEOPLE = "list_people"
    CONFIRM_PERSON = "confirm_person"
    OWN_SESSIONS = "own_sessions"
    MOVE_CASE = "move_case"
    ERASE = "erase"
    SET_RETENTION = "set_retention"
    HOLD_LEGALLY = "hold_legally"
    READ_REGISTER = "read_register"
    SEARCH_PERSON = "search_person"
    EXPORT_REGISTER = "export_register"
    ATTACH = "attach"
    READ_ATTACHMENT = "read_attachment"
    READ_AGREEMENTS = "read_agreements"
    APPROVE_AGREEMENT = "approve_agreement"
    SUSPEND_AGREEMENT = "suspend_agreement"
    RECORD_DOCUMENT = "record_document"
    RECORD_CONSENT = "record_consent"
    MARK_CONTACT = "mark_contact"
    LIFT_CONTACT = "lift_contact"
    SUSPEND_AGENCY = "suspend_agency"
    CONFIRM_AGENCY = "confirm_agency"
    CONFIRM_ACCESS = "confirm_access"


MAY: dict[Act, frozenset[Role]] = {
    Act.REFER: frozenset({Role.OFFICER}),
    Act.CORRECT: frozenset({Role.OFFICER}),
    Act.PREVIEW: frozenset({Role.OFFICER}),
    Act.QUESTION: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO}),
    Act.READ_REFERRAL: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO}),
    Act.EXPLAIN: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO}),
    Act.WITHDRAW_CONSENT: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER}),
    Act.REVIEW: frozenset({Role.AUTHORISER}),
    Act.DECLARE_OVERRIDE: frozenset({Role.OFFICER, Role.SUPERVISOR}),
    Act.REVIEW_OVERRIDE: frozenset({Role.SUPERVISOR, Role.AUTHORISER, Role.DPO}),
    Act.RESTORE_OVERRIDE: frozenset({Role.DPO}),
    Act.RESUME: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER}),
    Act.ABANDON: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER}),
    Act.INTRODUCE: frozenset({Role.SUPERVISOR, Role.AUTHORISER}),
    Act.SETTLE_CARRIED: frozenset({Role.OFFICER}),
    Act.READ_FEED: frozenset({Role.PARTNER}),
    Act.ACKNOWLEDGE: frozenset({Role.PARTNER}),
    Act.READ_LOG: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.PARTNER, Role.DPO}),
    Act.EXPORT_LOG: frozenset({Role.DPO}),
    Act.LIST_AGENCIES: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO, Role.ADMINISTRATOR}),
    Act.ADMINISTER: frozenset({Role.ADMINISTRATOR}),
    Act.INVITE: frozenset({Role.ADMINISTRATOR}),
    Act.LIST_PEOPLE: frozenset({Role.SUPERVISOR, Role.DPO, Role.ADMINISTRATOR}),
    Act.CONFIRM_PERSON: frozenset({Role.SUPERVISOR, Role.DPO}),
    Act.OWN_SESSIONS: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO, Role.ADMINISTRATOR}),
    Act.MOVE_CASE: frozenset({Role.SUPERVISOR}),
    Act.ERASE: frozenset({Role.DPO}),
    Act.SET_RETENTION: frozenset({Role.DPO}),
    Act.HOLD_LEGALLY: frozenset({Role.DPO}),
    Act.READ_REGISTER: frozenset({Role.DPO}),
    Act.SEARCH_PERSON: frozenset({Role.DPO}),
    Act.EXPORT_REGISTER: frozenset({Role.DPO}),
    Act.ATTACH: frozenset({Role.OFFICER}),
    Act.READ_ATTACHMENT: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER}),
    Act.READ_AGREEMENTS: frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO, Role.ADMINISTRATOR}),
    Act.APPROVE_AGREEMENT: frozenset({Role.AUTHORISER, Role.DPO}),
    Act.SUSPEND_AGREEMENT: frozenset({Role.DPO}),
    Act.RECORD_DOCUMENT: frozenset({Role.DPO, Role.ADMINISTRATOR}),
    Act.RECORD_CONSENT: frozenset({Role.OFFICER, Role.SUPERVISOR}),
    Act.MARK_CONTACT: frozenset({Role.OFFICER, Role.SUPERVISOR}),
    Act.LIFT_CONTACT: frozenset({Role.SUPERVISOR, Role.AUTHORISER}),
    Act.SUSPEND_AGENCY: frozenset({Role.DPO, Role.ADMINISTRATOR}),
    Act.CONFIRM_AGENCY: frozenset({Role.DPO, Role.ADMINISTRATOR}),
    Act.CONFIRM_ACCESS: frozenset({Role.DPO, Role.ADMINISTRATOR}),
}


@unique
class AuthoriserKind(StrEnum):
    """What an authoriser may decide (law.md 4.7); the words are those in which a decision asks for one."""

    SERVICE_MANAGER = "service manager"
    SAFEGUARDING_LEAD = "safeguarding lead"
    DATA_PROTECTION_OFFICER = "data protection officer"
    DIRECTOR = "director"
    HR_LEAD = "HR lead"


@unique
class Strength(StrEnum):
    """How an actor proved who they are, weakest first."""

    TOKEN = "token"  # noqa: S105 - a bearer token: whoever holds it
    ONE_FACTOR = "one_factor"
    TWO_FACTORS = "two_factors"
    PASSKEY = "passkey"


LANDLORD_ROLES = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO})
"""The roles of a landlord's own people."""

STEP_UP = timedelta(minutes=10)
"""For how long after a proof of who one is an approval may be given without another (ASVS 5.0 7.5.3)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody signed in: by which credential, as which person, in which role, for which landlord or agency.

    `kinds` is what an authoriser may decide; `team` the team whose cases an officer sees (None: the landlord has no
    teams); `proved_at` when the holder last proved who they are, with `strength`. `machine` is the system that
    speaks, for itself or for the person, and `acts` all that it may do of what the role may.
    """

    credential: str
    person: str
    role: Role
    landlord: str | None = None
    agency: str | None = None
    kinds: frozenset[AuthoriserKind] = frozenset()
    team: str | None = None
    strength: Strength = Strength.TOKEN
    proved_at: datetime | None = None
    acts: frozenset[Act] | None = None
    machine: str | None = None

    @property
    def scope(self) -> Scope:
        """Whose rows this actor's transactions may see."""
        if self.landlord is not None:
            return of_landlord(self.landlord)
        return of_agency(self.agency) if self.agency is not None else NOBODY


def require(actor: Actor, act: Act) -> None:
    """Raise NotAllowed unless the actor's role may do this."""
    if actor.role not in MAY[act]:
        raise NotAllowed("ROLE_MAY_NOT", f"the role {actor.role} may not do this; ask somebody whose role may")
    if actor.acts is not None and act not in actor.acts:
        raise NotAllowed("SCOPE_MAY_NOT", "this machine is not there for that: it has one scope, and this is not in it")


def require_recent_proof(actor: Actor, now: datetime) -> None:
    """Raise NotAllowed unless the actor proved who they are within `STEP_UP`: approvals need it."""
    if actor.proved_at is None or now - actor.proved_at > STEP_UP:
        raise NotAllowed("STEP_UP_NEEDED", "prove again who you are, then repeat this; it was too long ago")


def require_own_proof(actor: Actor, now: datetime) -> None:
    """Raise NotAllowed unless the actor just showed in person who they are: a token shows only that somebody holds it.

    For what takes two people: whoever can make tokens could else be both.
    """
    require_recent_proof(actor, now)
    if actor.strength is Strength.TOKEN:
        raise NotAllowed("STEP_UP_NEEDED", "a token does not show who you are; sign in yourself, then repeat this")


def require_another(first: str | None, second: str) -> None:
    """Raise NotAllowed where the second of two persons is the first, by whichever credential."""
    if first == second:
        raise NotAllowed("SAME_PERSON", "the second confirmation must be another person's; ask a colleague")


def require_landlord(actor: Actor, landlord: str) -> None:
    """Raise NotFound for a case of another landlord: that it exists is not told either."""
    if actor.landlord != landlord:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
