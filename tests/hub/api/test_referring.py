"""What the API promises of a referral beyond roles and shapes."""

from concurrent.futures import ThreadPoolExecutor

from tests import logs
from tests.cases import FIRE, HELPLINE, JAG, POLICE, Case
from tests.hub.api.served import Api


def test_the_same_key_and_bytes_again_change_nothing_and_say_so(api: Api) -> None:
    case = Case()
    first, second = api.refer(case), api.refer(case)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"] == f"/v1/referrals/{first.json()['referral']}"


def test_the_same_key_for_other_bytes_is_a_conflict(api: Api) -> None:
    case = Case()
    api.refer(case)
    answer = api.refer(case, raw=Case(number=case.number, tag=case.tag, asks=[POLICE]).raw())
    assert (answer.status_code, answer.json()["title"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_referral_sent_many_times_at_once_is_taken_once(api: Api) -> None:
    case = Case()
    with ThreadPoolExecutor(8) as at_once:
        answers = list(at_once.map(lambda _: api.refer(case), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["referral"] for answer in answers}) == 1


def test_only_what_a_worker_can_carry_is_hinted(api: Api) -> None:
    api.woken.clear()
    course = api.sent(Case(asks=[JAG, FIRE]))
    states = {entry["agency"]: (entry["id"], entry["state"]) for entry in course["disclosures"]}
    assert states["agy_jag"][1] == states["agy_fire"][1] == "queued"
    assert api.woken == [states["agy_jag"][0]]  # the fire service collects


def test_a_preview_keeps_nothing(api: Api) -> None:
    case = Case(asks=[JAG])
    house = api.hub.house
    before = house.store.engine.connect()
    try:
        counts = {}
        for moment in ("before", "after"):
            logs.size(house.store)
            counts[moment] = {
                table: before.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 - names of ours
                for table in ("case_file", "referral", "consent", "sealed", "data_key", "disclosure", "audit_entry")
            }
            before.rollback()
            answer = api.ask("POST", "/v1/previews", "officer", content=case.raw(),
                             headers={"Content-Type": "application/json"})  # fmt: skip
        assert counts["before"] == counts["after"]
    finally:
        before.close()
    (shown,) = answer.json()["previews"]
    assert case.token("victim") in [item["value"] for item in shown["items"]]


def test_a_preview_shows_what_sending_then_decides(api: Api) -> None:
    case = Case()
    shown = api.ask("POST", "/v1/previews", "officer", content=case.raw(), headers={"Content-Type": "application/json"})
    sent = {entry["agency"]: entry for entry in api.sent(case)["disclosures"]}
    for preview in shown.json()["previews"]:
        assert preview["decision"] == sent[preview["agency"]]["decision"]
        assert sorted({item["path"] for item in preview["items"]}) == sent[preview["agency"]]["sent_paths"]


def test_a_lost_answer_to_a_collection_loses_no_disclosure(api: Api) -> None:
    case = Case(asks=[FIRE])
    disclosure = api.sent(case)["disclosures"][0]["id"]
    first, second = (api.ask("POST", f"/v1/feed/{disclosure}/collection", "partner") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert case.token("victim") in first.text
    assert case.token("victim") in second.text
    api.ask("POST", f"/v1/feed/{disclosure}/acknowledgement", "partner", json={})
    third = api.ask("POST", f"/v1/feed/{disclosure}/collection", "partner")
    assert (third.status_code, third.json()["title"]) == (409, "NOT_WAITING")


def test_what_was_fetched_is_not_fetched_again_once_its_consent_is_withdrawn(api: Api) -> None:
    course = api.sent(Case(asks=[FIRE]))
    disclosure = course["disclosures"][0]["id"]
    assert api.ask("POST", f"/v1/feed/{disclosure}/collection", "partner").status_code == 200
    withdrawn = api.ask("POST", f"/v1/consents/{course['consents'][0]['id']}/withdrawal", "officer").json()
    assert withdrawn["told_before"] == [disclosure]
    assert api.ask("POST", f"/v1/feed/{disclosure}/collection", "partner").status_code == 409
    after = api.ask("GET", f"/v1/referrals/{course['id']}", "officer").json()
    assert after["disclosures"][0]["state"] == "receipted"


def test_a_withdrawn_consent_is_not_revived_by_sending_the_old_referral_again(api: Api) -> None:
    case = Case(asks=[HELPLINE])
    course = api.sent(case)
    withdrawn = api.ask("POST", f"/v1/consents/{course['consents'][0]['id']}/withdrawal", "officer").json()
    assert withdrawn["cancelled"] == [course["disclosures"][0]["id"]]
    again = api.refer(case, key=f"again-{case.tag}")
    course = api.ask("GET", again.headers["Location"], "officer").json()
    assert course["disclosures"][0]["decision"]["outcome"] not in ("permit", "permit_redacted")
