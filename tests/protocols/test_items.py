"""A record as items: nothing is lost, nothing is labelled too low, and marks cut exactly where they quote."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.record import FreeText, Item, PersonRole, Referral, Summary, flagged_categories, items, known_paths
from protocols.vocabulary import DataCategory as D
from tests.protocols.referrals import full_referral, referrals

OF_OTHERS = {
    PersonRole.VICTIM: D.VICTIM_IDENTITY, PersonRole.WITNESS: D.WITNESS_IDENTITY,
    PersonRole.REPORTER: D.REPORTER_IDENTITY, PersonRole.ALLEGED_PERPETRATOR: D.ALLEGED_PERPETRATOR_IDENTITY,
    PersonRole.PROVEN_PERPETRATOR: D.ALLEGED_PERPETRATOR_IDENTITY, PersonRole.CHILD: D.CHILD_DETAILS,
    PersonRole.PARENT: D.HOUSEHOLD, PersonRole.HOUSEHOLD_MEMBER: D.HOUSEHOLD,
    PersonRole.STAFF: D.THIRD_PARTY_DATA, PersonRole.PROFESSIONAL: D.THIRD_PARTY_DATA,
}  # fmt: skip


def _one(found: tuple[Item, ...], path: str, of: str) -> Item:
    [item] = [item for item in found if (item.path, item.of) == (path, of)]
    return item


def _with_text(referral: Referral, text: FreeText) -> Item:
    """The case summary as an item, when this is its text."""
    case = referral.record.case.model_copy(update={"summary": text})
    record = referral.record.model_copy(update={"case": case})
    return _one(items(referral.model_copy(update={"record": record})), "case.summary", "")


def _protected(referral: Referral) -> Referral:
    sent = json.loads(referral.model_dump_json())
    for person in sent["record"]["people"]:
        person["address"]["protected"] = True
    return Referral.model_validate(sent)


def _open(referral: Referral) -> Referral:
    sent = json.loads(referral.model_dump_json())
    for person in sent["record"]["people"]:
        person["address"]["protected"] = False
    return Referral.model_validate(sent)


def test_every_known_path_is_produced_and_every_path_produced_is_known() -> None:
    full = full_referral()
    produced = {item.path for referral in (_protected(full), _open(full)) for item in items(referral)}
    assert produced == known_paths()


@given(referrals())
@settings(max_examples=50, deadline=None)
def test_every_word_of_the_record_is_in_exactly_one_item(referral: Referral) -> None:
    values = [item.value for item in items(referral)]
    record = referral.record.model_dump_json()
    words = {word for word in record.replace('"', " ").replace("\\n", " ").split() if word.startswith("zq")}
    for word in words:
        assert sum(word in value for value in values) == 1


@pytest.mark.parametrize("role", PersonRole)
def test_the_name_of_the_subject_is_identity(role: PersonRole) -> None:
    referral = full_referral(role)
    name = next(item for item in items(referral) if item.about == referral.subject and item.path.endswith(".name"))
    assert name.categories == {D.IDENTITY}


@pytest.mark.parametrize("role", PersonRole)
@pytest.mark.parametrize("field", ["name", "date_of_birth", "contacts", "safe_contact", "language"])
def test_who_another_person_is_has_its_own_category(role: PersonRole, field: str) -> None:
    subject = PersonRole.STAFF if role is PersonRole.VICTIM else PersonRole.VICTIM
    referral = full_referral(subject)
    [number] = [person.id for person in referral.record.people if person.role is role]
    [item] = [item for item in items(referral) if item.about == number and item.path.endswith(f".{field}")]
    assert item.categories == {OF_OTHERS[role]}


@given(referrals())
@settings(max_examples=50, deadline=None)
def test_all_that_is_known_of_another_person_carries_their_identity(referral: Referral) -> None:
    roles = {person.id: person.role for person in referral.record.people}
    for item in items(referral):
        if item.about is not None and item.about != referral.subject:
            assert OF_OTHERS[roles[item.about]] in item.categories


def test_a_statement_keeps_its_category_whomever_it_is_about() -> None:
    referral = full_referral()
    for kind in D:
        assert all(kind in item.categories for item in items(referral) if item.path.endswith(f".{kind.value}"))


@pytest.mark.parametrize("role", PersonRole)
def test_a_protected_address_is_a_safe_address_and_no_address(role: PersonRole) -> None:
    found = items(_protected(full_referral(role)))
    assert not [item for item in found if item.path.endswith(".address")]
    assert all(D.SAFE_ADDRESS in item.categories for item in found if item.path.endswith(".protected_address"))


def test_a_text_that_nobody_read_may_repeat_all_that_is_flagged() -> None:
    referral = full_referral()
    flagged = flagged_categories(referral)
    assert {D.HEALTH, D.TRANS_STATUS, D.HATE_STRAND, D.CRIMINAL_ALLEGATION, D.WITNESS_IDENTITY} <= flagged
    assert {D.ALLEGED_PERPETRATOR_IDENTITY, D.REPORTER_IDENTITY, D.CHILD_DETAILS} <= flagged
    unread = _with_text(referral, FreeText(text="what happened"))
    read = _with_text(referral, FreeText(text="what happened", screened=True))
    assert unread.categories == {D.INCIDENT_NARRATIVE} | flagged
    assert read.categories == {D.INCIDENT_NARRATIVE}


def test_who_the_referral_is_about_is_not_flagged_as_somebody_else() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["people"] = [person | {"statements": []} for person in sent["record"]["people"][:1]]
    alone = Referral.model_validate(sent | {"subject": sent["record"]["people"][0]["id"]})
    assert D.VICTIM_IDENTITY not in flagged_categories(alone)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_marks_cut_exactly_the_words_they_quote_wherever_they_stand(data: st.DataObject) -> None:
    text = data.draw(st.text("ab ", min_size=1, max_size=30))
    starts = data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=3))
    quotes = [text[start : start + data.draw(st.integers(1, 5))] for start in starts]
    kinds = [D.HEALTH, D.RELIGION, D.FINANCIAL][: len(quotes)]
    marks = [{"quote": quote, "categories": [kind.value]} for quote, kind in zip(quotes, kinds, strict=True)]
    item = _with_text(full_referral(), FreeText.model_validate({"text": text, "screened": True, "marks": marks}))
    assert item.value == text
    letters = [span.categories for span in item.spans for _ in span.text]
    for position in range(len(text)):
        expected = {
            kind for quote, kind in zip(quotes, kinds, strict=True)
            if any(text.startswith(quote, start) for start in range(max(0, position - len(quote) + 1), position + 1))
        }  # fmt: skip
        assert letters[position] == expected


def test_a_summary_reveals_the_story_and_what_it_says_it_reveals() -> None:
    referral = full_referral()
    summary = Summary.model_validate({"written_for": "school", "text": "short", "reveals": ["health"]})
    record = referral.record.model_copy(update={"summaries": (summary,)})
    [item] = [item for item in items(referral.model_copy(update={"record": record})) if item.path == "summary"]
    assert (item.of, item.categories, item.value) == (
        "school", frozenset({D.INCIDENT_NARRATIVE, D.HEALTH}), "short",
    )  # fmt: skip


def test_what_is_not_known_is_no_item() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["incidents"][0]["believed_criminal"] = "unknown"
    sent["record"]["risk"]["score"] = 0
    found = items(Referral.model_validate(sent))
    assert not [item for item in found if (item.path, item.of) == ("incident.believed_criminal", "incident 1")]
    assert _one(found, "risk.score", "").value == "0"


def test_a_safe_contact_instruction_says_what_not_to_do() -> None:
    found = items(full_referral())
    instruction = next(item.value for item in found if item.path == "victim.safe_contact")
    assert instruction.startswith("may call; DO NOT leave a message; DO NOT write; when: ")
