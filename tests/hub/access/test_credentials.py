"""Tokens: shown once, kept as a hash, one role each, over at once when they are over."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from hub.access import credentials
from hub.access.roles import MAY, Act, Actor, Role, require, require_landlord
from hub.bootstrap import Hub
from hub.errors import BadInput, ConcordatError, Conflict, NotAllowed, NotFound, NotSignedIn
from hub.flow import enrol
from hub.flow.consult import read_referral
from hub.flow.refer import refer
from hub.flow.review import review
from hub.ids import Prefix, new_id
from hub.store.scope import EVERY
from tests.cases import POLICE, Case
from tests.hubs import HandClock, open_test_hub, somebody


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves when told."""
    return HandClock()


@pytest.fixture
def hub(tmp_path: Path, clock: HandClock) -> Iterator[Hub]:
    """A started hub."""
    found = open_test_hub(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'concordat.sqlite3'}", clock)
    yield found
    found.house.store.close()


def _code(hub: Hub, clock: HandClock, role: Role = Role.ADMINISTRATOR) -> str:
    landlord = None if role is Role.ADMINISTRATOR else "LMH"
    with hub.house.store.write(EVERY) as tx:
        made = credentials.issue(tx, role=role, now=clock.at, single_use=True, landlord=landlord,
                                 expires_at=clock.at + enrol.FIRST_CODE)  # fmt: skip
    return made.token


def test_a_token_stands_nowhere_in_the_database_and_in_no_representation(hub: Hub, tmp_path: Path) -> None:
    made = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None)
    hub.house.store.close()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("concordat.sqlite3*"))
    assert made.id.encode() in kept
    assert made.token.encode() not in kept
    assert made.token not in repr(made)
    assert len(made.token) >= 43


def test_two_tokens_are_never_the_same(hub: Hub) -> None:
    made = {enrol.enrol(hub.house, None, role=Role.ADMINISTRATOR, landlord=None, agency=None).token for _ in range(20)}
    assert len(made) == 20


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda token: token[:-1], lambda token: token + "x",
                                    lambda token: token.removeprefix("cct_"), lambda token: f" {token}"])  # fmt: skip
def test_only_the_exact_token_signs_in(hub: Hub, change: object) -> None:
    token = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None).token
    assert enrol.who_is(hub.house, token).role is Role.OFFICER
    assert callable(change)
    with pytest.raises(NotSignedIn):
        enrol.who_is(hub.house, change(token))


def test_a_session_ends_at_its_end_and_not_before(hub: Hub, clock: HandClock) -> None:
    _actor, made, ends = enrol.sign_in(hub.house, _code(hub, clock))
    clock.at = ends - timedelta(microseconds=1)
    assert enrol.who_is(hub.house, made.token).role is Role.ADMINISTRATOR
    clock.at = ends
    with pytest.raises(NotSignedIn):
        enrol.who_is(hub.house, made.token)


def test_a_revoked_credential_stops_at_once_and_the_others_of_the_same_person_go_on(hub: Hub) -> None:
    administrator = somebody(hub, Role.ADMINISTRATOR)
    first = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None)
    person = enrol.who_is(hub.house, first.token).person
    second = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None, person=person)
    enrol.revoke(hub.house, administrator, first.id)
    with pytest.raises(NotSignedIn):
        enrol.who_is(hub.house, first.token)
    assert enrol.who_is(hub.house, second.token).person == person
    with pytest.raises(NotFound):
        enrol.revoke(hub.house, administrator, first.id)


def test_an_administrator_cannot_end_the_credential_in_use(hub: Hub) -> None:
    administrator = somebody(hub, Role.ADMINISTRATOR)
    with pytest.raises(Conflict) as refused:
        enrol.revoke(hub.house, administrator, administrator.credential)
    assert refused.value.code == "OWN_CREDENTIAL"


def test_a_one_time_code_is_no_token_and_works_once(hub: Hub, clock: HandClock) -> None:
    code = _code(hub, clock)
    with pytest.raises(NotSignedIn):
        enrol.who_is(hub.house, code)
    _actor, made, _ends = enrol.sign_in(hub.house, code)
    assert enrol.who_is(hub.house, made.token).role is Role.ADMINISTRATOR
    for again in (code, made.token):
        with pytest.raises(NotSignedIn) as refused:
            enrol.sign_in(hub.house, again)
        assert refused.value.code == "CODE_NOT_VALID"


def test_a_one_time_code_used_by_many_at_once_signs_one_in(hub: Hub, clock: HandClock) -> None:
    code, together = _code(hub, clock), threading.Barrier(6)

    def attempt() -> bool:
        together.wait()
        try:
            enrol.sign_in(hub.house, code)
        except NotSignedIn:
            return False
        return True

    with ThreadPoolExecutor(6) as at_once:
        signed_in = [attempted.result() for attempted in [at_once.submit(attempt) for _ in range(6)]]
    assert sum(signed_in) == 1


def test_a_one_time_code_expires(hub: Hub, clock: HandClock) -> None:
    code = _code(hub, clock)
    clock.at += enrol.FIRST_CODE
    with pytest.raises(NotSignedIn):
        enrol.sign_in(hub.house, code)


def test_a_sign_in_keeps_person_role_and_landlord(hub: Hub, clock: HandClock) -> None:
    actor, made, _ends = enrol.sign_in(hub.house, _code(hub, clock, Role.OFFICER))
    assert enrol.who_is(hub.house, made.token) == actor
    assert (actor.role, actor.landlord, actor.agency) == (Role.OFFICER, "LMH", None)


def test_only_a_hub_without_any_credential_gives_a_first_code(hub: Hub) -> None:
    assert enrol.first_code(hub.house) is not None
    assert enrol.first_code(hub.house) is None


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("landlord", [None, "LMH"])
@pytest.mark.parametrize("agency", [None, "agy_fire"])
def test_a_role_belongs_to_its_own_kind_of_body_and_to_no_other(
    hub: Hub, role: Role, landlord: str | None, agency: str | None
) -> None:
    fits = (landlord is not None, agency is not None) == (
        role in (Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO), role is Role.PARTNER
    )  # fmt: skip
    if fits:
        made = enrol.enrol(hub.house, None, role=role, landlord=landlord, agency=agency)
        assert enrol.who_is(hub.house, made.token).role is role
        return
    with pytest.raises(BadInput) as refused:
        enrol.enrol(hub.house, None, role=role, landlord=landlord, agency=agency)
    assert refused.value.code in ("LANDLORD_MISPLACED", "AGENCY_MISPLACED")


@pytest.mark.parametrize(
    ("landlord", "agency", "role"), [("NOBODY", None, Role.OFFICER), (None, "agy_none", Role.PARTNER)]
)
def test_nobody_is_enrolled_for_a_body_that_is_not_on_the_register(
    hub: Hub, landlord: str | None, agency: str | None, role: Role
) -> None:
    with pytest.raises(ConcordatError) as refused:
        enrol.enrol(hub.house, None, role=role, landlord=landlord, agency=agency)
    assert refused.value.code in ("LANDLORD_UNKNOWN", "AGENCY_UNKNOWN")


def test_only_an_administrator_enrols_and_revokes(hub: Hub) -> None:
    for role in Role:
        if role is Role.ADMINISTRATOR:
            continue
        actor = somebody(hub, role, "agy_fire" if role is Role.PARTNER else None)
        with pytest.raises(NotAllowed):
            enrol.enrol(hub.house, actor, role=Role.OFFICER, landlord="LMH", agency=None)
        with pytest.raises(NotAllowed):
            enrol.revoke(hub.house, actor, new_id(Prefix.CREDENTIAL))


def test_an_author_is_not_authoriser_under_a_second_credential_of_the_same_person(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    again = enrol.enrol(hub.house, None, role=Role.AUTHORISER, landlord="LMH", agency=None, person=officer.person)
    author = enrol.who_is(hub.house, again.token)
    assert author.credential != officer.credential
    # Nobody assessed the person's capacity, so the police wait for an authoriser.
    case = Case(asks=[POLICE], routine=False, circumstances={"necessary": None, "proportionate": None})
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    (view,) = read_referral(hub.house, officer, accepted.referral_id).disclosures
    assert view.row.state.value == "held"
    for authorise in (True, False):
        with pytest.raises(NotAllowed) as refused:
            review(hub.house, author, view.row.id, authorise=authorise)
        assert refused.value.code == "AUTHOR_IS_AUTHORISER"
    assert review(hub.house, somebody(hub, Role.AUTHORISER), view.row.id, authorise=True).value == "queued"


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", Role)
def test_an_act_is_allowed_to_its_roles_and_to_no_others(act: Act, role: Role) -> None:
    actor = Actor(new_id(Prefix.CREDENTIAL), new_id(Prefix.PERSON), role)
    if role in MAY[act]:
        require(actor, act)
    else:
        with pytest.raises(NotAllowed):
            require(actor, act)


def test_administrators_touch_no_case_and_dpos_release_nothing() -> None:
    of_cases = {
        Act.REFER, Act.PREVIEW, Act.READ_REFERRAL, Act.EXPLAIN, Act.WITHDRAW_CONSENT, Act.REVIEW, Act.RESUME,
        Act.ABANDON, Act.INTRODUCE,
        Act.SETTLE_CARRIED, Act.READ_FEED, Act.ACKNOWLEDGE, Act.ATTACH, Act.READ_ATTACHMENT, Act.MOVE_CASE,
        Act.READ_LOG, Act.EXPORT_LOG, Act.QUESTION,
    }  # fmt: skip
    releases = {Act.REFER, Act.REVIEW, Act.RESUME, Act.INTRODUCE, Act.SETTLE_CARRIED, Act.READ_FEED, Act.ACKNOWLEDGE,
                Act.ATTACH}  # fmt: skip
    assert not {act for act in of_cases if Role.ADMINISTRATOR in MAY[act]}
    assert not {act for act in releases if Role.DPO in MAY[act]}
    assert not MAY[Act.REVIEW] & MAY[Act.REFER]


def test_another_landlords_case_is_as_if_it_were_not_there(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    with pytest.raises(NotFound):
        require_landlord(officer, "OHG")
    with pytest.raises(NotFound):
        require_landlord(somebody(hub, Role.ADMINISTRATOR), "LMH")
    require_landlord(officer, "LMH")
