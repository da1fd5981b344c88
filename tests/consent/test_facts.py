import json

import pytest

from consent.facts import FACTS, FactError, parse_facts
from protocols.vocabulary import DataCategory
from tests.consent.rulebook import case, vocabulary


def test_the_facts_are_those_of_the_vocabulary_and_the_two_lists_added_to_it() -> None:
    added = {"consent_categories", "protocol_uncovered"}  # the vocabulary may grow and never shrink
    assert set(FACTS) == set(vocabulary()["defaults"]) | added


@pytest.mark.parametrize("name", ["recipient", "purpose", "categories"])
def test_an_enumeration_is_exactly_that_of_the_vocabulary(name: str) -> None:
    listed = vocabulary()["enumerations"][name]
    assert isinstance(listed, list)
    assert sorted(FACTS[name].allowed) == sorted(listed)


def test_a_missing_or_null_fact_stays_unknown() -> None:
    facts = parse_facts({"risk": None, "consent": "refused"})
    assert facts.get("risk") is None
    assert facts.get("capacity") is None
    assert facts.as_dict() == {"consent": "refused"}


def test_a_list_of_what_the_consent_names_counts_instead_of_the_fact_that_speaks_for_all() -> None:
    facts = parse_facts({"consent_covers_special": True, "consent_categories": []})
    assert facts.as_dict() == {"consent_categories": []}


def test_a_wrong_value_names_the_field_and_what_is_allowed_but_never_the_value() -> None:
    with pytest.raises(FactError) as caught:
        parse_facts({"risk": "Ms Example of 1 Sample Street"})
    assert caught.value.field == "risk"
    assert "immediate_danger" in caught.value.allowed
    assert "Sample Street" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("routine", "true"), ("routine", 1), ("subject_age", True), ("subject_age", 131), ("subject_age", "35"),
     ("categories", []), ("categories", "identity"), ("categories", ["shoe_size"]), ("recipient", ["police"])],
)  # fmt: skip
def test_nothing_is_coerced(name: str, value: object) -> None:
    with pytest.raises(FactError) as caught:
        parse_facts({name: value})
    assert caught.value.field == name


def test_an_unknown_name_is_refused_and_one_that_is_no_name_is_not_repeated() -> None:
    with pytest.raises(FactError) as caught:
        parse_facts({"shoe_size": 9})
    assert caught.value.field == "shoe_size"
    with pytest.raises(FactError) as caught:
        parse_facts({"Ms Example rang at noon": True})
    assert caught.value.field == "unnamed"


def test_facts_survive_storage_and_do_not_depend_on_the_order_given() -> None:
    given = case(categories=["identity", "contact", "identity"])
    facts = parse_facts(given)
    assert facts.categories == (DataCategory.CONTACT, DataCategory.IDENTITY)
    assert parse_facts(json.loads(json.dumps(facts.as_dict()))) == facts
    assert parse_facts(dict(reversed(given.items()))) == facts


@pytest.mark.parametrize(("age", "band"), [(0, "child"), (17, "child"), (18, "adult"), (130, "adult")])
def test_rules_see_an_age_only_as_a_band(age: int, band: str) -> None:
    facts = parse_facts({"subject_age": age})
    assert facts.term("age_band") == band
    assert facts.get("subject_age") == age


def test_not_applicable_is_no_answer_about_the_competence_of_a_child() -> None:
    assert parse_facts({"subject_age": 8, "gillick": "n_a"}).term("gillick") is None
    assert parse_facts({"subject_age": 40, "subject_role": "victim", "gillick": "n_a"}).term("gillick") == "n_a"
    assert parse_facts({"subject_age": 40, "gillick": "unknown"}).term("gillick") is None
