"""What must be on record before routine work goes on: the step only narrows, and never holds up a rescue."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.assurance import AUTHORISER, CODES, COMPLETE, Assurances, Record, assured
from consent.decide import decide
from consent.decision import Decision
from consent.explain import Voice, explain
from consent.facts import parse_facts
from protocols.vocabulary import Basis, Outcome
from tests.consent.questions import anything, changed
from tests.consent.rulebook import TODAY, case, rules

RANK = {Outcome.DENY: 0, Outcome.NEEDS_AUTHORISER: 1, Outcome.PERMIT_REDACTED: 2, Outcome.PERMIT: 3}
NOTHING = Assurances(Record.NONE, Record.NONE, transport_agreed=False)

records = st.builds(Assurances, st.sampled_from(Record), st.sampled_from(Record), st.booleans())


def _repairs() -> dict[str, object]:
    """A contractor told where to work: it rests on legitimate interests."""
    return case(recipient="contractor", purpose="repairs_information", categories=["contact"], routine=True,
                contractor_agreement="signed", protocol="in_force", consent="given_explicit")  # fmt: skip


questions = st.builds(
    lambda rng, near: changed(rng, [case(), _repairs()]) if near else anything(rng),
    st.randoms(use_true_random=False), st.integers(0, 2),
)  # fmt: skip


def _both(given_: dict[str, object], on_record: Assurances) -> tuple[Decision, Decision]:
    facts = parse_facts(given_)
    before = decide(facts, rules(), TODAY)
    return before, assured(before, facts, rules(), TODAY, on_record)


@given(questions, records)
@settings(max_examples=500)
def test_it_never_widens_what_the_engine_decided(question: dict[str, object], on_record: Assurances) -> None:
    before, after = _both(question, on_record)
    assert RANK[after.outcome] <= RANK[before.outcome]
    assert (after.keep, after.remove) == (before.keep, before.remove)
    assert (after.gaps, after.basis) == (before.gaps, before.basis)
    assert set(before.obligations) <= set(after.obligations)
    assert {(reason.code, reason.category) for reason in before.reasons} <= {
        (reason.code, reason.category) for reason in after.reasons
    }
    assert set((before.authoriser or "").split("; ")) - {""} <= set((after.authoriser or "").split("; "))
    assert after == before or after.outcome is Outcome.NEEDS_AUTHORISER


@given(questions)
def test_what_is_complete_changes_nothing(question: dict[str, object]) -> None:
    before, after = _both(question, COMPLETE)
    assert after is before


@given(questions, records)
def test_the_less_is_on_record_the_less_goes(question: dict[str, object], on_record: Assurances) -> None:
    _, some = _both(question, on_record)
    _, none = _both(question, NOTHING)
    assert RANK[none.outcome] <= RANK[some.outcome]


@given(questions, st.sampled_from([
    {"risk": "immediate_danger"},
    {"demand": "court_order", "requester_verified": True},
    {"child_at_risk": True, "recipient": "social_care_children", "purpose": "safeguarding_child"},
    {"adult_at_risk": True, "recipient": "social_care_adults", "purpose": "safeguarding_adult", "subject_age": 40,
     "jurisdiction": "england"},
    {"purpose": "rectification_notice"},
]))  # fmt: skip
@settings(max_examples=300)
def test_no_paper_holds_up_a_rescue_a_command_or_a_correction(
    question: dict[str, object], way: dict[str, object]
) -> None:
    asked = {**question, **way}
    if way.get("demand"):  # a court's order is the court's, and no other path is open beside it
        asked = {**case(categories=["identity"]), **way, "recipient": "court", "purpose": "legal_proceedings"}
    if way.get("adult_at_risk"):
        asked = {**case(), **way, "categories": asked["categories"]}
    before, after = _both(asked, NOTHING)
    assert after == before


@pytest.mark.parametrize(
    ("changes", "on_record", "code"),
    [
        ({}, Assurances(Record.IN_DATE, Record.NONE, transport_agreed=True), "IMPACT_NOT_ASSESSED"),
        ({}, Assurances(Record.IN_DATE, Record.OUT_OF_DATE, transport_agreed=True), "IMPACT_NOT_ASSESSED"),
        ({}, Assurances(Record.NONE, Record.IN_DATE, transport_agreed=True), "INTERESTS_NOT_ASSESSED"),
        ({"routine": False}, NOTHING, "INTERESTS_NOT_ASSESSED"),
        ({}, Assurances(Record.IN_DATE, Record.IN_DATE, transport_agreed=False), "TRANSPORT_NOT_AGREED"),
    ],
)
def test_what_is_missing_waits_for_the_data_protection_officer_and_says_why(
    changes: dict[str, object], on_record: Assurances, code: str
) -> None:
    before, after = _both({**_repairs(), **changes}, on_record)
    assert before.releases
    assert Basis.A6_LEGIT_INTERESTS in before.basis
    assert (after.outcome, after.authoriser) == (Outcome.NEEDS_AUTHORISER, AUTHORISER)
    deciding = [reason.code for reason in after.reasons if reason.determining and reason.category is None]
    assert deciding[0] == code
    assert set(deciding) <= CODES
    told = explain(after, Voice.OFFICER)
    said = next(reason.says for reason in after.reasons if reason.code == code)
    assert said in told
    assert after.remedy[-1] in told


@pytest.mark.parametrize(
    ("recipient", "changes"),
    [
        ("social_care_children", {"purpose": "safeguarding_child", "child_at_risk": None}),
        ("social_care_adults", {"purpose": "safeguarding_adult", "adult_at_risk": None}),
        ("ambulance", {"purpose": "emergency"}),
    ],
)
def test_no_paper_holds_up_what_may_protect_somebody(recipient: str, changes: dict[str, object]) -> None:
    nobody = {"child_at_risk": False, "adult_at_risk": False, "subject_age": 40, "jurisdiction": "england"}
    given_ = {**case(), **nobody, "recipient": recipient, "categories": ["identity"], "routine": True,
              "consent": "given_explicit"}  # fmt: skip
    before, after = _both({**given_, **changes}, NOTHING)
    assert before.releases
    assert after == before


def test_a_one_off_needs_no_assessment_of_the_routine() -> None:
    before, after = _both(
        {**_repairs(), "routine": False}, Assurances(Record.IN_DATE, Record.NONE, transport_agreed=True)
    )
    assert after == before


def test_what_was_held_before_keeps_its_first_cause_and_its_authoriser() -> None:
    held = case(consent="refused", recipient="police", risk="high", serious_crime=True)
    before, after = _both({**held, "routine": True}, NOTHING)
    assert before.outcome is Outcome.NEEDS_AUTHORISER
    assert after.reasons[0] == before.reasons[0]
    assert AUTHORISER in (after.authoriser or "")
    assert (before.authoriser or "").split("; ")[0] == (after.authoriser or "").split("; ")[0]
