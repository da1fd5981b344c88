"""What every route shares: who is asking, what they sent, and how both are told in the OpenAPI document."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from hub.access.machine_keys import TOKEN_PREFIX
from hub.access.roles import Act, Actor, require
from hub.api.connection import as_signed, certificate_shown, on_behalf_of
from hub.errors import NotSignedIn, TooLarge, WrongMediaType
from hub.flow.enrol import who_is
from hub.flow.house import House
from hub.flow.prove import machine_by_signature, machine_by_token
from hub.flow.readiness import Looked
from hub.ids import Prefix

_bearer = HTTPBearer(auto_error=False, description="A token of one role; see docs/api.md")


@dataclass(frozen=True)
class Doorway:
    """What the wiring hands to the routes."""

    house: House
    wake: Callable[[Sequence[str]], None]
    release: str
    max_body_bytes: int
    proxy_secret: str | None = None
    readiness: Callable[[], Looked] = Looked


async def doorway(request: Request) -> Doorway:  # async: it needs no thread
    """The doorway of the application that serves this request."""
    found = request.app.state.doorway
    assert isinstance(found, Doorway)  # noqa: S101 - set by make_api
    return found


async def body_of(request: Request, limit: int) -> bytes:
    """The body as sent, read once. Raises TooLarge beyond the limit."""
    if not hasattr(request.state, "body"):
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise TooLarge("TOO_LARGE", f"the request is larger than {limit} bytes; describe evidence")
        request.state.body = bytes(body)
    kept: bytes = request.state.body
    return kept


async def _signed_body(request: Request, door: Annotated[Doorway, Depends(doorway)]) -> bytes | None:
    """The body of a request that says it is signed, for the signature is over it; None for any other."""
    return await body_of(request, door.max_body_bytes) if "signature-input" in request.headers else None


def machine_shown(
    request: Request,
    door: Annotated[Doorway, Depends(doorway)],
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    signed_body: Annotated[bytes | None, Depends(_signed_body)],
) -> Actor | None:
    """The machine, or the officer it speaks for, when a machine asks; None when somebody else does.

    Raises NotSignedIn when what it shows is not good, or is two things at once.
    """
    certificate = certificate_shown(request, door.proxy_secret)
    if signed_body is not None:
        if given is not None:
            raise NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
        return machine_by_signature(door.house, as_signed(request, own_address(door), signed_body), certificate)
    if given is not None and given.credentials.startswith(f"{TOKEN_PREFIX}_"):
        return machine_by_token(door.house, given.credentials, certificate, on_behalf_of(request))
    return None


def own_address(door: Doorway) -> str:
    """Where people and machines know this hub: what those sign and assert is for this address and no other."""
    return door.house.party.origin


@dataclass(frozen=True)
class May:
    """A dependency: the signed-in actor, whose role may do this act. Every route has one, or says `anyone`."""

    act: Act

    def __call__(
        self,
        door: Annotated[Doorway, Depends(doorway)],
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        machine: Annotated[Actor | None, Depends(machine_shown)],
    ) -> Actor:
        """The actor. Raises NotSignedIn or NotAllowed."""
        if machine is not None:
            require(machine, self.act)
            return machine
        if given is None:
            raise NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
        actor = who_is(door.house, given.credentials)
        require(actor, self.act)
        return actor


async def anyone() -> None:
    """A dependency that says: this route needs no credential, on purpose."""


async def raw_json(request: Request, door: Annotated[Doorway, Depends(doorway)]) -> bytes:
    """The body as sent, at most as large as the hub takes. Raises TooLarge or WrongMediaType."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise WrongMediaType("NOT_JSON", "send application/json")
    return await body_of(request, door.max_body_bytes)


def takes(model: type[BaseModel]) -> dict[str, object]:
    """For `openapi_extra`: the body is this model, read strictly by the flow and not by the framework."""
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


def id_of(prefix: Prefix) -> str:
    """The pattern of ids of that kind, for a path."""
    return f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"


ReferralId = Annotated[str, Path(pattern=id_of(Prefix.REFERRAL))]
DisclosureId = Annotated[str, Path(pattern=id_of(Prefix.DISCLOSURE))]
ConsentId = Annotated[str, Path(pattern=id_of(Prefix.CONSENT))]
CredentialId = Annotated[str, Path(pattern=id_of(Prefix.CREDENTIAL))]
Landlord = Annotated[str, Path(pattern="^[A-Z]{2,20}$")]
Door = Annotated[Doorway, Depends(doorway)]
RawJson = Annotated[bytes, Depends(raw_json)]
