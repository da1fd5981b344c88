from datetime import date

import pytest

from consent.decide import decide
from consent.decision import Decision
from consent.facts import parse_facts
from protocols.vocabulary import DataCategory, Outcome
from tests.consent.rulebook import TODAY, ask, case, rules

ACCOUNT = ["identity", "contact", "incident_narrative", "hate_strand"]
FULL = [*ACCOUNT, "household", "risk_marker", "health", "criminal_allegation", "alleged_perpetrator_identity",
        "witness_identity", "financial"]  # fmt: skip
CHILD = {"landlord": "OHG", "subject_role": "child", "subject_age": 8, "consent": "refused", "gillick": "not_competent",
         "child_at_risk": True, "risk": "high", "categories": [*ACCOUNT, "child_details"]}  # fmt: skip


def codes(decision: Decision) -> set[str]:
    return {reason.code for reason in decision.reasons}


# ---- The seven cases that the demonstration plays


@pytest.mark.parametrize(
    ("recipient", "purpose", "gone"),
    [
        ("police", "crime_investigation", {"financial", "witness_identity"}),
        ("jag", "crime_prevention", {"financial", "health", "witness_identity"}),
        ("stop_hate_uk", "victim_support",
         {"alleged_perpetrator_identity", "criminal_allegation", "financial", "household", "risk_marker",
          "witness_identity"}),
        ("fire", "crime_prevention",
         {"alleged_perpetrator_identity", "criminal_allegation", "financial", "hate_strand", "health",
          "incident_narrative", "witness_identity"}),
    ],
)  # fmt: skip
def test_with_explicit_consent_each_agency_gets_what_the_matrix_gives_it(
    recipient: str, purpose: str, gone: set[str]
) -> None:
    decision = ask(recipient=recipient, purpose=purpose, consent="given_explicit", categories=FULL)
    assert decision.outcome is Outcome.PERMIT_REDACTED
    assert set(decision.remove) == gone


@pytest.mark.parametrize(
    ("recipient", "purpose", "outcome"),
    [
        ("social_care_children", "safeguarding_child", Outcome.PERMIT),
        ("police", "safeguarding_child", Outcome.PERMIT),
        ("police", "crime_prevention", Outcome.PERMIT),
        ("stop_hate_uk", "victim_support", Outcome.DENY),
        ("support_charity", "victim_support", Outcome.DENY),
        ("jag", "crime_prevention", Outcome.NEEDS_AUTHORISER),
    ],
)
def test_a_child_at_risk_is_told_of_to_those_who_protect_it_though_the_parent_refuses(
    recipient: str, purpose: str, outcome: Outcome
) -> None:
    assert ask(**CHILD, recipient=recipient, purpose=purpose).outcome is outcome


@pytest.mark.parametrize(
    ("capacity", "consent", "outcome"),
    [
        ("assessed_lacks", "cannot_give", Outcome.PERMIT),
        ("doubted", "not_asked", Outcome.NEEDS_AUTHORISER),
        ("doubted", "given_explicit", Outcome.NEEDS_AUTHORISER),
        ("presumed", "given_explicit", Outcome.PERMIT),
        ("presumed", "refused", Outcome.DENY),
    ],
)
def test_mate_crime_reaches_adult_social_care_by_the_capacity_of_the_person(
    capacity: str, consent: str, outcome: Outcome
) -> None:
    decision = ask(landlord="FAIRHIVE", recipient="social_care_adults", purpose="safeguarding_adult",
                   adult_at_risk=True, capacity=capacity, consent=consent,
                   categories=["identity", "contact", "incident_narrative", "disability"])  # fmt: skip
    assert decision.outcome is outcome
    assert ("capacity_assessment" in decision.obligations) == (capacity == "doubted")
    assert ("best_interests_record" in decision.obligations) == (capacity == "assessed_lacks")


def test_a_trans_victim_on_a_jag_agenda_is_not_outed() -> None:
    decision = ask(landlord="MHP", recipient="jag", purpose="crime_prevention", consent="given_explicit",
                   strand_value="transgender", certificate_known=True,
                   categories=[*ACCOUNT, "gra_protected", "trans_status"])  # fmt: skip
    assert decision.outcome is Outcome.PERMIT_REDACTED
    assert set(decision.remove) == {"gra_protected", "trans_status"}
    for category in decision.remove:
        cited = {cite for reason in decision.reasons if reason.category is category for cite in reason.cites}
        assert any("s.22" in cite for cite in cited)
        assert "MHP policy 8.3" in cited


def test_a_strand_that_alone_would_tell_gender_history_goes_too_unless_the_person_agreed_to_it() -> None:
    meeting = {"recipient": "jag", "purpose": "crime_prevention"}
    question = {**meeting, "asking_would_prejudice": True, "categories": ACCOUNT}
    assert "hate_strand" in ask(**question, strand_value="race").keep
    assert "hate_strand" in ask(**question, strand_value="transgender").remove


@pytest.mark.parametrize("landlord", ["FAIRHIVE", "LMH", "OHG", "MHP", "PCHA"])
@pytest.mark.parametrize("consent", ["not_asked", "refused", "unsafe_to_ask", "withdrawn"])
def test_an_alleged_perpetrator_is_referred_for_support_only_by_agreement(landlord: str, consent: str) -> None:
    question = {"landlord": landlord, "subject_role": "alleged_perpetrator", "recipient": "drug_alcohol_charity",
                "purpose": "perpetrator_support", "categories": ["identity", "contact"]}  # fmt: skip
    refused = ask(**question, consent=consent)
    assert refused.outcome is Outcome.DENY
    assert ("POLICY_FAIRHIVE_3_10" in codes(refused)) == (landlord == "FAIRHIVE")
    assert ask(**question, consent="given_explicit").outcome is Outcome.PERMIT


def test_a_reporting_centre_refers_somebody_who_is_no_customer() -> None:
    visitor = {"landlord": "PCHA", "subject_is_customer": False, "reporter_type": "third_party", "categories": ACCOUNT}
    agreed = {**visitor, "consent": "given_explicit"}
    assert ask(**agreed, recipient="stop_hate_uk", purpose="victim_support").outcome is Outcome.PERMIT
    assert ask(**agreed, recipient="police").outcome is Outcome.PERMIT
    assert ask(**visitor, recipient="stop_hate_uk", purpose="victim_support").outcome is Outcome.DENY
    assert codes(ask(**agreed, recipient="housing_options", purpose="rehousing")) >= {"POLICY_PCHA_3_3_1"}


@pytest.mark.parametrize("recipient", ["police", "fire", "ambulance", "social_care_adults", "social_care_children"])
@pytest.mark.parametrize("landlord", ["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"])
def test_danger_at_night_does_not_wait_for_consent_agreement_or_authoriser(recipient: str, landlord: str) -> None:
    decision = ask(landlord=landlord, recipient=recipient, purpose="emergency", risk="immediate_danger",
                   consent="refused", protocol="expired", authoriser_available=False,
                   categories=["identity", "contact", "risk_marker", "gra_protected", "financial"])  # fmt: skip
    assert decision.outcome is Outcome.PERMIT_REDACTED
    assert set(decision.remove) == {"financial", "gra_protected"}
    assert {"retrospective_authorisation", "policy_divergence_log"} <= set(decision.obligations)


# ---- Refusing, holding, and what is unknown


def test_what_no_rule_allows_is_refused() -> None:
    decision = ask(recipient="stop_hate_uk", purpose="crime_investigation", consent="given_explicit")
    assert decision.outcome is Outcome.DENY
    assert codes(decision) == {"NO_ART6"}


@pytest.mark.parametrize(
    "fact", ["consent", "capacity", "risk", "protocol", "necessary", "recipient", "purpose", "demand",
             "subject_living", "subject_age", "direction", "categories", "objection_received"],
)  # fmt: skip
def test_a_fact_that_decides_and_is_missing_holds_the_answer_and_is_named(fact: str) -> None:
    question: dict[str, object] = {"consent": "given_explicit", "risk": "high"}
    assert ask(**question).outcome is Outcome.PERMIT
    decision = ask(**question | {fact: None})
    assert decision.outcome is Outcome.NEEDS_AUTHORISER
    assert fact in decision.gaps
    assert decision.authoriser


def test_a_missing_fact_that_could_not_matter_holds_nothing() -> None:
    known: dict[str, object] = {"consent": "given_explicit"}
    assert ask(**known, contractor_agreement=None, strand_value=None, landlord=None).outcome is Outcome.PERMIT
    assert ask(**known, routine=None).outcome is Outcome.PERMIT
    assert ask(**known, routine=None, protocol="expired").outcome is Outcome.NEEDS_AUTHORISER


def test_nothing_known_at_all_is_held() -> None:
    decision = decide(parse_facts({}), rules(), TODAY)
    assert decision.outcome is Outcome.NEEDS_AUTHORISER
    assert {"recipient", "purpose", "categories", "consent"} <= set(decision.gaps)


def test_in_danger_an_item_in_doubt_stays_behind_and_the_rest_goes() -> None:
    decision = ask(risk="immediate_danger", purpose="emergency", recipient="social_care_adults",
                   apd=None, adult_at_risk=None, capacity=None,
                   categories=["identity", "contact", "sexual_orientation"])  # fmt: skip
    assert decision.outcome is Outcome.PERMIT_REDACTED
    assert decision.remove == (DataCategory.SEXUAL_ORIENTATION,)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"consent_freely_given": False}, "CONSENT_NOT_FREE"),
        ({"consent_covers_this": False}, "CONSENT_OUT_OF_SCOPE"),
        ({"protocol": "expired"}, "PROTOCOL_EXPIRED"),
        ({"necessary": False}, "NOT_NECESSARY"),
        ({"proportionate": False}, "NOT_PROPORTIONATE"),
        ({"reporter_type": "anonymous", "allegation_validated": False}, "UNVALIDATED_REPORT"),
        ({"capacity": "assessed_lacks"}, "CONSENT_UNAVAILABLE"),
        ({"coercion_suspected": True}, "CONSENT_REQUIRED"),
        ({"consent": "withdrawn"}, "CONSENT_WITHDRAWN"),
        ({"subject_age": 15, "gillick": "competent", "consent": "refused"}, "COMPETENT_CHILD_REFUSED"),
        ({"subject_age": 15, "gillick": "competent", "consent": "given_by_parent"}, "CONSENT_REQUIRED"),
    ],
)
def test_each_thing_that_stops_a_charity_referral_says_so_under_its_own_code(
    changes: dict[str, object], code: str
) -> None:
    question = {"recipient": "stop_hate_uk", "purpose": "victim_support", "consent": "given_explicit"}
    assert ask(**question).outcome is Outcome.PERMIT
    decision = ask(**question | changes)
    assert decision.outcome is Outcome.DENY
    assert code in codes(decision)
    assert decision.basis == ("none",)
    assert decision.keep == decision.remove == ()
    assert decision.remedy


def test_a_police_request_about_a_victim_must_meet_the_victim_information_rules_once_in_force() -> None:
    question = case(direction="pull", request="written_complete", routine=False, asking_would_prejudice=True)
    assert codes(ask(**question)) >= {"VIR_NOT_MET"}
    assert ask(**question | {"request": "vir_complete"}).outcome is Outcome.PERMIT
    before = decide(parse_facts(question), rules(), date(2026, 1, 11))
    assert before.outcome is Outcome.PERMIT
    assert before.valid_until
    assert before.valid_until.date() == date(2026, 1, 12)


def test_recognised_legitimate_interests_are_relied_on_from_their_first_day_and_not_by_a_public_authority() -> None:
    question = parse_facts(case(consent="given_explicit"))
    assert "a6_legit_interests" in decide(question, rules(), date(2026, 2, 4)).basis
    assert "a6_rli_crime" in decide(question, rules(), date(2026, 2, 5)).basis
    assert "a6_public_task" in ask(consent="given_explicit", controller_public_authority=True).basis


def test_a_withdrawal_holds_what_has_another_ground_and_is_checked_again_at_the_door() -> None:
    decision = ask(consent="withdrawn", stage="queued")
    assert decision.outcome is Outcome.NEEDS_AUTHORISER
    assert "recheck_at_dispatch" in decision.obligations
    assert "stop_use_notice" in ask(consent="withdrawn", stage="sent").obligations


@pytest.mark.parametrize("landlord", ["OHG", "PCHA"])
def test_a_policy_may_be_stricter_than_the_law_for_a_partnership(landlord: str) -> None:
    question = {"recipient": "jag", "purpose": "crime_prevention"}
    assert ask(**question, landlord="LMH").outcome is Outcome.PERMIT
    decision = ask(**question, landlord=landlord)
    assert decision.outcome is Outcome.DENY
    assert "seek_consent" in decision.obligations


def test_a_policy_that_says_the_police_cannot_be_refused_is_read_as_the_law_has_it() -> None:
    asked = {"landlord": "OHG", "direction": "pull", "subject_role": "alleged_perpetrator", "routine": False}
    assert ask(**asked, request="oral").outcome is Outcome.DENY
    answered = ask(**asked, request="written_complete")
    assert answered.outcome is Outcome.PERMIT
    assert "POLICY_OHG_7_OVERSTATED" in codes(answered)


def test_a_person_may_have_their_own_data_and_nobody_elses() -> None:
    decision = ask(recipient="data_subject", purpose="subject_access", direction="pull", request="oral",
                   categories=["own_data", "identity", "health", "third_party_data", "witness_identity"])  # fmt: skip
    assert decision.outcome is Outcome.PERMIT_REDACTED
    assert set(decision.remove) == {"third_party_data", "witness_identity"}


def test_an_unverified_demand_compels_nobody() -> None:
    decision = ask(demand="court_order", requester_verified=False, recipient="court", purpose="legal_proceedings")
    assert decision.outcome is Outcome.DENY
    assert {"written_request", "verify_requester"} <= set(decision.obligations)


def test_a_decision_names_the_rules_it_was_made_by() -> None:
    assert ask().rules == rules().digest


def test_explicit_consent_goes_only_as_far_as_the_kinds_of_data_it_names() -> None:
    question: dict[str, object] = {"consent": "given_explicit", "categories": ["identity", "hate_strand", "religion"]}
    assert ask(**question).outcome is Outcome.PERMIT
    assert ask(**question, consent_categories=["hate_strand"]).remove == (DataCategory.RELIGION,)
    assert ask(**question, consent_categories=[]).keep == (DataCategory.IDENTITY,)
    lost = ask(**question, consent_categories=None, consent_covers_special=None)
    assert lost.gaps == ("consent_covers_special",)


@pytest.mark.parametrize(("routine", "gone"), [(True, (DataCategory.CONTACT,)), (False, ())])
def test_an_agreement_lets_pass_routinely_only_what_its_clauses_cover(
    routine: bool, gone: tuple[DataCategory, ...]
) -> None:
    question: dict[str, object] = {"consent": "given_explicit", "protocol_uncovered": ["contact"], "routine": routine}
    assert ask(**question).remove == gone


def test_what_the_agreement_leaves_out_still_goes_to_protect_a_child_and_that_is_logged() -> None:
    decision = ask(**CHILD, recipient="social_care_children", purpose="safeguarding_child",
                   protocol_uncovered=["contact", "child_details"])  # fmt: skip
    assert decision.outcome is Outcome.PERMIT
    assert "policy_divergence_log" in decision.obligations


def test_what_is_not_recorded_about_a_consent_that_was_never_sought_holds_nothing_up() -> None:
    silent = {"consent": "not_asked", "consent_covers_this": None, "consent_freely_given": None,
              "consent_covers_special": None, "gra_specific_agreement": None, "requester_verified": None,
              "request_states_public_task": None}  # fmt: skip
    assert ask(**silent).outcome is Outcome.PERMIT
    assert ask(**silent, recipient="stop_hate_uk", purpose="victim_support").outcome is Outcome.DENY


def test_in_danger_when_nobody_knows_whether_telling_is_safe_the_person_is_not_told_yet() -> None:
    decision = ask(risk="immediate_danger", purpose="emergency", prejudice_if_informed=None)
    assert decision.outcome is Outcome.PERMIT
    assert {"withhold_inform", "review_date"} <= set(decision.obligations)
    assert "inform_after" not in decision.obligations


@pytest.mark.parametrize("jurisdiction", ["scotland", "northern_ireland", None])
def test_where_the_law_is_not_encoded_or_not_known_a_person_decides(jurisdiction: str | None) -> None:
    decision = ask(consent="given_explicit", jurisdiction=jurisdiction)
    assert decision.outcome is Outcome.NEEDS_AUTHORISER
    assert decision.authoriser == "data protection officer"


def test_a_representative_of_somebody_who_cannot_be_asked_is_answered_only_by_a_person() -> None:
    decision = ask(recipient="elected_representative", purpose="casework_enquiry", consent="cannot_give",
                   direction="pull", request="written_complete")  # fmt: skip
    assert decision.outcome is Outcome.NEEDS_AUTHORISER
    assert "REPRESENTATIVE_INCAPACITY" in codes(decision)
