"""Who sees a case, and for what it is read. What somebody may not see is answered as if it were not there."""

from collections.abc import Collection
from enum import StrEnum, unique

from hub.access.roles import Actor, Role
from hub.errors import NotAllowed, NotFound


@unique
class ReadFor(StrEnum):
    """Why somebody reads a case; it stands in the log beside the reading."""

    CASE_WORK = "case_work"
    REVIEW = "review"
    AUDIT = "audit"
    SUBJECT_REQUEST = "subject_request"
    COMPLAINT = "complaint"


_MAY_READ_FOR: dict[Role, tuple[ReadFor, ...]] = {
    Role.OFFICER: (ReadFor.CASE_WORK, ReadFor.SUBJECT_REQUEST),
    Role.SUPERVISOR: (ReadFor.CASE_WORK, ReadFor.REVIEW, ReadFor.COMPLAINT),
    Role.AUTHORISER: (ReadFor.REVIEW, ReadFor.CASE_WORK),
    Role.DPO: (ReadFor.AUDIT, ReadFor.REVIEW, ReadFor.SUBJECT_REQUEST, ReadFor.COMPLAINT),
}
"""What each role may read a case for; the first unless another is said."""


def purpose_of(actor: Actor, said: ReadFor | None) -> ReadFor:
    """What the actor reads for. Raises NotAllowed for a purpose that is not of the role."""
    allowed = _MAY_READ_FOR.get(actor.role, ())
    if not allowed or (said is not None and said not in allowed):
        raise NotAllowed(
            "PURPOSE_MAY_NOT", f"the role {actor.role} may not read a case for that; leave the purpose out"
        )
    return said or allowed[0]


def sees_case(actor: Actor, landlord: str, team: str | None, authors: Collection[str]) -> bool:
    """Whether the actor may know of a case of the own landlord.

    An officer: of the own team, of no team, or one for which the officer wrote a referral.
    """
    if actor.landlord != landlord:
        return False
    return actor.role is not Role.OFFICER or team is None or team == actor.team or actor.person in authors


def require_case(actor: Actor, landlord: str, team: str | None, authors: Collection[str]) -> None:
    """Raise NotFound for a case that the actor may not know of: that it exists is not told either."""
    if not sees_case(actor, landlord, team, authors):
        raise NotFound("NOT_FOUND", "there is nothing by that id")
