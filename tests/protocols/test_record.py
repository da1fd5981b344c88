"""What the canonical referral takes in, what it refuses, and that every field says which kind of data it holds."""

import json
import re
from pathlib import Path
from typing import Annotated, get_args

import pytest
from pydantic import BaseModel, ValidationError

from protocols.disclosure import Disclosure
from protocols.record import (
    Address,
    FreeText,
    Holds,
    Person,
    PersonRole,
    Record,
    Referral,
    Strict,
    Summary,
    known_paths,
)
from protocols.vocabulary import DataCategory as D
from tests.protocols.referrals import full_referral

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "referral.md"
SCHEMA = DOCS / "schema" / "referral-1.0.json"


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def unlabelled(model: type[BaseModel]) -> list[str]:
    """Leaf fields below a model that carry no `Holds`. A labelled field is rendered whole, so it ends the walk."""
    found = []
    for name, field in model.model_fields.items():
        if any(isinstance(mark, Holds) for mark in field.metadata):
            continue
        parts = _models_in(field.annotation)
        found += [path for part in parts if part is not Summary for path in unlabelled(part)]
        found += [] if parts else [f"{model.__name__}.{name}"]
    return found


def test_every_field_of_a_record_says_which_kind_of_data_it_holds() -> None:
    assert unlabelled(Record) == []


def test_a_field_without_a_label_is_found_however_deep() -> None:
    class Inner(Strict):
        labelled: Annotated[str, Holds(D.HEALTH, "labelled")]
        forgotten: str | None = None

    class Outer(Strict):
        inner: tuple[Inner, ...] = ()

    assert unlabelled(Outer) == ["Inner.forgotten"]


def test_a_person_field_without_a_category_identifies_nobody_or_is_labelled_further_in() -> None:
    blank = {
        name for name, field in Person.model_fields.items()
        if any(isinstance(mark, Holds) and mark.category is None for mark in field.metadata)
    }  # fmt: skip
    assert blank == {"id", "role", "statements"}


@pytest.mark.parametrize("role", PersonRole)
def test_a_full_referral_survives_the_round_trip_through_json(role: PersonRole) -> None:
    referral = full_referral(role)
    assert Referral.model_validate_json(referral.model_dump_json()) == referral
    assert Referral.model_validate(json.loads(referral.model_dump_json())) == referral


def test_an_unknown_field_is_refused_anywhere() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["people"][0]["nickname"] = "x"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Referral.model_validate(sent)


def test_nothing_is_coerced() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["case"]["prior_reports"] = "7"
    with pytest.raises(ValidationError, match="prior_reports"):
        Referral.model_validate(sent)


def test_an_error_never_echoes_what_was_sent() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["risk"]["level"] = "canary-in-the-risk-level"
    with pytest.raises(ValidationError) as caught:
        Referral.model_validate(sent)
    assert "canary" not in str(caught.value)


def test_a_mark_must_quote_words_of_a_text_that_was_screened() -> None:
    mark = {"quote": "asthma", "categories": ["health"]}
    with pytest.raises(ValidationError, match="marks need screened"):
        FreeText.model_validate({"text": "asthma", "marks": [mark]})
    with pytest.raises(ValidationError, match="mark 1 quotes words that are not in the text"):
        FreeText.model_validate({"text": "Asthma", "screened": True, "marks": [mark]})


def test_a_subject_or_a_consent_of_somebody_unknown_is_refused() -> None:
    sent = json.loads(full_referral().model_dump_json())
    with pytest.raises(ValidationError, match="subject names a person"):
        Referral.model_validate(sent | {"subject": "p99"})
    consent = {"subject": "p99", "recipient": "police", "purpose": "crime_prevention", "answer": "refused",
               "covers": ["health"], "claimed_at": "2026-11-20T09:00:00Z"}  # fmt: skip
    with pytest.raises(ValidationError, match="a consent names a person"):
        Referral.model_validate(sent | {"consents": [consent]})
    assert Referral.model_validate(sent | {"consents": [consent | {"subject": "p1"}]}).consents[0].covers == (D.HEALTH,)


def test_a_time_without_a_zone_is_refused() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["incidents"][0]["when"]["start"] = "2026-11-01T21:00:00"
    with pytest.raises(ValidationError, match="timezone"):
        Referral.model_validate(sent)


@pytest.mark.parametrize("postcode", ["l1 0aa", "L1 0A", "L10AA", "L1  0AA", "L1 0AA\n"])
def test_a_postcode_is_written_one_way(postcode: str) -> None:
    with pytest.raises(ValidationError):
        Address.model_validate({"lines": ["1 High Street"], "postcode": postcode})


def test_the_published_schema_is_what_the_code_accepts() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == Referral.model_json_schema()


def test_a_disclosure_survives_the_round_trip_through_json() -> None:
    disclosure = Disclosure.model_validate({
        "id": "dsc_" + "0" * 26, "decision_id": "dec_" + "0" * 26, "reference": "R-1", "controller": "LMH",
        "agency": "agy_police_test", "recipient": "police", "purpose": "crime_prevention", "urgent": False,
        "basis": ["a6_rli_crime"], "agreement": None, "handling": [], "reply_to": "hub@landlord.example",
        "decided_at": "2026-11-20T09:00:00Z", "valid_until": "2026-11-21T09:00:00Z",
        "items": [{"path": "case.kind", "title": "kind", "of": "", "about": None, "categories": ["hate_strand"],
                   "value": "harassment"}],
    })  # fmt: skip
    assert Disclosure.model_validate(json.loads(disclosure.model_dump_json())) == disclosure


def test_the_example_in_the_guide_is_accepted() -> None:
    [example] = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert Referral.model_validate_json(example).subject == "p1"


def test_the_guide_names_every_field_of_a_record() -> None:
    named = set(re.findall(r"`([a-z_.]+)`", GUIDE.read_text(encoding="utf-8")))
    paths = {path for path in known_paths() if path.partition(".")[0] in ("case", "incident", "risk", "fire",
                                                                          "housing", "evidence")}  # fmt: skip
    fields = set(Person.model_fields) | set(Referral.model_fields)
    assert not (paths | fields) - named
