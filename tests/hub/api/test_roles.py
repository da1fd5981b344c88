"""Who may call what: every role at every operation, as the table in docs/api.md says."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from hub.flow.deliver import deliver_due
from tests.cases import FIRE, HELPLINE, POLICE, Case
from tests.hub.api.operations import operations
from tests.hub.api.served import PEOPLE, Api

MAY_CALL = {
    "send_referral": {"officer"},
    "preview_referral": {"officer"},
    "decide_facts": {"officer", "supervisor", "authoriser", "dpo"},
    "read_referral": {"officer", "supervisor", "authoriser", "dpo"},
    "explain_decision": {"officer", "supervisor", "authoriser", "dpo"},
    "withdraw_consent": {"officer", "supervisor", "authoriser"},
    "list_held": {"authoriser"},
    "list_parked": {"officer", "supervisor", "authoriser"},
    "resume_disclosure": {"officer", "supervisor", "authoriser"},
    "abandon_disclosure": {"officer", "supervisor", "authoriser"},
    "list_late": {"officer", "supervisor", "authoriser"},
    "list_new_recipients": {"supervisor", "authoriser"},
    "introduce_recipient": {"supervisor", "authoriser"},
    "review_disclosure": {"authoriser"},
    "declare_override": {"officer", "supervisor"},
    "list_overrides": {"supervisor", "authoriser", "dpo"},
    "read_override": {"supervisor", "authoriser", "dpo"},
    "review_override": {"supervisor", "authoriser", "dpo"},
    "restore_override_right": {"dpo"},
    "record_handover": {"officer"},
    "read_feed": {"partner"},
    "collect_disclosure": {"partner"},
    "acknowledge_disclosure": {"partner"},
    "prove_entry": {"officer", "supervisor", "authoriser", "dpo", "partner"},
    "prove_disclosure": {"officer", "supervisor", "authoriser", "dpo", "partner"},
    "export_log": {"dpo"},
    "read_log_entries": {"dpo"},
    "make_credential": {"administrator"},
    "invite_person": {"administrator"},
    "invite_again": {"administrator"},
    "change_person": {"administrator"},
    "disable_person": {"administrator"},
    "end_sessions_of_person": {"administrator"},
    "list_people": {"administrator", "supervisor", "dpo"},
    "confirm_person": {"supervisor", "dpo"},
    "assign_case": {"supervisor"},
    "confirm_credential": {"dpo", "administrator"},
    "revoke_credential": {"administrator"},
    "set_policy_document": {"administrator"},
    "list_agreements": {"officer", "supervisor", "authoriser", "dpo", "administrator"},
    "add_agreement": {"administrator"},
    "read_agreement": {"officer", "supervisor", "authoriser", "dpo", "administrator"},
    "approve_agreement": {"authoriser", "dpo"},
    "suspend_agreement": {"dpo"},
    "resume_agreement": {"authoriser", "dpo"},
    "withdraw_agreement": {"dpo"},
    "list_routine_flows": {"officer", "supervisor", "authoriser", "dpo", "administrator"},
    "list_documents": {"officer", "supervisor", "authoriser", "dpo", "administrator"},
    "record_document": {"dpo", "administrator"},
    "withdraw_document": {"dpo", "administrator"},
    "register_machine": {"administrator"},
    "list_machines": {"administrator"},
    "confirm_machine": {"dpo", "administrator"},
    "revoke_machine": {"administrator"},
    "add_machine_key": {"administrator"},
    "retire_machine_key": {"administrator"},
    "make_machine_token": {"administrator"},
    "list_agencies": {"officer", "supervisor", "authoriser", "dpo", "administrator"},
    "read_agency": {"dpo", "administrator"},
    "propose_agency_key": {"administrator"},
    "confirm_agency_pin": {"dpo", "administrator"},
    "retire_agency_pin": {"dpo", "administrator"},
    "suspend_agency": {"dpo", "administrator"},
    "resume_agency": {"dpo", "administrator"},
    "record_consent": {"officer", "supervisor"},
    "correct_referral": {"officer"},
    "list_corrections": {"officer", "supervisor", "authoriser", "dpo"},
    "list_consents": {"officer", "supervisor", "authoriser", "dpo"},
    "mark_unsafe_contact": {"officer", "supervisor"},
    "list_unsafe_contacts": {"officer", "supervisor", "authoriser", "dpo"},
    "lift_unsafe_contact": {"supervisor", "authoriser"},
    "erase_person": {"dpo"},
    "read_retention": {"dpo"},
    "set_retention": {"dpo"},
    "set_legal_hold": {"dpo"},
    "list_legal_holds": {"dpo"},
    "lift_legal_hold": {"dpo"},
    "list_disclosures": {"dpo"},
    "export_disclosures": {"dpo"},
    "search_person": {"dpo"},
    "export_person": {"dpo"},
    "read_processing_record": {"dpo"},
    "store_attachment": {"officer"},
    "list_attachments": {"officer", "supervisor", "authoriser"},
    "read_attachment": {"officer", "supervisor", "authoriser"},
}
"""Written out here again, so that a slip in `hub.access.roles` does not agree with itself."""

_WHY = "She rang: he is at the door with a knife."
BODIES: dict[str, dict[str, object]] = {
    "assign_case": {"team": None},
    "record_consent": Case(asks=[HELPLINE]).referral()["consents"][0],
    "correct_referral": {"reason": "inaccurate", "referral": Case(asks=[HELPLINE]).referral()},
    "mark_unsafe_contact": {"person": "p2", "contact": "07700 900123"},
    "review_disclosure": {"authorise": False},
    "erase_person": {"person": "p1", "ground": "objection"},
    "set_legal_hold": {"ground": "complaint", "review_by": (datetime.now(UTC) + timedelta(days=60)).isoformat()},
    "declare_override": {"category": "immediate_danger", "reason": _WHY},
    "review_override": {"justified": True, "reason": _WHY}, "abandon_disclosure": {"reason": "superseded"},
}  # fmt: skip
"""What is asked of a thing by its id, where that needs words."""

SIGNED_IN = {
    "prove_again", "proof_options", "begin_proof_at_provider", "sign_out", "list_sessions", "end_session",
    "more_passkey_options", "add_passkey",
}  # fmt: skip
MAY_CALL |= {name: {"officer", "supervisor", "authoriser", "dpo", "administrator"} for name in SIGNED_IN}

ANYBODY = {
    "join",
    "new_passkey_options",
    "join_by_provider",
    "sign_in_by_password",
    "passkey_options",
    "sign_in_by_passkey",
    "begin_at_provider",
    "sign_in_by_provider",
} | {
    "get_access_token",
    "sign_in",
    "read_checkpoint",
    "read_log_tile",
    "read_log_key",
    "prove_consistency",
    "is_live",
    "is_ready",
}


def test_the_document_names_exactly_the_operations_and_roles_of_this_table(api: Api) -> None:
    stated = {
        operation.id: set(operation.document["x-roles"])
        for operation in operations(api.ask("GET", "/v1/openapi.json").json())
    }
    assert stated == MAY_CALL | {name: set() for name in ANYBODY}


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_gets_through_to_its_own_operations_and_is_refused_all_others(api: Api, role: str) -> None:
    for operation in operations(api.ask("GET", "/v1/openapi.json").json()):
        answer = api.ask(operation.method, operation.address(), role, json={})
        assert answer.status_code < 500, operation.id
        if operation.id in ANYBODY:
            assert answer.status_code != 403, operation.id
        else:
            refused = answer.json()["title"] if answer.status_code == 403 else None
            assert (refused == "ROLE_MAY_NOT") == (role not in MAY_CALL[operation.id]), operation.id
            assert refused in (None, "ROLE_MAY_NOT", "STEP_UP_NEEDED")  # a token of the command line shows nobody


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer cct_guess", "Basic Y2N0Xzp4", "bearer\tx", "Bearer " + "x" * 8000]
)
def test_without_a_valid_credential_nothing_but_the_public_operations_answers(api: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for operation in operations(api.ask("GET", "/v1/openapi.json").json()):
        answer = api.ask(operation.method, operation.address(), json={}, headers=headers)
        if operation.id not in ANYBODY:
            assert answer.status_code == 401, operation.id
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_another_landlords_people_cannot_tell_a_case_from_nothing(api: Api) -> None:
    course = api.sent(Case(asks=[POLICE, FIRE]))
    real = {
        "referral": course["id"],
        "disclosure": course["disclosures"][0]["id"],
        "consent": course["consents"][0]["id"],
        "override": api.ask(
            "POST", f"/v1/referrals/{course['id']}/overrides", "officer", json=BODIES["declare_override"]
        ).json()["override"],
    }
    asked = 0
    for operation in operations(api.ask("GET", "/v1/openapi.json").json()):
        for role, token in api.strangers.items():
            if role not in MAY_CALL.get(operation.id, ()) or not any(f"{{{name}}}" in operation.path for name in real):
                continue
            body = BODIES.get(operation.id, {})
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "key-of-a-stranger"}
            to_real = api.client.request(operation.method, operation.address(**real), json=body, headers=headers)
            to_none = api.client.request(operation.method, operation.address(), json=body, headers=headers)
            assert (to_real.status_code, to_real.content) == (404, to_none.content), (operation.id, role)
            asked += 1
    assert asked == 61


def test_another_landlord_cannot_send_or_preview_for_this_one(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.strangers['officer']}", "Content-Type": "application/json",
               "Idempotency-Key": "key-of-a-stranger"}  # fmt: skip
    for path in ("/v1/referrals", "/v1/previews"):
        assert api.client.post(path, content=Case().raw(), headers=headers).status_code == 404


def test_a_partner_cannot_fetch_or_acknowledge_what_is_for_another_partner(api: Api) -> None:
    disclosure = api.waiting_for_fire()
    headers = {"Authorization": f"Bearer {api.strangers['partner']}"}
    for act in ("collection", "acknowledgement"):
        answer = api.client.post(f"/v1/feed/{disclosure}/{act}", json={}, headers=headers)
        assert answer.status_code == 404
    assert disclosure not in api.client.get("/v1/feed", headers=headers).text
    assert disclosure in api.ask("GET", "/v1/feed", "partner").text


def test_a_partner_and_another_landlord_cannot_read_entries_about_others_through_proofs(api: Api) -> None:
    course = api.sent(Case(asks=[POLICE]))
    ids = {course["id"], course["disclosures"][0]["id"]}
    before = _seen_through_proofs(api, ids)
    # That a case waits, or was decided against, is not for the agency to know of.
    assert before["police"] == before["fire"] == before["stranger"] == 0 < before["officer"]
    deliver_due(api.hub.house, "test", 100)
    after = _seen_through_proofs(api, ids)
    assert after["fire"] == after["stranger"] == 0
    assert 0 < after["police"] < after["officer"]


def _seen_through_proofs(api: Api, ids: set[str]) -> dict[str, int]:
    api.ask("GET", "/v1/log/export", "dpo")  # signs a checkpoint over all of it
    size = int(api.ask("GET", "/log/checkpoint").text.splitlines()[1])
    seen: dict[str, int] = {}
    tokens = {"officer": api.tokens["officer"], "fire": api.tokens["partner"], "police": api.strangers["partner"],
              "stranger": api.strangers["officer"]}  # fmt: skip
    for name, token in tokens.items():
        answers = [
            api.client.get(f"/v1/log/entries/{number}/proof", headers={"Authorization": f"Bearer {token}"})
            for number in range(max(size - 60, 0), size)
        ]
        seen[name] = sum(_tells_of(answer.json(), ids) for answer in answers if answer.status_code == 200)
    return seen


def _tells_of(answer: dict[str, str], ids: set[str]) -> bool:
    entry = base64.b64decode(answer["entry"]).decode()
    return any(name in entry for name in ids)


def test_an_administrator_reads_no_case_and_a_dpo_releases_none(api: Api) -> None:
    course = api.sent(Case())
    held = course["disclosures"][0]["id"]
    assert api.ask("GET", f"/v1/referrals/{course['id']}", "administrator").status_code == 403
    assert api.ask("GET", f"/v1/disclosures/{held}/explanation", "administrator").status_code == 403
    assert api.ask("POST", f"/v1/disclosures/{held}/review", "dpo", json={"authorise": True}).status_code == 403
