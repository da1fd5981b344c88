"""Signing in through an OpenID provider: a real one on this machine, asked over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.access.oidc import Answer, Begun
from hub.access.people import Standing
from hub.access.roles import Role, Strength
from hub.bootstrap import Hub
from hub.errors import Conflict, NotAllowed, NotSignedIn, Unavailable
from hub.flow import enrol, invite, join, session, sign_in
from tests.conftest import OpenHub
from tests.hubs import HandClock, open_test_hub
from tests.members import OFFICE, administrator, dpo
from tests.sign_in_provider import CLIENT, provider, trusted, visit


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of a provider that runs as a process of its own."""
    with provider() as address:
        yield address


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves when told."""
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock, issuer: str) -> Hub:
    """A started hub that trusts the provider, on each kind of database."""
    return _trusting(open_hub_here(clock), issuer)


def _trusting(hub: Hub, issuer: str) -> Hub:
    return replace(hub, house=replace(hub.house, provider=trusted(issuer)))


def _visit(hub: Hub, begun: Begun, subject: str, **claims: Any) -> Answer:  # noqa: ANN401 - claims are any JSON
    assert hub.house.provider is not None
    state, code = visit(hub.house.provider.issuer, begun.authorization_url, subject, **claims)
    return Answer(begun.hold, state, code)


def _joined(hub: Hub, subject: str) -> str:
    """Somebody whose subject at the provider signs them in, confirmed; returns who."""
    _, code = invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")
    answer = _visit(hub, sign_in.begin_at_provider(hub.house), subject)
    person, standing = join.join_by_provider(hub.house, code, f"{subject}@homes.example", answer)
    assert standing is Standing.WAITING
    invite.confirm(hub.house, dpo(hub), person)
    return person


def _refused(hub: Hub, answer: Answer) -> None:
    with pytest.raises(NotSignedIn) as refused:
        sign_in.by_provider(hub.house, answer, OFFICE)
    assert refused.value.code == "SIGN_IN_REFUSED"


def test_whom_an_invitation_linked_signs_in_through_the_provider(hub: Hub) -> None:
    person = _joined(hub, "officer-1")
    made = sign_in.by_provider(hub.house, _visit(hub, sign_in.begin_at_provider(hub.house), "officer-1"), OFFICE)
    actor = enrol.who_is(hub.house, made.token)
    assert (actor.person, actor.strength) == (person, Strength.TWO_FACTORS)


def test_a_subject_whom_no_invitation_linked_is_nobody_whatever_its_address_says(hub: Hub) -> None:
    _joined(hub, "officer-2")
    begun = sign_in.begin_at_provider(hub.house)
    _refused(hub, _visit(hub, begun, "stranger", email="officer-2@homes.example", email_verified=True))


def test_a_subject_belongs_to_one_person(hub: Hub) -> None:
    _joined(hub, "officer-3")
    _, code = invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")
    with pytest.raises(Conflict):
        join.join_by_provider(
            hub.house, code, "other@homes.example", _visit(hub, sign_in.begin_at_provider(hub.house), "officer-3")
        )


def test_an_answer_is_taken_once(hub: Hub) -> None:
    _joined(hub, "officer-4")
    answer = _visit(hub, sign_in.begin_at_provider(hub.house), "officer-4")
    sign_in.by_provider(hub.house, answer, OFFICE)
    _refused(hub, answer)


@pytest.mark.parametrize(
    "two_factors", [{"amr": ["pwd"]}, {"amr": []}, {"amr": "mfa"}, {"acr": "1", "amr": None}, {"amr": None}]
)
def test_one_factor_is_not_enough(hub: Hub, two_factors: dict[str, object]) -> None:
    _joined(hub, "officer-5")
    answer = _visit(hub, sign_in.begin_at_provider(hub.house), "officer-5", **two_factors)
    with pytest.raises(NotAllowed) as refused:
        sign_in.by_provider(hub.house, answer, OFFICE)
    assert refused.value.code == "SECOND_FACTOR_NEEDED"


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> Iterator[Hub]:
    """A hub that trusts the provider and knows the subject `linked`, for what has nothing to do with the database."""
    folder = tmp_path_factory.mktemp("trusting") / "data"
    made = _trusting(open_test_hub(folder, f"sqlite:///{folder / 'concordat.sqlite3'}"), issuer)
    _joined(made, "linked")
    yield made
    made.house.store.close()


_PAST, _FUTURE = 1_500_000_000, 4_000_000_000


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"nonce": ["another"]}, {"aud": "another"}, {"aud": []},
        {"aud": [CLIENT, "another"]}, {"aud": CLIENT, "azp": "another"}, {"iss": "http://localhost:1"}, {"iss": None},
        {"exp": _PAST}, {"exp": None}, {"exp": "soon"}, {"iat": _FUTURE}, {"iat": "now"},
        {"nbf": _FUTURE},
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_this_sign_in_signs_nobody_in(trusting: Hub, claims: dict[str, object]) -> None:
    begun = sign_in.begin_at_provider(trusting.house)
    _refused(trusting, _visit(trusting, begun, "linked", **claims))


def test_an_answer_to_another_beginning_or_by_somebody_else_signs_nobody_in(trusting: Hub) -> None:
    mine, theirs = (sign_in.begin_at_provider(trusting.house) for _ in range(2))
    answer = _visit(trusting, mine, "linked")
    other = _visit(trusting, theirs, "linked")
    _refused(trusting, replace(answer, hold=theirs.hold))  # a link with somebody else's code in it
    _refused(trusting, replace(answer, state=other.state))
    _refused(trusting, replace(answer, code=other.code))  # its PKCE challenge, and its nonce, are another's
    _refused(trusting, replace(answer, code="guess"))
    _refused(trusting, replace(answer, hold=f"{answer.hold}x"))
    _refused(trusting, replace(answer, hold="1.2.3", state="x"))


def test_a_beginning_ends_after_ten_minutes(hub: Hub, clock: HandClock) -> None:
    _joined(hub, "officer-6")
    answer = _visit(hub, sign_in.begin_at_provider(hub.house), "officer-6")
    clock.move(minutes=10, seconds=2)
    _refused(hub, answer)


def test_a_proof_at_the_provider_is_for_its_session_its_person_and_of_now(hub: Hub, clock: HandClock) -> None:
    _joined(hub, "officer-7")
    _joined(hub, "officer-8")
    made = sign_in.by_provider(hub.house, _visit(hub, sign_in.begin_at_provider(hub.house), "officer-7"), OFFICE)
    actor = enrol.who_is(hub.house, made.token)
    begun = session.begin_proof_at_provider(hub.house, actor)
    asked = parse_qs(urlsplit(begun.authorization_url).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    _refused(hub, _visit(hub, begun, "officer-7"))  # a proof signs nobody in
    before = int((datetime.now(UTC) - timedelta(minutes=5)).timestamp())
    for answer in (
        _visit(hub, sign_in.begin_at_provider(hub.house), "officer-7"),
        _visit(hub, session.begin_proof_at_provider(hub.house, actor), "officer-8"),
        _visit(hub, session.begin_proof_at_provider(hub.house, actor), "officer-7", auth_time=before),
    ):
        with pytest.raises(NotSignedIn):
            session.prove_by_provider(hub.house, actor, answer)
    clock.move(seconds=5)
    fresh = _visit(hub, session.begin_proof_at_provider(hub.house, actor), "officer-7",
                   auth_time=int(datetime.now(UTC).timestamp()))  # fmt: skip
    token = session.prove_by_provider(hub.house, actor, fresh)
    assert enrol.who_is(hub.house, token).proved_at == clock.at


def test_a_provider_that_is_away_or_says_it_is_another_is_said_to_be_away(trusting: Hub, issuer: str) -> None:
    provider = trusting.house.provider
    assert provider is not None
    for address in ("http://localhost:1", f"{issuer}/elsewhere", f"{issuer}/"):
        house = replace(trusting.house, provider=replace(provider, issuer=address))
        with pytest.raises(Unavailable):
            sign_in.begin_at_provider(house)


def test_without_a_provider_nobody_signs_in_through_one(embedded_hub: Hub) -> None:
    with pytest.raises(Conflict) as refused:
        sign_in.begin_at_provider(embedded_hub.house)
    assert refused.value.code == "NO_PROVIDER"


def test_the_secret_of_the_hub_stands_in_no_representation(trusting: Hub) -> None:
    assert "example secret" not in repr(trusting.house.provider)
