"""What every route shares: who is asking, what they sent, and how both are told in the OpenAPI document."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from hub.access.roles import Act, Actor, require
from hub.api.problems import TooLarge, WrongMediaType
from hub.errors import NotSignedIn
from hub.flow.enrol import who_is
from hub.flow.house import House
from hub.ids import Prefix

_bearer = HTTPBearer(auto_error=False, description="A token of one role; see docs/api.md")


@dataclass(frozen=True)
class Doorway:
    """What the wiring hands to the routes."""

    house: House
    wake: Callable[[Sequence[str]], None]
    release: str
    max_body_bytes: int


def doorway(request: Request) -> Doorway:
    """The doorway of the application that serves this request."""
    found = request.app.state.doorway
    assert isinstance(found, Doorway)  # noqa: S101 - set by make_api
    return found


@dataclass(frozen=True)
class May:
    """A dependency: the signed-in actor, whose role may do this act. Every route has one, or says `anyone`."""

    act: Act

    def __call__(
        self,
        door: Annotated[Doorway, Depends(doorway)],
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Actor:
        """The actor. Raises NotSignedIn or NotAllowed."""
        if given is None:
            raise NotSignedIn("NOT_SIGNED_IN", "the credential is missing or not valid; sign in again")
        actor = who_is(door.house, given.credentials)
        require(actor, self.act)
        return actor


def anyone() -> None:
    """A dependency that says: this route needs no credential, on purpose."""


async def raw_json(request: Request, door: Annotated[Doorway, Depends(doorway)]) -> bytes:
    """The body as sent, at most as large as the hub takes. Raises TooLarge or WrongMediaType."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise WrongMediaType("NOT_JSON", "send application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > door.max_body_bytes:
            raise TooLarge("TOO_LARGE", f"the request is larger than {door.max_body_bytes} bytes; describe evidence")
    return bytes(body)


def takes(model: type[BaseModel]) -> dict[str, object]:
    """For `openapi_extra`: the body is this model, read strictly by the flow and not by the framework."""
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


def _id_of(prefix: Prefix) -> str:
    return f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"


ReferralId = Annotated[str, Path(pattern=_id_of(Prefix.REFERRAL))]
DisclosureId = Annotated[str, Path(pattern=_id_of(Prefix.DISCLOSURE))]
ConsentId = Annotated[str, Path(pattern=_id_of(Prefix.CONSENT))]
CredentialId = Annotated[str, Path(pattern=_id_of(Prefix.CREDENTIAL))]
Landlord = Annotated[str, Path(pattern="^[A-Z]{2,20}$")]
Door = Annotated[Doorway, Depends(doorway)]
RawJson = Annotated[bytes, Depends(raw_json)]
