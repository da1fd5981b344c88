"""The rules exported to Cedar answer as the engine does, wherever Cedar can say it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

import pytest
import yaml
from cedarpy import AuthzResult, Decision, Entities, PolicySet, Schema, is_authorized_batch, policies_to_json_str
from cedarpy import validate_policies as validate

from consent.analyse.cedar import CONSIDER, EFFECTS, RELEASE, to_cedar, to_cedar_schema, to_request
from consent.decide import decide
from consent.facts import FACTS, FactError, Facts, parse_facts
from protocols.vocabulary import Outcome
from tests.consent.questions import Question, anything, changed
from tests.consent.rulebook import DATA, TODAY, case, rules

BEFORE_DUA = date(2026, 1, 11)
"""A day on which the interests recognised by law had not commenced, nor what guards counselling notes."""

NOBODY = Entities.from_json_str("[]")


@cache
def policies(as_at: date) -> PolicySet:
    return PolicySet.from_str(to_cedar(rules(), as_at))


@cache
def schema() -> Schema:
    return Schema.from_str(to_cedar_schema(rules()))


@cache
def worked_examples() -> Sequence[Question]:
    told = yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))["scenarios"]
    return [case(**scenario["facts"]) for scenario in told]


def fully_known(seed: int, count: int) -> Iterator[tuple[Question, Facts]]:
    """Questions about one kind of data in which nothing is left unknown: near the worked examples, and anywhere."""
    rng = Random(seed)  # noqa: S311 - seeded questions, no secrets
    found = 0
    while found < count:
        question = anything(rng) if rng.random() < 0.25 else changed(rng, worked_examples())
        question["categories"] = [rng.choice(FACTS["categories"].allowed)]
        facts = parse_facts(question)
        if is_fully_known(facts):
            found += 1
            yield question, facts


def is_fully_known(facts: Facts) -> bool:
    try:
        to_request(rules(), facts, facts.categories[0], RELEASE)
    except ValueError:
        return False
    return True


def requests(asked: Sequence[Facts], action: str) -> list[dict[str, object]]:
    return [to_request(rules(), facts, facts.categories[0], action) for facts in asked]


def answers(put: list[dict[str, object]], as_at: date = TODAY, *, strict: bool = True) -> list[AuthzResult]:
    return is_authorized_batch(put, policies(as_at), NOBODY, schema=schema() if strict else None)


@pytest.mark.parametrize(("seed", "as_at"), [(1, TODAY), (2, TODAY), (3, TODAY), (4, BEFORE_DUA)])
def test_cedar_gives_the_answer_of_the_engine_wherever_everything_is_known(seed: int, as_at: date) -> None:
    asked = [facts for _, facts in fully_known(seed, 1_000)]
    ours = [decide(facts, rules(), as_at) for facts in asked]
    outcomes = Counter(decision.outcome for decision in ours)
    assert all(outcomes[outcome] > 20 for outcome in (Outcome.PERMIT, Outcome.NEEDS_AUTHORISER, Outcome.DENY))
    released, considered = (answers(requests(asked, action), as_at) for action in (RELEASE, CONSIDER))
    for facts, decision, release, consider in zip(asked, ours, released, considered, strict=True):
        assert not release.diagnostics.errors
        assert not consider.diagnostics.errors
        assert release.allowed == (decision.releases and decision.keep == facts.categories), facts.as_dict()
        assert consider.allowed == (decision.outcome is not Outcome.DENY), facts.as_dict()


@pytest.mark.parametrize("as_at", [TODAY, BEFORE_DUA])
def test_every_rule_that_cedar_can_say_is_a_policy_under_its_own_id(as_at: date) -> None:
    told = json.loads(policies_to_json_str(to_cedar(rules(), as_at)))["staticPolicies"].values()
    said = {policy["annotations"]["id"]: (policy["effect"], policy["annotations"]["cites"]) for policy in told}
    expected = {
        rule.id: ("permit" if rule.effect == "basis" else "forbid", "; ".join(rule.cites))
        for rule in rules().rules
        if rule.effect in EFFECTS and rule.is_in_force(as_at)
    }
    assert said == expected


@pytest.mark.parametrize("effect", ["find", "condition"])
def test_a_rule_that_is_written_out_where_it_is_used_is_named_there(effect: str) -> None:
    comments = [line for line in to_cedar(rules(), TODAY).splitlines() if line.lstrip().startswith("//")]
    named = {word.strip(":") for line in comments for word in line.split()}
    assert {rule.id for rule in rules().rules if rule.effect == effect and rule.is_in_force(TODAY)} <= named


def test_the_export_is_valid_under_its_own_schema() -> None:
    result = validate(to_cedar(rules(), TODAY), schema())
    assert result.validation_passed, [str(error) for error in result.errors]


@pytest.mark.parametrize("effect", [*EFFECTS, "find", "condition"])
def test_a_kind_of_rule_left_out_of_the_export_shows_in_the_answers(effect: str) -> None:
    kept = tuple(rule for rule in rules().rules if rule.effect != effect)
    lacking = PolicySet.from_str(to_cedar(replace(rules(), rules=kept, digest=f"without {effect}"), TODAY))
    asked = [facts for _, facts in fully_known(5, 300)]
    ours = [decide(facts, rules(), TODAY).releases for facts in asked]
    theirs = is_authorized_batch(requests(asked, RELEASE), lacking, NOBODY)
    assert any(answer.allowed != released for answer, released in zip(theirs, ours, strict=True))


def test_a_missing_fact_makes_cedar_let_go_what_the_engine_keeps_unless_it_has_the_schema() -> None:
    # What the law demands and what immediate danger demands wait for no fact, so a question about those proves nothing.
    calm = [(q, f) for q, f in fully_known(6, 400) if q["demand"] == "none" and q["risk"] != "immediate_danger"]
    stopped = [(question, facts) for question, facts in calm if not decide(facts, rules(), TODAY).releases][:60]
    put: list[dict[str, object]] = []
    ours: list[bool] = []
    for question, facts in stopped:
        whole = to_request(rules(), facts, facts.categories[0], RELEASE)
        context = whole["context"]
        assert isinstance(context, dict)
        for name in sorted(set(context) & set(question)):
            put.append({**whole, "context": {key: value for key, value in context.items() if key != name}})
            without = parse_facts({key: value for key, value in question.items() if key != name})
            ours.append(decide(without, rules(), TODAY).releases)
    loose = [answer.allowed for answer in answers(put, strict=False)]
    strict = [answer.decision for answer in answers(put)]
    assert len(put) > 2_000
    assert not any(ours)
    assert sum(loose) > 0  # what engines.md warns of: without the schema, Cedar fails open
    assert set(strict) == {Decision.NoDecision}


def test_a_value_that_no_rule_knows_is_turned_away_by_the_schema_and_by_the_engine() -> None:
    question, facts = next(fully_known(7, 1))
    put = to_request(rules(), facts, facts.categories[0], RELEASE)
    context = put["context"]
    assert isinstance(context, dict)
    odd = {**put, "context": {**context, "consent": {"__entity": {"type": "Consent", "id": "perhaps"}}}}
    assert answers([odd])[0].decision is Decision.NoDecision
    with pytest.raises(FactError):
        parse_facts({**question, "consent": "perhaps"})


def test_a_question_with_a_gap_is_not_put_to_cedar() -> None:
    facts = parse_facts(case(categories=["identity"], consent=None, subject_age=None))
    with pytest.raises(ValueError, match="age_band, consent"):
        to_request(rules(), facts, facts.categories[0], RELEASE)
