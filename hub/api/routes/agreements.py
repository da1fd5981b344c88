"""Agreements through their life, and the routine flows that no agreement covers."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, StringConstraints

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, Landlord, May, RawJson, takes
from hub.flow import agree, survey
from hub.flow.agree import Seen, Step
from hub.flow.survey import FlowSeen
from hub.intake.strict_json import read_model
from protocols.parse import write_agreement
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["agreements"])

Reference = Annotated[str, Path(pattern=r"^agr_[a-z0-9_]{3,60}@[1-9][0-9]{0,3}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NewAgreement(Strict):
    """A version as an agreement file has it (docs/agreements.md)."""

    toml: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class AgreementStep(Strict):
    """What shows the decision, such as the digest of a signed minute; null where nothing does."""

    evidence: Digest | None = None


class AgreementOut(BaseModel):
    """A version with one landlord. `life` is one word; `people` stand behind it, or behind its going on."""

    reference: str
    landlord: str
    title: str
    life: str
    people: int
    added_by: str
    in_force_from: date
    in_force_to: date
    review_by: date


class AgreementList(BaseModel):
    """The versions that this credential may know of."""

    agreements: list[AgreementOut]


class AgreementInFull(BaseModel):
    """A version: where it stands with each landlord that this credential may know of, and its text."""

    standing: list[AgreementOut]
    toml: str


class AgreementAdded(BaseModel):
    """The reference of a version that is now a draft on file."""

    reference: str


class FlowOut(BaseModel):
    """A routine flow; `missing` are the kinds of data that nothing covers, `says` why."""

    recipient: str
    purpose: str
    agency: str | None
    covered: bool
    agreement: str | None
    missing: list[str]
    says: list[str]
    source: str


class FlowList(BaseModel):
    """The routine flows that a landlord's policy names."""

    flows: list[FlowOut]


Reader = Annotated[Actor, Depends(May(Act.READ_AGREEMENTS))]
Approver = Annotated[Actor, Depends(May(Act.APPROVE_AGREEMENT))]
Stopper = Annotated[Actor, Depends(May(Act.SUSPEND_AGREEMENT))]


@router.get("/agreements", operation_id="list_agreements")
def list_agreements(actor: Reader, door: Door) -> AgreementList:
    """The agreements of one's own landlord; of every landlord for an administrator."""
    return AgreementList(agreements=[_seen(found) for found in agree.list_agreements(door.house, actor)])


@router.post("/agreements", status_code=201, operation_id="add_agreement", openapi_extra=takes(NewAgreement))
def add_agreement(
    actor: Annotated[Actor, Depends(May(Act.ADMINISTER))], door: Door, raw: RawJson
) -> AgreementAdded:  # fmt: skip
    """Put a version on file as a draft. It counts for a landlord once two of its people approved it."""
    return AgreementAdded(reference=agree.add(door.house, actor, read_model(raw, NewAgreement).toml))


@router.get("/agreements/{agreement}", operation_id="read_agreement")
def read_agreement(actor: Reader, door: Door, agreement: Reference) -> AgreementInFull:
    """One version: where it stands, and its text."""
    found = agree.read_agreement(door.house, actor, agreement)
    return AgreementInFull(standing=[_seen(seen) for seen in found], toml=write_agreement(found[0].paper))


@router.post("/agreements/{agreement}/approval", operation_id="approve_agreement", openapi_extra=takes(AgreementStep))
def approve_agreement(actor: Approver, door: Door, agreement: Reference, raw: RawJson) -> AgreementOut:
    """Stand behind a draft for one's own landlord. Two people do, and neither is its author."""
    return _take(actor, door, agreement, Step.APPROVED, raw)


@router.post("/agreements/{agreement}/suspension", operation_id="suspend_agreement", openapi_extra=takes(AgreementStep))
def suspend_agreement(actor: Stopper, door: Door, agreement: Reference, raw: RawJson) -> AgreementOut:
    """Have a version count no more for one's own landlord, from the next release on."""
    return _take(actor, door, agreement, Step.SUSPENDED, raw)


@router.post("/agreements/{agreement}/resumption", operation_id="resume_agreement", openapi_extra=takes(AgreementStep))
def resume_agreement(actor: Approver, door: Door, agreement: Reference, raw: RawJson) -> AgreementOut:
    """Stand behind having a suspended version count again. Two people do, and neither is its author."""
    return _take(actor, door, agreement, Step.RESUMED, raw)


@router.post("/agreements/{agreement}/withdrawal", operation_id="withdraw_agreement",
             openapi_extra=takes(AgreementStep))  # fmt: skip
def withdraw_agreement(actor: Stopper, door: Door, agreement: Reference, raw: RawJson) -> AgreementOut:
    """End a version for one's own landlord for good."""
    return _take(actor, door, agreement, Step.WITHDRAWN, raw)


@router.get("/landlords/{landlord}/routine-flows", operation_id="list_routine_flows")
def list_routine_flows(actor: Reader, door: Door, landlord: Landlord) -> FlowList:
    """The routine flows that the landlord's policy names, and which of them no agreement in force covers."""
    return FlowList(flows=[_flow(found) for found in survey.routine_flows(door.house, actor, landlord)])


def _take(actor: Actor, door: Door, reference: str, step: Step, raw: bytes) -> AgreementOut:
    evidence = read_model(raw, AgreementStep).evidence
    return _seen(agree.take(door.house, actor, reference, step, evidence))


def _seen(found: Seen) -> AgreementOut:
    paper = found.paper
    return AgreementOut(
        reference=paper.reference, landlord=found.landlord, title=paper.title, life=found.life, people=found.people,
        added_by=found.added_by, in_force_from=paper.in_force_from, in_force_to=paper.in_force_to,
        review_by=paper.review_by,
    )  # fmt: skip


def _flow(found: FlowSeen) -> FlowOut:
    return FlowOut(
        recipient=found.need.recipient.value, purpose=found.need.purpose.value, agency=found.agency,
        covered=found.is_covered, agreement=found.coverage.agreement, source=found.need.source,
        missing=sorted(category.value for category in found.coverage.uncovered),
        says=list(found.coverage.reasons) if found.agency else ["No agency of this kind is on the register."],
    )  # fmt: skip
