"""Sessions: how they end, and how their holder proves again who they are."""

from datetime import timedelta

import pytest

from hub.access.roles import STEP_UP, Role, Strength, require_recent_proof
from hub.bootstrap import Hub
from hub.errors import Conflict, NotAllowed, NotFound, NotSignedIn, TooManyTries
from hub.flow import enrol, invite, session
from tests.conftest import OpenHub
from tests.hubs import HandClock, somebody
from tests.members import administrator, member


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves when told."""
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    """A started hub, on each kind of database."""
    return open_hub_here(clock)


def _is_over(hub: Hub, token: str) -> bool:
    try:
        enrol.who_is(hub.house, token)
    except NotSignedIn:
        return True
    return False


def test_a_session_in_use_lives_to_its_end_and_not_beyond(hub: Hub, clock: HandClock) -> None:
    made = member(hub).sign_in()
    began = clock.at
    while clock.at < began + timedelta(hours=12) - timedelta(minutes=20):
        clock.move(minutes=20)
        assert not _is_over(hub, made.token)
    clock.at = made.session.ends_at - timedelta(microseconds=1)
    assert not _is_over(hub, made.token)
    clock.at = made.session.ends_at
    assert made.session.ends_at == began + timedelta(hours=12)
    assert _is_over(hub, made.token)


def test_an_idle_session_is_over(hub: Hub, clock: HandClock) -> None:
    made = member(hub).sign_in()
    clock.move(minutes=29)
    assert not _is_over(hub, made.token)
    clock.move(minutes=29)
    assert not _is_over(hub, made.token)
    clock.move(minutes=30)
    assert _is_over(hub, made.token)


def test_use_is_written_down_once_a_minute_at_most(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    made = officer.sign_in()
    actor = enrol.who_is(hub.house, made.token)
    began = clock.at
    for seconds in (10, 49, 2, 30):
        clock.move(seconds=seconds)
        enrol.who_is(hub.house, made.token)
    (kept,) = session.own(hub.house, actor)
    assert kept.seen_at == began + timedelta(seconds=61)


def test_only_the_exact_token_of_a_session_is_anybodys(hub: Hub) -> None:
    token = member(hub).sign_in().token
    for other in (token[:-1], token + "x", token.swapcase(), token.replace("ccs_", "cct_"), "ccs_", f" {token}"):
        assert _is_over(hub, other)


def test_ones_own_sessions_are_seen_and_ended_and_nobody_elses(hub: Hub, clock: HandClock) -> None:
    officer, other = member(hub), member(hub).sign_in()
    first = officer.sign_in()
    clock.move(seconds=31)
    second = officer.sign_in()
    actor = enrol.who_is(hub.house, second.token)
    assert [kept.id for kept in session.own(hub.house, actor)] == [second.session.id, first.session.id]
    with pytest.raises(NotFound):
        session.end(hub.house, actor, other.session.id)
    session.end(hub.house, actor, first.session.id)
    assert _is_over(hub, first.token)
    assert not _is_over(hub, second.token)
    session.end(hub.house, actor)
    assert _is_over(hub, second.token)
    assert not _is_over(hub, other.token)


def test_an_administrator_ends_all_sessions_of_somebody(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    tokens = [officer.sign_in().token]
    clock.move(seconds=31)
    tokens.append(officer.sign_in().token)
    invite.end_sessions(hub.house, administrator(hub), officer.person)
    assert all(_is_over(hub, token) for token in tokens)
    clock.move(seconds=31)
    assert not _is_over(hub, officer.sign_in().token)


def test_a_proof_lasts_ten_minutes_and_a_new_one_comes_with_a_new_token(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    made = officer.sign_in()
    clock.at += STEP_UP
    require_recent_proof(enrol.who_is(hub.house, made.token), clock.at)
    clock.move(seconds=1)
    actor = enrol.who_is(hub.house, made.token)
    with pytest.raises(NotAllowed) as refused:
        require_recent_proof(actor, clock.at)
    assert refused.value.code == "STEP_UP_NEEDED"
    token = session.prove_by_code(hub.house, actor, officer.code())
    assert _is_over(hub, made.token)
    proved = enrol.who_is(hub.house, token)
    require_recent_proof(proved, clock.at)
    assert (proved.credential, proved.strength) == (made.session.id, Strength.TWO_FACTORS)


def test_a_code_that_signed_in_proves_nothing_again_and_guessing_waits(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    actor = officer.actor()
    with pytest.raises(NotSignedIn):
        session.prove_by_code(hub.house, actor, officer.code())
    wrong = 0
    for guess in range(200):
        clock.move(seconds=3)
        try:
            session.prove_by_code(hub.house, actor, f"{guess:06}")
        except TooManyTries:
            continue
        except NotSignedIn:
            wrong += 1
    assert wrong < 30  # in ten minutes, of a million codes


def test_a_token_of_the_command_line_has_no_session_to_prove_or_end(hub: Hub) -> None:
    operator = somebody(hub, Role.AUTHORISER)
    for act in (
        lambda: session.prove_by_code(hub.house, operator, "123456"), lambda: session.end(hub.house, operator),
        lambda: session.proof_options(hub.house, operator),
    ):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "NO_SESSION"


def test_limits_of_sessions_are_those_that_were_set(open_hub_here: OpenHub, clock: HandClock) -> None:
    hub = open_hub_here(clock)
    assert hub.house.session_idle == timedelta(minutes=hub.settings.session_idle_minutes)
    assert hub.house.session_lasting == timedelta(hours=hub.settings.session_hours)
