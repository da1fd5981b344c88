"""Answers recorded between referrals, and contacts that may not be used: both by the case of a referral."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, RawJson, ReferralId, takes
from hub.flow.mark import lift, list_unsafe, mark_unsafe
from hub.flow.record_consent import list_consents, record_consent
from hub.intake.strict_json import read_model
from protocols.record import Address, ConsentFact, Strict
from protocols.record.labels import Line, PersonId

router = APIRouter(prefix="/v1", tags=["referrals"])

MarkId = Annotated[str, Path(pattern=r"^uns_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Reading = Annotated[Actor, Depends(May(Act.READ_REFERRAL))]
ReadingPurpose = Annotated[
    ReadFor | None, Query(description="what you read the case for; the first purpose of your role unless given")
]


class DisclosureNow(BaseModel):
    """A disclosure that waited on an answer, decided again."""

    disclosure: str
    state: str


class ConsentMade(BaseModel):
    """The answer is on file, and what waited on it was decided again."""

    consent: str
    decided_again: list[DisclosureNow]


class ConsentKept(BaseModel):
    """An answer on file: the fact as it was sent, who recorded it when by the hub's clock, and what it withdraws."""

    id: str
    fact: ConsentFact
    recorded_at: datetime
    recorded_by: str | None
    withdraws: str | None


class ConsentList(BaseModel):
    """Every answer of a case, in the order in which the hub heard it: that order alone counts."""

    consents: list[ConsentKept]


class UnsafeContact(Strict):
    """A number, mail address or home that is linked to an accused person of the referral."""

    person: PersonId
    contact: Line | None = None
    address: Address | None = None


class ContactMarked(BaseModel):
    """The mark; null where that contact was marked before."""

    mark: str | None


class MarkOut(BaseModel):
    """A mark. What is marked is kept as a keyed digest and cannot be shown."""

    id: str
    person: str
    kinds: list[str]
    recorded_at: datetime
    recorded_by: str
    lifted_at: datetime | None


class MarkList(BaseModel):
    """The marks that a case put on file, oldest first."""

    unsafe_contacts: list[MarkOut]


@router.post("/referrals/{referral}/consents", status_code=201, operation_id="record_consent",
             openapi_extra=takes(ConsentFact))  # fmt: skip
def record(
    actor: Annotated[Actor, Depends(May(Act.RECORD_CONSENT))], door: Door, referral: ReferralId, raw: RawJson
) -> ConsentMade:
    """Record what a person answered, or why nobody asked. What waits on it is decided again in the same transaction."""
    done = record_consent(door.house, actor, referral, raw)
    door.wake(done.ready)
    return ConsentMade(consent=done.consent_id, decided_again=[
        DisclosureNow(disclosure=found, state=state.value) for found, state in done.decided_again
    ])  # fmt: skip


@router.get("/referrals/{referral}/consents", operation_id="list_consents")
def consents(actor: Reading, door: Door, referral: ReferralId, purpose: ReadingPurpose = None) -> ConsentList:
    """Every answer on file for the case of a referral. Reading is logged."""
    return ConsentList(consents=[
        ConsentKept(id=entry.id, fact=entry.fact, recorded_at=entry.recorded_at, recorded_by=entry.recorded_by,
                    withdraws=entry.withdraws)
        for entry in list_consents(door.house, actor, referral, purpose)
    ])  # fmt: skip


@router.post("/referrals/{referral}/unsafe-contacts", status_code=201, operation_id="mark_unsafe_contact",
             openapi_extra=takes(UnsafeContact))  # fmt: skip
def mark(
    actor: Annotated[Actor, Depends(May(Act.MARK_CONTACT))], door: Door, referral: ReferralId, raw: RawJson
) -> ContactMarked:
    """Mark a contact as linked to an alleged perpetrator: from the next claim on it is told as nobody else's."""
    given = read_model(raw, UnsafeContact)
    made = mark_unsafe(door.house, actor, referral, given.person, contact=given.contact, address=given.address)
    return ContactMarked(mark=made)


@router.get("/referrals/{referral}/unsafe-contacts", operation_id="list_unsafe_contacts")
def marks(actor: Reading, door: Door, referral: ReferralId, purpose: ReadingPurpose = None) -> MarkList:
    """What the case marked as unsafe, by whom and when, never what it is. Reading is logged."""
    return MarkList(unsafe_contacts=[
        MarkOut(id=entry.id, person=entry.person, kinds=list(entry.kinds), recorded_at=entry.recorded_at,
                recorded_by=entry.recorded_by, lifted_at=entry.lifted_at)
        for entry in list_unsafe(door.house, actor, referral, purpose)
    ])  # fmt: skip


@router.delete("/unsafe-contacts/{mark}", status_code=204, operation_id="lift_unsafe_contact")
def lift_mark(actor: Annotated[Actor, Depends(May(Act.LIFT_CONTACT))], door: Door, mark: MarkId) -> Response:
    """End a mark that was put by mistake."""
    lift(door.house, actor, mark)
    return Response(status_code=204)
