"""The register of disclosures over HTTP: pages, searches by body alone, sheets, the record of processing."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from hub.access.roles import Role
from hub.api.shapes.register import PERSON_COLUMNS, person_rows_of, search_out
from hub.audit.kinds import EntryKind
from hub.flow import enrol
from hub.flow.deliver import deliver_due
from hub.flow.search_person import Answer, Match
from hub.register.person_index import Namesakes
from hub.register.small_counts import HIDDEN
from hub.store.scope import of_landlord
from hub.store.tables import person_index_due
from tests import logs
from tests.cases import FIRE, JAG, POLICE, Case
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
    assert [row["disclosed_at"] for row in found] == sorted((row["disclosed_at"] for row in found), reverse=True)
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
        ("agreement=agr_police_example@01", 422, "PARAMETER_WRONG"),
        ("agreement=agr_police_example@0", 422, "PARAMETER_WRONG"), ("agency=", 422, "PARAMETER_WRONG"),
        ("agency", 422, "PARAMETER_WRONG"), ("from=", 422, "PARAMETER_WRONG"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_with_a_code(api: Api, query: str, status: int, code: str) -> None:
    for path in (REGISTER, f"{REGISTER}/export"):
        if "limit" in query and path != REGISTER:
            continue
        answer = api.ask("GET", f"{path}?{query}", "dpo")
        assert (answer.status_code, answer.json()["title"]) == (status, code), answer.text


@pytest.mark.parametrize(
    "day", ["0", "1767225600", "2026-01-31T00:00:00", "2026-01-31T00:00:00%2B14:00", "2026-01-31T00:00:00Z", "20260131",
            "2026-1-31", "%202026-01-31", "2026-01-31%0a", "2026-W05-6", "2026-02-30", "-2026-01-31", "31/01/2026",
            "%D9%A2026-01-31"],
)  # fmt: skip
def test_a_day_is_taken_as_a_date_and_as_nothing_else_that_could_be_read_as_one(api: Api, day: str) -> None:
    for name in ("from", "to"):
        for path in (REGISTER, f"{REGISTER}/export"):
            answer = api.ask("GET", f"{path}?{name}={day}", "dpo")
            told = answer.json()
            assert (answer.status_code, told["title"], told.get("field")) == (422, "PARAMETER_WRONG", name), answer.text
            assert "31" not in answer.text


def taken_by(api: Api) -> list[tuple[str, str, set[str]]]:
    """Each operation of the register, and the names of the parameters that the document tells of it."""
    paths = api.ask("GET", "/v1/openapi.json").json()["paths"]
    return [(method, path, {one["name"] for one in operation.get("parameters", [])})
            for path, methods in paths.items() if path.startswith("/v1/register/")
            for method, operation in methods.items()]  # fmt: skip


VALUES = {
    "agency": "agy_police", "basis": "a6_public_task", "agreement": "agr_police_example@1", "field": "victim.name",
    "officer": "usr_00000000000000000000000000", "from": "2026-01-01", "to": "2026-12-31", "landlord": "LMH",
    "cursor": "1.1", "limit": "5", "format": "json", "purpose": "audit",
}  # fmt: skip


def test_what_the_document_tells_of_is_taken_and_any_other_name_refused_and_not_repeated(api: Api) -> None:
    assert set.union(*(names for _, _, names in taken_by(api))) == VALUES.keys()
    for method, path, names in taken_by(api):
        body = {"json": {"name": "Ada"}} if method == "post" else {}
        sound = "&".join(f"{name}={VALUES[name]}" for name in sorted(names))
        assert api.ask(method, f"{path}?{sound}", "dpo", **body).status_code == 200
        for unknown in ("agnecy=Qanaryzq", "until=2000-01-01", "Agency=agy_jag", "Qanaryzq", "=Qanaryzq",
                        "Qanaryzq%00=1", "%ff=1", "name=Qanaryzq", "agency%20=agy_jag", "since=2026-01-01",
                        f"{sound}&Qanaryzq=1", "from=0&Qanaryzq=1"):  # fmt: skip
            answer = api.ask(method, f"{path}?{unknown}", "dpo", **body)
            told = answer.json()
            assert (answer.status_code, told["title"]) == (422, "PARAMETER_UNKNOWN"), (path, unknown, answer.text)
            assert (told["field"], bool(told["reason"])) == ("query", True)
            assert all(name in told["remedy"] for name in names)
            assert not {"qanaryzq", "agnecy", "until", "since", "2000", "agy_jag"} & {*re.findall(r"\w+", answer.text)}
            assert "Qanaryzq" not in answer.text


def test_a_parameter_that_is_given_twice_is_refused_by_its_name_and_without_its_values(api: Api) -> None:
    for method, path, names in taken_by(api):
        body = {"json": {"name": "Ada"}} if method == "post" else {}
        for name in names:
            for first, second in ((VALUES[name], VALUES[name]), ("Qanaryzq", VALUES[name]), (VALUES[name], "Qanaryzq")):
                for again in (name, f"%{ord(name[0]):x}{name[1:]}"):
                    answer = api.ask(method, f"{path}?{name}={first}&{again}={second}", "dpo", **body)
                    told = answer.json()
                    assert (answer.status_code, told["title"]) == (422, "PARAMETER_TWICE"), (path, name, answer.text)
                    assert (told["field"], told["reason"], told["remedy"]) == (
                        name, "is given more than once", "give it once"
                    )  # fmt: skip
                    assert "Qanaryzq" not in answer.text


def test_what_an_address_may_hold_is_told_to_nobody_who_is_not_signed_in_as_a_dpo(api: Api) -> None:
    for method, path, _ in taken_by(api):
        assert api.ask(method, f"{path}?agnecy=agy_jag", json={"name": "Ada"}).status_code == 401
        assert api.ask(method, f"{path}?agnecy=agy_jag", "officer", json={"name": "Ada"}).status_code == 403


def test_what_is_refused_is_no_reading_and_enters_nothing(api: Api) -> None:
    def readings() -> int:
        kinds = (EntryKind.REGISTER_READ, EntryKind.REGISTER_SEARCHED)
        return sum(entry.kind in kinds for entry in logs.entries(api.hub.house.store))

    before = readings()
    for query in ("agnecy=agy_jag", "agency=agy_jag&agency=agy_police", "from=0"):
        assert api.ask("GET", f"{REGISTER}?{query}", "dpo").status_code == 422
    assert api.ask("POST", "/v1/register/searches?prupose=complaint", "dpo", json={"name": "Ada"}).status_code == 422
    assert readings() == before
    assert api.ask("GET", REGISTER, "dpo").status_code == 200
    assert readings() == before + 1


def test_the_document_says_that_a_day_is_a_date(api: Api) -> None:
    parameters = api.ask("GET", "/v1/openapi.json").json()["paths"][REGISTER]["get"]["parameters"]
    schemas = {one["name"]: one["schema"] for one in parameters}
    for name in ("from", "to"):
        assert {"type": "string", "format": "date"} in schemas[name]["anyOf"]


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
        told = re.sub(r"[\x00-\x1f\u2028\u2029]", " ", name.replace("'", ""))
        assert {row["name"].replace("'", "") for row in rows} == {told}
        assert rows[0]["agency"] == "agy_police"
        assert "victim.name" in rows[0]["own fields"]
    taken = sheet(api.ask("GET", f"{REGISTER}/export?format=csv", "dpo"))
    shown = api.ask("GET", f"{REGISTER}/export?format=json", "dpo").json()["disclosures"]
    assert [row["disclosure"] for row in taken] == [row["disclosure"] for row in shown]
    assert [row["fields"].split("; ") for row in taken] == [row["fields"] for row in shown]


def person_sheet(api: Api, **body: str) -> list[dict[str, str]]:
    """Who is looked for, taken away as CSV."""
    return sheet(api.ask("POST", "/v1/register/searches/export", "dpo", json=body))


def erased(api: Api, referral: str) -> None:
    """Whom that referral is about, by an officer who proved just now who they are."""
    token = enrol.enrol(api.hub.house, None, role=Role.DPO, landlord="LMH", agency=None).token
    done = api.client.post(f"/v1/referrals/{referral}/erasures", json={"person": "p1", "ground": "objection"},
                           headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    assert done.status_code == 200, done.text


def test_a_sheet_does_not_say_that_nothing_went_where_nobody_can_tell_any_more(api: Api) -> None:
    case = Case(asks=[FIRE])
    course = api.sent(case)
    taken = api.ask("POST", f"/v1/feed/{course['disclosures'][0]['id']}/collection", "partner")
    assert taken.status_code == 200, taken.text
    name = case.token("neighbour")

    erased(api, course["id"])

    (match,) = api.ask("POST", "/v1/register/searches", "dpo", json={"name": name}).json()["matches"]
    assert (match["disclosures"], match["unopened"]) == ([], 1)
    (row,) = person_sheet(api, name=name)
    assert (row["person"], row["name"], row["disclosure"], row["fields"]) == ("p2", name, "", "")
    assert row["unopened"] == HIDDEN


def test_a_search_that_found_nobody_is_a_row_that_says_so_and_whom_of_that_name_there_are(api: Api) -> None:
    (nobody,) = person_sheet(api, name=f"Nobody {Case().tag}")
    assert {name for name, cell in nobody.items() if cell} == {
        "same name born another day", "same name birth unknown", "index whole"
    }  # fmt: skip
    assert nobody["index whole"] == "yes"
    name = f"Ada {Case().token('fictional')}"
    for day in range(1, 6):
        sent(api, name, f"1990-01-0{day}")
    (other,) = person_sheet(api, name=name, date_of_birth="1991-01-01")
    assert (other["name"], other["same name born another day"], other["same name birth unknown"]) == ("", "5", HIDDEN)
    (one,) = person_sheet(api, name=name, date_of_birth="1990-01-01")
    assert (one["agency"], one["same name born another day"]) == ("agy_police", HIDDEN)


def test_a_sheet_says_where_the_index_is_not_whole_yet_also_when_nobody_was_found(api: Api) -> None:
    _, name = sent(api)
    case = api.ask("POST", "/v1/register/searches", "dpo", json={"name": name}).json()["matches"][0]["case"]
    with api.hub.house.store.write(of_landlord("LMH")) as tx:
        tx.connection.execute(insert(person_index_due), [{"case_id": case}])
    try:
        for sought in (name, f"Nobody {Case().tag}"):
            assert [row["index whole"] for row in person_sheet(api, name=sought)] == ["no"]
    finally:
        with api.hub.house.store.write(of_landlord("LMH")) as tx:
            tx.connection.execute(person_index_due.delete())
    assert [row["index whole"] for row in person_sheet(api, name=name)] == ["yes"]


@given(
    unopened=st.lists(st.integers(0, 12), max_size=4), another_day=st.integers(0, 12), unknown=st.integers(0, 12),
    is_whole=st.booleans(),
)  # fmt: skip
def test_a_sheet_tells_the_same_counts_as_json_does_and_always_has_a_row(
    unopened: list[int], another_day: int, unknown: int, is_whole: bool
) -> None:
    matches = tuple(Match("cas_x", f"p{at}", None, (), (), count) for at, count in enumerate(unopened, start=1))
    answer = Answer(matches, Namesakes(another_day, unknown), None, is_whole)
    rows = [dict(zip(PERSON_COLUMNS, row, strict=True)) for row in person_rows_of(answer)]
    told = search_out(answer, leaves=True)
    assert [row["unopened"] for row in rows] == ([match.unopened for match in told.matches] or [None])
    assert {row["person"] for row in rows} == ({match.person for match in told.matches} or {None})
    for row in rows:
        assert row["same name born another day"] == told.same_name_born_another_day
        assert row["same name birth unknown"] == told.same_name_birth_unknown
        assert row["index whole"] == told.whole


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
