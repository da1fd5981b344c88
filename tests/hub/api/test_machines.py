"""Machines through the API: every way to prove who they are, one scope each, keys that overlap, the end at once."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hub.access.machines import ACTS, MachineScope
from hub.access.roles import MAY, Actor, Role, Strength
from hub.audit.kinds import EntryKind
from hub.flow import enrol, machines
from hub.flow.prove import ACCESS_LASTS
from hub.ids import Prefix, new_id
from tests.cases import FIRE, Case
from tests.conftest import POSTGRESQL
from tests.hub.access.machinery import P256, Ed25519, Pair, assertion, form, signed
from tests.hub.api.operations import operations
from tests.hub.api.served import Api, served
from tests.hub.api.test_roles import MAY_CALL
from tests.hubs import HandClock
from tests.journeys.people import entries_of
from tests.members import member
from tests.servers import fresh_database

SCOPES = {"feed": "agency", "acknowledge": "agency", "refer": "landlord"}


@pytest.fixture(scope="module")
def clock() -> HandClock:
    """A clock that moves when told, and forward alone."""
    return HandClock()


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL])
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: HandClock) -> Iterator[Api]:
    """A hub of these tests' own on either database; each test brings its own machines."""
    folder = tmp_path_factory.mktemp("machines")
    with ExitStack() as closing:
        url = closing.enter_context(fresh_database()) if request.param == "postgresql" else None
        yield closing.enter_context(served(folder, url, clock))


def registered(own: Api, scope: str = "feed", **whose: str) -> str:
    """A machine of the fire service, or of LMH."""
    whose = whose or ({"landlord": "LMH"} if scope == "refer" else {"agency": "agy_fire"})
    body = {"name": "case-system", "scope": scope} | whose
    answer = own.ask("POST", "/v1/machines", "administrator", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def confirmed(own: Api, machine: str) -> None:
    """By a DPO who has just signed in, as these tests move the clock: what an administrator made works."""
    found = next(one for one in machines.list_machines(own.hub.house, None) if one.id == machine)
    dpo = Actor("crd", new_id(Prefix.PERSON), Role.DPO, found.landlord or "LMH",
                strength=Strength.TWO_FACTORS, proved_at=own.hub.house.clock.now())  # fmt: skip
    machines.confirm_machine(own.hub.house, dpo, machine)


def given_key(own: Api, machine: str, pair: Pair, **more: Any) -> str:  # noqa: ANN401 - as JSON has it
    """A public key of the machine, confirmed."""
    answer = own.ask("POST", f"/v1/machines/{machine}/keys", "administrator", json={"jwk": pair.jwk} | more)
    assert answer.status_code == 201, answer.text
    confirmed(own, machine)
    return str(answer.json()["id"])


def given_token(own: Api, machine: str, overlap_hours: int = 24) -> str:
    answer = own.ask("POST", f"/v1/machines/{machine}/tokens", "administrator", json={"overlap_hours": overlap_hours})
    assert answer.status_code == 201, answer.text
    confirmed(own, machine)
    return str(answer.json()["token"])


def asked(own: Api, proof: str, **more: str) -> httpx.Response:
    return own.client.post("/v1/token", data=form(proof, **more))


def bearer(own: Api, token: str, path: str = "/v1/feed", **headers: str) -> httpx.Response:
    return own.client.get(path, headers={"Authorization": f"Bearer {token}"} | headers)


def test_a_token_of_a_machine_reads_its_feed_and_nothing_else(own: Api) -> None:
    token = given_token(own, registered(own))
    waiting = own.waiting_for_fire()
    assert waiting in bearer(own, token).text
    for operation in operations(own.ask("GET", "/v1/openapi.json").json()):
        if not MAY_CALL.get(operation.id):
            continue
        answer = own.client.request(operation.method, operation.address(), json={},
                                    headers={"Authorization": f"Bearer {token}"})  # fmt: skip
        if operation.id in ("read_feed", "collect_disclosure"):
            assert answer.status_code in (200, 404)
        else:
            assert (answer.status_code, answer.json()["title"]) in ((403, "ROLE_MAY_NOT"), (403, "SCOPE_MAY_NOT"))


def test_a_machine_that_acknowledges_does_not_read_the_feed(own: Api) -> None:
    waiting = own.waiting_for_fire()
    own.ask("POST", f"/v1/feed/{waiting}/collection", "partner")
    token = given_token(own, registered(own, "acknowledge"))
    assert bearer(own, token).json()["title"] == "SCOPE_MAY_NOT"
    answer = own.client.post(
        f"/v1/feed/{waiting}/acknowledgement", json={}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text


def test_a_scope_is_part_of_what_the_role_may_do_and_scopes_do_not_overlap() -> None:
    assert set(ACTS) == set(MachineScope)
    for scope, acts in ACTS.items():
        role = Role.OFFICER if scope is MachineScope.REFER else Role.PARTNER
        assert acts
        assert all(role in MAY[act] for act in acts)
        assert not any(acts & others for other, others in ACTS.items() if other is not scope)


@pytest.mark.parametrize("pair", [Ed25519(), P256()], ids=["EdDSA", "ES256"])
def test_an_assertion_is_traded_once_for_a_token_of_ten_minutes(own: Api, clock: HandClock, pair: Pair) -> None:
    machine = registered(own)
    given_key(own, machine, pair)
    proof = assertion(machine, pair, clock.at)
    answer = asked(own, proof, client_id=machine, scope="feed")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told == {"access_token": told["access_token"], "token_type": "Bearer", "expires_in": 600, "scope": "feed"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert bearer(own, told["access_token"]).status_code == 200

    again = asked(own, proof)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_client"})
    clock.move(seconds=ACCESS_LASTS.total_seconds() - 1)
    assert bearer(own, told["access_token"]).status_code == 200
    clock.move(seconds=1)
    assert bearer(own, told["access_token"]).status_code == 401


def test_an_assertion_used_by_many_at_once_is_traded_once(own: Api, clock: HandClock) -> None:
    machine, pair, together = registered(own), Ed25519(), threading.Barrier(6)
    given_key(own, machine, pair)
    proof = assertion(machine, pair, clock.at)

    def attempt() -> int:
        together.wait()
        return asked(own, proof).status_code

    with ThreadPoolExecutor(6) as at_once:
        codes = sorted(done.result() for done in [at_once.submit(attempt) for _ in range(6)])
    assert codes == [200] + [401] * 5


def test_whatever_is_wrong_with_a_machine_it_is_told_the_same(own: Api, clock: HandClock) -> None:
    machine, ended, revoked, pair = registered(own), registered(own), registered(own), Ed25519()
    given_key(own, machine, pair, not_before=clock.at.isoformat())
    own.ask("DELETE", f"/v1/machines/{ended}/keys/{given_key(own, ended, other := Ed25519())}", "administrator")
    given_key(own, revoked, third := Ed25519())
    own.ask("DELETE", f"/v1/machines/{revoked}", "administrator")
    later = Ed25519()
    given_key(own, machine, later, not_before="2099-01-01T00:00:00Z")
    proofs = [
        assertion(new_id(Prefix.MACHINE), pair, clock.at), assertion(machine, Ed25519(), clock.at),
        assertion(ended, other, clock.at), assertion(revoked, third, clock.at), assertion(machine, later, clock.at),
        assertion(machine, pair, clock.at, aud="https://other.example"), "x", "a.b.c",
        assertion(machine, pair, clock.at, exp=int(clock.at.timestamp()) - 1),
    ]  # fmt: skip
    answers = {(answer.status_code, answer.content) for answer in (asked(own, proof) for proof in proofs)}
    answers |= {(a.status_code, a.content) for a in [asked(own, assertion(machine, pair, clock.at), client_id=revoked)]}
    assert answers == {(401, b'{"error":"invalid_client"}')}
    assert asked(own, assertion(machine, pair, clock.at)).status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "invalid_request"), ("grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("client_assertion=x&client_assertion_type=y&grant_type=password", "unsupported_grant_type"),
        ("client_assertion=x&client_assertion_type=y&grant_type=client_credentials", "invalid_request"),
        ("client_assertion=x&client_assertion_type=y&grant_type=client_credentials&client_secret=z", "invalid_request"),
        ("%ff%fe=1&=&&&", "invalid_request"), ("x" * 20, "invalid_request"), ('{"grant_type": "x"}', "invalid_request"),
    ],
)  # fmt: skip
def test_a_form_that_is_wrong_is_told_so_as_the_standard_says(api: Api, body: str, error: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api.client.post("/v1/token", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert api.client.post("/v1/token", content=b"x" * 20_000, headers=headers).status_code == 413


def test_another_scope_than_its_own_is_not_given(own: Api, clock: HandClock) -> None:
    machine, pair = registered(own), Ed25519()
    given_key(own, machine, pair)
    answer = asked(own, assertion(machine, pair, clock.at), scope="feed acknowledge")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


def test_a_signed_request_is_good_once(own: Api, clock: HandClock) -> None:
    machine, pair = registered(own), Ed25519()
    key = given_key(own, machine, pair)
    path = "/v1/feed?after=0&limit=10"
    headers = signed(f"{machine}/{key}", pair, "GET", path, clock.at)
    assert own.client.get(path, headers=headers).status_code == 200
    again = own.client.get(path, headers=headers)
    assert (again.status_code, again.json()["title"]) == (401, "NOT_SIGNED_IN")
    assert own.client.get(path, headers=signed(f"{machine}/{key}", pair, "GET", path, clock.at)).status_code == 200


def test_a_signed_request_is_refused_in_every_other_way_with_one_answer(own: Api, clock: HandClock) -> None:
    machine, pair = registered(own), Ed25519()
    key, path = given_key(own, machine, pair), "/v1/feed"
    name = f"{machine}/{key}"
    good = signed(name, pair, "GET", path, clock.at)
    late = signed(name, pair, "GET", path, clock.at.replace(year=2020))
    elsewhere = signed(name, pair, "GET", path, clock.at, host="https://other.example")
    wrong = signed(name, Ed25519(), "GET", path, clock.at)
    unknown = signed(f"{machine}/{new_id(Prefix.MACHINE_KEY)}", pair, "GET", path, clock.at)
    nobody = signed(f"{new_id(Prefix.MACHINE)}/{key}", pair, "GET", path, clock.at)
    both = good | {"Authorization": f"Bearer {given_token(own, machine)}"}
    without = {name: value for name, value in good.items() if name != "Signature"}
    answers = [own.client.get(path, headers=h) for h in (late, elsewhere, wrong, unknown, nobody, both, without)]
    answers.append(own.client.get("/v1/feed?after=1", headers=good))
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert answers[0].json()["title"] == "NOT_SIGNED_IN"
    assert own.client.get(path, headers=good).status_code == 200


def test_a_signed_body_is_taken_as_signed_or_not_at_all(own: Api, clock: HandClock) -> None:
    waiting = own.waiting_for_fire()
    own.ask("POST", f"/v1/feed/{waiting}/collection", "partner")
    machine, pair = registered(own, "acknowledge"), Ed25519()
    name, path = f"{machine}/{given_key(own, machine, pair)}", f"/v1/feed/{waiting}/acknowledgement"
    body = b'{"partner_reference": "FRS/1"}'
    kind = {"Content-Type": "application/json"}
    headers = signed(name, pair, "POST", path, clock.at, body=body) | kind
    assert own.client.post(path, headers=headers, content=body.replace(b"1", b"2")).status_code == 401
    assert own.client.post(path, headers=headers, content=body).status_code == 200


def _referral(own: Api, token: str, officer: str | None, case: Case) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json",
               "Idempotency-Key": f"key-{case.tag}"}  # fmt: skip
    if officer is not None:
        headers["On-Behalf-Of"] = officer
    return own.client.post("/v1/referrals", headers=headers, content=case.raw())


def _enrolled(own: Api, role: Role, landlord: str | None = "LMH") -> tuple[str, str, str]:
    made = enrol.enrol(own.hub.house, None, role=role, landlord=landlord, agency=None)
    return made.person, made.token, made.id


def test_a_landlords_machine_refers_for_an_officer_who_is_the_author_and_never_the_authoriser(own: Api) -> None:
    token = given_token(own, registered(own, "refer"))
    person, officers_token, _ = _enrolled(own, Role.OFFICER)
    answer = _referral(own, token, person, Case(asks=[FIRE]))
    assert answer.status_code == 201, answer.text
    accepted = _entries(own, EntryKind.REFERRAL_ACCEPTED)[-1]
    assert accepted["actor"] == person
    assert accepted["facts"]["machine"].startswith("mch_")
    assert bearer(own, officers_token, f"/v1/referrals/{answer.json()['referral']}").status_code == 200
    assert bearer(own, token, f"/v1/referrals/{answer.json()['referral']}",
                  **{"On-Behalf-Of": person}).json()["title"] == "SCOPE_MAY_NOT"  # fmt: skip


def test_a_landlords_machine_speaks_for_nobody_but_an_active_officer_of_that_landlord(own: Api) -> None:
    token = given_token(own, registered(own, "refer"))
    _, _, credential = left = _enrolled(own, Role.OFFICER)
    own.ask("DELETE", f"/v1/credentials/{credential}", "administrator")
    others = [
        None, "", "x", new_id(Prefix.PERSON), left[0], _enrolled(own, Role.OFFICER, "OHG")[0],
        _enrolled(own, Role.AUTHORISER)[0], _enrolled(own, Role.DPO)[0],
        _enrolled(own, Role.ADMINISTRATOR, None)[0],
    ]  # fmt: skip
    answers = [_referral(own, token, person, Case(asks=[FIRE])) for person in others]
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, answers[0].content)}
    assert answers[0].json()["title"] == "OFFICER_NOT_NAMED"


def test_another_landlords_machine_cannot_refer_for_this_one_even_for_its_officer(own: Api) -> None:
    token = given_token(own, registered(own, "refer", landlord="OHG"))
    lmh, ohg = _enrolled(own, Role.OFFICER)[0], _enrolled(own, Role.OFFICER, "OHG")[0]
    assert _referral(own, token, lmh, Case(asks=[FIRE])).status_code == 403
    assert _referral(own, token, ohg, Case(asks=[FIRE])).status_code == 404


def test_a_partners_machine_speaks_for_nobody_and_a_persons_token_is_not_led_astray(own: Api) -> None:
    token, (person, _, _) = given_token(own, registered(own)), _enrolled(own, Role.OFFICER)
    assert bearer(own, token, **{"On-Behalf-Of": person}).json()["title"] == "OFFICER_NOT_NAMED"
    _, authorisers, _ = _enrolled(own, Role.AUTHORISER)
    assert _referral(own, authorisers, person, Case(asks=[FIRE])).status_code == 403


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    "whose", [{"landlord": "LMH"}, {"agency": "agy_fire"}, {}, {"landlord": "LMH", "agency": "agy_fire"}]
)
def test_a_scope_is_for_one_kind_of_body(api: Api, scope: str, whose: dict[str, str]) -> None:
    answer = api.ask("POST", "/v1/machines", "administrator", json={"name": "case-system", "scope": scope} | whose)
    fits = set(whose) == {SCOPES[scope]}
    assert answer.status_code == (201 if fits else 422)
    assert fits or answer.json()["title"] == "MACHINE_MISPLACED"


def test_old_and_new_token_work_side_by_side_until_the_overlap_ends(own: Api, clock: HandClock) -> None:
    machine = registered(own)
    old = given_token(own, machine)
    new = given_token(own, machine, overlap_hours=2)
    clock.move(hours=1.99)
    assert [bearer(own, token).status_code for token in (old, new)] == [200, 200]
    clock.move(hours=0.01)
    assert [bearer(own, token).status_code for token in (old, new)] == [401, 200]
    newest = given_token(own, machine, overlap_hours=0)
    assert [bearer(own, token).status_code for token in (old, new, newest)] == [401, 401, 200]


def test_old_and_new_key_sign_side_by_side_from_when_the_new_begins_until_the_overlap_ends(
    own: Api, clock: HandClock
) -> None:
    machine, old, new = registered(own), Ed25519(), P256()
    begins = clock.at = clock.at.replace(microsecond=0) + timedelta(seconds=1)
    later = begins + timedelta(hours=3)
    given_key(own, machine, old)
    given_key(own, machine, new, not_before=later.isoformat(), overlap_hours=1)

    def who_signs() -> list[int]:
        return [asked(own, assertion(machine, pair, clock.at)).status_code for pair in (old, new)]

    assert who_signs() == [200, 401]
    clock.at = later
    assert who_signs() == [200, 200]
    clock.move(hours=1)
    assert who_signs() == [401, 200]


def test_a_key_that_ended_takes_its_access_tokens_with_it_and_never_comes_back(own: Api, clock: HandClock) -> None:
    machine, pair = registered(own), Ed25519()
    key = given_key(own, machine, pair)
    token = asked(own, assertion(machine, pair, clock.at)).json()["access_token"]
    assert bearer(own, token).status_code == 200
    assert own.ask("DELETE", f"/v1/machines/{machine}/keys/{key}", "administrator").status_code == 204
    assert bearer(own, token).status_code == 401
    assert own.ask("DELETE", f"/v1/machines/{machine}/keys/{key}", "administrator").status_code == 404
    for other in (machine, registered(own)):
        again = own.ask("POST", f"/v1/machines/{other}/keys", "administrator", json={"jwk": pair.jwk})
        assert (again.status_code, again.json()["title"]) == (409, "KEY_KNOWN")


def test_a_machine_that_is_revoked_is_over_in_every_way_at_once(own: Api, clock: HandClock) -> None:
    machine, pair = registered(own), Ed25519()
    key = given_key(own, machine, pair)
    token, access = given_token(own, machine), asked(own, assertion(machine, pair, clock.at)).json()["access_token"]
    assert own.ask("DELETE", f"/v1/machines/{machine}", "administrator").status_code == 204
    assert [bearer(own, shown).status_code for shown in (token, access)] == [401, 401]
    assert asked(own, assertion(machine, pair, clock.at)).status_code == 401
    headers = signed(f"{machine}/{key}", pair, "GET", "/v1/feed", clock.at)
    assert own.client.get("/v1/feed", headers=headers).status_code == 401
    for path in ("", f"/keys/{key}"):
        assert own.ask("DELETE", f"/v1/machines/{machine}{path}", "administrator").status_code == 404
    assert own.ask("POST", f"/v1/machines/{machine}/tokens", "administrator", json={}).status_code == 404


def test_every_change_of_a_machine_is_logged_and_the_list_tells_no_secret(own: Api, clock: HandClock) -> None:
    machine, pair = registered(own), Ed25519()
    key, token = given_key(own, machine, pair), given_token(own, machine)
    given_token(own, machine, overlap_hours=0)
    access = asked(own, assertion(machine, pair, clock.at)).json()["access_token"]
    own.ask("DELETE", f"/v1/machines/{machine}/keys/{key}", "administrator")
    listed = own.ask("GET", "/v1/machines", "administrator")
    own.ask("DELETE", f"/v1/machines/{machine}", "administrator")
    (found,) = [one for one in listed.json()["machines"] if one["id"] == machine]
    assert sorted(held["kind"] for held in found["keys"]) == ["public_key", "token", "token"]
    logged = _entries(own)
    assert [entry["kind"] for entry in logged if entry["facts"].get("machine") == machine] == [
        "machine.registered", "machine.key_added", "machine.confirmed", "machine.key_added", "machine.confirmed",
        "machine.key_added", "machine.key_retired", "machine.confirmed", "machine.token_issued",
        "machine.key_retired", "machine.revoked",
    ]  # fmt: skip
    for secret in (token, access):
        assert secret not in listed.text
        assert secret not in json.dumps(logged)


def _entries(own: Api, kind: EntryKind | None = None) -> list[dict[str, Any]]:
    found = entries_of(own.ask("GET", "/v1/log/export", "dpo").content)
    return [entry for entry in found if kind is None or entry["kind"] == kind.value]


@pytest.mark.parametrize("spelt", ["cmt_", "cmt_guess", "cmt_" + "x" * 43])
def test_a_token_that_no_machine_has_is_told_what_every_other_is_told(api: Api, spelt: str) -> None:
    assert bearer(api, spelt).content == bearer(api, "cct_guess").content


def test_an_administrator_alone_gets_nothing_by_what_they_made_and_it_works_once_the_dpo_confirmed(own: Api) -> None:
    """The token of a partner, a machine, and a token more for a machine that was confirmed before."""
    maker, dpo = member(own.hub, Role.ADMINISTRATOR), member(own.hub, Role.DPO)
    again = enrol.enrol(
        own.hub.house, None, role=Role.ADMINISTRATOR, landlord=None, agency=None, person=maker.person
    ).token
    own.tokens |= {"maker": maker.sign_in().token, "second": again, "confirming": dpo.sign_in().token}
    body = {"role": "partner", "agency": "agy_fire"}
    credential = own.ask("POST", "/v1/credentials", "maker", json=body).json()
    machine = own.ask("POST", "/v1/machines", "maker", json={"name": "alone", "scope": "feed", "agency": "agy_fire"})
    tokens = f"/v1/machines/{machine.json()['id']}/tokens"
    made = [
        (f"/v1/credentials/{credential['id']}", credential["token"]),
        (f"/v1/machines/{machine.json()['id']}", own.ask("POST", tokens, "maker", json={}).json()["token"]),
        (f"/v1/machines/{machine.json()['id']}", None),
    ]
    unknown = bearer(own, "cct_guess")
    for path, told in made:
        token = told or own.ask("POST", tokens, "maker", json={}).json()["token"]
        refused = bearer(own, token)
        assert (refused.status_code, refused.content) == (401, unknown.content)
        for who, code in (("maker", "SAME_PERSON"), ("second", "STEP_UP_NEEDED"), ("dpo", "STEP_UP_NEEDED")):
            answer = own.ask("POST", f"{path}/confirmation", who)
            assert (answer.status_code, answer.json()["title"]) == (403, code)
        assert bearer(own, token).status_code == 401
        assert own.ask("POST", f"{path}/confirmation", "confirming").status_code == 204
        assert bearer(own, token).status_code == 200
        assert own.ask("POST", f"{path}/confirmation", "confirming").json()["title"] == "CHANGE_SETTLED"


def test_a_landlords_machine_is_nothing_to_another_landlords_dpo(own: Api) -> None:
    machine = registered(own, "refer", landlord="OHG")
    assert own.ask("POST", f"/v1/machines/{machine}/confirmation", "dpo").status_code == 404
