"""Machines: an administrator registers them and what they show; they trade an assertion for an access token."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from hub.access import assertions
from hub.access.machine_keys import MachineKey
from hub.access.machines import Machine, MachineScope
from hub.access.public_keys import read_certificate, read_jwk
from hub.access.roles import Act, Actor
from hub.api.connection import certificate_shown
from hub.api.doorway import Door, Doorway, May, RawJson, anyone, body_of, doorway, id_of, own_address, takes
from hub.errors import BadInput, NotSignedIn
from hub.flow import machines, prove
from hub.ids import Prefix
from hub.intake.strict_json import Instant, read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["machines"])

_LARGEST_FORM = 16 * 1024
_Hours = Annotated[int, Field(ge=0, le=90 * 24)]
_Administrator = Annotated[Actor, Depends(May(Act.ADMINISTER))]
_MachineId = Annotated[str, Path(pattern=id_of(Prefix.MACHINE))]
_KeyId = Annotated[str, Path(pattern=id_of(Prefix.MACHINE_KEY))]


class NewMachine(Strict):
    """A system of a landlord (`refer`) or of an agency (`feed`, `acknowledge`). Its name is a code, not a person's."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,39}$")]
    scope: MachineScope = Field(strict=False)
    landlord: Literal["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"] | None = None
    agency: Annotated[str, StringConstraints(pattern=r"^agy_[a-z0-9_]{2,60}$")] | None = None


class NewMachineKey(Strict):
    """A public key (`jwk`) or a certificate in PEM. With `overlap_hours`, its elders end so long after it begins."""

    jwk: dict[str, Annotated[str, StringConstraints(max_length=500)]] | None = None
    certificate: Annotated[str, StringConstraints(max_length=16_384)] | None = None
    not_before: Instant | None = Field(default=None, strict=False)
    overlap_hours: _Hours | None = None


class NewMachineToken(Strict):
    """For how many hours the tokens that the machine has go on working."""

    overlap_hours: _Hours = 24


class MachineKeyOut(BaseModel):
    """One thing that a machine may show, and from when until when. `fingerprint` is SHA-256 in hex."""

    id: str
    kind: str
    fingerprint: str
    not_before: datetime
    ends_at: datetime | None


class MachineOut(BaseModel):
    """A machine."""

    id: str
    name: str
    scope: str
    landlord: str | None
    agency: str | None
    revoked_at: datetime | None
    keys: list[MachineKeyOut]


class MachineList(BaseModel):
    """Every machine there ever was."""

    machines: list[MachineOut]


class MachineTokenMade(BaseModel):
    """A token of a machine. It is told once."""

    id: str
    token: str


class AccessToken(BaseModel):
    """The answer of the token endpoint (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a kind
    expires_in: int
    scope: str


@router.post("/machines", status_code=201, operation_id="register_machine", openapi_extra=takes(NewMachine))
def register_machine(actor: _Administrator, door: Door, raw: RawJson) -> MachineOut:
    """Enter a machine. It can do nothing until it has a key or a token and another person confirmed it."""
    asked = read_model(raw, NewMachine)
    return _machine_out(machines.register_machine(
        door.house, actor, name=asked.name, scope=asked.scope, landlord=asked.landlord, agency=asked.agency
    ))  # fmt: skip


@router.get("/machines", operation_id="list_machines")
def list_machines(actor: _Administrator, door: Door) -> MachineList:
    """Every machine with what it may show and until when; nothing secret."""
    return MachineList(machines=[_machine_out(found) for found in machines.list_machines(door.house, actor)])


@router.post("/machines/{machine}/confirmation", status_code=204, operation_id="confirm_machine")
def confirm_machine(
    actor: Annotated[Actor, Depends(May(Act.CONFIRM_ACCESS))], door: Door, machine: _MachineId
) -> Response:
    """Vouch for a machine, and for what it shows now, that somebody else made: with this it works."""
    machines.confirm_machine(door.house, actor, machine)
    return Response(status_code=204)


@router.delete("/machines/{machine}", status_code=204, operation_id="revoke_machine")
def revoke_machine(actor: _Administrator, door: Door, machine: _MachineId) -> Response:
    """End a machine with everything that it shows, at once and for good."""
    machines.revoke_machine(door.house, actor, machine)
    return Response(status_code=204)


@router.post("/machines/{machine}/keys", status_code=201, operation_id="add_machine_key",
             openapi_extra=takes(NewMachineKey))  # fmt: skip
def add_machine_key(actor: _Administrator, door: Door, machine: _MachineId, raw: RawJson) -> MachineKeyOut:
    """Let a machine sign with one key more, or bind it to connections with one certificate more."""
    asked = read_model(raw, NewMachineKey)
    if (asked.jwk is None) == (asked.certificate is None):
        raise BadInput("ONE_KEY_NEEDED", "", "one of jwk and certificate is needed, and only one", "send them apart")
    given = read_jwk(asked.jwk) if asked.jwk is not None else read_certificate(asked.certificate or "")
    overlap = timedelta(hours=asked.overlap_hours) if asked.overlap_hours is not None else None
    return _key_out(machines.add_key(door.house, actor, machine, given, not_before=asked.not_before, overlap=overlap))


@router.delete("/machines/{machine}/keys/{key}", status_code=204, operation_id="retire_machine_key")
def retire_machine_key(actor: _Administrator, door: Door, machine: _MachineId, key: _KeyId) -> Response:
    """End one key, token or certificate at once, and the access tokens that were got with it."""
    machines.retire_key(door.house, actor, machine, key)
    return Response(status_code=204)


@router.post("/machines/{machine}/tokens", status_code=201, operation_id="make_machine_token",
             openapi_extra=takes(NewMachineToken))  # fmt: skip
def make_machine_token(actor: _Administrator, door: Door, machine: _MachineId, raw: RawJson) -> MachineTokenMade:
    """A new token; those that the machine has end when the overlap is over. The token is told once."""
    overlap = timedelta(hours=read_model(raw, NewMachineToken).overlap_hours)
    made = machines.make_token(door.house, actor, machine, overlap)
    return MachineTokenMade(id=made.key.id, token=made.token)


async def _form(request: Request, door: Annotated[Doorway, Depends(doorway)]) -> dict[str, str]:
    """The parameters sent; empty when it is no form, or one says two things (RFC 6749 section 3.2)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await body_of(request, min(_LARGEST_FORM, door.max_body_bytes))
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=10)
    except ValueError:
        return {}
    is_form = media_type == "application/x-www-form-urlencoded" and len(dict(pairs)) == len(pairs)
    return dict(pairs) if is_form else {}


_FORM: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": {
    "type": "object",
    "required": ["grant_type", "client_assertion_type", "client_assertion"],
    "properties": {
        "grant_type": {"const": "client_credentials"}, "client_assertion_type": {"const": assertions.KIND},
        "client_assertion": {"type": "string"}, "client_id": {"type": "string"}, "scope": {"type": "string"},
    },
}}}}}  # fmt: skip


@router.post("/token", operation_id="get_access_token", dependencies=[Depends(anyone)], openapi_extra=_FORM,
             response_model=AccessToken)  # fmt: skip
def get_access_token(
    request: Request, door: Door, form: Annotated[dict[str, str], Depends(_form)]
) -> AccessToken | JSONResponse:
    """An access token of ten minutes for a machine that proves that it holds its key (RFC 6749 4.4, RFC 7523)."""
    if not {"grant_type", "client_assertion", "client_assertion_type"} <= form.keys():
        return _refused(400, "invalid_request")
    if form["grant_type"] != "client_credentials":
        return _refused(400, "unsupported_grant_type")
    if form["client_assertion_type"] != assertions.KIND or "client_secret" in form:
        return _refused(400, "invalid_request")
    certificate = certificate_shown(request, door.proxy_secret)
    asked = prove.Asked(form["client_assertion"], form.get("client_id"), form.get("scope"))
    try:
        granted = prove.grant(door.house, asked, f"{own_address(door)}/v1/token", certificate)
    except NotSignedIn:
        return _refused(401, "invalid_client")
    except BadInput:
        return _refused(400, "invalid_scope")
    seconds = int(prove.ACCESS_LASTS.total_seconds())
    return AccessToken(access_token=granted.told.token, expires_in=seconds, scope=granted.scope.value)


def _refused(status: int, error: str) -> JSONResponse:
    """RFC 6749 section 5.2; the same for an unknown machine, a wrong key and an assertion that is over."""
    return JSONResponse({"error": error}, status)


def _machine_out(found: Machine) -> MachineOut:
    return MachineOut(
        id=found.id, name=found.name, scope=found.scope.value, landlord=found.landlord, agency=found.agency,
        revoked_at=found.revoked_at, keys=[_key_out(key) for key in found.keys],
    )  # fmt: skip


def _key_out(key: MachineKey) -> MachineKeyOut:
    return MachineKeyOut(
        id=key.id, kind=key.kind.value, fingerprint=key.fingerprint, not_before=key.not_before, ends_at=key.ends_at
    )
