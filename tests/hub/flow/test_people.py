"""People of a landlord: who may put them on the list, vouch for them, change them, and end what they can do."""

import pytest

from hub.access.people import Standing
from hub.access.roles import STEP_UP, Actor, AuthoriserKind, Role
from hub.bootstrap import Hub
from hub.errors import BadInput, Conflict, NotAllowed, NotFound, NotSignedIn
from hub.flow import enrol, invite, join
from tests.conftest import OpenHub
from tests.hubs import HandClock, somebody
from tests.members import PASSWORD, Member, administrator, dpo, key_in, member, waiting


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves when told."""
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    """A started hub, on each kind of database."""
    return open_hub_here(clock)


def _standing(hub: Hub, person: str) -> Standing:
    (found,) = [who for who in invite.listed(hub.house, administrator(hub)) if who.id == person]
    return found.standing


def test_an_administrator_alone_makes_nobody_who_sees_cases(hub: Hub) -> None:
    alone = administrator(hub)
    for role in (Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO, Role.ADMINISTRATOR):
        landlord = None if role is Role.ADMINISTRATOR else "LMH"
        with pytest.raises(NotAllowed) as refused:
            enrol.enrol(hub.house, alone, role=role, landlord=landlord, agency=None)
        assert refused.value.code == "PERSON_NEEDS_INVITATION"
    made = waiting(hub, by=alone)
    with pytest.raises(NotAllowed):
        invite.confirm(hub.house, alone, made.person)
    # Nor under another role: whoever invited is known as a person.
    also_dpo = enrol.enrol(hub.house, None, role=Role.DPO, landlord="LMH", agency=None, person=alone.person)
    with pytest.raises(Conflict) as same:
        invite.confirm(hub.house, enrol.who_is(hub.house, also_dpo.token), made.person)
    assert same.value.code == "CONFIRMER_IS_INVITER"
    assert _standing(hub, made.person) is Standing.WAITING


def test_only_a_supervisor_or_dpo_of_the_landlord_who_just_proved_who_they_are_confirms(
    hub: Hub, clock: HandClock
) -> None:
    made = waiting(hub)
    for role in (Role.OFFICER, Role.AUTHORISER, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            invite.confirm(hub.house, somebody(hub, role), made.person)
    with pytest.raises(NotFound):
        invite.confirm(hub.house, dpo(hub, "OHG"), made.person)
    late = dpo(hub)
    clock.at += STEP_UP * 1.001
    with pytest.raises(NotAllowed) as refused:
        invite.confirm(hub.house, late, made.person)
    assert refused.value.code == "STEP_UP_NEEDED"
    invite.confirm(hub.house, somebody(hub, Role.SUPERVISOR), made.person)
    with pytest.raises(Conflict):
        invite.confirm(hub.house, dpo(hub), made.person)


def test_nobody_confirms_themselves(hub: Hub) -> None:
    made = waiting(hub, Role.DPO)
    token = enrol.enrol(hub.house, None, role=Role.DPO, landlord="LMH", agency=None, person=made.person).token
    with pytest.raises(Conflict):
        invite.confirm(hub.house, enrol.who_is(hub.house, token), made.person)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({"role": Role.OFFICER, "landlord": None}, "LANDLORD_MISPLACED"),
        ({"role": Role.ADMINISTRATOR, "landlord": "LMH"}, "LANDLORD_MISPLACED"),
        ({"role": Role.PARTNER, "landlord": None}, "ROLE_IS_NO_PERSONS"),
        ({"role": Role.ADMINISTRATOR, "landlord": None, "team": "north"}, "TEAM_MISPLACED"),
        ({"role": Role.OFFICER, "landlord": "LMH", "kinds": frozenset({AuthoriserKind.DIRECTOR})}, "KINDS_MISPLACED"),
    ],
)
def test_nobody_is_invited_as_what_nobody_can_be(hub: Hub, who: dict[str, object], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        invite.invite(hub.house, None, **who)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_no_administrator_makes_another_or_takes_anothers_place(hub: Hub) -> None:
    colleague = member(hub, Role.ADMINISTRATOR)
    for act in (
        lambda actor: invite.invite(hub.house, actor, role=Role.ADMINISTRATOR, landlord=None),
        lambda actor: invite.invite_again(hub.house, actor, colleague.person),
    ):
        with pytest.raises(NotAllowed) as refused:
            act(administrator(hub))
        assert refused.value.code == "ADMINISTRATOR_BY_COMMAND"
    assert colleague.actor().person == colleague.person


def test_only_administrators_invite_change_and_disable(hub: Hub) -> None:
    made = member(hub)
    for role in Role:
        if role is Role.ADMINISTRATOR:
            continue
        actor = somebody(hub, role, "agy_fire" if role is Role.PARTNER else None)
        for act in (
            lambda actor: invite.invite(hub.house, actor, role=Role.OFFICER, landlord="LMH"),
            lambda actor: invite.invite_again(hub.house, actor, made.person),
            lambda actor: invite.disable(hub.house, actor, made.person),
            lambda actor: invite.end_sessions(hub.house, actor, made.person),
            lambda actor: invite.change(hub.house, actor, made.person, role=Role.OFFICER, kinds=frozenset(), team=None),
        ):
            with pytest.raises(NotAllowed):
                act(actor)


def test_an_administrator_ends_nobodys_access_who_is_themselves(hub: Hub) -> None:
    own = member(hub, Role.ADMINISTRATOR).actor()
    for act in (invite.disable, invite.invite_again):
        with pytest.raises(Conflict) as refused:
            act(hub.house, own, own.person)
        assert refused.value.code == "ONESELF"


def test_another_role_holds_from_the_next_request_and_is_confirmed_anew(hub: Hub) -> None:
    officer = member(hub)
    token = officer.sign_in().token
    state = invite.change(
        hub.house, administrator(hub), officer.person, role=Role.SUPERVISOR, kinds=frozenset(), team=None
    )
    assert state is Standing.WAITING
    with pytest.raises(NotSignedIn):
        enrol.who_is(hub.house, token)
    invite.confirm(hub.house, dpo(hub), officer.person)
    assert enrol.who_is(hub.house, token).role is Role.SUPERVISOR


def test_another_team_holds_from_the_next_request_and_needs_nobodys_word(hub: Hub) -> None:
    officer = member(hub, team="north")
    token = officer.sign_in().token
    invite.change(hub.house, administrator(hub), officer.person, role=Role.OFFICER, kinds=frozenset(), team="south")
    assert enrol.who_is(hub.house, token).team == "south"


def test_who_is_disabled_can_do_nothing_from_the_next_request_on_any_process(
    hub: Hub, open_hub_here: OpenHub, clock: HandClock
) -> None:
    other = open_hub_here(clock, create=False)
    officer = member(hub)
    token = officer.sign_in().token
    bearer = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None, person=officer.person).token
    assert enrol.who_is(other.house, token).person == officer.person
    invite.disable(hub.house, administrator(hub), officer.person)
    for house in (hub.house, other.house):
        for shown in (token, bearer):
            with pytest.raises(NotSignedIn):
                enrol.who_is(house, shown)


def test_a_new_invitation_ends_every_way_in_and_is_confirmed_anew(hub: Hub) -> None:
    officer = member(hub)
    token = officer.sign_in().token
    code = invite.invite_again(hub.house, administrator(hub), officer.person)
    with pytest.raises(NotSignedIn):
        enrol.who_is(hub.house, token)
    person, standing, uri = join.join(hub.house, code, officer.name, PASSWORD, None)
    assert (person, standing) == (officer.person, Standing.WAITING)
    invite.confirm(hub.house, dpo(hub), person)
    with pytest.raises(NotSignedIn):  # neither the old sessions nor the old app come back
        enrol.who_is(hub.house, token)
    with pytest.raises(NotSignedIn):
        officer.sign_in()
    assert uri is not None
    assert Member(hub, person, officer.name, key_in(uri)).actor().person == person


def test_a_list_holds_ones_own_landlords_people_alone_and_an_administrators_everybody(hub: Hub) -> None:
    ours, theirs = waiting(hub, landlord="LMH"), waiting(hub, landlord="OHG")

    def seen(actor: Actor) -> set[str]:
        return {who.id for who in invite.listed(hub.house, actor)} & {ours.person, theirs.person}

    assert seen(dpo(hub)) == seen(somebody(hub, Role.SUPERVISOR)) == {ours.person}
    assert seen(dpo(hub, "OHG")) == {theirs.person}
    assert seen(administrator(hub)) == {ours.person, theirs.person}
    with pytest.raises(NotAllowed):
        invite.listed(hub.house, somebody(hub, Role.OFFICER))


def test_an_authorisers_kinds_come_with_the_session(hub: Hub) -> None:
    kinds = frozenset({AuthoriserKind.DIRECTOR, AuthoriserKind.HR_LEAD})
    assert member(hub, Role.AUTHORISER, kinds=kinds).actor().kinds == kinds
