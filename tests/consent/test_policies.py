"""The landlords' policies: stricter than the law where they may be, never against those whom the law protects first."""

import re
import tomllib
from dataclasses import replace
from functools import cache

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.decide import decide
from consent.decision import Decision
from consent.facts import FACTS, FactSpec, parse_facts
from consent.parse import load
from consent.rules import CLOCKS, Rule, RuleSet
from protocols.vocabulary import Outcome
from tests.consent.rulebook import CONSENT, DATA, TODAY, case, rules, texts
from tests.consent.test_cases import Case

LANDLORDS = {"lmh": "LMH", "ohg": "OHG", "fairhive": "Fairhive", "mhp": "MHP", "pcha": "PCHA"}
POLICIES = {name: tomllib.loads((CONSENT / "policies" / f"{name}.toml").read_text("utf-8")) for name in LANDLORDS}
MANUAL = (CONSENT.parent / "docs" / "policies.md").read_text(encoding="utf-8")
CASES: list[Case] = yaml.safe_load((DATA / "policy_cases.yaml").read_text(encoding="utf-8"))["cases"]
RULES = [rule for rule in rules().rules if rule.file.startswith("policies/")]
WRITTEN = [rule for rule in RULES if not rule.id.endswith((".safeguarded", ".overtaken"))]
STRICTNESS = {Outcome.PERMIT: 0, Outcome.PERMIT_REDACTED: 0, Outcome.NEEDS_AUTHORISER: 1, Outcome.DENY: 2}
UNITS = ("_hours", "_hours_in_danger", "_days_serious", "_days_general", "_working_days", "_out_of_hours", "_percent",
         "_months", "_years")  # fmt: skip
REPEALED = r"(Data Protection Act|DPA) 1998|Race Relations|Disability Discrimination|Mental Capacity Act 2007"


@cache
def law_alone() -> RuleSet:
    return load({name: text for name, text in texts().items() if name.startswith("law/")})


def is_as_expected(decision: Decision, expected: Case) -> bool:
    codes = {reason.code for reason in decision.reasons}
    return (
        decision.outcome.value == expected["outcome"]
        and set(decision.remove) == set(expected.get("remove", []))
        and set(expected.get("basis", [])) <= set(decision.basis)
        and {"record_rationale", *expected.get("duties", [])} <= set(decision.obligations)
        and set(expected.get("codes", [])) <= codes
        and set(expected.get("gaps", [])) <= set(decision.gaps)
        and not {*decision.basis, *decision.obligations, *codes} & set(expected.get("never", []))
    )


def decided(expected: Case, by: RuleSet) -> Decision:
    return decide(parse_facts(case(**expected["facts"])), by, TODAY)


@pytest.mark.parametrize("expected", CASES, ids=lambda expected: expected["id"])
def test_a_case_is_decided_as_the_policy_and_the_law_above_it_have_it(expected: Case) -> None:
    decision = decided(expected, rules())
    assert is_as_expected(decision, expected), decision


def test_every_case_has_a_name_of_its_own_a_landlord_and_a_section() -> None:
    assert len({expected["id"] for expected in CASES}) == len(CASES)
    for expected in CASES:
        landlord = str(expected["facts"].get("landlord", "LMH"))
        assert expected["id"].startswith(landlord[:3] + ("A" if landlord == "PCHA" else "") + "-P"), expected["id"]
        assert re.match(rf"{landlord}(,| is| \d)", expected["law"], re.IGNORECASE), expected["id"]
        assert set(expected) <= set(Case.__annotations__)


@pytest.mark.parametrize("rule", WRITTEN, ids=lambda rule: rule.id)
def test_a_policy_has_no_rule_without_which_every_case_would_come_out_the_same(rule: Rule) -> None:
    dropped = {rule.id, f"{rule.id}.safeguarded", f"{rule.id}.overtaken"}
    others = tuple(other for other in rules().rules if other.id not in dropped)
    without = replace(rules(), rules=others, digest=f"without {rule.id}")
    of_landlord = [expected for expected in CASES if case(**expected["facts"])["landlord"] in rule.when["landlord"]]
    assert not all(is_as_expected(decided(expected, without), expected) for expected in of_landlord)


# ---- What a rule of a policy may be


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_of_a_policy_binds_one_landlord_cites_its_section_and_grants_nothing(rule: Rule) -> None:
    name = rule.file.removeprefix("policies/").removesuffix(".toml")
    assert rule.when["landlord"] == (LANDLORDS[name].upper(),)
    assert rule.id.startswith(f"{name}.")
    assert re.match(rf"{LANDLORDS[name]} policy (section )?\d", rule.cites[0])
    assert rule.effect in {"deny", "hold", "strip", "oblige", "diverge"}
    assert not any(re.search(REPEALED, cite) for cite in rule.cites)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.effect == "hold"], ids=lambda rule: rule.id)
def test_whatever_a_policy_holds_somebody_named_answers_in_time(rule: Rule) -> None:
    assert rule.authoriser
    assert rule.within in CLOCKS


# ---- Narrower than the law, and never where the law comes first


def values(spec: FactSpec) -> st.SearchStrategy[object]:
    if spec.kind == "categories":
        return st.lists(st.sampled_from(spec.allowed), min_size=1, max_size=4, unique=True)
    if spec.kind == "yes_no":
        return st.booleans() | st.none()
    return st.integers(0, 90) if spec.kind == "whole_number" else st.sampled_from(spec.allowed)


def questions() -> st.SearchStrategy[dict[str, object]]:
    """The ordinary case, or one of the cases above, with any facts changed, of any landlord."""
    changes = st.fixed_dictionaries({}, optional={name: values(spec) for name, spec in FACTS.items()})
    starts = st.sampled_from([{}, *(expected["facts"] for expected in CASES)])
    landlord = st.sampled_from(FACTS["landlord"].allowed)
    return st.builds(
        lambda start, change, whose: case(**start | change | {"landlord": whose}), starts, changes, landlord
    )


@given(questions())
@settings(max_examples=400, deadline=None)
def test_a_policy_lets_nothing_go_that_the_law_keeps(question: dict[str, object]) -> None:
    facts = parse_facts(question)
    here, in_law = decide(facts, rules(), TODAY), decide(facts, law_alone(), TODAY)
    assert STRICTNESS[here.outcome] >= STRICTNESS[in_law.outcome]
    assert set(here.keep) <= set(in_law.keep) or here.outcome is not Outcome.PERMIT_REDACTED
    assert set(in_law.remove) <= set(here.remove) or here.outcome is Outcome.DENY


PROTECTED: list[dict[str, object]] = [
    {"demand": "court_order", "requester_verified": True, "recipient": "court"},
    {"demand": "court_order", "requester_verified": True, "recipient": "police"},
    *({"risk": "immediate_danger", "purpose": "emergency", "recipient": who}
      for who in ("police", "fire", "ambulance", "social_care_adults", "social_care_children")),
    {"child_at_risk": True, "purpose": "safeguarding_child", "recipient": "social_care_children"},
    {"child_at_risk": True, "purpose": "crime_investigation", "recipient": "police"},
    {"adult_at_risk": True, "purpose": "safeguarding_adult", "recipient": "social_care_adults",
     "consent": "unsafe_to_ask", "victim_wishes": "refer"},
]  # fmt: skip
"""Questions that the law puts first, whatever else is so."""


@given(questions(), st.sampled_from(PROTECTED))
@settings(max_examples=400, deadline=None)
def test_a_policy_changes_nothing_under_compulsion_in_danger_or_where_a_child_or_an_adult_at_risk_is_protected(
    question: dict[str, object], first: dict[str, object]
) -> None:
    facts = parse_facts(question | {"jurisdiction": "england"} | first)
    here, in_law = decide(facts, rules(), TODAY), decide(facts, law_alone(), TODAY)
    assert (here.outcome, here.keep, here.remove, here.basis) == (
        in_law.outcome, in_law.keep, in_law.remove, in_law.basis
    )  # fmt: skip
    assert set(in_law.obligations) <= set(here.obligations)


# ---- Parameters and particulars


@pytest.mark.parametrize("name", LANDLORDS)
def test_every_parameter_names_its_section_and_every_number_its_unit(name: str) -> None:
    parameters = dict(POLICIES[name]["parameters"])
    sections = parameters.pop("sections")
    assert set(sections) == set(parameters)
    assert all(re.fullmatch(r"\d+(\.\d+)*(, \d+(\.\d+)*)*", section) for section in sections.values())
    for key, value in parameters.items():
        assert isinstance(value, bool | int | str | list), key
        if type(value) is int:
            assert key.endswith(UNITS), key


@pytest.mark.parametrize("name", LANDLORDS)
def test_a_landlords_strands_and_routes_are_words_of_the_vocabulary(name: str) -> None:
    parameters = POLICIES[name]["parameters"]
    strands = FACTS["strand_value"].allowed
    assert set(parameters["kpi_strands"]) <= set(strands)
    assert set(parameters["harassment_strands"]) <= {*strands, "any_characteristic"}
    for key in parameters:
        if key.startswith("routes"):
            assert set(parameters[key]) <= set(FACTS["recipient"].allowed), key


def test_strands_are_recorded_for_all_landlords_and_reported_by_each_landlords_own_set() -> None:
    own = {name: set(POLICIES[name]["parameters"]["kpi_strands"]) for name in LANDLORDS}
    assert "transgender" not in own["ohg"]
    assert {"transgender", "disability", "race", "religion", "sexual_orientation"} <= own["lmh"] & own["pcha"]
    recorded = set().union(*own.values(), *(POLICIES[name]["parameters"]["harassment_strands"] for name in LANDLORDS))
    assert all(strands < recorded for strands in own.values())


@pytest.mark.parametrize("name", LANDLORDS)
def test_a_policy_says_whose_it_is_when_it_is_due_for_review_and_which_of_its_statutes_are_gone(name: str) -> None:
    about = POLICIES[name]["about"]
    assert about["landlord"] == LANDLORDS[name].upper()
    assert about["review_due_as_published"]
    assert ("review_due" in about) != (name == "fairhive")
    assert about["superseded"]


@pytest.mark.parametrize("name", LANDLORDS)
def test_the_manual_tells_of_every_rule_and_every_parameter(name: str) -> None:
    chapter = MANUAL.partition(f"## {LANDLORDS[name]}\n")[2].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z0-9_.]+)`", chapter))
    assert {rule.id for rule in WRITTEN if rule.file == f"policies/{name}.toml"} <= told
    assert set(POLICIES[name]["parameters"]) - {"sections"} <= told
