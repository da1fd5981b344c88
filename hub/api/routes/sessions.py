"""Sessions: prove again who one is, see and end one's own, add a passkey."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, model_validator

from hub.access.roles import Act, Actor, Strength
from hub.api.doorway import Door, May, RawJson, takes
from hub.api.routes.sign_in import OneTimeCode, PasskeyJson, PasskeySignIn, ProviderAnswer, ProviderBegun
from hub.flow import join, session
from hub.intake.strict_json import read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["sessions"])

SessionId = Annotated[str, Path(pattern=r"^ses_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Holder = Annotated[Actor, Depends(May(Act.OWN_SESSIONS))]


class ProofGiven(Strict):
    """A proof, of one kind: the app's code, a passkey, or the provider's answer."""

    code: OneTimeCode | None = None
    passkey: PasskeyJson | None = None
    provider: ProviderAnswer | None = None

    @model_validator(mode="after")
    def _one(self) -> "ProofGiven":
        if sum(given is not None for given in (self.code, self.passkey, self.provider)) != 1:
            raise ValueError("must be exactly one of code, passkey and provider")
        return self


class NewToken(BaseModel):
    """The session's new token; the old one is over."""

    token: str


class SessionOut(BaseModel):
    """One of one's sessions."""

    session: str
    strength: Strength
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    in_use: bool


class SessionList(BaseModel):
    """One's sessions, the newest first."""

    sessions: list[SessionOut]


@router.post("/session/proof/options", operation_id="proof_options")
def proof_options(actor: Holder, door: Door) -> dict[str, Any]:
    """For `navigator.credentials.get`: a proof for this session."""
    return session.proof_options(door.house, actor)


@router.post("/session/proof/oidc", operation_id="begin_proof_at_provider")
def begin_proof(actor: Holder, door: Door) -> ProviderBegun:
    """Begin to prove who you are through the provider, which asks you again."""
    begun = session.begin_proof_at_provider(door.house, actor)
    return ProviderBegun(authorization_url=begun.authorization_url, hold=begun.hold)


@router.post("/session/proof", operation_id="prove_again", openapi_extra=takes(ProofGiven))
def prove_again(actor: Holder, door: Door, raw: RawJson) -> NewToken:
    """Prove again who you are, as approvals need within ten minutes. The session gets a new token."""
    given = read_model(raw, ProofGiven)
    if given.code is not None:
        return NewToken(token=session.prove_by_code(door.house, actor, given.code))
    if given.passkey is not None:
        return NewToken(token=session.prove_by_passkey(door.house, actor, given.passkey))
    assert given.provider is not None  # noqa: S101 - one of the three was given
    return NewToken(token=session.prove_by_provider(door.house, actor, given.provider.answer()))


@router.delete("/session", status_code=204, operation_id="sign_out")
def sign_out(actor: Holder, door: Door) -> Response:
    """End the session in use."""
    session.end(door.house, actor)
    return Response(status_code=204)


@router.get("/sessions", operation_id="list_sessions")
def list_sessions(actor: Holder, door: Door) -> SessionList:
    """Your sessions that have not ended."""
    return SessionList(sessions=[
        SessionOut(session=one.id, strength=one.strength, started_at=one.started_at, seen_at=one.seen_at,
                   ends_at=one.ends_at, in_use=one.id == actor.credential)
        for one in session.own(door.house, actor)
    ])  # fmt: skip


@router.delete("/sessions/{session_id}", status_code=204, operation_id="end_session")
def end_session(actor: Holder, door: Door, session_id: SessionId) -> Response:
    """End one of your sessions."""
    session.end(door.house, actor, session_id)
    return Response(status_code=204)


@router.post("/passkeys/options", operation_id="more_passkey_options")
def more_passkey_options(actor: Holder, door: Door) -> dict[str, Any]:
    """For `navigator.credentials.create`: another passkey. Needs a recent proof."""
    return join.more_options(door.house, actor)


@router.post("/passkeys", status_code=204, operation_id="add_passkey", openapi_extra=takes(PasskeySignIn))
def add_passkey(actor: Holder, door: Door, raw: RawJson) -> Response:
    """Keep another passkey. Needs a recent proof."""
    join.add_passkey(door.house, actor, read_model(raw, PasskeySignIn).passkey)
    return Response(status_code=204)
