"""What waits for a person to look: parked, unanswered, to an agency nobody knows; and what somebody then says."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from hub.access.roles import Act, Actor
from hub.api.doorway import DisclosureId, Door, May, RawJson, takes
from hub.api.shapes.waiting import LateList, NewRecipients, ParkedList, late_out, new_recipient_out, parked_out
from hub.flow.abandon import WhyAbandoned, abandon
from hub.flow.introduce import introduce, list_new_recipients
from hub.flow.overdue import list_late
from hub.flow.parked import list_parked
from hub.intake.strict_json import read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["waiting"])


class Abandonment(Strict):
    """Why a disclosure shall not go."""

    reason: Annotated[WhyAbandoned, Field(strict=False)]


class AbandonedOut(BaseModel):
    """A disclosure goes no more. `carried`: its pack was gone, so somebody has it and must be asked.

    `notices` go to agencies that have an earlier disclosure which the abandoned one was to correct.
    """

    disclosure: str
    state: str
    carried: bool
    notices: list[str]


class IntroducedOut(BaseModel):
    """The agency that is known from now on, and the disclosures that go on for it."""

    agency: str
    released: list[str]


@router.get("/parked", operation_id="list_parked")
def parked(actor: Annotated[Actor, Depends(May(Act.RESUME))], door: Door) -> ParkedList:
    """What stopped being tried and waits for a person of your landlord: why, its history, what a replay would do."""
    return ParkedList(parked=[parked_out(entry) for entry in list_parked(door.house, actor)])


@router.get("/late", operation_id="list_late")
def late(actor: Annotated[Actor, Depends(May(Act.RESUME))], door: Door) -> LateList:
    """What agencies have not answered by the time agreed with them: somebody asks them."""
    return LateList(late=[late_out(row) for row in list_late(door.house, actor)])


@router.post("/disclosures/{disclosure}/abandonment", operation_id="abandon_disclosure",
             openapi_extra=takes(Abandonment))  # fmt: skip
def abandon_disclosure(
    actor: Annotated[Actor, Depends(May(Act.ABANDON))], door: Door, disclosure: DisclosureId, raw: RawJson
) -> AbandonedOut:
    """Have what is held, queued, parked or prepared go no more; a routine one in its hold, too. It needs a reason."""
    done = abandon(door.house, actor, disclosure, read_model(raw, Abandonment).reason)
    door.wake(done.notices)
    return AbandonedOut(disclosure=disclosure, state="cancelled", carried=done.carried, notices=list(done.notices))


@router.get("/introductions", operation_id="list_new_recipients")
def new_recipients(actor: Annotated[Actor, Depends(May(Act.INTRODUCE))], door: Door) -> NewRecipients:
    """What is held because your landlord never wrote to that agency, and what went there in danger all the same."""
    return NewRecipients(recipients=[new_recipient_out(row) for row in list_new_recipients(door.house, actor)])


@router.post("/disclosures/{disclosure}/introduction", operation_id="introduce_recipient")
def introduce_recipient(
    actor: Annotated[Actor, Depends(May(Act.INTRODUCE))], door: Door, disclosure: DisclosureId
) -> IntroducedOut:
    """Confirm that this disclosure's agency is whom it should go to. What waits for that alone goes on."""
    done = introduce(door.house, actor, disclosure)
    door.wake(done.released)
    return IntroducedOut(agency=done.agency, released=list(done.released))
