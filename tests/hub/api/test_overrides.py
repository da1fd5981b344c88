"""Overrides and reviews over HTTP: what is told to whom, and what is never repeated."""

from typing import Any

import pytest

from tests.cases import JAG, POLICE, Case
from tests.hub.api.served import Api

WHY = "She rang: he is at the door with a knife."


def _held(api: Api) -> tuple[Case, str, dict[str, str]]:
    case = Case(asks=[POLICE, JAG], circumstances={"capacity": "doubted"})
    course = api.sent(case)
    return case, course["id"], {told["agency"]: told["id"] for told in course["disclosures"]}


def _declare(api: Api, referral: str, who: str = "supervisor") -> dict[str, Any]:
    answer = api.ask("POST", f"/v1/referrals/{referral}/overrides", who, json={
        "category": "immediate_danger", "reason": WHY,
    })  # fmt: skip
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_an_override_is_in_force_with_its_answer_and_a_dpo_sees_it_with_a_reference_only(api: Api) -> None:
    case, referral, disclosures = _held(api)
    told = _declare(api, referral)
    assert told["released"] == [disclosures["agy_police"]]
    assert told["held"] == [disclosures["agy_jag"]]
    assert disclosures["agy_police"] in api.woken
    for who in ("dpo", "supervisor"):
        listed = api.ask("GET", "/v1/overrides", who)
        (entry,) = [entry for entry in listed.json()["overrides"] if entry["override"] == told["override"]]
        assert (entry["category"], entry["state"], entry["reference"][:3]) == ("immediate_danger", "waiting", "CC-")
        assert set(entry) == {
            "override", "reference", "category", "declared_at", "ends_at", "review_due", "over_quota", "state",
        }  # fmt: skip
        assert not [secret for secret in (*case.secrets, WHY) if secret in listed.text]
    assert told["override"] not in api.ask("GET", "/v1/overrides", "authoriser").text
    detail = api.ask("GET", f"/v1/overrides/{told['override']}", "dpo").json()
    assert (detail["reason"], detail["verdict"], detail["referral"]) == (WHY, None, referral)
    assert [entry["disclosure"] for entry in detail["disclosures"]] == [disclosures["agy_police"]]


def test_a_review_is_answered_with_what_it_came_to_and_an_unjustified_one_can_be_forgiven(api: Api) -> None:
    _, referral, _ = _held(api)
    override = _declare(api, referral)["override"]
    found = {"justified": False, "reason": "The call was about something else altogether."}
    own = api.ask("POST", f"/v1/overrides/{override}/review", "supervisor", json=found)
    assert (own.status_code, own.json()["title"]) == (403, "OWN_OVERRIDE")
    reviewed = api.ask("POST", f"/v1/overrides/{override}/review", "dpo", json=found)
    assert (reviewed.status_code, reviewed.json()["state"]) == (200, "unjustified")
    again = api.ask("POST", f"/v1/overrides/{override}/review", "dpo", json=found)
    assert (again.status_code, again.json()["title"]) == (409, "OVERRIDE_REVIEWED")
    refused = api.ask("POST", f"/v1/referrals/{referral}/overrides", "supervisor", json={
        "category": "immediate_danger", "reason": WHY,
    })  # fmt: skip
    assert (refused.status_code, refused.json()["title"]) == (403, "OVERRIDE_SUSPENDED")
    assert api.ask("POST", f"/v1/overrides/{override}/restoration", "dpo").status_code == 204
    assert api.ask("POST", f"/v1/overrides/{override}/restoration", "dpo").status_code == 409
    again_declared = _declare(api, referral)["override"]
    api.ask("POST", f"/v1/overrides/{again_declared}/review", "dpo", json={"justified": True, "reason": WHY})


@pytest.mark.parametrize(
    "body",
    [
        {"category": "immediate_danger"},
        {"category": "hurry", "reason": WHY},
        {"category": "immediate_danger", "reason": "short"},
        {"category": "immediate_danger", "reason": f"{' ' * 30}short"},
        {"category": "immediate_danger", "reason": "x" * 2001},
        {"category": "immediate_danger", "reason": WHY, "minutes": 600},
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_override_is_said_and_not_repeated(api: Api, body: dict[str, object]) -> None:
    answer = api.ask("POST", f"/v1/referrals/ref_{'0' * 26}/overrides", "officer", json=body)
    assert answer.status_code == 422
    assert not [said for said in map(str, body.values()) if len(said) > 3 and said.strip() in answer.json()["detail"]]


def test_the_list_of_what_waits_tells_whom_it_asks_for_and_by_when(api: Api) -> None:
    _, _, disclosures = _held(api)
    held = api.ask("GET", "/v1/reviews", "authoriser").json()["held"]
    (entry,) = [entry for entry in held if entry["disclosure"] == disclosures["agy_jag"]]
    assert (entry["authoriser"], entry["within"]) == ("service manager or safeguarding lead", "same day")
    assert entry["due"] > entry["since"]
    assert entry["overdue"] is False
    due = [entry["due"] for entry in held if entry["due"] is not None]
    assert due == sorted(due)
