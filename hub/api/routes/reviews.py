"""What waits for authorisers: the list, by when each must be answered; and an authoriser's word."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub.access.roles import Act, Actor
from hub.api.doorway import DisclosureId, Door, May, RawJson, takes
from hub.api.shapes.referrals import NewState
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.consult import waiting_for_review
from hub.flow.review import review
from hub.intake.strict_json import read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["reviews"])


class ReviewRequest(Strict):
    """Whether a held disclosure may go."""

    authorise: bool


class WaitingOut(BaseModel):
    """A disclosure that waits for authorisers: whom it asks for, within what, and until when; null: no hour ends it."""

    disclosure: str
    referral: str
    agency: str
    purpose: str
    authoriser: str | None
    within: str | None
    due: datetime | None
    overdue: bool
    cause: str | None
    since: datetime


class WaitingList(BaseModel):
    """What waits for authorisers: what is due first comes first."""

    held: list[WaitingOut]


@router.get("/reviews", operation_id="list_held")
def list_held(actor: Annotated[Actor, Depends(May(Act.REVIEW))], door: Door) -> WaitingList:
    """What waits for an authoriser of your landlord, and by when."""
    now = door.house.clock.now()
    return WaitingList(held=[_waiting(row, now) for row in waiting_for_review(door.house, actor)])


@router.post("/disclosures/{disclosure}/review", operation_id="review_disclosure", openapi_extra=takes(ReviewRequest))
def review_disclosure(
    actor: Annotated[Actor, Depends(May(Act.REVIEW))], door: Door, disclosure: DisclosureId, raw: RawJson
) -> NewState:
    """Authorise or refuse a held disclosure; never one's own referral. It is decided once more at the door.

    It stays held where somebody else must authorise it as well.
    """
    asked = read_model(raw, ReviewRequest)
    state = review(door.house, actor, disclosure, authorise=asked.authorise)
    door.wake([disclosure] if state is State.QUEUED else [])
    return NewState(disclosure=disclosure, state=state.value)


def _waiting(row: DisclosureRow, now: datetime) -> WaitingOut:
    return WaitingOut(
        disclosure=row.id, referral=row.referral_id, agency=row.agency, purpose=row.purpose,
        authoriser=row.authoriser, within=row.within, due=row.review_due_at,
        overdue=row.review_due_at is not None and row.review_due_at < now, cause=row.cause, since=row.created_at,
    )  # fmt: skip
