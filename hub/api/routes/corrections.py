"""Corrections: a referral put right after it was accepted, and what that did."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, RawJson, ReferralId, takes
from hub.api.routes.referrals import IdempotencyKey
from hub.flow.correct import correct, list_corrections
from hub.intake.corrections import CorrectedReferral, WhyCorrected

router = APIRouter(prefix="/v1", tags=["referrals"])


class DecidedAgain(BaseModel):
    """A disclosure that had reached nobody, decided anew on the corrected record."""

    disclosure: str
    state: str


class Replaced(BaseModel):
    """A new disclosure that takes the place of an earlier one; held where an authoriser has to see it."""

    disclosure: str
    replaces: str
    state: str


class NoticeQueued(BaseModel):
    """A notice, to whoever has an earlier disclosure, not to rely on it."""

    disclosure: str
    about: str


class CorrectionMade(BaseModel):
    """The correction is on file and in force. The lists are empty where it had been taken before."""

    correction: str
    decided_again: list[DecidedAgain]
    telephone: list[str] = []
    """Agencies to tell by telephone: the record tells of immediate danger now, and what goes to them would wait."""
    replaced: list[Replaced]
    notices: list[NoticeQueued]


class CorrectionKept(BaseModel):
    """A correction on file: which one, why, by whom and when; never what it says."""

    id: str
    number: int
    reason: WhyCorrected
    corrected_by: str
    corrected_at: datetime


class CorrectionList(BaseModel):
    """The corrections of a referral; the last one is in force."""

    corrections: list[CorrectionKept]


@router.post("/referrals/{referral}/corrections", status_code=201, operation_id="correct_referral",
             openapi_extra=takes(CorrectedReferral))  # fmt: skip
def correct_referral(
    actor: Annotated[Actor, Depends(May(Act.CORRECT))], door: Door, referral: ReferralId, raw: RawJson,
    key: IdempotencyKey, response: Response,
) -> CorrectionMade:  # fmt: skip
    """Put a referral right. What has not left follows at once; whoever has something of what changed is told."""
    done = correct(door.house, actor, referral, raw, key)
    door.wake(done.ready)
    response.status_code = 201 if done.is_new else 200
    return CorrectionMade(
        correction=done.correction_id,
        telephone=list(done.telephone),
        decided_again=[DecidedAgain(disclosure=one, state=state.value) for one, state in done.decided_again],
        replaced=[Replaced(disclosure=one, replaces=old, state=state.value) for one, old, state in done.replaced],
        notices=[NoticeQueued(disclosure=one, about=old) for one, old in done.notices],
    )


@router.get("/referrals/{referral}/corrections", operation_id="list_corrections")
def corrections(
    actor: Annotated[Actor, Depends(May(Act.READ_REFERRAL))], door: Door, referral: ReferralId,
    purpose: Annotated[
        ReadFor | None, Query(description="what you read the case for; the first purpose of your role unless given")
    ] = None,
) -> CorrectionList:  # fmt: skip
    """The corrections of a referral, the first one first. Reading is logged."""
    return CorrectionList(corrections=[
        CorrectionKept(id=entry.id, number=entry.number, reason=entry.reason, corrected_by=entry.author,
                       corrected_at=entry.at)
        for entry in list_corrections(door.house, actor, referral, purpose)
    ])  # fmt: skip
