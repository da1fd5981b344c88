"""What would lawfully change an answer: every step is one that people may take, and the engine confirms each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.change import MOST, Actor, Change, _questions, _steps, _Trial, what_would_change
from consent.decide import decide
from consent.decision import Decision
from consent.facts import FACTS, Facts, FactSpec, parse_facts
from consent.levers import LEVERS
from consent.parse import load
from consent.rules import RuleSet
from protocols.vocabulary import DataCategory as D
from protocols.vocabulary import Outcome
from tests.consent.rulebook import DATA, TODAY, case, rules

SCENARIOS = {
    scenario["id"]: scenario
    for scenario in yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))["scenarios"]
}
CONSENT = {
    "consent", "consent_covers_this", "consent_freely_given", "consent_covers_special", "consent_categories",
    "gra_specific_agreement",
}  # fmt: skip
MAY_CHANGE = CONSENT | {
    "requester_verified", "informed_already", "allegation_validated", "request", "request_states_public_task", "demand",
    "contractor_agreement", "protocol", "protocol_uncovered", "apd", "authoriser_available", "categories",
}  # fmt: skip
PRESSING: tuple[tuple[str, object], ...] = (
    ("consent", "refused"), ("consent", "withdrawn"), ("consent", "unsafe_to_ask"), ("consent", "cannot_give"),
    ("consent", None), ("victim_wishes", "landlord_only"), ("victim_wishes", None), ("coercion_suspected", True),
    ("coercion_suspected", None), ("asking_would_prejudice", True), ("asking_would_prejudice", None),
    ("prejudice_if_informed", True), ("objection_received", True), ("subject_living", False),
    ("capacity", "assessed_lacks"), ("capacity", "doubted"),
)  # fmt: skip
"""Where nobody is asked: they said no, or asking is not known to be safe, or they cannot decide."""

OUTCOMES = {Outcome.DENY: 0, Outcome.NEEDS_AUTHORISER: 1, Outcome.PERMIT_REDACTED: 2, Outcome.PERMIT: 2}

SMALL = """
[[finding]]
name = "path"
values = ["danger", "ordinary"]
[[finding]]
name = "safeguarding"
values = ["child", "none"]
"""


def rule(number: int, effect: str, when: str, gives: str = "", stage: str = "control") -> str:
    given = f'gives = "{gives}"\n' if gives else ""
    return (
        f'[[rule]]\nid = "rule.{number}"\nstage = "{stage}"\neffect = "{effect}"\n{given}when = {{ {when} }}\n'
        f'cites = ["Act s.{number}"]\nsays = "Number {number} applies."\nchecked = "M"\n'
    )


def small(*more: str) -> RuleSet:
    """A rule set in which everything necessary has a ground, and these rules."""
    ground = rule(1, "basis", "necessary = true", "a6_legit_interests", "lawful_basis")
    return load({"law/small.toml": SMALL + ground + "".join(more)})


def changes(law: RuleSet | None = None, **facts: object) -> tuple[Change, ...]:
    known, used = parse_facts(case(**facts)), law or rules()
    return what_would_change(known, used, TODAY, decide(known, used, TODAY))


def of_scenario(name: str) -> tuple[Change, ...]:
    return changes(**SCENARIOS[name]["facts"])


def after(facts: Facts, change: Mapping[str, object], law: RuleSet | None = None) -> Decision:
    return decide(parse_facts({**facts.as_dict(), **change}), law or rules(), TODAY)


def stepped(found: tuple[Change, ...]) -> list[Change]:
    return [change for change in found if change.facts]


# ---- The worked examples


@pytest.mark.parametrize(
    ("scenario", "facts", "outcome"),
    [
        ("E01", {"consent"}, Outcome.PERMIT),
        ("E03", {"request", "requester_verified"}, Outcome.PERMIT),
        ("E12", {"categories"}, Outcome.PERMIT),
        ("E13", {"protocol"}, Outcome.PERMIT),
        ("E15", {"consent"}, Outcome.PERMIT),
        ("E16", {"consent_freely_given"}, Outcome.PERMIT),
        ("E22", {"categories"}, Outcome.PERMIT),
        ("E22", {"consent"}, Outcome.PERMIT_REDACTED),
        ("E23", {"consent", "request"}, Outcome.PERMIT_REDACTED),
        ("E24", {"consent"}, Outcome.PERMIT),
        ("E34", {"categories"}, Outcome.PERMIT),
        ("E35", {"informed_already"}, Outcome.PERMIT),
    ],
)
def test_a_worked_example_is_told_the_step_that_its_remedy_names(
    scenario: str, facts: set[str], outcome: Outcome
) -> None:
    assert (facts, outcome) in [(set(change.facts), change.leads_to) for change in of_scenario(scenario)]


@pytest.mark.parametrize("scenario", ["E07", "E11", "E17", "E18", "E26", "E29", "E36"])
def test_where_nothing_lawful_would_help_nothing_is_proposed(scenario: str) -> None:
    assert of_scenario(scenario) == ()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_worked_example_that_is_held_is_told_who_may_release_it_and_by_when(scenario: str) -> None:
    facts = parse_facts(case(**SCENARIOS[scenario]["facts"]))
    decision = decide(facts, rules(), TODAY)
    authority = [change for change in of_scenario(scenario) if change.says.startswith("authority from")]
    assert len(authority) == (decision.outcome is Outcome.NEEDS_AUTHORISER)
    for change in authority:
        assert decision.authoriser
        assert decision.authoriser in change.says
        assert "not the author" in change.says
        assert decision.within
        assert decision.within in change.says
        assert change.leads_to is (Outcome.PERMIT_REDACTED if decision.remove else Outcome.PERMIT)


def test_what_goes_in_full_has_nothing_to_change() -> None:
    assert changes(consent="given_explicit") == ()


# ---- Whose agreement, and when nobody is asked


YOUNG = {"subject_age": 14, "gillick": "competent", "recipient": "stop_hate_uk", "purpose": "victim_support"}
CHILD = {**YOUNG, "subject_age": 7, "gillick": "not_competent"}


def test_a_young_person_who_can_decide_is_asked_and_no_parent() -> None:
    (asked,) = changes(**YOUNG)
    assert asked.facts == {"consent": "given_explicit"}
    assert asked.says.startswith("the young person's own")
    assert asked.by == (Actor.PERSON,)


def test_a_parents_yes_for_a_young_person_who_can_decide_leads_to_the_young_person() -> None:
    assert [change.facts["consent"] for change in changes(**YOUNG, consent="given_by_parent")] == ["given_explicit"]


def test_for_a_child_who_cannot_decide_yet_a_parent_may_agree() -> None:
    assert [change.facts["consent"] for change in changes(**CHILD)] == ["given_by_parent"]


def test_a_parent_is_not_asked_where_the_child_is_at_risk() -> None:
    assert not any(CONSENT & set(change.facts) for change in changes(**CHILD, child_at_risk=True))


def test_the_accused_is_asked_whether_they_want_support_and_not_about_an_enquiry() -> None:
    accused = {"subject_role": "alleged_perpetrator", "landlord": "FAIRHIVE"}
    support = changes(**accused, recipient="drug_alcohol_charity", purpose="perpetrator_support")
    assert {"consent": "given_explicit"} in [change.facts for change in support]
    enquiry = changes(**accused, categories=["identity", "health"], purpose="crime_investigation")
    assert not any(CONSENT & set(change.facts) for change in enquiry)


def test_more_is_asked_for_only_as_far_as_it_makes_a_difference() -> None:
    found = changes(
        consent="given_explicit", consent_categories=["identity", "contact"],
        categories=["identity", "contact", "financial", "health", "witness_identity"],
    )  # fmt: skip
    assert [change.facts for change in found] == [{"consent_categories": (D.CONTACT, D.HEALTH, D.IDENTITY)}]
    assert found[0].restores == (D.HEALTH,)


def test_gender_history_needs_its_own_agreement_in_terms() -> None:
    found = changes(
        consent="given_explicit", recipient="social_care_adults", purpose="safeguarding_adult", adult_at_risk=True,
        categories=["identity", "gra_protected"], certificate_known=True,
    )  # fmt: skip
    assert [(change.facts, change.restores) for change in found] == [
        ({"gra_specific_agreement": True}, (D.GRA_PROTECTED,))
    ]
    assert "only if they themselves wish it" in found[0].says


# ---- Agreements, and sets of steps


def test_an_agreement_is_extended_to_what_it_leaves_out_and_no_further() -> None:
    found = changes(
        consent="given_explicit", categories=["identity", "contact", "financial"],
        protocol_uncovered=["contact", "financial"],
    )  # fmt: skip
    assert [(change.facts, change.restores) for change in found] == [
        ({"protocol_uncovered": (D.FINANCIAL,)}, (D.CONTACT,))
    ]


def test_two_obstacles_need_both_steps_and_a_third_that_helps_nothing_is_left_out() -> None:
    law = small(rule(2, "deny", "apd = false"), rule(3, "deny", "requester_verified = false"))
    (both,) = changes(law, apd=False, requester_verified=False, allegation_validated=False)
    assert both.facts == {"apd": True, "requester_verified": True}
    assert set(both.by) == {Actor.DPO, Actor.OFFICER}


def test_three_obstacles_need_three_steps_and_four_are_not_searched() -> None:
    obstacles = ("apd = false", "requester_verified = false", "allegation_validated = false", 'protocol = "none"')
    facts: dict[str, object] = {"apd": False, "requester_verified": False, "allegation_validated": False}
    law = small(*(rule(number, "deny", when) for number, when in enumerate(obstacles, 2)))
    (three,) = changes(law, **facts)
    assert three.facts == {"apd": True, "requester_verified": True, "allegation_validated": True}
    assert changes(law, **facts, protocol="none") == ()


def test_a_step_towards_a_person_who_decides_is_a_step() -> None:
    law = small(rule(2, "deny", "apd = false"), rule(3, "hold", "informed_already = true"))
    assert [(change.facts, change.leads_to) for change in changes(law, apd=False)] == [
        ({"apd": True}, Outcome.NEEDS_AUTHORISER)
    ]


def test_of_steps_that_do_the_same_the_fewest_come_first() -> None:
    sizes = [len(change.by) for change in of_scenario("E35")]
    assert sizes == sorted(sizes)


def test_what_an_earlier_decision_left_out_is_not_promised_by_a_step_that_has_no_part_in_it() -> None:
    facts = parse_facts(case(consent="given_explicit", apd=False))
    decision = decide(facts, rules(), TODAY)
    narrowed = replace(decision, outcome=Outcome.PERMIT_REDACTED, keep=(D.IDENTITY,), remove=(D.CONTACT,))
    assert what_would_change(facts, rules(), TODAY, narrowed) == ()


# ---- What is not known


def test_a_missing_fact_is_asked_for_first_with_what_each_answer_leads_to() -> None:
    first = changes(consent="given_explicit", necessary=None)[0]
    assert (first.asks, first.leads_to, first.facts) == ("necessary", None, {})
    assert first.answers == (("true", Outcome.PERMIT), ("false", Outcome.DENY))


def test_a_persons_own_word_is_looked_up_and_nothing_is_held_out_for_it() -> None:
    first = changes(recipient="stop_hate_uk", purpose="victim_support", consent=None)[0]
    assert first.asks == "consent"
    assert first.answers == ()
    assert "an answer the person gave stands" in first.says


def test_doubted_capacity_is_assessed_and_both_results_are_told() -> None:
    found = changes(capacity="doubted", consent="given_explicit")
    (assessed,) = [change for change in found if change.asks == "capacity"]
    assert dict(assessed.answers) == {"assessed_has": Outcome.PERMIT, "assessed_lacks": Outcome.NEEDS_AUTHORISER}
    assert assessed.facts == {}


def test_a_childs_unknown_competence_is_asked_for() -> None:
    facts = {**YOUNG, "gillick": "unknown", "consent": "given_explicit"}
    asked = next(change for change in changes(**facts) if change.asks == "gillick")
    assert [answer for answer, _ in asked.answers] == ["competent", "not_competent"]


def test_what_stays_behind_only_because_a_fact_is_missing_is_asked_for_even_in_danger() -> None:
    law = small(
        rule(2, "find", 'risk = "immediate_danger"', "path=danger", "findings"),
        rule(3, "basis", 'path = "danger"', "a6_vital", "danger"),
        rule(4, "strip", 'serious_crime = false, category = "health", path = "danger"'),
    )
    (asked,) = changes(law, risk="immediate_danger", serious_crime=None, categories=["identity", "health"])
    assert (asked.asks, asked.restores) == ("serious_crime", (D.HEALTH,))


# ---- For every question


def values(spec: FactSpec) -> st.SearchStrategy[object]:
    if spec.kind == "categories":
        return st.lists(st.sampled_from(spec.allowed), min_size=spec.name == "categories", max_size=6, unique=True)
    if spec.kind == "yes_no":
        return st.sampled_from([True, False, True, False, None])
    return st.integers(0, 90) if spec.kind == "whole_number" else st.sampled_from([*spec.allowed, None])


anything = (
    st.lists(st.sampled_from(sorted(FACTS)), max_size=9, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: values(FACTS[name]) for name in names}))
    .map(lambda given: case(**given))
)
"""Ordinary cases in which a few facts are changed: near enough to the ordinary for steps to be found."""


@given(anything)
@settings(max_examples=200, deadline=None)
def test_every_step_applied_gives_what_it_promises_and_nothing_of_it_can_be_spared(question: dict[str, object]) -> None:
    facts = parse_facts(question)
    before = decide(facts, rules(), TODAY)
    for change in stepped(what_would_change(facts, rules(), TODAY, before)):
        then = after(facts, change.facts)
        assert then.outcome is change.leads_to
        assert set(change.restores) == set(then.keep) - set(before.keep)
        assert OUTCOMES[then.outcome] > OUTCOMES[before.outcome] or change.restores
        assert OUTCOMES[then.outcome] >= OUTCOMES[before.outcome]
        for spared in change.facts:
            fewer = {name: value for name, value in change.facts.items() if name != spared}
            without = after(facts, fewer)
            assert (without.outcome, without.keep) != (then.outcome, then.keep)


@given(anything)
@settings(max_examples=200, deadline=None)
def test_no_step_touches_what_simply_is_so_or_whom_and_what_for(question: dict[str, object]) -> None:
    for change in changes(**question):
        assert set(change.facts) <= MAY_CHANGE
        assert change.facts.get("categories", (D.DEPERSONALISED,)) == (D.DEPERSONALISED,)
        assert change.facts.get("demand", "court_order") == "court_order"
        assert "demand" not in change.facts or question["demand"] == "invalid_order"


@given(anything, st.sampled_from(PRESSING))
@settings(max_examples=250, deadline=None)
def test_nobody_is_pressed_who_said_no_or_cannot_safely_or_ably_answer(
    question: dict[str, object], reason: tuple[str, object]
) -> None:
    for change in changes(**{**question, reason[0]: reason[1]}):
        assert not CONSENT & set(change.facts)
        assert Actor.PERSON not in change.by
        assert "consent," not in change.says


ASKING_WOULD_DO = {
    "police": "crime_investigation", "stop_hate_uk": "victim_support", "jag": "crime_prevention",
    "family_member": "casework_enquiry", "social_care_adults": "safeguarding_adult", "other_landlord": "rehousing",
}  # fmt: skip


@pytest.mark.parametrize("recipient", ASKING_WOULD_DO)
def test_not_even_where_consent_is_all_that_is_missing(recipient: str) -> None:
    asked = {"recipient": recipient, "purpose": ASKING_WOULD_DO[recipient], "landlord": "OHG",
             "categories": ["identity", "contact", "health"]}  # fmt: skip
    assert any(CONSENT & set(change.facts) for change in changes(**asked))
    for name, value in PRESSING:
        assert not any(CONSENT & set(change.facts) for change in changes(**{**asked, name: value})), (name, value)


@given(anything, st.integers(0, 17))
@settings(max_examples=200, deadline=None)
def test_a_parent_never_speaks_for_a_young_person_who_can(question: dict[str, object], age: int) -> None:
    for change in changes(**{**question, "subject_age": age, "gillick": "competent"}):
        assert change.facts.get("consent") != "given_by_parent"
        assert "parent" not in change.says


@given(anything)
@settings(max_examples=200, deadline=None)
def test_each_answer_to_a_question_leads_where_it_says(question: dict[str, object]) -> None:
    facts = parse_facts(question)
    meant: dict[str, object] = {"true": True, "false": False, "under 18": 10, "18 or over": 35}
    for change in what_would_change(facts, rules(), TODAY, decide(facts, rules(), TODAY)):
        for label, outcome in change.answers:
            assert after(facts, {change.asks: meant.get(label, label)}).outcome is outcome


@given(anything)
@settings(max_examples=150, deadline=None)
def test_the_same_question_has_the_same_few_proposals_and_asks_the_engine_a_bounded_number_of_times(
    question: dict[str, object],
) -> None:
    found = changes(**question)
    assert found == changes(**question)
    assert len([change for change in found if change.asks]) <= MOST
    assert len(stepped(found)) <= MOST
    facts = parse_facts(question)
    decision = decide(facts, rules(), TODAY)
    trial = _Trial(facts, rules(), TODAY, decision)
    at_first = trial.left
    told = [*_questions(trial, decision), *_steps(trial)]
    assert set(map(str, told)) <= set(map(str, found))
    assert at_first - trial.left <= 300


def test_every_step_says_what_it_needs_and_changes_a_fact_of_the_vocabulary() -> None:
    for lever in LEVERS:
        assert lever.sets
        assert lever.needs
        assert set(lever.sets) <= set(FACTS)
        assert set(lever.needs) <= set(FACTS) | {"age_band", "pack"}
        if CONSENT & set(lever.sets):
            assert lever.by is Actor.PERSON
            assert {name for name, _ in PRESSING} - {"capacity"} <= set(lever.needs)


def test_no_step_is_proposed_on_a_day_when_its_rule_is_not_in_force() -> None:
    facts = parse_facts(case(direction="pull", request="written_complete"))
    for day, asked in ((date(2026, 1, 11), False), (date(2026, 2, 6), True)):
        found = what_would_change(facts, rules(), day, decide(facts, rules(), day))
        assert any("request" in change.facts for change in found) is asked
