"""Correct: what has not left leaves as corrected, and whoever has it is sent the corrected one in its place."""

import json
from typing import Any

from tests.cases import FIRE, HELPLINE, Ask, Case
from tests.journeys.people import Landlord
from tests.journeys.waiting import until

WORDS, PLACE = "Seen with a red can", "5 Invented Close"


def correct(hub: Landlord, case: Case, referral: str, key: str) -> dict[str, Any]:
    sent = case.referral()
    sent["record"]["incidents"][0]["narrative"] = {"text": f"{WORDS}, not with a blue one.", "screened": True}
    sent["record"]["people"][0]["address"] = {"lines": [PLACE], "postcode": "L1 1AA"}
    answer = hub.officer.ask(
        "POST", f"/v1/referrals/{referral}/corrections", {"reason": "inaccurate", "referral": sent},
        **{"Idempotency-Key": key},
    )  # fmt: skip
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_what_waits_to_be_collected_is_collected_as_corrected(hub: Landlord) -> None:
    case = Case((FIRE,))
    referral = hub.refer(case)
    disclosure = hub.course(referral)["agy_fire"]

    done = correct(hub, case, referral, f"correct-{case.tag}")

    assert done["decided_again"] == [{"disclosure": disclosure.id, "state": "queued"}]
    fetched = hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/collection")
    assert PLACE in fetched.text
    assert case.token("street") not in fetched.text
    assert "about" not in json.loads(fetched.text)["data"]["header"]


def test_whoever_has_it_gets_the_corrected_one_once_and_a_repeat_of_the_request_sends_nothing_more(
    hub: Landlord,
) -> None:
    ask: Ask = HELPLINE
    case = Case((ask,))
    referral = hub.refer(case)
    first = hub.settled(referral)[ask[0]]

    done = correct(hub, case, referral, f"correct-{case.tag}")
    again = correct(hub, case, referral, f"correct-{case.tag}")

    (replaced,) = done["replaced"]
    assert (replaced["replaces"], again["correction"], again["replaced"]) == (first.id, done["correction"], [])
    until(lambda: hub.partners.ledger(ask[0])[replaced["disclosure"]] == 1, "the corrected one has come to them")
    assert WORDS in hub.partners.told(ask[0], replaced["disclosure"])
    listed = hub.officer.get(f"/v1/referrals/{referral}/corrections")["corrections"]
    assert [(entry["number"], entry["reason"]) for entry in listed] == [(1, "inaccurate")]
    assert hub.course(referral)[ask[0]].told["replaces"] == first.id
