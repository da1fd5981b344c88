"""What a change of the rules changes is told exactly: no edit that means something goes unseen."""

import gc
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from consent.analyse.impact import Comparison, impact
from consent.analyse.model import Model
from consent.analyse.space import Space
from consent.analyse.terms import asked_terms
from consent.analyse.usual import USUAL
from consent.compile import compiled
from consent.decide import decide
from consent.decision import Decision
from consent.facts import parse_facts
from consent.parse import load
from consent.rules import RuleSet
from protocols.vocabulary import Obligation
from tests.consent.mutants import Edit, Edits
from tests.consent.rulebook import TODAY, rules, texts
from tests.consent.witnesses import Question, around, category_of, recorded_of

MANY = int(os.environ.get("CONCORDAT_TEST_EDITS", "120"))
"""How many edits are tried; all of them (some thousands) are a matter of an hour."""

TRIES = 12


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def meaning(decision: Decision) -> tuple[object, ...]:
    return decision.outcome, decision.keep, frozenset(decision.basis), decision.obligations


def drawn_edits() -> list[Edit]:
    edits = Edits(rules())
    drawn = random.Random(20261121)  # noqa: S311 - drawing lots
    kinds = [list(kind) for kind in (edits.left_out(), edits.without_a_line(), edits.without_a_value(),
                                     edits.with_a_value(), edits.turned())]  # fmt: skip
    for kind in kinds:
        drawn.shuffle(kind)
    return list(islice((edit for several in zip(*kinds, strict=False) for edit in several), MANY))


def questions_about(space: Space, models: tuple[Model, Model], edit: Edit, seed: int) -> Iterator[Question]:  # type: ignore[type-arg]
    """Made-up questions on which the edited rule applies in one reading or the other."""
    drawn = random.Random(seed)  # noqa: S311 - drawing lots
    regions = [model.may[edit.was.id] & space.askable for model in models if edit.was.id in model.may]
    where = space.any_of(regions)
    for _ in range(0 if where.is_empty else TRIES):
        near = {name: drawn.choice(values) if drawn.random() < 0.3 else USUAL[name]
                for name, values in asked_terms().items()}  # fmt: skip
        yield recorded_of(near | space.example(where, near))


def test_every_edit_of_a_rule_that_means_something_is_told_where_it_means_it() -> None:
    space, law = Space(), rules()
    before = Model(compiled(law), TODAY, space)
    changing: list[str] = []
    unseen: list[tuple[str, Question]] = []
    for number, edit in enumerate(drawn_edits()):
        edited = edit.of(law)
        after = Model(compiled(edited), TODAY, space)
        for question in questions_about(space, (before, after), edit, number):
            facts = parse_facts(question)
            if meaning(decide(facts, law, TODAY)) == meaning(decide(facts, edited, TODAY)):
                continue
            changing.append(edit.id)
            told = Comparison(space, before, after, around(space, question)).changes()
            if len(facts.categories) == 1 and not any(
                space.holds(region, facts, category_of(question)) for _, region in told
            ):
                unseen.append((edit.id, question))
            break
    assert unseen == []
    assert len(changing) > MANY / 3, "too few of the edits drawn mean anything on the questions drawn"


def edited(name: str, was: str, now: str) -> RuleSet:
    assert was in texts()[name]
    return load({**texts(), name: texts()[name].replace(was, now, 1)})


def test_the_same_rules_change_nothing() -> None:
    told = impact(rules(), rules(), TODAY, USUAL)
    assert told.is_none
    assert told.reworded == ()


def test_other_words_are_told_as_words_and_change_no_answer() -> None:
    told = impact(rules(), edited("law/housing_act_1996.toml", 'says = "No duty', 'says = "Not any duty'), TODAY, USUAL)
    assert told.is_none
    assert told.reworded == ("ha96.s213B",)


def test_a_rule_that_is_left_out_lets_out_what_it_stopped_and_the_statement_names_for_whom() -> None:
    law = rules()
    without = replace(law, rules=tuple(rule for rule in law.rules if rule.id != "mhp.8.2.contractor"), digest="without")
    told = {change.kind: change for change in impact(law, without, TODAY, USUAL).changes}
    assert all(
        set(statement.recipients) <= {"contractor", "managing_agent"} and statement.within["landlord"] == ("MHP",)
        for change in told.values()
        for statement in change.statements
        if "landlord" in statement.within and "not known" not in statement.within["landlord"]
    )
    assert any("before, " in kind for kind in told)


def test_what_a_statement_counts_adds_up_to_its_change_and_its_example_is_one_of_its_questions() -> None:
    law = rules()
    more = {rule.id: replace(rule, oblige=(*rule.oblige, Obligation.OFFER_SUPPORT)) for rule in law.rules
            if rule.id == "uk_gdpr.6f.contractor"}  # fmt: skip
    new = replace(law, rules=tuple(more.get(rule.id, rule) for rule in law.rules), digest="more")
    changes = impact(rules(), new, TODAY, USUAL).changes
    assert "leaves as before, now with the duty offer_support" in {change.kind for change in changes}
    for change in changes:
        assert change.questions == sum(statement.questions for statement in change.statements) > 0
        for statement in change.statements:
            assert statement.example["recipient"] in statement.recipients
            assert all(statement.example.get(name, values[0]) in values for name, values in statement.within.items())
