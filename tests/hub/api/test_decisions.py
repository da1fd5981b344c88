"""Questions over HTTP: one or many, what is wrong with each, who may ask, and that nothing is kept of them."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from consent.facts import FACTS
from hub.decision.question import EARLIEST, LATEST, answer
from tests.consent.rulebook import case
from tests.consent.test_scenarios import SCENARIOS
from tests.hub.api.served import MAX_BODY_BYTES, PEOPLE, Api

CANARY = "Qanaryzq77"
URGENT = case(risk="immediate_danger")


def asked(api: Api, body: object, who: str = "officer") -> httpx.Response:
    return api.ask("POST", "/v1/questions", who, json=body)


def found(answered: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    assert answered.status_code == 200, answered.text
    return answered.json()


def test_one_object_of_facts_is_answered_as_the_engine_answers_it(api: Api) -> None:
    told = found(asked(api, {"facts": case(), "as_at": "2026-11-20"}))
    assert told == answer(api.hub.house.rulebook, case(), date(2026, 11, 20))
    assert told["outcome"] == "permit"
    assert told["rules"] == api.hub.house.rulebook.rules.digest


def test_many_are_answered_in_their_order(api: Api) -> None:
    many = [case(**scenario["facts"]) for scenario in SCENARIOS]
    told = found(asked(api, {"facts": many, "as_at": "2026-11-20"}))
    assert [entry["outcome"] for entry in told["answers"]] == [entry["expected"]["outcome"] for entry in SCENARIOS]
    assert told["rules"] == api.hub.house.rulebook.rules.digest
    assert told["as_at"] == "2026-11-20"


def test_a_bad_one_among_many_has_its_error_in_its_place_and_the_others_are_decided(api: Api) -> None:
    facts = [URGENT, case(risk=CANARY), {CANARY: True}, {"recipiant": "police"}, CANARY, None, [URGENT], URGENT]
    answered = asked(api, {"facts": facts})
    first, wrong, strange, misspelt, *no_objects, last = found(answered)["answers"]
    assert first == last
    assert first["outcome"] == "permit"
    assert wrong["error"] | {"remedy": ""} == {
        "code": "FACT_WRONG", "field": "risk", "allowed": ["none", "low", "medium", "high", "immediate_danger"],
        "reason": "must be one of the allowed values or null", "remedy": "",
    }  # fmt: skip
    assert (strange["error"]["code"], strange["error"]["field"]) == ("FACT_UNKNOWN", "")
    assert (misspelt["error"]["code"], misspelt["error"]["field"]) == ("FACT_UNKNOWN", "recipiant")
    assert set(misspelt["error"]["allowed"]) == set(FACTS)
    assert [entry["error"]["code"] for entry in no_objects] == ["FACTS_NOT_OBJECT"] * 3
    assert CANARY not in answered.text


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "FIELD_MISSING", "facts"), ({"facts": None}, "FIELD_WRONG", "facts"),
        ({"facts": CANARY}, "FIELD_WRONG", "facts"), ([], "FIELD_WRONG", ""),
        ({"facts": [{}] * 1_001}, "FIELD_WRONG", "facts"), ({"facts": {}, CANARY: 1}, "FIELD_UNKNOWN", ""),
        ({"facts": case(risk=CANARY)}, "FACT_WRONG", "risk"), ({"facts": {CANARY: 1}}, "FACT_UNKNOWN", ""),
        ({"facts": {"recipiant": 1}}, "FACT_UNKNOWN", "recipiant"),
        ({"facts": {}, "explain": CANARY}, "FIELD_WRONG", "explain"),
        ({"facts": {}, "as_at": CANARY}, "FIELD_WRONG", "as_at"),
        ({"facts": {}, "as_at": 20261120}, "FIELD_WRONG", "as_at"),
        ({"facts": {}, "as_at": "20261120"}, "FIELD_WRONG", "as_at"),
        ({"facts": {}, "as_at": "2018-05-24"}, "FIELD_WRONG", "as_at"),
        ({"facts": {}, "as_at": "9999-12-31"}, "FIELD_WRONG", "as_at"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_answered_is_a_problem_that_names_the_field(
    api: Api, body: object, code: str, field: str
) -> None:
    answered = asked(api, body)
    problem = answered.json()
    assert (answered.status_code, problem["title"], problem["field"]) == (422, code, field)
    assert problem["reason"]
    assert problem["remedy"]
    assert CANARY not in answered.text


def test_the_problem_of_one_question_says_what_is_allowed(api: Api) -> None:
    problem = asked(api, {"facts": case(risk="HIGH")}).json()
    assert "immediate_danger" in problem["remedy"]


def test_a_thousand_are_answered_and_the_limit_on_bytes_holds_here_as_well(api: Api) -> None:
    assert len(found(asked(api, {"facts": [{"risk": "low"}] * 1_000}))["answers"]) == 1_000
    assert found(asked(api, {"facts": []}))["answers"] == []
    large = asked(api, {"facts": [{"risk": "low" * MAX_BODY_BYTES}]})
    assert (large.status_code, large.json()["title"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize("role", PEOPLE)
def test_those_who_work_on_a_landlords_cases_may_ask_and_nobody_else(api: Api, role: str) -> None:
    assert asked(api, {"facts": {}}, role).status_code == (
        200 if role in ("officer", "supervisor", "authoriser", "dpo") else 403
    )


def test_the_law_of_the_day_that_was_named_counts_and_today_where_none_was(api: Api) -> None:
    before, since = (
        found(asked(api, {"facts": case(), "as_at": day}))["basis"] for day in ("2026-02-04", "2026-02-05")
    )
    assert "a6_rli_crime" in since
    assert "a6_rli_crime" not in before
    assert found(asked(api, {"facts": case()}))["as_at"] == api.hub.house.clock.now().date().isoformat()


@pytest.mark.parametrize("voice", ["officer", "dpo", "subject"])
def test_an_explanation_is_there_when_it_was_asked_for_and_only_then(api: Api, voice: str) -> None:
    one = found(asked(api, {"facts": case(), "explain": voice}))
    many = found(asked(api, {"facts": [case(), {"risk": "low"}], "explain": voice}))["answers"]
    assert one == many[0]
    assert len({entry["explanation"] for entry in many}) == 2
    assert "explanation" not in found(asked(api, {"facts": case()}))


def _rows(api: Api) -> Mapping[str, int]:
    with sqlite3.connect(api.hub.settings.data_dir / "concordat.sqlite3") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def test_nothing_is_kept_logged_or_sent(api: Api) -> None:
    before, woken = _rows(api), len(api.woken)
    found(asked(api, {"facts": [case(**scenario["facts"]) for scenario in SCENARIOS], "explain": "dpo"}))
    assert before["audit_entry"] > 0
    assert _rows(api) == before
    assert len(api.woken) == woken


def test_the_document_names_every_fact_and_every_answer_fits_it(api: Api) -> None:
    document = api.ask("GET", "/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    one, many = schemas["Question"]["properties"]["facts"]["anyOf"]
    assert set(one["properties"]) == set(FACTS)
    assert many["items"] == one
    Draft202012Validator(one).validate(case())
    assert not Draft202012Validator(one).is_valid(case(risk="HIGH"))
    fits = Draft202012Validator({"$ref": "#/components/schemas/AnswersOut", "components": document["components"]})
    fits.validate(found(asked(api, {"facts": [case(), {"x": 1}, {}], "explain": "officer"})))


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=5)
VALUES = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | TEXTS | st.lists(TEXTS, max_size=3)


@st.composite
def nearly_facts(draw: st.DrawFn) -> dict[str, object]:
    """Facts of the vocabulary, mostly with values that are allowed."""
    facts: dict[str, object] = {}
    for name in draw(st.lists(st.sampled_from(sorted(FACTS)), unique=True)):
        spec = FACTS[name]
        allowed = {
            "yes_no": st.booleans(), "whole_number": st.integers(0, 130), "choice": st.sampled_from(spec.allowed),
            "categories": st.lists(st.sampled_from(spec.allowed), min_size=1, max_size=4),
        }[spec.kind]  # fmt: skip
        facts[name] = draw(allowed if draw(st.integers(0, 19)) else VALUES)
    return facts


@given(
    st.lists(nearly_facts(), max_size=5),
    st.dates(EARLIEST, LATEST),
    st.sampled_from(["officer", "dpo", "subject", None]),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_facts_whatever_bring_the_hub_to_a_fault(
    api: Api, facts: list[dict[str, object]], day: date, voice: str | None
) -> None:
    body = json.dumps({"facts": facts, "as_at": day.isoformat(), "explain": voice})
    answered = api.ask("POST", "/v1/questions", "dpo", content=body, headers={"Content-Type": "application/json"})
    answers = found(answered)["answers"]
    assert [("error" in entry) != ("outcome" in entry) for entry in answers] == [True] * len(facts)
