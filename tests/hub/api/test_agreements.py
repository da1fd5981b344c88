"""Agreements and documents over HTTP: who may do what, what another landlord sees, and no echo of what was sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.access.roles import Role, Strength
from hub.flow import agree
from hub.flow.agree import Step
from hub.ids import Prefix, new_id
from protocols.parse import write_agreement
from tests.cases import agreement
from tests.hub.api.served import Api
from tests.hubs import somebody

ON_FILE = "agr_advice_example@1"


def _added(api: Api, version: int) -> str:
    paper = agreement("agy_advice").model_copy(update={"version": version})
    answer = api.ask("POST", "/v1/agreements", "administrator", json={"toml": write_agreement(paper)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reference"])


def _approve(api: Api, reference: str) -> None:
    for role in (Role.DPO, Role.AUTHORISER):
        actor = replace(somebody(api.hub, role), strength=Strength.PASSKEY, proved_at=api.hub.house.clock.now())
        agree.take(api.hub.house, actor, reference, Step.APPROVED)


def test_an_administrator_adds_a_draft_and_no_token_of_theirs_puts_it_in_force(api: Api) -> None:
    reference = _added(api, 2)
    for who in ("dpo", "authoriser"):
        refused = api.ask("POST", f"/v1/agreements/{reference}/approval", who, json={})
        assert (refused.status_code, refused.json()["title"]) == (403, "STEP_UP_NEEDED")
    assert api.ask("POST", f"/v1/agreements/{reference}/approval", "administrator", json={}).status_code == 403
    read = api.ask("GET", f"/v1/agreements/{reference}", "officer").json()
    assert [(seen["landlord"], seen["life"], seen["people"]) for seen in read["standing"]] == [("LMH", "draft", 0)]
    assert f'id = "{reference.partition("@")[0]}"' in read["toml"]


def test_a_dpo_suspends_at_once_and_a_list_tells(api: Api) -> None:
    reference = _added(api, 3)
    _approve(api, reference)
    answer = api.ask("POST", f"/v1/agreements/{reference}/suspension", "dpo", json={"evidence": "ab" * 32})
    assert (answer.status_code, answer.json()["life"]) == (200, "suspended")
    listed = api.ask("GET", "/v1/agreements", "dpo").json()["agreements"]
    lives = {entry["reference"]: entry["life"] for entry in listed}
    assert (lives[reference], lives[ON_FILE]) == ("suspended", "superseded")
    again = api.ask("POST", f"/v1/agreements/{reference}/approval", "dpo", json={})
    assert again.status_code in (403, 409)
    ended = api.ask("POST", f"/v1/agreements/{reference}/withdrawal", "dpo", json={})
    assert ended.json()["life"] == "withdrawn"


def test_another_landlord_cannot_tell_an_agreement_from_nothing(api: Api) -> None:
    for role in ("officer", "dpo", "authoriser"):
        headers = {"Authorization": f"Bearer {api.strangers[role]}"}
        assert api.client.get("/v1/agreements", headers=headers).json() == {"agreements": []}
        answers = [api.client.get(f"/v1/agreements/{name}", headers=headers) for name in (ON_FILE, "agr_no_such@1")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    headers = {"Authorization": f"Bearer {api.strangers['dpo']}"}
    for path in ("/v1/landlords/LMH/documents", "/v1/landlords/LMH/routine-flows"):
        assert api.client.get(path, headers=headers).status_code == 404
    stopped = [api.client.post(f"/v1/agreements/{name}/suspension", json={}, headers=headers)
               for name in (ON_FILE, "agr_no_such@1")]  # fmt: skip
    assert [answer.status_code for answer in stopped] == [404, 404]
    assert stopped[0].content == stopped[1].content


def test_defects_of_an_agreement_are_told_by_line_and_never_by_content(api: Api) -> None:
    text = write_agreement(agreement("agy_advice")).replace('state = "in_force"', 'state = "Qanaryzq"')
    answer = api.ask("POST", "/v1/agreements", "administrator", json={"toml": text})
    assert (answer.status_code, answer.json()["title"]) == (422, "AGREEMENT_FILE")
    assert "state" in answer.json()["reason"]
    assert "Qanaryzq" not in answer.text


def test_a_document_is_recorded_listed_and_withdrawn(api: Api) -> None:
    until = (api.hub.house.clock.now() + timedelta(days=30)).isoformat()
    body = {"kind": "legitimate_interests_assessment", "about": "repairs_information", "review_by": until,
            "digest": "cd" * 32}  # fmt: skip
    made = api.ask("POST", "/v1/landlords/LMH/documents", "dpo", json=body)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    listed = api.ask("GET", "/v1/landlords/LMH/documents", "officer").json()["documents"]
    assert made.json() in listed
    address = f"/v1/landlords/LMH/documents/{made.json()['id']}"
    assert api.ask("DELETE", address, "officer").status_code == 403
    assert api.ask("DELETE", address, "dpo").status_code == 204
    assert api.ask("DELETE", address, "dpo").status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"kind": "legitimate_interests_assessment"}, "DOCUMENT_ABOUT", "about"),
        ({"kind": "confidentiality_agreement", "about": "agy_qanaryzq"}, "AGENCY_UNKNOWN", "about"),
        ({"kind": "data_protection_impact_assessment", "in_force_from": "2090-01-01T00:00:00Z"}, "DOCUMENT_DATES",
         "review_by"),
        ({"kind": "qanaryzq"}, "FIELD_WRONG", "kind"),
        ({"review_by": "9999-12-31T23:59:59-14:00"}, "FIELD_WRONG", "review_by"),
        ({"in_force_from": "0001-01-01T00:00:00+14:00"}, "FIELD_WRONG", "in_force_from"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_document_is_told_by_field(api: Api, body: dict[str, str], code: str, field: str) -> None:
    given = {"kind": "appropriate_policy_document", "review_by": "2089-01-01T00:00:00Z"} | body
    answer = api.ask("POST", "/v1/landlords/LMH/documents", "dpo", json=given)
    assert (answer.status_code, answer.json()["title"], answer.json()["field"]) == (422, code, field)
    assert "qanaryzq" not in answer.text


def test_routine_flows_tell_what_is_missing(api: Api) -> None:
    flows = api.ask("GET", "/v1/landlords/LMH/routine-flows", "dpo").json()["flows"]
    school = next(flow for flow in flows if flow["recipient"] == "school")
    assert (school["covered"], school["agency"], school["source"]) == (False, None, "LMH policy section 4")
    assert api.ask("GET", "/v1/landlords/PCHA/routine-flows", "administrator").status_code == 200


def test_nobody_counts_as_two_by_having_two_credentials(api: Api) -> None:
    reference, person = _added(api, 4), new_id(Prefix.PERSON)
    actor = replace(somebody(api.hub, Role.DPO, person=person), strength=Strength.PASSKEY)
    agree.take(api.hub.house, actor, reference, Step.APPROVED)
    other = replace(somebody(api.hub, Role.AUTHORISER, person=person), strength=Strength.PASSKEY)
    with pytest.raises(Exception, match="second person"):
        agree.take(api.hub.house, other, reference, Step.APPROVED)
