"""Whatever is sent: one problem in one form, never a fault of the hub, never an echo of what was sent."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.api.problems import HEADERS
from tests.cases import Case
from tests.hub.api.operations import operations
from tests.hub.api.served import MAX_BODY_BYTES, Api

CANARY = "Qanaryzq77"

Change = Callable[[dict[str, Any]], None]


def _problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["type"] == f"urn:concordat:problem:{found['title'].lower()}"
    return found


def _with(text: str) -> bytes:
    """A sound referral with this text put in raw, where a name stood."""
    case = Case()
    return case.raw().replace(f'"{case.token("victim")}"'.encode(), text.encode("utf-8", "surrogatepass"))


BYTES = {
    "empty": (b"", "JSON_BROKEN"),
    "not JSON": (CANARY.encode(), "JSON_BROKEN"),
    "cut off": (Case().raw()[:-9], "JSON_BROKEN"),
    "two documents": (Case().raw() * 2, "JSON_BROKEN"),
    "a comment": (b"// " + CANARY.encode() + b"\n" + Case().raw(), "JSON_BROKEN"),
    "a byte-order mark": (b"\xef\xbb\xbf" + Case().raw(), "JSON_BYTE_ORDER_MARK"),
    "UTF-16": (Case().raw().decode().encode("utf-16"), "JSON_NOT_UTF8"),
    "UTF-16 without a mark": (Case().raw().decode().encode("utf-16-le"), "JSON_BROKEN"),
    "Latin-1": (_with('"x"').replace(b'"x"', '"Zoë"'.encode("latin-1")), "JSON_NOT_UTF8"),
    "half a character in bytes": (_with('"\ud800"'), "JSON_NOT_UTF8"),
    "half a character escaped": (_with(f'"{CANARY}\\ud800"'), "JSON_TEXT"),
    "a NUL escaped": (_with(f'"{CANARY}\\u0000"'), "JSON_TEXT"),
    "a NUL in a key": (_with(f'"x", "{CANARY}\\u0000": 1'), "JSON_TEXT"),
    "a raw NUL": (_with(f'"{CANARY}\x00"'), "JSON_BROKEN"),
    "not a number": (_with("NaN"), "JSON_NUMBER"),
    "infinity": (_with("-Infinity"), "JSON_NUMBER"),
    "too large for a float": (_with("1e999"), "JSON_NUMBER"),
    "65 bits": (_with(str(2**64)), "JSON_NUMBER"),
    "minus 64 bits": (_with(str(-(2**63))), "JSON_NUMBER"),
    "a number of a hundred thousand digits": (_with("1" * 100_000), "JSON_NUMBER"),
    "a key twice": (_with(f'"x", "name": "{CANARY}"'), "JSON_KEY_TWICE"),
    "nested 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, "JSON_BROKEN"),
    "nested 100 deep": (b"[" * 100 + b"]" * 100, "JSON_TOO_DEEP"),
    "objects nested 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "JSON_BROKEN"),
    "a list": (b"[]", "FIELD_WRONG"),
    "null": (b"null", "FIELD_WRONG"),
    "a text": (f'"{CANARY}"'.encode(), "FIELD_WRONG"),
    "nothing": (b"{}", "FIELD_MISSING"),
}


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.parametrize("path", ["/v1/referrals", "/v1/previews"])
def test_bytes_of_more_than_one_meaning_or_none_are_refused(api: Api, path: str, name: str) -> None:
    raw, code = BYTES[name]
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"key-{Case().tag}"}
    assert _problem(api.ask("POST", path, "officer", content=raw, headers=headers), 422)["title"] == code


def _person(**fields: object) -> Change:
    return lambda referral: referral["record"]["people"][0].update(fields)


def _set(*path: str | int, value: object) -> Change:
    def change(referral: dict[str, Any]) -> None:
        place: Any = referral
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


FIELDS: dict[str, tuple[Change, str, str]] = {
    "an unknown field": (_set(CANARY, value=1), "FIELD_UNKNOWN", ""),
    "an unknown field deep inside": (_person(**{CANARY: 1}), "FIELD_UNKNOWN", "record.people.0"),
    "a name that is a number": (_person(name=7), "FIELD_WRONG", "record.people.0.name"),
    "a name of a million characters": (_person(name="x" * 100_000), "FIELD_WRONG", "record.people.0.name"),
    "an empty name": (_person(name=""), "FIELD_WRONG", "record.people.0.name"),
    "a role that nobody has": (_person(role=CANARY), "FIELD_WRONG", "record.people.0.role"),
    "a number as true": (_set("circumstances", "capacity", value=True), "FIELD_WRONG", "circumstances.capacity"),
    "true as 1": (_set("circumstances", "necessary", value=1), "FIELD_WRONG", "circumstances.necessary"),
    "true as text": (_set("circumstances", "necessary", value="true"), "FIELD_WRONG", "circumstances.necessary"),
    "an age as text": (_set("circumstances", "subject_age", value="36"), "FIELD_WRONG", "circumstances.subject_age"),
    "an age as true": (_set("circumstances", "subject_age", value=True), "FIELD_WRONG", "circumstances.subject_age"),
    "a time without a zone": (
        _set("consents", 0, "claimed_at", value="2026-11-01T12:00:00"), "FIELD_WRONG", "consents.0.claimed_at",
    ),
    "a time as a sentence": (_set("consents", 0, "claimed_at", value=CANARY), "FIELD_WRONG", "consents.0.claimed_at"),
    "nobody asked": (_set("asks", value=[]), "FIELD_WRONG", "asks"),
    "no people": (_set("record", "people", value=[]), "FIELD_WRONG", "record.people"),
    "people as an object": (_set("record", "people", value={}), "FIELD_WRONG", "record.people"),
    "fifty-one people": (
        _set("record", "people", value=[{"id": f"p{n}", "role": "witness"} for n in range(51)]), "FIELD_WRONG",
        "record.people",
    ),
    "a subject who is nobody": (_set("subject", value="p99"), "FIELD_WRONG", ""),
    "a person number with a line break": (_person(id="p1\n"), "FIELD_WRONG", "record.people.0.id"),
    "an agency by name": (_set("asks", 0, "agency", value=CANARY), "FIELD_WRONG", "asks.0.agency"),
    "an agency that climbs": (_set("asks", 0, "agency", value="agy_../../etc"), "FIELD_WRONG", "asks.0.agency"),
    "an agency nobody registered": (_set("asks", 0, "agency", value="agy_nowhere"), "AGENCY_UNKNOWN", "asks.0.agency"),
    "a purpose of one's own": (_set("asks", 0, "purpose", value=CANARY), "FIELD_WRONG", "asks.0.purpose"),
    "a landlord of one's own": (_set("landlord", value=CANARY), "FIELD_WRONG", "landlord"),
    "a mark on other words": (
        _set("record", "case", "summary", "marks", value=[{"quote": CANARY, "categories": ["health"]}]),
        "FIELD_WRONG", "record.case.summary",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_field_is_named_with_reason_and_remedy_and_nothing_is_taken(api: Api, name: str) -> None:
    change, code, field = FIELDS[name]
    case = Case()
    referral = case.referral()
    change(referral)
    found = _problem(api.refer(case, raw=json.dumps(referral).encode()), 422)
    assert (found["title"], found["field"]) == (code, field)
    assert found["reason"]
    assert found["remedy"]
    assert api.refer(case).status_code == 201  # the key was not used up


def test_no_problem_repeats_a_personal_value_of_the_referral(api: Api) -> None:
    for change, _code, _field in FIELDS.values():
        case = Case()
        referral = case.referral()
        change(referral)
        text = api.refer(case, raw=json.dumps(referral).encode()).text
        assert not [secret for secret in case.secrets if secret in text]


def test_a_body_larger_than_the_hub_takes_is_refused_however_it_comes(api: Api) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "key-of-a-large-one"}
    for size in (MAX_BODY_BYTES + 1, 50 * 1024 * 1024):
        whole = api.ask("POST", "/v1/previews", "officer", content=b" " * size, headers=headers)
        assert _problem(whole, 413)["title"] == "TOO_LARGE"
    pieces = (b" " * 65_536 for _ in range(MAX_BODY_BYTES // 65_536 + 2))
    assert _problem(api.ask("POST", "/v1/previews", "officer", content=pieces, headers=headers), 413)


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json", CANARY]
)
def test_another_media_type_is_refused(api: Api, media_type: str | None) -> None:
    headers = {"Idempotency-Key": "key-of-another-type"} | ({} if media_type is None else {"Content-Type": media_type})
    answer = api.ask("POST", "/v1/referrals", "officer", content=Case().raw(), headers=headers)
    assert _problem(answer, 415)["title"] == "NOT_JSON"


def test_a_media_type_with_a_parameter_is_the_same_media_type(api: Api) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert api.ask("POST", "/v1/previews", "officer", content=Case().raw(), headers=headers).status_code == 200


@pytest.mark.parametrize("key", [None, "", "short", "k" * 201])
def test_a_referral_without_a_usable_idempotency_key_is_refused(api: Api, key: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    answer = api.ask("POST", "/v1/referrals", "officer", content=Case().raw(), headers=headers)
    found = _problem(answer, 422)
    assert (found["title"], found["field"]) == ("PARAMETER_WRONG", "Idempotency-Key")


STRANGE_IDS = [
    CANARY, "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "ref_%00", "%0d%0aSet-Cookie:%20a=b", "ref_%ff",
    "%ed%a0%80",
       "ref_" + "0" * 25, "ref_" + "0" * 27, "ref_" + "8" + "0" * 25, "REF_" + "0" * 26, "dsc_" + "0" * 26 + "%0a",
    "x" * 8_000, "'%20OR%201=1--", "-1", "1e3", "9" * 40, "%F0%9F%92%A9",
]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE_IDS)
def test_an_id_of_another_shape_names_nothing(api: Api, strange: str) -> None:
    document = api.ask("GET", "/v1/openapi.json").json()
    may = {operation["operationId"]: operation["x-roles"] for path in document["paths"].values()
           for operation in path.values()}  # fmt: skip
    for operation in operations(document):
        names = [name for name in ("referral", "disclosure", "consent", "credential", "landlord", "number", "bundle",
                             "hashes")
                 if f"{{{name}}}" in operation.path]  # fmt: skip
        if not names:
            continue
        role = next((role for role in ("officer", *api.tokens) if role in may[operation.id]), "officer")
        status, content_type, body = _raw(api, operation.method, operation.address(**{names[0]: strange}), role)
        assert status in (404, 405), (operation.id, body)
        assert content_type == "application/problem+json"
        assert CANARY.encode() not in body


def _raw(api: Api, method: str, target: str, role: str) -> tuple[int, str | None, bytes]:
    """A request whose target goes out exactly as written: the usual client would tidy it first."""
    address = urlsplit(api.address)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    try:
        body = (
            b'{"authorise": false}' if "review" in target else b'{"review_by": null}' if "policy" in target else b"{}"
        )
        connection.putrequest(method, target, skip_host=True)
        for name, value in (("Host", "localhost"), ("Authorization", f"Bearer {api.tokens[role]}"),
                            ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):  # fmt: skip
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/v1/feed?after=-1", "partner"), ("/v1/feed?after=9007199254740992", "partner"),
        ("/v1/feed?after=x", "partner"),
        (f"/v1/feed?after={10**40}", "partner"), ("/v1/feed?limit=0", "partner"), ("/v1/feed?limit=201", "partner"),
        ("/v1/log/consistency", None), ("/v1/log/consistency?old=-1&new=1", None),
        (f"/v1/log/consistency?old=1&new={CANARY}", None),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_and_not_repeated(api: Api, path: str, who: str | None) -> None:
    assert _problem(api.ask("GET", path, who), 422)["title"] == "PARAMETER_WRONG"


@pytest.mark.parametrize(
    "path", [f"/v1/log/entries/{10**40}/proof", "/v1/log/entries/-1/proof", f"/v1/log/consistency?old=0&new={10**40}"]
)
def test_a_position_beyond_the_log_is_not_found(api: Api, path: str) -> None:
    _problem(api.ask("GET", path, "officer"), 404)


def test_an_unknown_address_and_a_wrong_method_are_problems_like_any_other(api: Api) -> None:
    for path in ("/", "/v1", "/v2/referrals", "/docs", "/redoc", "/openapi.json", f"/{CANARY}", "/v1/referrals/", "//"):
        assert _problem(api.ask("GET", path), 404)["title"] == "NOT_FOUND"
    for operation in operations(api.ask("GET", "/v1/openapi.json").json()):
        answer = api.ask("PATCH", operation.address())
        assert _problem(answer, 405)["title"] == "METHOD_NOT_ALLOWED"
        assert "Allow" in answer.headers


def test_every_answer_forbids_caching_sniffing_and_framing(api: Api) -> None:
    answers = [api.ask(operation.method, operation.address(), who, json={})
               for operation in operations(api.ask("GET", "/v1/openapi.json").json())
               for who in (None, "officer")]  # fmt: skip
    for answer in (*answers, api.ask("GET", "/nowhere"), api.ask("GET", "/v1/openapi.json")):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_whatever_brings_the_hub_to_a_fault(api: Api, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from([
        operation for operation in operations(api.ask("GET", "/v1/openapi.json").json()) if operation.takes_json
    ]))  # fmt: skip
    who = (operation.document["x-roles"] or [None])[0]
    body = data.draw(JSON)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "key-of-the-fuzzer"}
    content = json.dumps(body).encode()
    answer = api.ask(operation.method, operation.address(), who, content=content, headers=headers)
    assert answer.status_code < 500, answer.text


@st.composite
def _nearly_sound(draw: st.DrawFn) -> dict[str, Any]:
    """A sound referral with a few places exchanged for any JSON, or taken out."""
    referral = Case().referral()
    for _ in range(draw(st.integers(1, 4))):
        place: Any = referral
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
                if draw(st.booleans()):
                    place[key] = draw(JSON)
                else:
                    del place[key]
                break
            place = place[key]
    return referral


@given(_nearly_sound())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_nearly_sound_referral_brings_the_hub_to_a_fault(api: Api, referral: dict[str, Any]) -> None:
    answer = api.ask("POST", "/v1/previews", "officer", content=json.dumps(referral).encode(),
                     headers={"Content-Type": "application/json"})  # fmt: skip
    assert answer.status_code in (200, 404, 422), answer.text


@given(
    born=st.dates(),
    age=st.none() | st.integers(0, 120),
    score=st.integers(0, 100_000),
    start=st.datetimes(),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_date_or_age_that_the_schema_takes_brings_the_hub_to_a_fault(
    api: Api, born: object, age: int | None, score: int, start: object
) -> None:
    referral = Case().referral()
    referral["record"]["people"][0]["date_of_birth"] = str(born)
    referral["circumstances"]["subject_age"] = age
    referral["record"]["risk"]["score"] = score
    referral["record"]["incidents"][0]["when"]["start"] = f"{start}Z"
    answer = api.ask("POST", "/v1/previews", "officer", content=json.dumps(referral).encode(),
                     headers={"Content-Type": "application/json"})  # fmt: skip
    assert answer.status_code in (200, 422), answer.text
