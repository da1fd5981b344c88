"""Withdraw: what has not left does not leave, and those who were told are named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases import ADVICE, FIRE, HELPLINE, Ask, Case
from tests.journeys.people import Landlord
from tests.journeys.waiting import until

LONG = 10_000


def consent_of(hub: Landlord, referral: str) -> str:
    consent, *_ = hub.officer.get(f"/v1/referrals/{referral}")["consents"]
    return str(consent["id"])


def withdraw(hub: Landlord, referral: str) -> dict[str, list[str]]:
    answer = hub.officer.ask("POST", f"/v1/consents/{consent_of(hub, referral)}/withdrawal")
    assert answer.status_code == 200, answer.text
    done: dict[str, list[str]] = answer.json()
    return done


@pytest.fixture
def _busy_advice_line(hub: Landlord) -> Iterator[None]:
    hub.partners.advice.be_busy(LONG)
    yield
    hub.partners.advice.be_busy(0)


@pytest.mark.usefixtures("_busy_advice_line")
def test_what_was_queued_when_consent_was_withdrawn_never_leaves(hub: Landlord, tmp_path: Path) -> None:
    withdrawn = hub.refer(Case((ADVICE,)))
    disclosure = hub.reaches(withdrawn, "agy_advice", "queued")

    consent = consent_of(hub, withdrawn)
    answer = withdraw(hub, withdrawn)
    # An attempt that was under way ends at the busy line and finds the consent gone when it would be made again.
    assert disclosure.id in answer["cancelled"] + answer["leaving"]
    hub.reaches(withdrawn, "agy_advice", "cancelled")
    hub.partners.advice.be_busy(0)

    # The line is open again: a later case comes through, and so would the withdrawn one, were it still queued.
    later = hub.settled(hub.refer(Case((ADVICE,))))["agy_advice"]
    assert later.state == "receipted"
    assert hub.course(withdrawn)["agy_advice"].state == "cancelled"
    assert hub.partners.ledger("agy_advice")[disclosure.id] == 0
    log = hub.log(tmp_path)
    (at,) = (
        number for number, line in enumerate(log)
        if line["kind"] == "consent.withdrawn" and line["facts"]["consent"] == consent
    )  # fmt: skip
    after = [line["kind"] for line in log[at:] if line["facts"].get("disclosure") == disclosure.id]
    assert "release.intended" not in after


def test_what_waited_to_be_collected_can_be_collected_no_more(hub: Landlord) -> None:
    referral = hub.refer(Case((FIRE,)))
    disclosure = hub.course(referral)["agy_fire"]
    waiting = {entry["disclosure"] for entry in hub.fire.get("/v1/feed")["waiting"]}

    withdraw(hub, referral)

    assert disclosure.id in waiting
    assert disclosure.id not in {entry["disclosure"] for entry in hub.fire.get("/v1/feed")["waiting"]}
    assert hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/collection").status_code == 409


@pytest.mark.parametrize("ask", [HELPLINE, ADVICE])
def test_those_who_were_told_before_are_named_and_told_to_stop_using_it(hub: Landlord, ask: Ask) -> None:
    referral = hub.refer(Case((ask,)))
    agency = ask[0]
    disclosure = hub.settled(referral)[agency]
    taken = hub.partners.ledger(agency)

    answer = withdraw(hub, referral)

    assert (answer["told_before"], answer["cancelled"]) == ([disclosure.id], [])
    (notice,) = answer["notices"]
    until(lambda: hub.partners.ledger(agency)[notice] == 1, "the notice has come to them")
    assert hub.partners.ledger(agency) == taken | {notice: 1}
    (listed,) = hub.officer.get(f"/v1/referrals/{referral}")["notices"]
    assert (listed["about"], listed["notice"]) == (disclosure.id, "withdrawn")


def test_a_consent_is_withdrawn_once(hub: Landlord) -> None:
    referral = hub.refer(Case((FIRE,)))
    consent = consent_of(hub, referral)
    withdraw(hub, referral)

    again = hub.officer.ask("POST", f"/v1/consents/{consent}/withdrawal")

    assert (again.status_code, again.json()["title"]) == (409, "CONSENT_ALREADY_WITHDRAWN")
