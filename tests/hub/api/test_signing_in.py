"""Signing in over HTTP: joining, passwords and codes, passkeys, sessions, and that nothing tells who is known."""

from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from hub.access import totp
from hub.access.roles import Role
from hub.access.tokens import digest
from hub.store.scope import EVERY
from hub.store.tables import session
from protocols.parse import write_agreement
from tests.authenticator import Authenticator
from tests.cases import POLICE, Case, agreement
from tests.hub.api.operations import operations
from tests.hub.api.served import Api, served
from tests.members import PASSWORD, key_in
from tests.sign_in_provider import provider, trusted, visit


def _invited(api: Api, **who: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    answer = api.ask("POST", "/v1/people", "administrator", json={"role": "officer", "landlord": "LMH"} | who)
    assert answer.status_code == 201, answer.text
    told: dict[str, str] = answer.json()
    return told


def _code(key: bytes, later: int = 0) -> str:
    return totp.code_at(key, datetime.now().astimezone() + timedelta(seconds=later))


def _member(api: Api, name: str, **who: Any) -> tuple[str, bytes]:  # noqa: ANN401 - any JSON
    """Somebody confirmed, who signs in with a password and the codes of this key."""
    invitation = _invited(api, **who)["invitation"]
    said = {"invitation": invitation, "name": name, "password": PASSWORD}
    joined = api.client.post("/v1/sign-in/enrol", json=said)
    assert joined.status_code == 201, joined.text
    assert joined.json()["state"] == "waiting"
    person = joined.json()["person"]
    assert api.ask("POST", f"/v1/people/{person}/confirm", "dpo").status_code == 204
    return person, key_in(joined.json()["otpauth_uri"])


def _sign_in(api: Api, name: str, key: bytes, **more: str) -> httpx.Response:
    said = {"name": name, "password": PASSWORD, "code": _code(key)} | more
    return api.client.post("/v1/sign-in/password", json=said)


def _as(api: Api, token: str, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
    return api.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **options)


def test_somebody_invited_joins_is_confirmed_signs_in_works_and_signs_out(api: Api) -> None:
    person, key = _member(api, "first@homes.example", team="north")
    begun = _sign_in(api, "first@homes.example", key)
    assert begun.status_code == 200, begun.text
    assert (begun.json()["person"], begun.json()["role"]) == (person, "officer")
    token = begun.json()["token"]
    case = Case(asks=[POLICE])
    sent = api.client.post(
        "/v1/referrals", content=case.raw(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json",
                 "Idempotency-Key": f"key-{case.tag}"},
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    assert _as(api, token, "GET", sent.headers["Location"]).status_code == 200
    (listed,) = [who for who in api.ask("GET", "/v1/people", "dpo").json()["people"] if who["person"] == person]
    assert (listed["name"], listed["state"], listed["team"]) == ("first@homes.example", "active", "north")
    (kept,) = _as(api, token, "GET", "/v1/sessions").json()["sessions"]
    assert (kept["session"], kept["in_use"], kept["strength"]) == (begun.json()["session"], True, "two_factors")
    assert _as(api, token, "DELETE", "/v1/session").status_code == 204
    assert _as(api, token, "GET", "/v1/sessions").status_code == 401


def test_a_session_proves_anew_and_its_old_token_is_over(api: Api) -> None:
    _, key = _member(api, "proving@homes.example")
    token = _sign_in(api, "proving@homes.example", key).json()["token"]
    proved = _as(api, token, "POST", "/v1/session/proof", json={"code": _code(key, 30)})
    assert proved.status_code == 200, proved.text
    assert _as(api, token, "GET", "/v1/sessions").status_code == 401
    assert _as(api, proved.json()["token"], "GET", "/v1/sessions").status_code == 200
    odd: tuple[dict[str, Any], ...] = ({}, {"code": "1234567"}, {"code": "123456", "passkey": {}}, {"provider": {}})
    for said in odd:
        assert _as(api, proved.json()["token"], "POST", "/v1/session/proof", json=said).status_code == 422


def test_a_virtual_authenticator_joins_signs_in_and_proves(api: Api) -> None:
    key, invitation = Authenticator(), _invited(api)["invitation"]
    said = {"invitation": invitation, "name": "passkey@homes.example"}
    options = api.client.post("/v1/sign-in/enrol/options", json=said).json()
    joined = api.client.post("/v1/sign-in/enrol", json=said | {"passkey": key.create(options)})
    assert joined.status_code == 201, joined.text
    assert joined.json()["otpauth_uri"] is None
    early = api.client.post("/v1/sign-in/passkey", json={
        "passkey": key.get(api.client.post("/v1/sign-in/passkey/options").json())
    })  # fmt: skip
    assert (early.status_code, early.json()["title"]) == (403, "NOT_CONFIRMED")
    api.ask("POST", f"/v1/people/{joined.json()['person']}/confirm", "dpo")
    answer = key.get(api.client.post("/v1/sign-in/passkey/options").json())
    begun = api.client.post("/v1/sign-in/passkey", json={"passkey": answer})
    assert begun.status_code == 200, begun.text
    again = api.client.post("/v1/sign-in/passkey", json={"passkey": answer})
    assert (again.status_code, again.json()["title"]) == (401, "SIGN_IN_REFUSED")
    token = begun.json()["token"]
    proof = key.get(_as(api, token, "POST", "/v1/session/proof/options").json())
    assert _as(api, token, "POST", "/v1/session/proof", json={"passkey": proof}).status_code == 200


def test_an_unknown_name_is_answered_with_the_same_bytes_and_as_slowly(api: Api) -> None:
    name, wrong = "timed@homes.example", {"password": "amber lantern beside river", "code": "123456"}
    _, key = _member(api, name)
    device = _sign_in(api, name, key).json()["device"]
    taken: dict[str, list[float]] = {"known": [], "unknown": []}
    answers = set()
    for number in range(9):  # the device's own lane takes ten, and each unknown name has its own
        for which, whose in (("known", name), ("unknown", f"nobody{number}@homes.example")):
            began = perf_counter()
            answer = api.client.post("/v1/sign-in/password", json={"name": whose, "device": device} | wrong)
            taken[which].append(perf_counter() - began)
            headers = sorted((key, value) for key, value in answer.headers.items() if key != "date")
            answers.add((answer.status_code, answer.content, str(headers)))
    assert len(answers) == 1
    assert answers.pop()[0] == 401
    assert 1 / 4 < median(taken["known"]) / median(taken["unknown"]) < 4


def test_too_many_tries_are_told_when_to_come_back(api: Api) -> None:
    said = {"name": "hammered@homes.example", "password": "amber lantern beside river", "code": "123456"}
    answers = [api.client.post("/v1/sign-in/password", json=said) for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert (answers[-1].status_code, answers[-1].json()["title"]) == (429, "TOO_MANY_TRIES")
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_no_administrator_makes_a_token_for_a_person_over_http(api: Api) -> None:
    for role in set(Role) - {Role.PARTNER}:
        landlord = None if role is Role.ADMINISTRATOR else "LMH"
        answer = api.ask("POST", "/v1/credentials", "administrator", json={"role": role, "landlord": landlord})
        assert (answer.status_code, answer.json()["title"]) == (403, "PERSON_NEEDS_INVITATION")


def test_two_who_signed_in_approve_an_agreement_and_neither_does_alone_or_late(api: Api) -> None:
    paper = agreement("agy_advice").model_copy(update={"id": "agr_advice_by_two"})
    added = api.ask("POST", "/v1/agreements", "administrator", json={"toml": write_agreement(paper)})
    address = f"/v1/agreements/{added.json()['reference']}/approval"
    _, dpo_key = _member(api, "approver.dpo@homes.example", role="dpo")
    _, key = _member(api, "approver.director@homes.example", role="authoriser", kinds=["director"])
    dpo = _sign_in(api, "approver.dpo@homes.example", dpo_key).json()["token"]
    director = _sign_in(api, "approver.director@homes.example", key).json()["token"]
    first = _as(api, dpo, "POST", address, json={})
    assert (first.status_code, first.json()["life"], first.json()["people"]) == (200, "draft", 1), first.text
    again = _as(api, dpo, "POST", address, json={})
    assert (again.status_code, again.json()["title"]) == (409, "APPROVED_BEFORE")
    _age_proof(api, director)
    late = _as(api, director, "POST", address, json={})
    assert (late.status_code, late.json()["title"]) == (403, "STEP_UP_NEEDED")
    fresh = _as(api, director, "POST", "/v1/session/proof", json={"code": _code(key, 30)}).json()["token"]
    second = _as(api, fresh, "POST", address, json={})
    assert (second.status_code, second.json()["life"], second.json()["people"]) == (200, "in_force", 2), second.text


def _age_proof(api: Api, token: str) -> None:
    """Have a session be one whose holder proved eleven minutes ago who they are."""
    at = datetime.now().astimezone() - timedelta(minutes=11)
    with api.hub.house.store.write(EVERY) as tx:
        tx.connection.execute(update(session).where(session.c.token_hash == digest(token)).values(proved_at=at))


def test_somebody_joins_signs_in_and_proves_through_a_provider(tmp_path: Path) -> None:
    with provider() as issuer, served(tmp_path, provider=trusted(issuer)) as api:

        def said(begun: dict[str, str], **claims: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
            state, code = visit(issuer, begun["authorization_url"], "officer-1", **claims)
            return {"hold": begun["hold"], "state": state, "code": code}

        def begin() -> dict[str, str]:
            answer = api.client.post("/v1/sign-in/oidc")
            assert answer.status_code == 200, answer.text
            told: dict[str, str] = answer.json()
            return told

        unknown = api.client.post("/v1/sign-in/oidc/callback", json=said(begin()))
        assert (unknown.status_code, unknown.json()["title"]) == (401, "SIGN_IN_REFUSED")
        joining = {
            "invitation": _invited(api)["invitation"],
            "name": "provided@homes.example",
            "provider": said(begin()),
        }
        joined = api.client.post("/v1/sign-in/enrol/provider", json=joining)
        assert (joined.status_code, joined.json()["state"]) == (201, "waiting"), joined.text
        assert api.client.post("/v1/sign-in/enrol/provider", json=joining).status_code == 401
        early = api.client.post("/v1/sign-in/oidc/callback", json=said(begin()))
        assert (early.status_code, early.json()["title"]) == (403, "NOT_CONFIRMED")
        assert api.ask("POST", f"/v1/people/{joined.json()['person']}/confirm", "dpo").status_code == 204
        answer = said(begin())
        for wrong in ({"state": "x"}, {"code": "x"}, {"hold": "1.2.3"}):
            assert api.client.post("/v1/sign-in/oidc/callback", json=answer | wrong).status_code == 401
        begun = api.client.post("/v1/sign-in/oidc/callback", json=said(begin()))
        assert (begun.status_code, begun.json()["person"]) == (200, joined.json()["person"]), begun.text
        token = begun.json()["token"]
        proof = _as(api, token, "POST", "/v1/session/proof/oidc").json()
        fresh = said(proof, auth_time=int(time()))
        proved = _as(api, token, "POST", "/v1/session/proof", json={"provider": fresh})
        assert proved.status_code == 200, proved.text
        assert _as(api, token, "GET", "/v1/sessions").status_code == 401
        assert _as(api, proved.json()["token"], "GET", "/v1/sessions").status_code == 200


CASE_MATERIAL = {
    "send_referral", "preview_referral", "read_referral", "explain_decision", "withdraw_consent", "record_handover",
    "list_held", "review_disclosure", "list_parked", "resume_disclosure", "read_feed", "collect_disclosure",
    "abandon_disclosure", "list_late", "list_new_recipients", "introduce_recipient",
    "acknowledge_disclosure", "assign_case", "prove_entry", "prove_disclosure", "export_log", "read_log_entries",
    "list_disclosures", "export_disclosures", "search_person", "export_person", "read_processing_record",
}  # fmt: skip
"""Whatever shows or changes anything of a case."""

RELEASES = {
    "send_referral", "review_disclosure", "resume_disclosure", "record_handover", "collect_disclosure",
    "introduce_recipient", "abandon_disclosure",
    "acknowledge_disclosure",
}  # fmt: skip
"""Whatever lets something out, or says that it went."""


def test_an_administrator_reads_no_case_and_a_dpo_releases_nothing_at_any_operation(api: Api) -> None:
    course = api.sent(Case(asks=[POLICE]))
    names = {"referral": course["id"], "disclosure": course["disclosures"][0]["id"],
             "consent": course["consents"][0]["id"]}  # fmt: skip
    offered = operations(api.ask("GET", "/v1/openapi.json").json())
    secret = [course["id"], course["reference"], names["disclosure"], names["consent"]]
    assert {operation.id for operation in offered} >= CASE_MATERIAL
    for operation in offered:
        for who, barred in (("administrator", CASE_MATERIAL), ("dpo", RELEASES)):
            answer = api.ask(operation.method, operation.address(**names), who, json={})
            if operation.id in barred:
                assert (answer.status_code, answer.json()["title"]) == (403, "ROLE_MAY_NOT"), (operation.id, who)
            if who == "administrator":
                assert not [word for word in secret if word in answer.text], operation.id


@pytest.mark.parametrize("purpose", ["case_work", "subject_request"])
def test_a_purpose_of_reading_is_said_beside_the_question(api: Api, purpose: str) -> None:
    course = api.sent(Case())
    path = f"/v1/referrals/{course['id']}?purpose="
    assert api.ask("GET", path + purpose, "officer").status_code == 200
    assert api.ask("GET", path + "audit", "officer").json()["title"] == "PURPOSE_MAY_NOT"
    assert api.ask("GET", path + "curiosity", "officer").status_code == 422
