"""A question without a case: what the answer holds, and how it is explained to each reader."""

import json
from datetime import date

import pytest

from consent.facts import FACTS
from hub.decision import rulebook
from hub.decision.question import EARLIEST, LATEST, BadFacts, Voice, answer, error_of, facts_schema, is_answerable
from tests.consent.rulebook import TODAY, ask, case
from tests.consent.test_scenarios import SCENARIOS

RULES = rulebook.read()


def test_the_answer_is_the_engines_decision_and_nothing_is_added_to_the_facts() -> None:
    told, decided = answer(RULES, case(consent="refused"), TODAY), ask(consent="refused")
    assert told["outcome"] == decided.outcome
    assert told["remedy"] == list(decided.remedy)
    assert told["determining"] == list(decided.determining)
    assert answer(RULES, {}, TODAY) == answer(RULES, dict.fromkeys(FACTS), TODAY)


def test_every_day_that_can_be_asked_about_is_answered() -> None:
    for day in (EARLIEST, TODAY, LATEST):
        for facts in ({}, case(), case(prejudice_if_informed=True, informed_already=False)):
            assert json.loads(json.dumps(answer(RULES, facts, day)))["as_at"] == day.isoformat()
    assert not is_answerable(date(2018, 5, 24))
    assert not is_answerable(date.max)


def test_where_policy_or_agreement_departs_from_the_law_its_code_is_told() -> None:
    shown = {}
    for scenario in SCENARIOS:
        told = answer(RULES, case(**scenario["facts"]), TODAY)
        shown[scenario["id"]] = told["divergences"]
        diverging = [reason.code for reason in ask(**scenario["facts"]).divergences]
        assert told["divergences"] == list(dict.fromkeys(diverging))
    assert shown["E02"] == ["POLICY_OHG_7_OVERSTATED"]
    assert shown["E01"] == []


def test_a_child_is_told_in_words_of_its_own() -> None:
    grown, child = (
        answer(RULES, case(consent="refused", **changes), TODAY, Voice.SUBJECT)["explanation"]
        for changes in ({}, {"subject_age": 9, "subject_role": "child"})
    )
    assert grown != child


def test_the_officers_text_names_recipient_and_purpose_where_they_are_known() -> None:
    for facts in (case(), {"recipient": "police"}, {"purpose": "crime_investigation"}, {}):
        told = str(answer(RULES, facts, TODAY, Voice.OFFICER)["explanation"])
        assert ("police" in told) == ("recipient" in facts)


@pytest.mark.parametrize("name", ["Jane Doe", "07700 900123", "janeDoe", "jane.doe@mail.example", "", "x" * 41, "zoë"])
def test_a_key_that_may_be_content_is_not_repeated(name: str) -> None:
    with pytest.raises(BadFacts) as refused:
        answer(RULES, {name: "x", "risk": "low"}, TODAY)
    told = error_of(refused.value)
    assert (told["code"], told["field"]) == ("FACT_UNKNOWN", "")
    assert not name or name not in json.dumps(told, ensure_ascii=False)


def test_the_schema_names_every_fact_with_its_values() -> None:
    schema = facts_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert list(properties) == list(FACTS)
    assert all(properties[name]["description"] == spec.means for name, spec in FACTS.items())
