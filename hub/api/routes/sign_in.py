"""Signing in: by a one-time code, a password and code, a passkey or the provider; joining by invitation; sessions."""

from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from hub.access.oidc import Answer
from hub.access.people import Standing
from hub.access.roles import Role
from hub.api.doorway import Door, RawJson, anyone, takes
from hub.api.shapes.access import SignedIn, SignInRequest
from hub.flow import enrol, join, sign_in
from hub.flow.sign_in import Place
from hub.intake.strict_json import read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["signing in"])


def _seen(name: str) -> str:
    if not name.isprintable():
        raise ValueError("must hold no invisible characters: somebody is asked whether it is theirs")
    return name


Name = Annotated[str, StringConstraints(pattern=r"^\S(.{1,118}\S)$"), AfterValidator(_seen)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Told: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
PasskeyJson = Annotated[dict[str, object], Field(description="PublicKeyCredential.toJSON() of the browser")]
Anybody = Depends(anyone)


class ProviderAnswer(Strict):
    """What came back from the provider in the address of the browser, and `hold` from the beginning."""

    hold: Told
    state: Told
    code: Told

    def answer(self) -> Answer:
        """As the flows take it."""
        return Answer(self.hold, self.state, self.code)


class Invited(Strict):
    """Who holds an invitation, and by what name they will sign in."""

    invitation: Told
    name: Name


class Joining(Invited):
    """How somebody will sign in: by a password (and the codes of an app), by a passkey, or either."""

    password: Password | None = None
    passkey: PasskeyJson | None = None


class JoiningByProvider(Invited):
    """Whose sign-in at the provider will be theirs here."""

    provider: ProviderAnswer


class PasswordSignIn(Strict):
    """A name, a password and the code that the app shows now; `device` from an earlier sign-in."""

    name: Told
    password: Password
    code: OneTimeCode
    device: Told | None = None


class PasskeySignIn(Strict):
    """What the browser answered to the options."""

    passkey: PasskeyJson


class Joined(BaseModel):
    """Who joined. `otpauth_uri` is told once, for the app that shows codes; `waiting` needs a colleague's word."""

    person: str
    state: Standing
    otpauth_uri: str | None = None


class SessionBegun(BaseModel):
    """A session. Token and device are told once; keep the device for the next sign-in from here."""

    session: str
    person: str
    role: Role
    token: str
    expires_at: datetime
    device: str


class ProviderBegun(BaseModel):
    """Where to send the browser; keep `hold` and bring it back with what the provider answers."""

    authorization_url: str
    hold: str


@router.post("/sign-in", operation_id="sign_in", dependencies=[Anybody], openapi_extra=takes(SignInRequest))
def sign_in_once(door: Door, raw: RawJson) -> SignedIn:
    """Trade the one-time code of the hub's first start for a credential. The code works once."""
    actor, made, ends = enrol.sign_in(door.house, read_model(raw, SignInRequest).code)
    return SignedIn(token=made.token, role=actor.role, expires_at=ends)


@router.post("/sign-in/enrol/options", operation_id="new_passkey_options", dependencies=[Anybody],
             openapi_extra=takes(Invited))  # fmt: skip
def join_options(door: Door, raw: RawJson) -> dict[str, Any]:
    """For `navigator.credentials.create`: a passkey for whoever holds this invitation."""
    asked = read_model(raw, Invited)
    return join.invited_options(door.house, asked.invitation, asked.name)


@router.post("/sign-in/enrol", status_code=201, operation_id="join", dependencies=[Anybody],
             openapi_extra=takes(Joining))  # fmt: skip
def join_with_password_or_passkey(door: Door, raw: RawJson) -> Joined:
    """Redeem an invitation, which works once: choose how you will sign in."""
    asked = read_model(raw, Joining)
    who, standing, uri = join.join(door.house, asked.invitation, asked.name, asked.password, asked.passkey)
    return Joined(person=who, state=standing, otpauth_uri=uri)


@router.post("/sign-in/enrol/provider", status_code=201, operation_id="join_by_provider", dependencies=[Anybody],
             openapi_extra=takes(JoiningByProvider))  # fmt: skip
def join_with_provider(door: Door, raw: RawJson) -> Joined:
    """Redeem an invitation with a sign-in at the provider: that subject is you from now on."""
    asked = read_model(raw, JoiningByProvider)
    who, standing = join.join_by_provider(door.house, asked.invitation, asked.name, asked.provider.answer())
    return Joined(person=who, state=standing)


@router.post("/sign-in/password", operation_id="sign_in_by_password", dependencies=[Anybody],
             openapi_extra=takes(PasswordSignIn))  # fmt: skip
def sign_in_with_password(request: Request, door: Door, raw: RawJson) -> SessionBegun:
    """Sign in with a password and a one-time code. Too many tries wait, but not from where you signed in before."""
    asked = read_model(raw, PasswordSignIn)
    place = Place(_address(request), asked.device)
    return _begun(sign_in.by_password(door.house, asked.name, asked.password, asked.code, place))


@router.post("/sign-in/passkey/options", operation_id="passkey_options", dependencies=[Anybody])
def passkey_options(door: Door) -> dict[str, Any]:
    """For `navigator.credentials.get`: the authenticator offers what it holds for this hub; no name is asked."""
    return sign_in.passkey_options(door.house)


@router.post("/sign-in/passkey", operation_id="sign_in_by_passkey", dependencies=[Anybody],
             openapi_extra=takes(PasskeySignIn))  # fmt: skip
def sign_in_with_passkey(request: Request, door: Door, raw: RawJson) -> SessionBegun:
    """Sign in with a passkey."""
    asked = read_model(raw, PasskeySignIn)
    return _begun(sign_in.by_passkey(door.house, asked.passkey, Place(_address(request))))


@router.post("/sign-in/oidc", operation_id="begin_at_provider", dependencies=[Anybody])
def begin_at_provider(door: Door) -> ProviderBegun:
    """Begin to sign in, or to join, through the landlord's own provider (OpenID Connect)."""
    begun = sign_in.begin_at_provider(door.house)
    return ProviderBegun(authorization_url=begun.authorization_url, hold=begun.hold)


@router.post("/sign-in/oidc/callback", operation_id="sign_in_by_provider", dependencies=[Anybody],
             openapi_extra=takes(ProviderAnswer))  # fmt: skip
def sign_in_with_provider(request: Request, door: Door, raw: RawJson) -> SessionBegun:
    """Sign in with what the provider answered."""
    asked = read_model(raw, ProviderAnswer)
    return _begun(sign_in.by_provider(door.house, asked.answer(), Place(_address(request))))


def _begun(made: sign_in.SignedIn) -> SessionBegun:
    return SessionBegun(
        session=made.session.id, person=made.person, role=made.role, token=made.token, device=made.device,
        expires_at=made.session.ends_at,
    )  # fmt: skip


def _address(request: Request) -> str:
    """Where a request comes from; of IPv6 the network, for one subscriber has 2^64 addresses."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ip_network((host, 64), strict=False))
