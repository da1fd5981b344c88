"""kill -9 in mid-flight: every accepted referral is delivered exactly as decided, and nothing else is."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.cases import HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.journeys.people import Landlord
from tests.journeys.waiting import until

REFERRALS = 30
_ENDS = {
    "agy_police": {"receipted"}, "agy_social": {"receipted"}, "agy_jag": {"prepared"},
    "agy_helpline": {"sent", "parked"},
}  # fmt: skip


def _submit_all(hub: Landlord, cases: list[Case], accepted: dict[str, str]) -> None:
    """Send every case from several officers' screens at once; those that the kill cut off are simply not accepted."""

    def submit(case: Case) -> None:
        try:
            answer = hub.officer.refer(case)
        except httpx.TransportError:
            return
        if answer.status_code == 201:
            accepted[case.tag] = answer.json()["referral"]

    with ThreadPoolExecutor(6) as screens:
        list(screens.map(submit, cases))


@pytest.mark.parametrize("hub", ["embedded"], indirect=True)
def test_a_hub_that_is_asked_to_stop_ends_cleanly_and_goes_on_when_started_again(hub: Landlord) -> None:
    hub.partners.police.be_busy(3, retry_after=1)
    referral = hub.refer(Case((POLICE,)))

    stopped = hub.backend.processes["up"].stop()
    said = hub.backend.processes["up"].output()
    hub.backend.resume()

    assert stopped == 0, said
    assert "goes on at the next start" in said
    disclosure = hub.settled(referral)["agy_police"]
    assert disclosure.state == "receipted"
    assert hub.partners.ledger("agy_police")[disclosure.id] == 1


def test_after_kill_9_every_accepted_referral_is_delivered_once_and_nothing_undecided_is(
    hub: Landlord, tmp_path: Path
) -> None:
    cases = [Case((POLICE, SOCIAL, HELPLINE, JAG)) for _ in range(REFERRALS)]
    accepted: dict[str, str] = {}
    taken_before = len(hub.partners.police.received)
    sending = threading.Thread(target=_submit_all, args=(hub, cases, accepted))
    sending.start()
    until(lambda: len(hub.partners.police.received) > taken_before + 3, "deliveries are under way")
    hub.backend.kill()
    sending.join()
    hub.backend.resume()
    before_kill = dict(accepted)

    # Whoever got no answer sends again under the same key, as every officer's system would.
    for case in cases:
        answer = hub.officer.refer(case)
        assert answer.status_code in (200, 201), answer.text
        assert accepted.setdefault(case.tag, answer.json()["referral"]) == answer.json()["referral"]

    assert before_kill, "the kill came before anything was accepted: it proves nothing"
    courses = [hub.settled(referral) for referral in accepted.values()]
    assert len(courses) == REFERRALS
    ledgers = {agency: hub.partners.ledger(agency) for agency in _ENDS}
    for course in courses:
        for agency, entry in course.items():
            assert entry.state in _ENDS[agency], (agency, entry.state, entry.cause)
            if agency == "agy_helpline":
                continue
            assert ledgers[agency][entry.id] == 1, agency
        # Email cannot tell a repeat, so where its end is unknown a person is asked, and it is never sent twice.
        mailed = course["agy_helpline"]
        if mailed.state == "parked":
            assert mailed.cause == "last_attempt_unknown"
            assert hub.partners.emails_of(mailed.id) <= 1
        else:
            assert hub.partners.emails_of(mailed.id) == 1

    log = hub.log(tmp_path)
    intended = {line["facts"]["disclosure"] for line in log if line["kind"] == "release.intended"}
    queued = {line["facts"]["disclosure"] for line in log if line["kind"] == "disclosure.queued"}
    authorised = {line["facts"]["disclosure"] for line in log if line["kind"] == "review.authorised"}
    for agency, ledger in ledgers.items():
        assert set(ledger) <= intended, agency
        assert set(ledger) <= queued | authorised, agency
