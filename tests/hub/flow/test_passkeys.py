"""Passkeys, made and used by a virtual authenticator."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.access.roles import Role, Strength
from hub.bootstrap import Hub
from hub.errors import ConcordatError, NotAllowed, NotSignedIn
from hub.flow import enrol, invite, join, session, sign_in
from tests.authenticator import Authenticator
from tests.conftest import OpenHub
from tests.hubs import HandClock
from tests.members import OFFICE, administrator, dpo, member

Options = dict[str, Any]


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves when told."""
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    """A started hub, on each kind of database."""
    return open_hub_here(clock)


def _invited(hub: Hub) -> str:
    return invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")[1]


def _joined(hub: Hub, key: Authenticator) -> str:
    """Somebody with a passkey and nothing else, confirmed; returns who."""
    code = _invited(hub)
    made = key.create(join.invited_options(hub.house, code, "Officer Example"))
    person, _, uri = join.join(hub.house, code, f"{code[-8:]}@homes.example", None, made)
    assert uri is None
    invite.confirm(hub.house, dpo(hub), person)
    return person


def _refused(hub: Hub, said: Options) -> str:
    with pytest.raises(NotSignedIn) as refused:
        sign_in.by_passkey(hub.house, said, OFFICE)
    return refused.value.code


def test_a_passkey_signs_its_holder_in_without_a_name_and_is_two_factors(hub: Hub) -> None:
    key = Authenticator()
    person = _joined(hub, key)
    options = sign_in.passkey_options(hub.house)
    assert not options.get("allowCredentials")
    assert options["userVerification"] == "required"
    made = sign_in.by_passkey(hub.house, key.get(options), OFFICE)
    actor = enrol.who_is(hub.house, made.token)
    assert (actor.person, actor.strength) == (person, Strength.PASSKEY)


def test_an_answer_is_taken_once_and_for_five_minutes(hub: Hub, clock: HandClock) -> None:
    key = Authenticator()
    _joined(hub, key)
    said = key.get(sign_in.passkey_options(hub.house))
    sign_in.by_passkey(hub.house, said, OFFICE)
    assert _refused(hub, said) == "SIGN_IN_REFUSED"
    late = sign_in.passkey_options(hub.house)
    clock.move(minutes=5, seconds=1)
    assert _refused(hub, key.get(late)) == "SIGN_IN_REFUSED"


@pytest.mark.parametrize("made", [{"verifies": False}, {"origin": "https://concordat.phish.example"}])
def test_an_authenticator_that_verifies_nobody_or_stands_at_another_page_makes_no_passkey(
    hub: Hub, made: dict[str, Any]
) -> None:
    code = _invited(hub)
    said = Authenticator(**made).create(join.invited_options(hub.house, code, "Officer Example"))
    with pytest.raises(NotSignedIn):
        join.join(hub.house, code, "new@homes.example", None, said)
    _joined(hub, Authenticator())


def test_what_was_relayed_from_another_page_or_unverified_signs_nobody_in(hub: Hub) -> None:
    key = Authenticator()
    _joined(hub, key)
    for change in ({"_origin": "https://concordat.phish.example"}, {"_flags": 0x01}):
        other = key.cloned()
        vars(other).update(change)
        assert _refused(hub, other.get(sign_in.passkey_options(hub.house))) == "SIGN_IN_REFUSED"


def test_a_copy_of_a_passkey_is_noticed_by_its_count(hub: Hub) -> None:
    key = Authenticator()
    _joined(hub, key)
    copy = key.cloned()
    for _ in range(2):
        sign_in.by_passkey(hub.house, key.get(sign_in.passkey_options(hub.house)), OFFICE)
    assert _refused(hub, copy.get(sign_in.passkey_options(hub.house))) == "SIGN_IN_REFUSED"


def test_a_challenge_for_one_use_serves_no_other(hub: Hub, clock: HandClock) -> None:
    key = Authenticator()
    person = _joined(hub, key)
    actor = enrol.who_is(
        hub.house, sign_in.by_passkey(hub.house, key.get(sign_in.passkey_options(hub.house)), OFFICE).token
    )
    assert actor.person == person
    proof = session.proof_options(hub.house, actor)
    assert _refused(hub, key.get(proof)) == "SIGN_IN_REFUSED"
    with pytest.raises(NotSignedIn):
        session.prove_by_passkey(hub.house, actor, key.get(sign_in.passkey_options(hub.house)))
    clock.move(minutes=3)
    token = session.prove_by_passkey(hub.house, actor, key.get(proof))
    assert enrol.who_is(hub.house, token).proved_at == clock.at


def test_anothers_passkey_proves_nothing_for_a_session(hub: Hub) -> None:
    mine, theirs = Authenticator(), Authenticator()
    _joined(hub, mine)
    _joined(hub, theirs)
    token = sign_in.by_passkey(hub.house, mine.get(sign_in.passkey_options(hub.house)), OFFICE).token
    actor = enrol.who_is(hub.house, token)
    with pytest.raises(NotSignedIn):
        session.prove_by_passkey(hub.house, actor, theirs.get(session.proof_options(hub.house, actor)))


def test_a_new_invitation_forgets_the_passkeys(hub: Hub) -> None:
    key = Authenticator()
    person = _joined(hub, key)
    code = invite.invite_again(hub.house, administrator(hub), person)
    fresh = Authenticator()
    join.join(hub.house, code, "again@homes.example", None, fresh.create(join.invited_options(hub.house, code, "x y")))
    invite.confirm(hub.house, dpo(hub), person)
    assert _refused(hub, key.get(sign_in.passkey_options(hub.house))) == "SIGN_IN_REFUSED"
    sign_in.by_passkey(hub.house, fresh.get(sign_in.passkey_options(hub.house)), OFFICE)


def test_another_passkey_needs_a_recent_proof_and_is_for_its_owner_alone(hub: Hub, clock: HandClock) -> None:
    officer, key = member(hub), Authenticator()
    actor, other = officer.actor(), member(hub).actor()
    made = key.create(join.more_options(hub.house, actor))
    with pytest.raises(NotSignedIn):
        join.add_passkey(hub.house, other, made)
    join.add_passkey(hub.house, actor, made)
    with pytest.raises(NotSignedIn):
        join.add_passkey(hub.house, actor, made)
    signed_in = sign_in.by_passkey(hub.house, key.get(sign_in.passkey_options(hub.house)), OFFICE)
    assert signed_in.person == officer.person
    clock.move(minutes=11)
    late = enrol.who_is(hub.house, signed_in.token)
    with pytest.raises(NotAllowed):
        join.more_options(hub.house, late)


@pytest.fixture
def holder(embedded_hub: Hub) -> Authenticator:
    """An authenticator with a passkey of somebody of that hub."""
    key = Authenticator()
    _joined(embedded_hub, key)
    return key


CHANGES = st.tuples(
    st.integers(0, 2), st.integers(0, 2000), st.sampled_from(["", "A", "_", "AAAA", "!", "{", "rest"]),
    st.sampled_from(["some", "some", "some", "", 7, None, [], {}]),
)  # fmt: skip
"""Which part, where in it, what stands there instead, and whether it is that part alone or the whole of it."""


def _changed(said: Options, change: tuple[int, int, str, object]) -> Options:
    """The answer with some of one part replaced."""
    which, where, instead, whole = change
    parts = sorted(set(said["response"]) - {"userHandle"})
    place = parts[which % len(parts)]
    text = said["response"][place]
    at = where % (len(text) - 2)
    some = text[:at] + (text[at:] if instead == "rest" else instead) + text[at + 1 :]
    changed: Options = json.loads(json.dumps(said))
    changed["response"][place] = some if whole == "some" else whole
    if changed == said:
        changed["response"][place] = text[::-1]
    return changed


_FUZZED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_FUZZED
@given(change=CHANGES)
def test_an_answer_with_any_of_it_changed_signs_nobody_in(
    embedded_hub: Hub, holder: Authenticator, change: tuple[int, int, str, object]
) -> None:
    said = _changed(holder.get(sign_in.passkey_options(embedded_hub.house)), change)
    assert _refused(embedded_hub, said) == "SIGN_IN_REFUSED"


@_FUZZED
@given(change=CHANGES)
def test_a_new_passkey_with_any_of_it_changed_is_no_fault_of_the_hub(
    embedded_hub: Hub, change: tuple[int, int, str, object]
) -> None:
    code = _invited(embedded_hub)
    said = Authenticator().create(join.invited_options(embedded_hub.house, code, "Officer Example"))
    with suppress(ConcordatError):  # without an attestation another public key is as good as this one
        join.join(embedded_hub.house, code, f"{code[-8:]}@homes.example", None, _changed(said, change))
