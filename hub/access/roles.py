"""Roles, the acts each may do, and the person behind a credential.

An administrator configures and cannot read cases; a DPO audits and cannot release; an author never authorises, which
is checked by person and not by credential (`hub/flow/review.py`).
"""

from dataclasses import dataclass
from enum import StrEnum, unique

from hub.errors import NotAllowed, NotFound


@unique
class Role(StrEnum):
    """What a credential lets its holder be."""

    OFFICER = "officer"
    AUTHORISER = "authoriser"
    PARTNER = "partner"
    DPO = "dpo"
    ADMINISTRATOR = "administrator"


@unique
class Act(StrEnum):
    """What can be done here; each has its roles in `MAY`."""

    REFER = "refer"
    PREVIEW = "preview"
    QUESTION = "question"
    READ_REFERRAL = "read_referral"
    EXPLAIN = "explain"
    WITHDRAW_CONSENT = "withdraw_consent"
    REVIEW = "review"
    RESUME = "resume"
    SETTLE_CARRIED = "settle_carried"
    READ_FEED = "read_feed"
    ACKNOWLEDGE = "acknowledge"
    READ_LOG = "read_log"
    EXPORT_LOG = "export_log"
    LIST_AGENCIES = "list_agencies"
    ADMINISTER = "administer"


MAY: dict[Act, frozenset[Role]] = {
    Act.REFER: frozenset({Role.OFFICER}),
    Act.PREVIEW: frozenset({Role.OFFICER}),
    Act.QUESTION: frozenset({Role.OFFICER, Role.AUTHORISER, Role.DPO}),
    Act.READ_REFERRAL: frozenset({Role.OFFICER, Role.AUTHORISER, Role.DPO}),
    Act.EXPLAIN: frozenset({Role.OFFICER, Role.AUTHORISER, Role.DPO}),
    Act.WITHDRAW_CONSENT: frozenset({Role.OFFICER, Role.AUTHORISER}),
    Act.REVIEW: frozenset({Role.AUTHORISER}),
    Act.RESUME: frozenset({Role.OFFICER, Role.AUTHORISER}),
    Act.SETTLE_CARRIED: frozenset({Role.OFFICER}),
    Act.READ_FEED: frozenset({Role.PARTNER}),
    Act.ACKNOWLEDGE: frozenset({Role.PARTNER}),
    Act.READ_LOG: frozenset({Role.OFFICER, Role.AUTHORISER, Role.PARTNER, Role.DPO}),
    Act.EXPORT_LOG: frozenset({Role.DPO}),
    Act.LIST_AGENCIES: frozenset({Role.OFFICER, Role.AUTHORISER, Role.DPO, Role.ADMINISTRATOR}),
    Act.ADMINISTER: frozenset({Role.ADMINISTRATOR}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody signed in: by which credential, as which person, in which role, for which landlord or agency."""

    credential: str
    person: str
    role: Role
    landlord: str | None = None
    agency: str | None = None


def require(actor: Actor, act: Act) -> None:
    """Raise NotAllowed unless the actor's role may do this."""
    if actor.role not in MAY[act]:
        raise NotAllowed("ROLE_MAY_NOT", f"the role {actor.role} may not do this; ask somebody whose role may")


def require_landlord(actor: Actor, landlord: str) -> None:
    """Raise NotFound for a case of another landlord: that it exists is not told either."""
    if actor.landlord != landlord:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
