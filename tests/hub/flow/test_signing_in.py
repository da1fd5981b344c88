"""Signing in with a password and a code: who gets in, what is told to whom, and what guessing gets."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest

from hub.access.people import Standing
from hub.access.roles import Role, Strength
from hub.bootstrap import Hub
from hub.errors import BadInput, ConcordatError, Conflict, NotAllowed, NotSignedIn, TooManyTries
from hub.flow import enrol, invite, join, sign_in
from hub.flow.house import House
from hub.flow.sign_in import Place
from tests import logs
from tests.conftest import OpenHub
from tests.hubs import HandClock
from tests.members import OFFICE, PASSWORD, Member, administrator, dpo, member, waiting

WRONG = "amber lantern beside river"


@pytest.fixture
def clock() -> HandClock:
    """A clock that moves when told."""
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    """A started hub, on each kind of database."""
    return open_hub_here(clock)


def _refusal(
    who: Member, *, password: str = PASSWORD, code: str | None = None, place: Place = OFFICE
) -> ConcordatError:
    with pytest.raises(ConcordatError) as refused:
        sign_in.by_password(who.hub.house, who.name, password, code or who.code(), place)
    return refused.value


def test_an_officer_who_was_confirmed_signs_in_with_two_factors(hub: Hub) -> None:
    officer = member(hub, team="north")
    actor = officer.actor()
    assert (actor.person, actor.role, actor.landlord, actor.team) == (officer.person, Role.OFFICER, "LMH", "north")
    assert actor.strength is Strength.TWO_FACTORS
    assert actor.proved_at == hub.house.clock.now()


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO])
def test_who_would_see_cases_cannot_sign_in_before_a_colleague_confirmed_them(hub: Hub, role: Role) -> None:
    somebody = waiting(hub, role)
    refused = _refusal(somebody)
    assert (type(refused), refused.code) == (NotAllowed, "NOT_CONFIRMED")
    invite.confirm(hub.house, dpo(hub), somebody.person)
    assert somebody.actor().role is role


def test_an_administrator_and_the_first_dpo_need_nobodys_word_but_the_machines(hub: Hub) -> None:
    assert waiting(hub, Role.ADMINISTRATOR).actor().role is Role.ADMINISTRATOR
    _, code = invite.invite(hub.house, None, role=Role.DPO, landlord="LMH")
    _, standing, _ = join.join(hub.house, code, "dpo@homes.example", PASSWORD, None)
    assert standing is Standing.ACTIVE


def test_whatever_is_wrong_is_answered_alike(hub: Hub) -> None:
    officer, gone = member(hub), member(hub)
    invite.disable(hub.house, administrator(hub), gone.person)
    nobody = Member(hub, officer.person, "nobody@homes.example", officer.key)
    told = [_refusal(officer, password=WRONG), _refusal(officer, code="000000"), _refusal(nobody), _refusal(gone)]
    assert {(type(problem), problem.code, problem.says) for problem in told} == {
        (NotSignedIn, "SIGN_IN_REFUSED", told[0].says)
    }


def test_a_code_is_taken_once_and_half_a_minute_off_and_no_more(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    clock.move(minutes=5)
    early = officer.code(clock.at - timedelta(seconds=30))
    sign_in.by_password(hub.house, officer.name, PASSWORD, early, OFFICE)
    for code in (early, officer.code(clock.at - timedelta(seconds=60)), officer.code(clock.at + timedelta(seconds=61))):
        assert _refusal(officer, code=code).code == "SIGN_IN_REFUSED"
    officer.sign_in()
    assert _refusal(officer).code == "SIGN_IN_REFUSED"


def test_a_code_signs_in_once_whichever_processes_are_asked_at_once(
    hub: Hub, open_hub_here: OpenHub, clock: HandClock
) -> None:
    other, officer = open_hub_here(clock, create=False), member(hub)
    code = officer.code()

    def attempt(house: House) -> str:
        try:
            return sign_in.by_password(house, officer.name, PASSWORD, code, OFFICE).person
        except NotSignedIn as refused:
            return refused.code

    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(attempt, (hub.house, other.house) * 3))
    assert sorted(told) == ["SIGN_IN_REFUSED"] * 5 + [officer.person]


def test_a_name_is_found_however_it_is_written_and_belongs_to_one_person(hub: Hub) -> None:
    officer = member(hub)
    shouted = Member(hub, officer.person, f" {officer.name.upper()} ", officer.key)
    assert shouted.actor().person == officer.person
    _, code = invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")
    with pytest.raises(Conflict):
        join.join(hub.house, code, officer.name.title(), PASSWORD, None)
    join.join(hub.house, code, "another@homes.example", PASSWORD, None)  # the invitation was not used up by that


def test_an_invitation_works_once_until_its_end_and_signs_nobody_in_by_itself(hub: Hub, clock: HandClock) -> None:
    _, first = invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")
    _, late = invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")
    with pytest.raises(NotSignedIn):
        enrol.sign_in(hub.house, first)
    join.join(hub.house, first, "first@homes.example", PASSWORD, None)
    clock.move(days=7)
    for code in (first, late, "cci_guess"):
        with pytest.raises(NotSignedIn) as refused:
            join.join(hub.house, code, "late@homes.example", PASSWORD, None)
        assert refused.value.code == "CODE_NOT_VALID"


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "PASSWORD_LENGTH"), ("x" * 257, "PASSWORD_LENGTH"), ("Password123456", "PASSWORD_WELL_KNOWN")],
)
def test_a_poor_password_leaves_the_invitation_open(hub: Hub, password: str, code: str) -> None:
    _, invitation = invite.invite(hub.house, administrator(hub), role=Role.OFFICER, landlord="LMH")
    with pytest.raises(BadInput) as refused:
        join.join(hub.house, invitation, "new@homes.example", password, None)
    assert refused.value.code == code
    with pytest.raises(BadInput) as refused:
        join.join(hub.house, invitation, "new@homes.example", None, None)
    assert refused.value.code == "WAY_MISSING"
    join.join(hub.house, invitation, "new@homes.example", PASSWORD, None)


def test_thousands_of_guesses_get_few_tries_and_never_shut_the_officer_out(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    home = Place("198.51.100.7")
    device = officer.sign_in(home).device
    began, tries, addresses = clock.at, 0, count()
    guesses = 4_000 if hub.settings.is_embedded else 400  # the same day; what is refused is refused alike
    for guess in range(guesses):
        clock.move(seconds=80_000 / guesses)
        place = Place(f"203.0.113.{next(addresses) % 250}")  # a botnet: no address twice in a row
        tries += isinstance(_refusal(officer, password=WRONG, code=f"{guess:06}", place=place), NotSignedIn)
        if guess % (guesses // 4) == guesses // 8:
            clock.move(minutes=2)
            officer.sign_in(home)  # from an address that is known
            clock.move(minutes=2)
            officer.sign_in(Place(f"192.0.2.{guess % 250}", device))  # from anywhere, by a device that is known
    days = (clock.at - began) / timedelta(days=1)
    assert days == pytest.approx(1, abs=0.2)
    assert tries <= 15 + 100 * days
    wait = _refusal(officer, place=Place("203.0.113.251"))
    assert isinstance(wait, TooManyTries)
    assert 0 < wait.after <= 15 * 60 + 1
    clock.move(seconds=31)
    officer.sign_in(home)


def test_guessing_from_a_known_address_waits_but_not_the_officers_own_device(hub: Hub, clock: HandClock) -> None:
    officer = member(hub)
    device = officer.sign_in().device
    tries = 0
    for _ in range(60):
        clock.move(seconds=2)
        tries += _refusal(officer, password=WRONG, code="123456").code == "SIGN_IN_REFUSED"
    assert tries < 20
    clock.move(seconds=1)
    officer.sign_in(Place(OFFICE.address, device))


def test_many_names_from_one_address_wait_and_a_known_name_is_slowed_as_an_unknown_one(hub: Hub) -> None:
    officer = member(hub)
    here, told = Place("203.0.113.9"), {}
    for name in (officer.name, "nobody@homes.example"):
        who = Member(hub, officer.person, name, officer.key)
        told[name] = [_refusal(who, password=WRONG, code="123456", place=here).code for _ in range(8)]
    assert len({tuple(codes) for codes in told.values()}) == 1
    assert told[officer.name][-1] == "TOO_MANY_TRIES"
    codes = [_refusal(Member(hub, "", f"{n}@homes.example", officer.key), place=here).code for n in range(40)]
    assert codes[-1] == "TOO_MANY_TRIES"


def test_a_device_of_one_person_opens_no_lane_to_another(hub: Hub) -> None:
    mine, theirs = member(hub), member(hub)
    device = mine.sign_in().device
    attacker = Place("203.0.113.4", device)
    codes = [_refusal(theirs, password=WRONG, code="123456", place=attacker).code for _ in range(7)]
    assert codes.count("SIGN_IN_REFUSED") == 6
    assert codes[-1] == "TOO_MANY_TRIES"


def test_neither_name_nor_password_nor_key_nor_address_stands_in_the_database(hub: Hub) -> None:
    officer = member(hub)
    officer.sign_in(Place("198.51.100.77"))
    secret = [officer.name.encode(), b"$argon2id$", officer.key, b"198.51.100.77", PASSWORD.encode()]
    logs.size(hub.house.store)
    with hub.house.store.engine.connect() as connection:
        for table in ("person", "session", "guess", "spent", "audit_entry"):
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}"):  # noqa: S608 - names of ours
                kept = b"|".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                                 for value in row)  # fmt: skip
                assert not [hidden for hidden in secret if hidden in kept], table
