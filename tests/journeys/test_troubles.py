"""Partners that are busy or refuse, and a broker that is away: what was accepted is delivered, or a person is told."""

from pathlib import Path

import pytest

from tests.cases import POLICE, REFUSING, SOCIAL, Case
from tests.journeys.backends import BROKER_AWAY, ScaledOut
from tests.journeys.people import Landlord
from tests.journeys.waiting import until


def test_a_partner_that_was_busy_gets_the_disclosure_when_it_is_back(hub: Landlord, tmp_path: Path) -> None:
    hub.partners.police.be_busy(2, retry_after=1)

    disclosure = hub.settled(hub.refer(Case((POLICE,))))["agy_police"]

    assert disclosure.state == "receipted"
    assert hub.partners.ledger("agy_police")[disclosure.id] == 1
    outcomes = [line["facts"]["outcome"] for line in hub.log(tmp_path)
                if line["kind"] == "release.settled" and line["facts"]["disclosure"] == disclosure.id]  # fmt: skip
    assert outcomes == ["try_later", "try_later", "done"]


def test_what_a_partner_refuses_is_parked_with_the_cause_and_not_tried_again(hub: Landlord, tmp_path: Path) -> None:
    tried = hub.partners.refusing.refused
    referral = hub.refer(Case((REFUSING, SOCIAL)))

    course = hub.settled(referral)

    assert (course["agy_refusing"].state, course["agy_refusing"].cause) == ("parked", "http_401")
    assert course["agy_social"].state == "receipted"
    # Another referral comes and goes; the parked one is not touched again.
    hub.settled(hub.refer(Case((POLICE,))))
    assert hub.partners.refusing.refused == tried + 1
    parked = [line["facts"] for line in hub.log(tmp_path) if line["kind"] == "release.parked"]
    refused = course["agy_refusing"].id
    assert [facts["reason"] for facts in parked if facts["disclosure"] == refused] == ["http_401"]


@pytest.mark.parametrize("hub", ["scaled_out"], indirect=True)
@pytest.mark.postgresql
@pytest.mark.rabbitmq
def test_an_api_whose_broker_is_away_still_accepts_and_the_timetable_delivers(hub: Landlord) -> None:
    backend = hub.backend
    assert isinstance(backend, ScaledOut)
    cut_off = backend.run("api_without_broker", "api", CONCORDAT_BROKER_URL=BROKER_AWAY)
    address = cut_off.says(r"Concordat is running at (\S+)")

    accepted = hub.officer.at(address).refer(Case((POLICE,)))

    assert accepted.status_code == 201, accepted.text
    until(lambda: "hint_not_said" in cut_off.output(), "the hint has failed, so that only a sweep can find the row")
    disclosure = hub.settled(accepted.json()["referral"])["agy_police"]
    assert disclosure.state == "receipted"
    assert cut_off.is_running()
    cut_off.stop()
    del backend.processes["api_without_broker"]
