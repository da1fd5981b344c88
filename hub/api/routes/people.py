"""Signing in, credentials, the register of agencies and landlords' policy documents."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from hub.access.roles import Act, Actor
from hub.api.doorway import CredentialId, Door, Landlord, May, RawJson, anyone, takes
from hub.api.shapes import (
    AgencyList,
    AgencyOut,
    CredentialMade,
    NewCredential,
    PolicyDocument,
    SignedIn,
    SignInRequest,
)
from hub.flow.consult import list_agencies
from hub.flow.enrol import enrol, revoke, set_policy_document, sign_in
from hub.intake.strict_json import read_model

router = APIRouter(prefix="/v1", tags=["people and registers"])


@router.post("/sign-in", operation_id="sign_in", dependencies=[Depends(anyone)], openapi_extra=takes(SignInRequest))
def sign_in_once(door: Door, raw: RawJson) -> SignedIn:
    """Trade a one-time code for a credential. The code works once."""
    actor, made, ends = sign_in(door.house, read_model(raw, SignInRequest).code)
    return SignedIn(token=made.token, role=actor.role, expires_at=ends)


@router.post("/credentials", status_code=201, operation_id="make_credential", openapi_extra=takes(NewCredential))
def make_credential(actor: Annotated[Actor, Depends(May(Act.ADMINISTER))], door: Door, raw: RawJson) -> CredentialMade:
    """Enrol a person or a partner. The token is told once."""
    asked = read_model(raw, NewCredential)
    made = enrol(door.house, actor, role=asked.role, landlord=asked.landlord, agency=asked.agency, person=asked.person)
    return CredentialMade(id=made.id, person=made.person, token=made.token)


@router.delete("/credentials/{credential}", status_code=204, operation_id="revoke_credential")
def revoke_credential(
    actor: Annotated[Actor, Depends(May(Act.ADMINISTER))], door: Door, credential: CredentialId
) -> Response:
    """End a credential at once."""
    revoke(door.house, actor, credential)
    return Response(status_code=204)


@router.put("/landlords/{landlord}/policy-document", status_code=204, operation_id="set_policy_document",
            openapi_extra=takes(PolicyDocument))  # fmt: skip
def policy_document(
    actor: Annotated[Actor, Depends(May(Act.ADMINISTER))], door: Door, landlord: Landlord, raw: RawJson
) -> Response:
    """Record until when a landlord's appropriate policy document is in date (DPA 2018 Sch 1 para 39)."""
    set_policy_document(door.house, actor, landlord, read_model(raw, PolicyDocument).review_by)
    return Response(status_code=204)


@router.get("/agencies", operation_id="list_agencies")
def agencies(_actor: Annotated[Actor, Depends(May(Act.LIST_AGENCIES))], door: Door) -> AgencyList:
    """The agencies that a referral may name."""
    return AgencyList(agencies=[
        AgencyOut(id=entry.id, kind=entry.kind.value, name=entry.name, suspended=entry.suspended_at is not None)
        for entry in list_agencies(door.house)
    ])  # fmt: skip
