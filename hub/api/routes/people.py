"""People: invite, confirm, change, end; credentials of partners; policy documents."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field, StringConstraints

from hub.access.people import Standing
from hub.access.roles import Act, Actor, AuthoriserKind, Role
from hub.api.doorway import CredentialId, Door, Landlord, May, RawJson, ReferralId, takes
from hub.api.shapes.access import CredentialMade, NewCredential, PolicyDocument
from hub.flow import assign, invite
from hub.flow.document import set_policy_document
from hub.flow.enrol import confirm_credential, enrol, revoke
from hub.intake.strict_json import read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["people and registers"])

PersonId = Annotated[str, Path(pattern=r"^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Team = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Kinds = Annotated[tuple[AuthoriserKind, ...], Field(strict=False, max_length=len(AuthoriserKind))]
Inviter = Annotated[Actor, Depends(May(Act.INVITE))]


class NewRole(Strict):
    """What somebody may be: `kinds` for an authoriser alone, `team` for a landlord's people."""

    role: Role = Field(strict=False)
    kinds: Kinds = ()
    team: Team | None = None


class NewPerson(NewRole):
    """Whom to invite. Officers, supervisors, authorisers and DPOs belong to a landlord, administrators to none."""

    landlord: Literal["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"] | None = None


class NewTeam(Strict):
    """Which team a case is given to; null: every officer of the landlord."""

    team: Team | None


class InvitationMade(BaseModel):
    """An invitation, told once; it works once, within seven days."""

    person: str
    invitation: str


class PersonOut(BaseModel):
    """Somebody on the list. `name` is what they sign in by, once they have joined."""

    person: str
    role: Role
    landlord: str | None
    kinds: list[AuthoriserKind]
    team: str | None
    state: Standing
    name: str | None


class PersonList(BaseModel):
    """The people, the first one first."""

    people: list[PersonOut]


class NewStanding(BaseModel):
    """How somebody stands now; who is `waiting` needs a colleague's word."""

    person: str
    state: Standing


@router.post("/people", status_code=201, operation_id="invite_person", openapi_extra=takes(NewPerson))
def invite_person(actor: Inviter, door: Door, raw: RawJson) -> InvitationMade:
    """Invite somebody. Who would see cases can sign in once a supervisor or DPO of the landlord has confirmed them."""
    asked = read_model(raw, NewPerson)
    person, code = invite.invite(
        door.house, actor, role=asked.role, landlord=asked.landlord, kinds=frozenset(asked.kinds), team=asked.team
    )
    return InvitationMade(person=person, invitation=code)


@router.get("/people", operation_id="list_people")
def list_people(actor: Annotated[Actor, Depends(May(Act.LIST_PEOPLE))], door: Door) -> PersonList:
    """The people of your landlord; for an administrator everybody."""
    return PersonList(people=[
        PersonOut(person=who.id, role=who.role, landlord=who.landlord, kinds=sorted(who.kinds), team=who.team,
                  state=who.standing, name=who.name)
        for who in invite.listed(door.house, actor)
    ])  # fmt: skip


@router.post("/people/{person}/confirm", status_code=204, operation_id="confirm_person")
def confirm_person(actor: Annotated[Actor, Depends(May(Act.CONFIRM_PERSON))], door: Door, person: PersonId) -> Response:
    """Vouch that whoever joined is the colleague whom they say: ask them in person. Needs a recent proof."""
    invite.confirm(door.house, actor, person)
    return Response(status_code=204)


@router.put("/people/{person}", operation_id="change_person", openapi_extra=takes(NewRole))
def change_person(actor: Inviter, door: Door, person: PersonId, raw: RawJson) -> NewStanding:
    """Give somebody another role, kinds or team, at once; for more than the team somebody confirms them anew."""
    asked = read_model(raw, NewRole)
    state = invite.change(door.house, actor, person, role=asked.role, kinds=frozenset(asked.kinds), team=asked.team)
    return NewStanding(person=person, state=state)


@router.post("/people/{person}/invitation", status_code=201, operation_id="invite_again")
def invite_again(actor: Inviter, door: Door, person: PersonId) -> InvitationMade:
    """For a lost telephone or password: everything they sign in with ends, and they join and are confirmed anew."""
    return InvitationMade(person=person, invitation=invite.invite_again(door.house, actor, person))


@router.delete("/people/{person}", status_code=204, operation_id="disable_person")
def disable_person(actor: Inviter, door: Door, person: PersonId) -> Response:
    """End somebody's access, with all sessions and tokens, at once."""
    invite.disable(door.house, actor, person)
    return Response(status_code=204)


@router.delete("/people/{person}/sessions", status_code=204, operation_id="end_sessions_of_person")
def end_sessions(actor: Inviter, door: Door, person: PersonId) -> Response:
    """End every session of somebody, as when a computer is lost."""
    invite.end_sessions(door.house, actor, person)
    return Response(status_code=204)


@router.put("/referrals/{referral}/team", status_code=204, operation_id="assign_case", openapi_extra=takes(NewTeam))
def assign_case(
    actor: Annotated[Actor, Depends(May(Act.MOVE_CASE))], door: Door, referral: ReferralId, raw: RawJson
) -> Response:
    """Give the case of a referral to another team. Its authors still see it."""
    assign.assign(door.house, actor, referral, read_model(raw, NewTeam).team)
    return Response(status_code=204)


@router.post("/credentials", status_code=201, operation_id="make_credential", openapi_extra=takes(NewCredential))
def make_credential(actor: Annotated[Actor, Depends(May(Act.ADMINISTER))], door: Door, raw: RawJson) -> CredentialMade:
    """A token for a partner, told once; it works once another person confirmed it. People are invited instead."""
    asked = read_model(raw, NewCredential)
    made = enrol(door.house, actor, role=asked.role, landlord=asked.landlord, agency=asked.agency, person=asked.person)
    return CredentialMade(id=made.id, person=made.person, token=made.token)


@router.post("/credentials/{credential}/confirmation", status_code=204, operation_id="confirm_credential")
def confirm_partner(
    actor: Annotated[Actor, Depends(May(Act.CONFIRM_ACCESS))], door: Door, credential: CredentialId
) -> Response:
    """Vouch for a partner's token that somebody else made: with this it works."""
    confirm_credential(door.house, actor, credential)
    return Response(status_code=204)


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
