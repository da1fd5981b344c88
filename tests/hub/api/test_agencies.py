"""Agencies, recorded answers and unsafe contacts over HTTP."""

import base64
import hashlib
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.access.roles import Role
from hub.delivery.outbox import State
from tests.cases import HELPLINE, POLICE, Case
from tests.hub.api.served import Api, served
from tests.members import member


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A hub of this module's own: others rely on agencies that nobody suspends."""
    with served(tmp_path_factory.mktemp("agencies")) as api:
        api.tokens |= {
            role.value: member(api.hub, role).sign_in().token for role in (Role.ADMINISTRATOR, Role.DPO)
        }  # what takes two people takes two who signed in
        yield api


def test_a_key_is_announced_by_one_and_confirmed_by_another_who_compared_it_too(own: Api) -> None:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    told, at = hashlib.sha256(raw).hexdigest(), "/v1/agencies/agy_fire"
    key = {"use": "sign", "public_key": f"whpk_{base64.b64encode(raw).decode()}", "fingerprint": told}
    wrong = own.ask("POST", f"{at}/keys", "administrator", json=key | {"fingerprint": "0" * 64})
    assert (wrong.status_code, wrong.json()["title"]) == (422, "FINGERPRINT_WRONG")
    weak = base64.b64encode((1).to_bytes(32, "little")).decode()
    refused = own.ask("POST", f"{at}/keys", "administrator", json=key | {"public_key": f"whpk_{weak}"})
    assert refused.json()["title"] == "KEY_WEAK"
    made = own.ask("POST", f"{at}/keys", "administrator", json=key)
    assert (made.status_code, made.json()["confirmations"]) == (201, 1)
    pin = made.json()["id"]
    again = own.ask("POST", f"{at}/pins/{pin}/confirmation", "administrator", json={"fingerprint": told})
    assert (again.status_code, again.json()["title"]) == (403, "SAME_PERSON")
    done = own.ask("POST", f"{at}/pins/{pin}/confirmation", "dpo", json={"fingerprint": told})
    assert (done.status_code, done.json()["confirmations"]) == (200, 2)
    elsewhere = own.ask("DELETE", f"/v1/agencies/agy_police/pins/{pin}", "dpo")
    assert elsewhere.status_code == 404
    assert own.ask("DELETE", f"{at}/pins/{pin}", "dpo").status_code == 204
    (kept,) = [entry for entry in own.ask("GET", at, "dpo").json()["pins"] if entry["id"] == pin]
    assert kept["retired_at"] is not None


def test_a_suspended_agency_is_shown_so_and_comes_back_by_two(own: Api) -> None:
    at = "/v1/agencies/agy_jag"
    assert own.ask("POST", f"{at}/suspension", "dpo", json={"reason": "why not"}).status_code == 422
    assert own.ask("POST", f"{at}/suspension", "dpo", json={"reason": "breach"}).status_code == 204
    shown = {entry["id"]: entry for entry in own.ask("GET", "/v1/agencies", "officer").json()["agencies"]}
    assert (shown["agy_jag"]["suspended"], shown["agy_jag"]["barred"]) == (True, "agency_suspended")
    assert own.ask("GET", at, "dpo").json()["suspended_why"] == "breach"
    assert own.ask("POST", f"{at}/resumption", "dpo").json()["resumed"] is False
    assert own.ask("POST", f"{at}/resumption", "dpo").status_code == 403
    assert own.ask("POST", f"{at}/resumption", "administrator").json()["resumed"] is True
    assert own.ask("GET", at, "dpo").json()["barred"] is None


def test_an_officer_records_a_refusal_and_reads_what_was_answered(own: Api) -> None:
    course = own.sent(Case(asks=[HELPLINE]))
    at = f"/v1/referrals/{course['id']}/consents"
    fact = {"subject": "p1", "recipient": "stop_hate_uk", "purpose": "victim_support", "answer": "refused",
            "words": "Leave me alone.", "claimed_at": "2026-11-20T10:00:00Z"}  # fmt: skip
    made = own.ask("POST", at, "officer", json=fact)
    assert made.status_code == 201, made.text
    (again,) = made.json()["decided_again"]
    assert again["disclosure"] == course["disclosures"][0]["id"]
    assert again["state"] in (State.CANCELLED, State.HELD)
    listed = own.ask("GET", at, "authoriser").json()["consents"]
    assert [entry["fact"]["answer"] for entry in listed] == ["given_explicit", "refused"]
    assert listed[-1]["fact"]["words"] == "Leave me alone."
    assert own.ask("GET", f"{at}?purpose=review", "officer").status_code in (403, 422)


def test_a_contact_is_marked_listed_without_itself_and_lifted(own: Api) -> None:
    course = own.sent(Case(asks=[POLICE]))
    at = f"/v1/referrals/{course['id']}/unsafe-contacts"
    made = own.ask("POST", at, "officer", json={"person": "p2", "contact": "07700 900321"})
    assert made.status_code == 201
    listed = own.ask("GET", at, "dpo")
    assert "900321" not in listed.text
    assert made.json()["mark"] in {entry["id"] for entry in listed.json()["unsafe_contacts"]}
    lifting = f"/v1/unsafe-contacts/{made.json()['mark']}"
    assert own.ask("DELETE", lifting, "officer").status_code == 403
    assert own.ask("DELETE", lifting, "supervisor").status_code == 204
    assert own.ask("DELETE", lifting, "supervisor").status_code == 409
