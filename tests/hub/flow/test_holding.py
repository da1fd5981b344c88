"""What waits before it leaves though it may: a routine disclosure in its hold, and the first one to an agency."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotAllowed
from hub.flow import enrol
from hub.flow.abandon import WhyAbandoned, abandon
from hub.flow.collect import collect
from hub.flow.correct import correct
from hub.flow.feed import read_feed
from hub.flow.introduce import introduce, list_new_recipients
from hub.flow.overdue import raise_overdue
from hub.flow.refer import Accepted, refer
from hub.flow.review import review
from tests.cases import FIRE, HELPLINE, JAG, POLICE, SOCIAL, Ask, Case
from tests.conftest import POSTGRESQL
from tests.hub.flow.correcting import Desk, Desks, account
from tests.hubs import EVERY_KIND, proved, somebody

HOLD = timedelta(minutes=10)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("holding"), hold_minutes=10, introduced=False)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def here(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    return desks.on(request.param)


@pytest.fixture
def embedded(desks: Desks) -> Desk:
    return desks.on("sqlite")


@dataclass
class Landlord:
    """People of a landlord that no agreement covers."""

    desk: Desk
    code: str

    def person(self, role: Role, person: str | None = None) -> Actor:
        """Somebody of theirs, who proved just now who they are."""
        kinds = EVERY_KIND if role is Role.AUTHORISER else frozenset()
        house = self.desk.hub.house
        made = enrol.enrol(house, None, role=role, landlord=self.code, agency=None, person=person, kinds=kinds)
        return proved(self.desk.hub, enrol.who_is(house, made.token))

    def send(self, officer: Actor, ask: Ask, risk: str = "high") -> DisclosureRow:
        """A referral with one ask, which no hold window keeps unless its risk is medium."""
        case = Case(asks=[ask])
        document = case.referral() | {"landlord": self.code}
        document["record"]["risk"]["level"] = risk
        sent = refer(self.desk.hub.house, officer, json.dumps(document).encode(), f"key-{case.tag}")
        return self.desk.rows(sent.referral_id)[0]


def _referred(here: Desk, ask: Ask, *, routine: bool = True, risk: str = "medium") -> tuple[Accepted, DisclosureRow]:
    case = Case(asks=[ask], routine=routine)
    document = case.referral()
    document["record"]["risk"]["level"] = risk
    sent = refer(here.hub.house, here.officer, json.dumps(document).encode(), f"key-{case.tag}")
    return sent, here.rows(sent.referral_id)[0]


def test_a_routine_disclosure_is_told_when_it_leaves_and_does_not_before(here: Desk) -> None:
    sent, row = _referred(here, POLICE)
    assert (sent.leaves_at, sent.ready) == (here.clock.now() + HOLD, ())
    assert (row.state, row.cause) == (State.QUEUED, "HOLD_WINDOW")
    here.clock.move(minutes=9, seconds=59)
    here.deliver()
    assert here.row(row.id).state is State.QUEUED
    here.clock.move(seconds=1)
    here.deliver()
    after = here.row(row.id)
    assert (after.state, after.cause) == (State.PREPARED, None)


@pytest.mark.parametrize(("routine", "risk"), [(False, "medium"), (True, "high"), (True, "immediate_danger")])
def test_what_is_not_routine_or_not_without_danger_waits_for_nothing(
    embedded: Desk, routine: bool, risk: str
) -> None:  # fmt: skip
    sent, row = _referred(embedded, JAG, routine=routine, risk=risk)
    assert (sent.leaves_at, row.cause) == (None, None)
    embedded.deliver()
    assert embedded.row(row.id).state is not State.QUEUED


def test_what_is_recalled_in_its_hold_never_leaves(here: Desk) -> None:
    _, row = _referred(here, POLICE)
    abandon(here.hub.house, here.officer, row.id, WhyAbandoned.WRONG_RECIPIENT)
    here.clock.move(minutes=20)
    here.deliver()
    after = here.row(row.id)
    assert (after.state, after.cause, after.released_at) == (State.CANCELLED, "ABANDONED", None)
    assert here.packs(row.id) == []
    told = here.entries(EntryKind.DISCLOSURE_CANCELLED, row.id)
    assert [entry["reason"] for entry in told] == ["abandoned.wrong_recipient"]


def test_a_partner_that_fetches_neither_sees_nor_gets_what_is_in_its_hold(here: Desk) -> None:
    fire = somebody(here.hub, Role.PARTNER, "agy_fire")
    _, row = _referred(here, FIRE)
    assert row.id not in [waiting.id for waiting in read_feed(here.hub.house, fire, 0, 200).waiting]
    with pytest.raises(Conflict) as refused:
        collect(here.hub.house, fire, row.id)
    assert refused.value.code == "NOT_WAITING"
    here.clock.move(minutes=10)
    assert row.id in [waiting.id for waiting in read_feed(here.hub.house, fire, 0, 200).waiting]
    assert collect(here.hub.house, fire, row.id).disclosure_id == row.id


def test_a_consent_withdrawn_in_the_hold_stops_what_rests_on_it(embedded: Desk) -> None:
    _, row = _referred(embedded, HELPLINE)
    embedded.withdraw(row)
    assert embedded.row(row.id).state in (State.CANCELLED, State.HELD)
    embedded.clock.move(minutes=20)
    embedded.deliver()
    assert embedded.packs(row.id) == []


def test_danger_that_is_told_of_in_the_same_case_ends_the_hold(embedded: Desk) -> None:
    case = Case(asks=[POLICE])
    first = refer(embedded.hub.house, embedded.officer, case.raw(), f"key-{case.tag}")
    worse = case.referral()
    worse["record"]["risk"]["level"] = "immediate_danger"
    refer(embedded.hub.house, embedded.officer, json.dumps(worse).encode(), f"worse-{case.tag}")
    row = embedded.rows(first.referral_id)[0]
    assert row.cause is None
    embedded.deliver()
    assert embedded.row(row.id).state is State.PREPARED


def test_the_first_disclosure_to_an_agency_waits_until_another_person_confirms_the_recipient(here: Desk) -> None:
    theirs = Landlord(here, "OHG")
    officer, supervisor = theirs.person(Role.OFFICER), theirs.person(Role.SUPERVISOR)
    first, second = theirs.send(officer, POLICE), theirs.send(officer, POLICE)
    assert (first.state, first.cause) == (State.HELD, "FIRST_TIME_RECIPIENT")
    here.deliver()
    assert here.packs(first.id) == []
    assert [row.id for row in list_new_recipients(here.hub.house, supervisor)] == [first.id, second.id]
    assert set(introduce(here.hub.house, supervisor, first.id).released) == {first.id, second.id}
    here.deliver()
    assert {here.row(one.id).state for one in (first, second)} == {State.PREPARED}
    assert list_new_recipients(here.hub.house, supervisor) == ()
    assert theirs.send(officer, POLICE).state is State.QUEUED
    assert here.entries(EntryKind.RECIPIENT_INTRODUCED, first.id) == [
        {"disclosure": first.id, "landlord": "ohg", "agency": "agy_police"}
    ]
    with pytest.raises(Conflict) as refused:
        introduce(here.hub.house, supervisor, first.id)
    assert refused.value.code == "RECIPIENT_KNOWN"


def test_the_author_is_not_the_second_person_by_any_credential_and_no_officer_is(embedded: Desk) -> None:
    theirs = Landlord(embedded, "PCHA")
    officer = theirs.person(Role.OFFICER)
    row = theirs.send(officer, POLICE)
    with pytest.raises(NotAllowed) as refused:
        introduce(embedded.hub.house, theirs.person(Role.SUPERVISOR, officer.person), row.id)
    assert refused.value.code == "AUTHOR_IS_INTRODUCER"
    with pytest.raises(NotAllowed):
        introduce(embedded.hub.house, theirs.person(Role.OFFICER), row.id)
    with pytest.raises(Conflict) as there_is_none:
        review(embedded.hub.house, theirs.person(Role.AUTHORISER), row.id, authorise=True)
    assert there_is_none.value.code == "RECIPIENT_UNCONFIRMED"
    assert embedded.row(row.id).state is State.HELD


def test_a_recipient_that_nobody_confirms_in_time_is_raised_once(embedded: Desk) -> None:
    theirs = Landlord(embedded, "PCHA")
    row = theirs.send(theirs.person(Role.OFFICER), POLICE)
    embedded.clock.move(days=5)
    raise_overdue(embedded.hub.house)
    raise_overdue(embedded.hub.house)
    assert len(embedded.entries(EntryKind.REVIEW_OVERDUE, row.id)) == 1


def test_danger_goes_to_a_new_recipient_at_once_and_a_second_person_is_asked_after_it(here: Desk) -> None:
    theirs = Landlord(here, "MHP")
    officer, supervisor = theirs.person(Role.OFFICER), theirs.person(Role.SUPERVISOR)
    row = theirs.send(officer, POLICE, "immediate_danger")
    here.deliver()
    assert here.row(row.id).state is State.PREPARED
    assert len(here.entries(EntryKind.RECIPIENT_NEW, row.id)) == 1
    assert [found.id for found in list_new_recipients(here.hub.house, supervisor)] == [row.id]
    assert theirs.send(officer, POLICE).cause == "FIRST_TIME_RECIPIENT"
    assert len(introduce(here.hub.house, supervisor, row.id).released) == 1
    assert list_new_recipients(here.hub.house, supervisor) == ()


def test_what_an_agreement_of_two_people_covers_introduces_its_agency_when_it_has_gone(embedded: Desk) -> None:
    _, row = _referred(embedded, JAG, risk="high")
    assert row.state is State.QUEUED
    embedded.deliver()
    assert embedded.row(row.id).state is State.PREPARED
    with embedded.hub.house.store.read(embedded.officer.scope) as tx:
        assert embedded.hub.house.introduced.knows(tx, "LMH", "agy_jag")
    assert not embedded.entries(EntryKind.RECIPIENT_NEW, row.id)


def test_whoever_authorises_a_release_is_the_second_person_for_its_recipient_too(embedded: Desk) -> None:
    theirs = Landlord(embedded, "FAIRHIVE")
    officer, case = theirs.person(Role.OFFICER), Case(asks=[HELPLINE], routine=False)
    document = case.referral() | {"landlord": theirs.code}
    sent = refer(embedded.hub.house, officer, json.dumps(document).encode(), f"key-{case.tag}")
    row = embedded.rows(sent.referral_id)[0]
    assert (row.state, row.cause == "FIRST_TIME_RECIPIENT") == (State.HELD, False)
    assert review(embedded.hub.house, theirs.person(Role.AUTHORISER), row.id, authorise=True) is State.QUEUED
    embedded.deliver()
    assert embedded.row(row.id).state is State.PREPARED


def test_a_correction_lets_nothing_go_whose_recipient_nobody_confirmed(embedded: Desk) -> None:
    theirs = Landlord(embedded, "PCHA")
    officer, case = theirs.person(Role.OFFICER), Case(asks=[SOCIAL])
    document = case.referral() | {"landlord": theirs.code}
    document["record"]["risk"]["level"] = "high"
    sent = refer(embedded.hub.house, officer, json.dumps(document).encode(), f"key-{case.tag}")
    row = embedded.rows(sent.referral_id)[0]
    assert row.cause == "FIRST_TIME_RECIPIENT"
    account("another can")(document)
    body = json.dumps({"reason": "inaccurate", "referral": document}).encode()
    correct(embedded.hub.house, officer, sent.referral_id, body, f"correct-{case.tag}")
    embedded.deliver()
    after = embedded.row(row.id)
    assert (after.state, after.cause, embedded.packs(row.id)) == (State.HELD, "FIRST_TIME_RECIPIENT", [])
