"""The register of disclosures over HTTP: pages, searches by body alone, sheets, the record of processing."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hub.flow.deliver import deliver_due
from tests.cases import JAG, POLICE, Case
from tests.hub.api.served import Api
from tests.hub.api.test_sheets import DANGEROUS, begins_a_formula

REGISTER = "/v1/register/disclosures"
DAY = timedelta(days=1)


def sent(api: Api, name: str | None = None, birth: str | None = "1990-01-01") -> tuple[str, str]:
    """A case told to the police, delivered: its referral, and the name of whom it is about."""
    case = Case(asks=[POLICE])
    document = case.referral()
    name = name or f"Ada {case.token('fictional')}"
    document["record"]["people"][0] |= {"name": name, "date_of_birth": birth}
    answer = api.refer(case, raw=json.dumps(document).encode())
    assert answer.status_code == 201, answer.text
    deliver_due(api.hub.house, "test", 100)
    return answer.headers["Location"].rpartition("/")[2], name


def sheet(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline=""), strict=True))


def test_the_register_is_read_page_by_page_and_each_row_leads_to_its_explanation(api: Api) -> None:
    made = {sent(api)[0] for _ in range(5)}
    found, cursor = [], ""
    while True:
        page = api.ask("GET", f"{REGISTER}?limit=2{cursor}", "dpo").json()
        found += page["disclosures"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert made <= {row["referral"] for row in found}
    assert len({row["disclosure"] for row in found}) == len(found)
    assert [row["released_at"] for row in found] == sorted((row["released_at"] for row in found), reverse=True)
    row = next(row for row in found if row["referral"] in made)
    assert row["agency"] == "agy_police"
    assert row["lawful_basis"][0]["citation"].startswith("UK GDPR 6")
    assert row["agreements"] == ["agr_police_example@1"]
    assert "victim.name" in row["fields"]
    told = api.ask("GET", row["explanation"], "dpo")
    assert told.status_code == 200, told.text


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("agency=agy_police", True), ("agency=agy_jag", False), ("agreement=agr_police_example", True),
        ("agreement=agr_jag_example@1", False), ("field=victim.name", True), ("field=child.school", False),
        ("basis=gw_coroner", False), ("landlord=LMH", True), ("from={today}&to={today}", True),
        ("from={tomorrow}", False), ("to={yesterday}", False), ("officer=usr_00000000000000000000000000", False),
    ],
)  # fmt: skip
def test_each_filter_is_asked_in_the_address(api: Api, query: str, is_there: bool) -> None:
    referral, _ = sent(api)
    now = datetime.now(UTC)
    query = query.format(today=now.date(), tomorrow=(now + DAY).date(), yesterday=(now - DAY).date())
    answer = api.ask("GET", f"{REGISTER}?{query}", "dpo")
    assert answer.status_code == 200, answer.text
    assert (referral in {row["referral"] for row in answer.json()["disclosures"]}) == is_there


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("agency=agy_nobody", 422, "AGENCY_UNKNOWN"), ("field=victim.shoe_size", 422, "PATH_UNKNOWN"),
        ("from=2026-02-01&to=2026-01-01", 422, "DATES_WRONG"), ("landlord=OHG", 404, "NOT_FOUND"),
        ("basis=because", 422, "PARAMETER_WRONG"), ("cursor=x", 422, "PARAMETER_WRONG"),
        ("limit=101", 422, "PARAMETER_WRONG"), ("purpose=case_work", 403, "PURPOSE_MAY_NOT"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_with_a_code(api: Api, query: str, status: int, code: str) -> None:
    for path in (REGISTER, f"{REGISTER}/export"):
        if "limit" in query and path != REGISTER:
            continue
        answer = api.ask("GET", f"{path}?{query}", "dpo")
        assert (answer.status_code, answer.json()["title"]) == (status, code), answer.text


def test_a_person_is_looked_for_in_a_body_and_found_with_all_that_went(api: Api) -> None:
    referral, name = sent(api)
    answer = api.ask("POST", "/v1/register/searches?purpose=subject_request", "dpo",
                     json={"name": name, "date_of_birth": "1990-01-01"})  # fmt: skip
    assert answer.status_code == 200, answer.text
    (match,) = answer.json()["matches"]
    assert (match["name"], match["date_of_birth"], match["referrals"]) == (name, "1990-01-01", [referral])
    (about,) = match["disclosures"]
    assert "victim.name" in about["own_fields"]
    assert about["agency"] == "agy_police"
    assert answer.json()["whole"] is True
    other = api.ask("POST", "/v1/register/searches", "dpo", json={"name": name, "date_of_birth": "1991-01-01"}).json()
    assert (other["matches"], other["same_name_born_another_day"]) == ([], 1)
    stranger = api.client.post("/v1/register/searches", json={"name": name},
                               headers={"Authorization": f"Bearer {api.strangers['dpo']}"})  # fmt: skip
    assert stranger.json()["matches"] == []


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "..."}, {"name": "Ada", "contact": "--"}, {"name": "Ada", "nickname": "Bo"},
             {"name": "Ada", "date_of_birth": "yesterday"}, {"name": "Ada", "after": "cas_x"}, {"name": ["Ada"]}],
)  # fmt: skip
def test_a_search_that_is_wrong_is_told_which_field_and_nothing_of_it_is_repeated(
    api: Api, body: dict[str, object]
) -> None:
    for path in ("/v1/register/searches", "/v1/register/searches/export"):
        answer = api.ask("POST", path, "dpo", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["remedy"]
        assert "Ada" not in answer.text
        assert "yesterday" not in answer.text


def test_nobody_is_looked_for_by_an_address(api: Api) -> None:
    document = api.ask("GET", "/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        if path.startswith("/v1/register/"):
            for operation in methods.values():
                asked = {parameter["name"] for parameter in operation.get("parameters", [])}
                assert not asked & {"name", "q", "date_of_birth", "born", "contact", "person", "phone", "email"}


def test_sheets_hold_what_was_shown_and_no_formula(api: Api) -> None:
    names = {sent(api, f"{value} {Case().tag}")[1] for value in DANGEROUS if "\x00" not in value}
    for name in names:
        rows = sheet(api.ask("POST", "/v1/register/searches/export", "dpo", json={"name": name}))
        assert rows
        for row in rows:
            assert not [cell for cell in row.values() if begins_a_formula(cell)]
        assert {row["name"].replace("'", "") for row in rows} == {re.sub(r"[\x00-\x1f]", " ", name.replace("'", ""))}
        assert rows[0]["agency"] == "agy_police"
        assert "victim.name" in rows[0]["own fields"]
    taken = sheet(api.ask("GET", f"{REGISTER}/export?format=csv", "dpo"))
    shown = api.ask("GET", f"{REGISTER}/export?format=json", "dpo").json()["disclosures"]
    assert [row["disclosure"] for row in taken] == [row["disclosure"] for row in shown]
    assert [row["fields"].split("; ") for row in taken] == [row["fields"] for row in shown]


def test_what_is_too_long_for_one_sheet_says_where_it_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.flow.register.MOST_TAKEN", 2)
    for _ in range(3):
        sent(api)
    everything = len(api.ask("GET", f"{REGISTER}?limit=100", "dpo").json()["disclosures"])
    found, path = [], f"{REGISTER}/export?format=csv"
    while path:
        answer = api.ask("GET", path, "dpo")
        rows = sheet(answer)
        assert len(rows) <= 2
        found += [row["disclosure"] for row in rows]
        path = str(answer.links["next"]["url"]) if "next" in answer.links else ""
    assert len(found) == len(set(found)) >= min(everything, 100)


def test_the_record_of_processing_has_each_point_of_article_30_and_hides_small_counts(api: Api) -> None:
    for _ in range(5):
        sent(api)
    told = api.ask("GET", "/v1/register/processing-record", "dpo").json()
    assert told["controller"]["name"] == "Liverpool Mutual Homes"
    assert told["controller"]["contacts"] == [{"role": "DPO", "mailbox": "dpo@homes.harbour.example"}]
    by_agency = {(one["agency"], one["purpose"]): one for one in told["activities"]}
    assert by_agency[POLICE]["disclosures"] >= 5
    assert by_agency[JAG]["disclosures"] == "fewer than 5"
    assert not isinstance(told["disclosures"], int)
    assert by_agency[POLICE]["agreements"] == ["agr_police_example@1"]
    assert "health" in by_agency[POLICE]["data_categories"]
    assert by_agency[POLICE]["recipient_deletes_after_days"] == [365]
    assert told["retention_days"]["normal"] == 2192
    assert "docs/security.md" in told["security"]
    rows = sheet(api.ask("GET", "/v1/register/processing-record?format=csv", "dpo"))
    assert {row["point of Art 30(1)"] for row in rows} == {f"({point})" for point in "abcdefg"}
