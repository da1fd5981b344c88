"""The register of agencies: what stands in the way of each, their doors and keys, suspension."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field, StringConstraints

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, RawJson, takes
from hub.flow import vouch
from hub.intake.strict_json import read_model
from hub.register.agencies import Why
from hub.register.pins import Pin, What
from protocols.record import Strict

router = APIRouter(prefix="/v1/agencies", tags=["people and registers"])

AgencyId = Annotated[str, Path(pattern=r"^agy_[a-z0-9_]{2,60}$")]
PinId = Annotated[str, Path(pattern=r"^pin_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Fingerprint = Annotated[str, StringConstraints(min_length=64, max_length=160)]
Confirming = Annotated[Actor, Depends(May(Act.CONFIRM_AGENCY))]


class AgencyOut(BaseModel):
    """An agency on the register. `barred` is why nothing goes to it now; then tell it by telephone."""

    id: str
    kind: str
    name: str
    suspended: bool
    barred: str | None
    capacities: list[str]


class AgencyList(BaseModel):
    """The agencies on the register."""

    agencies: list[AgencyOut]


class PinOut(BaseModel):
    """A door or key of an agency. `in_force` from `usable_from` on, once two persons have confirmed it."""

    id: str
    what: str
    fingerprint: str
    key: str | None
    proposed_at: datetime
    usable_from: datetime
    confirmations: int
    retired_at: datetime | None


class AgencyPins(AgencyOut):
    """An agency with all that it is held to, oldest first."""

    suspended_why: str | None
    pins: list[PinOut]


class NewKey(Strict):
    """A public key (`whpk_` and base64), and its fingerprint as the agency read it out to you."""

    use: Literal["sign", "seal", "acknowledge"]
    public_key: Annotated[str, StringConstraints(max_length=100)]
    fingerprint: Fingerprint


class Compared(Strict):
    """The fingerprint as you compared it with the agency, on a number that you knew before. Spaces do no harm."""

    fingerprint: Fingerprint


class Suspension(Strict):
    """Why, as a code."""

    reason: Why = Field(strict=False)


class ResumptionOut(BaseModel):
    """Whether the agency is in use again, or waits for a second person's word."""

    agency: str
    resumed: bool


@router.get("", operation_id="list_agencies")
def list_agencies(_actor: Annotated[Actor, Depends(May(Act.LIST_AGENCIES))], door: Door) -> AgencyList:
    """The agencies that a referral may name."""
    return AgencyList(agencies=[_out(view) for view in vouch.list_agencies(door.house)])


@router.get("/{agency}", operation_id="read_agency")
def read_agency(actor: Confirming, door: Door, agency: AgencyId) -> AgencyPins:
    """One agency with its doors and keys, announced and in force."""
    view = vouch.read_agency(door.house, actor, agency)
    return AgencyPins(**_out(view).model_dump(), suspended_why=view.agency.suspended_why,
                      pins=[_pin(pin) for pin in view.pins])  # fmt: skip


@router.post("/{agency}/keys", status_code=201, operation_id="propose_agency_key", openapi_extra=takes(NewKey))
def propose_key(
    actor: Annotated[Actor, Depends(May(Act.ADMINISTER))], door: Door, agency: AgencyId, raw: RawJson
) -> PinOut:
    """Announce a key whose fingerprint you compared with the agency. Another person must confirm it."""
    given = read_model(raw, NewKey)
    return _pin(vouch.propose_key(door.house, actor, agency, What(given.use), given.public_key, given.fingerprint))


@router.post("/{agency}/pins/{pin}/confirmation", operation_id="confirm_agency_pin", openapi_extra=takes(Compared))
def confirm_pin(actor: Confirming, door: Door, agency: AgencyId, pin: PinId, raw: RawJson) -> PinOut:
    """Say that you compared a changed door or a key with the agency. The second person's word makes it count."""
    return _pin(vouch.confirm(door.house, actor, agency, pin, read_model(raw, Compared).fingerprint))


@router.delete("/{agency}/pins/{pin}", status_code=204, operation_id="retire_agency_pin")
def retire_pin(actor: Confirming, door: Door, agency: AgencyId, pin: PinId) -> Response:
    """Take a door or key out at once, announced or in force. Nothing goes by a door that was taken out."""
    vouch.retire(door.house, actor, agency, pin)
    return Response(status_code=204)


@router.post("/{agency}/suspension", status_code=204, operation_id="suspend_agency", openapi_extra=takes(Suspension))
def suspend(
    actor: Annotated[Actor, Depends(May(Act.SUSPEND_AGENCY))], door: Door, agency: AgencyId, raw: RawJson
) -> Response:
    """Stop everything to and from an agency, from the next claim on in every process. One person may."""
    vouch.suspend(door.house, actor, agency, read_model(raw, Suspension).reason)
    return Response(status_code=204)


@router.post("/{agency}/resumption", operation_id="resume_agency")
def resume(actor: Confirming, door: Door, agency: AgencyId) -> ResumptionOut:
    """Say that a suspension may end. It ends with the second person's word; what is parked is resumed by its people."""
    return ResumptionOut(agency=agency, resumed=vouch.resume(door.house, actor, agency))


def _out(view: vouch.AgencyView) -> AgencyOut:
    entry = view.agency
    return AgencyOut(
        id=entry.id, kind=entry.kind.value, name=entry.name, suspended=entry.suspended_at is not None,
        barred=view.barred, capacities=list(entry.capacities),
    )  # fmt: skip


def _pin(pin: Pin) -> PinOut:
    return PinOut(
        id=pin.id, what=pin.what.value, fingerprint=pin.fingerprint, key=None if pin.what is What.DOOR else pin.value,
        proposed_at=pin.proposed_at, usable_from=pin.usable_from,
        confirmations=sum(by is not None for by in (pin.first_by, pin.confirmed_by)), retired_at=pin.retired_at,
    )  # fmt: skip
