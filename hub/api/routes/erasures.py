"""Erasure, and what stands against it: retention schedules and legal holds. The data protection officer's part."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, Landlord, May, RawJson, ReferralId, id_of, takes
from hub.flow.erase import erase
from hub.flow.preserve import lift, list_holds, preserve
from hub.flow.retain import read_schedule, set_schedule
from hub.ids import Prefix
from hub.intake.strict_json import Instant, read_model
from hub.register.erasures import ErasureGround
from hub.register.holds import HoldGround, LegalHold
from hub.register.retention import LONGEST, SHORTEST
from hub.store.classes import DataClass
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["erasure and retention"])

_PERSON = r"^p[0-9]{1,3}$"
_Days = Annotated[int, Field(ge=SHORTEST, le=LONGEST)]
HoldId = Annotated[str, Path(pattern=id_of(Prefix.LEGAL_HOLD))]


class NewErasure(Strict):
    """Whom of the referral's case to erase, by number, and on what ground of UK GDPR Art 17(1)."""

    person: Annotated[str, Field(pattern=_PERSON)]
    ground: ErasureGround = Field(strict=False)


class ToldBefore(BaseModel):
    """A recipient who may hold something of the person, and the reference it knows (UK GDPR Art 19)."""

    disclosure: str
    agency: str
    reference: str


class ErasureOut(BaseModel):
    """What was done. `erasure` is the only name under which the audit log knows it."""

    erasure: str
    erased_at: datetime
    cancelled: list[str]
    told_before: list[ToldBefore]


class RetentionSchedule(Strict):
    """Days after the last activity of a case, for each class of data; none longer than `normal`."""

    normal: _Days
    special: _Days
    sealed: _Days


class NewLegalHold(Strict):
    """Whom of the referral's case to keep (null: everybody), why, and by when that is to be looked at again."""

    person: Annotated[str, Field(pattern=_PERSON)] | None = None
    ground: HoldGround = Field(strict=False)
    review_by: Instant = Field(strict=False)


class LegalHoldOut(BaseModel):
    """A hold that stands. It ends when it is lifted, not when its review is due."""

    hold: str
    case: str
    person: str | None
    ground: HoldGround
    set_at: datetime
    review_by: datetime


class LegalHoldList(BaseModel):
    """The holds that stand at your landlord, the one to be reviewed first at the head."""

    holds: list[LegalHoldOut]


@router.post("/referrals/{referral}/erasures", operation_id="erase_person", openapi_extra=takes(NewErasure))
def erase_person(
    actor: Annotated[Actor, Depends(May(Act.ERASE))], door: Door, referral: ReferralId, raw: RawJson
) -> ErasureOut:
    """Erase one person of this referral's case. Tell those in `told_before`: the hub does not."""
    asked = read_model(raw, NewErasure)
    done = erase(door.house, actor, referral, asked.person, asked.ground)
    told = [ToldBefore(disclosure=row.id, agency=row.agency, reference=row.reference) for row in done.told_before]
    return ErasureOut(erasure=done.id, erased_at=done.erased_at, cancelled=list(done.cancelled), told_before=told)


@router.get("/landlords/{landlord}/retention", operation_id="read_retention")
def show_retention(
    actor: Annotated[Actor, Depends(May(Act.SET_RETENTION))], door: Door, landlord: Landlord
) -> RetentionSchedule:
    """How long each class of data is kept."""
    return RetentionSchedule(**read_schedule(door.house, actor, landlord))


@router.put("/landlords/{landlord}/retention", status_code=204, operation_id="set_retention",
            openapi_extra=takes(RetentionSchedule))  # fmt: skip
def set_retention(
    actor: Annotated[Actor, Depends(May(Act.SET_RETENTION))], door: Door, landlord: Landlord, raw: RawJson
) -> Response:
    """Set how long each class of data is kept. It counts from the next run, for what is there already as well."""
    given = read_model(raw, RetentionSchedule)
    set_schedule(door.house, actor, landlord, {kind: getattr(given, kind.value) for kind in DataClass})
    return Response(status_code=204)


@router.post("/referrals/{referral}/legal-holds", status_code=201, operation_id="set_legal_hold",
             openapi_extra=takes(NewLegalHold))  # fmt: skip
def set_legal_hold(
    actor: Annotated[Actor, Depends(May(Act.HOLD_LEGALLY))], door: Door, referral: ReferralId, raw: RawJson
) -> LegalHoldOut:
    """Keep what there is of this referral's case, or of one person of it, until the hold is lifted."""
    asked = read_model(raw, NewLegalHold)
    return _hold_out(preserve(door.house, actor, referral, asked.person, asked.ground, asked.review_by))


@router.get("/legal-holds", operation_id="list_legal_holds")
def legal_holds(actor: Annotated[Actor, Depends(May(Act.HOLD_LEGALLY))], door: Door) -> LegalHoldList:
    """The holds that stand at your landlord."""
    return LegalHoldList(holds=[_hold_out(hold) for hold in list_holds(door.house, actor)])


@router.delete("/legal-holds/{hold}", status_code=204, operation_id="lift_legal_hold")
def lift_legal_hold(actor: Annotated[Actor, Depends(May(Act.HOLD_LEGALLY))], door: Door, hold: HoldId) -> Response:
    """Lift a hold. What is past its day goes with the next run."""
    lift(door.house, actor, hold)
    return Response(status_code=204)


def _hold_out(hold: LegalHold) -> LegalHoldOut:
    return LegalHoldOut(hold=hold.id, case=hold.case_id, person=hold.subject, ground=hold.ground, set_at=hold.set_at,
                        review_by=hold.review_by)  # fmt: skip
