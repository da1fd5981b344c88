"""What must hold for every question, tried on questions that Hypothesis makes up."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from consent.decide import decide
from consent.facts import FACTS, FactSpec, parse_facts
from consent.parse import load
from protocols.vocabulary import DataCategory, Outcome
from tests.consent.rulebook import TODAY, ask, case, rules, texts

CHARITIES = ["stop_hate_uk", "support_charity", "drug_alcohol_charity"]
RELEASING = {Outcome.PERMIT, Outcome.PERMIT_REDACTED}
OFFENCE = {DataCategory.CRIMINAL_ALLEGATION}
SPECIAL = {
    DataCategory.HATE_STRAND, DataCategory.RACE_ETHNICITY, DataCategory.RELIGION, DataCategory.HEALTH,
    DataCategory.MENTAL_HEALTH, DataCategory.DISABILITY, DataCategory.SEXUAL_ORIENTATION, DataCategory.TRANS_STATUS,
    DataCategory.GRA_PROTECTED, DataCategory.COUNSELLING_RECORD,
}  # fmt: skip


def values(spec: FactSpec) -> st.SearchStrategy[object]:
    if spec.kind == "categories":
        return st.lists(st.sampled_from(spec.allowed), min_size=spec.name == "categories", max_size=6, unique=True)
    if spec.kind == "yes_no":
        return st.booleans()
    return st.integers(0, 90) if spec.kind == "whole_number" else st.sampled_from(spec.allowed)


def questions(**fixed: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Ordinary cases in which any facts are changed, and these as given: near enough to the ordinary to get through."""
    changes = st.fixed_dictionaries({}, optional={name: values(spec) for name, spec in FACTS.items()})
    return st.builds(lambda change, given: case(**change | given), changes, st.fixed_dictionaries(fixed))


@given(questions(
    recipient=st.sampled_from(CHARITIES), consent=st.just("refused"),
    capacity=st.sampled_from(["presumed", "assessed_has"]),
    subject_age=st.integers(18, 90), subject_living=st.just(True), demand=st.just("none"),
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_refusal_by_a_capable_adult_is_never_a_permit_to_a_charity(question: dict[str, object]) -> None:
    assume(question["categories"] != ["depersonalised"])
    assume(question["purpose"] != "rectification_notice")  # a correction goes wherever the error went: Art 19
    assert ask(**question).outcome is Outcome.DENY


@given(questions())
@settings(max_examples=300, deadline=None)
def test_nothing_leaves_without_a_basis_a_reason_and_a_record(question: dict[str, object]) -> None:
    decision = ask(**question)
    assert "record_rationale" in decision.obligations
    assert decision.reasons
    assert all(reason.cites and reason.says for reason in decision.reasons)
    if decision.outcome in RELEASING:
        outside = {"not_personal_data", "outside_gdpr_deceased"}
        assert len([token for token in decision.basis if token.startswith("a6_") or token in outside]) == 1
        assert set(decision.keep) | set(decision.remove) == set(question["categories"])  # type: ignore[call-overload]
        assert decision.keep
        assert bool(decision.remove) == (decision.outcome is Outcome.PERMIT_REDACTED)


@given(questions(subject_living=st.just(True)))
@settings(max_examples=300, deadline=None)
def test_special_and_offence_data_that_goes_has_its_condition(question: dict[str, object]) -> None:
    decision = ask(**question)
    if SPECIAL & set(decision.keep) and decision.outcome in RELEASING:
        assert any(token.startswith("a9_") for token in decision.basis)
    if OFFENCE & set(decision.keep) and decision.outcome in RELEASING:
        assert any(token.startswith("a10_") for token in decision.basis)


@given(questions(), st.sampled_from(sorted(FACTS)))
@settings(max_examples=500, deadline=None)
def test_losing_one_fact_never_turns_another_answer_into_a_permit(question: dict[str, object], lost: str) -> None:
    assume(question["risk"] != "immediate_danger")
    assume(question["demand"] == "none")
    # Lists refine a fact of the vocabulary and speak only where given; the consent's is given instead of that fact.
    assume(lost != "protocol_uncovered")
    if question.get("consent_categories") is not None:
        question = question | {"consent_covers_special": None}
    if ask(**question).outcome not in RELEASING:
        assert ask(**question | {lost: None}).outcome not in RELEASING


@given(questions(recipient=st.sampled_from(["press", "public"])))
@settings(max_examples=200, deadline=None)
def test_nothing_personal_ever_goes_to_press_or_public_unasked_and_no_victim_even_then(
    question: dict[str, object],
) -> None:
    decision = ask(**question)
    if decision.outcome in RELEASING:
        assert decision.keep == (DataCategory.DEPERSONALISED,)
    assert not {DataCategory.VICTIM_IDENTITY, DataCategory.GRA_PROTECTED} & set(decision.keep)


@given(questions(
    recipient=st.sampled_from([*CHARITIES, "jag", "citysafe", "fire", "housing_options", "other_landlord"]),
    demand=st.just("none"),
    categories=st.sampled_from([["identity", "gra_protected"], ["contact", "gra_protected", "hate_strand"]]),
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_gender_history_never_goes_to_a_partnership_or_a_charity(question: dict[str, object]) -> None:
    assert DataCategory.GRA_PROTECTED not in ask(**question).keep


@given(questions())
@settings(max_examples=200, deadline=None)
def test_privileged_matter_never_leaves(question: dict[str, object]) -> None:
    assert DataCategory.LEGAL_PRIVILEGED not in ask(**question).keep


@given(questions(
    child_at_risk=st.just(True), recipient=st.just("social_care_children"), purpose=st.just("safeguarding_child"),
    consent=st.sampled_from(["refused", "withdrawn", "not_asked", "unsafe_to_ask", "given_by_parent"]),
    protocol=st.sampled_from(["none", "expired", "suspended"]), landlord=st.sampled_from(["LMH", "OHG", "MHP", "PCHA"]),
    necessary=st.just(True), proportionate=st.just(True), demand=st.just("none"), subject_living=st.just(True),
    direction=st.just("push"), categories=st.just(["identity", "contact", "health"]), capacity=st.just("presumed"),
    subject_role=st.sampled_from(["victim", "child", "household_member", "alleged_perpetrator"]),
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_child_at_risk_is_never_blocked_by_policy_consent_or_agreement(question: dict[str, object]) -> None:
    assert ask(**question).outcome in RELEASING


@given(questions(
    demand=st.just("court_order"), requester_verified=st.just(True), recipient=st.sampled_from(["court", "police"]),
    necessary=st.just(True), purpose=st.just("legal_proceedings"),
    categories=st.just(["identity", "contact", "incident_narrative"]),
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_valid_order_of_a_court_is_never_refused(question: dict[str, object]) -> None:
    assert ask(**question).outcome in RELEASING


@given(questions(
    risk=st.just("immediate_danger"), recipient=st.sampled_from(["police", "fire", "social_care_adults"]),
    purpose=st.just("emergency"), demand=st.just("none"), categories=st.just(["identity", "contact", "risk_marker"]),
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_immediate_danger_waits_for_nobody_and_is_reviewed_after(question: dict[str, object]) -> None:
    decision = ask(**question)
    assert decision.outcome in RELEASING
    assert "retrospective_authorisation" in decision.obligations


@given(questions(
    consent=st.sampled_from(["refused", "withdrawn"]), capacity=st.sampled_from(["presumed", "assessed_has"]),
    subject_role=st.sampled_from(["victim", "household_member", "staff"]), subject_age=st.integers(18, 90),
    child_at_risk=st.just(False), risk=st.sampled_from(["none", "low", "medium", "high"]), demand=st.just("none"),
    recipient=st.sampled_from(sorted({*FACTS["recipient"].allowed} - {"data_subject", "internal_team"})),
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_a_capable_adult_who_said_no_is_overridden_by_a_person_or_not_at_all(question: dict[str, object]) -> None:
    assume(question["categories"] != ["depersonalised"])
    assume(question["purpose"] != "rectification_notice")
    decision = ask(**question)
    assert decision.outcome not in RELEASING
    assert "seek_consent" not in decision.obligations


@given(questions())
@settings(max_examples=300, deadline=None)
def test_nobody_is_told_and_not_told_and_every_silence_has_its_date(question: dict[str, object]) -> None:
    duties = set(ask(**question).obligations)
    assert not {"withhold_inform", "inform_before"} <= duties
    assert not {"withhold_inform", "inform_after"} <= duties
    assert "withhold_inform" not in duties or "review_date" in duties


@given(questions(
    demand=st.just("none"), subject_role=st.sampled_from(["alleged_perpetrator", "proven_perpetrator"]),
    categories=st.just(["identity", "contact", "safe_address", "victim_identity", "hate_strand", "witness_identity",
                        "reporter_identity"]),
    recipient=st.sampled_from(["data_subject", "drug_alcohol_charity", "support_charity", "opposing_solicitor",
                               "elected_representative", "family_member", "employer", "other_landlord", "neighbour",
                               "housing_options", "press", "public"]),
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_the_accuseds_side_never_learns_of_the_victim_or_of_whoever_spoke_up(question: dict[str, object]) -> None:
    assert set(ask(**question).keep) <= {DataCategory.IDENTITY, DataCategory.CONTACT}


@given(st.randoms(use_true_random=False), questions())
@settings(max_examples=20, deadline=None)
def test_the_order_of_files_and_of_rules_in_them_changes_nothing(random: object, question: dict[str, object]) -> None:
    names = list(texts())
    random.shuffle(names)  # type: ignore[attr-defined]
    shuffled = {name: _rules_shuffled(texts()[name], random) for name in names}
    again = load(shuffled)
    assert again.digest == rules().digest
    assert decide(parse_facts(question), again, TODAY) == ask(**question)


def _rules_shuffled(text: str, random: object) -> str:
    head, *blocks = text.split("[[rule]]")
    random.shuffle(blocks)  # type: ignore[attr-defined]
    return head + "".join("[[rule]]" + block + "\n" for block in blocks)
