"""What `consent/properties` says is true of the shipped rules, would not be of others, and is what the engine does."""

import gc
import os
from collections.abc import Iterable, Iterator
from functools import cache
from random import Random

import pytest

from consent.analyse.model import Model
from consent.analyse.properties import EACH, Property
from consent.analyse.prove import Claims, prove
from consent.analyse.space import Space
from consent.compile import compiled
from consent.decide import decide
from consent.facts import FACTS, FactError, parse_facts
from consent.rules import RuleSet
from tests.consent.mutants import Edit, Edits
from tests.consent.questions import REFINEMENTS, Question, anything, changed
from tests.consent.rulebook import TODAY, case, rules
from tests.consent.solver import Break, Route
from tests.consent.witnesses import around, breaks, properties, recorded_of, to_be_seen, usual

RECORDS = int(os.environ.get("CONCORDAT_TEST_RECORDS", "3000"))
"""How many made-up records lose and corrupt each of their facts in turn; set it higher for a long run."""

UNWAITING = frozenset({"court_order", "sab_s45", "asb_review_p7", "coroner", "safeguarding_partner_16H"})
"""Demands that compel: then, as in immediate danger, nothing waits for a missing fact (docs/law.md)."""

REFINED = frozenset(REFINEMENTS)
"""A list that is lost leaves the fact that it refines to speak alone, which docs/law.md says is meant."""


@pytest.fixture(autouse=True, scope="module")
def uncollected() -> Iterator[None]:
    """Diagrams and solvers make millions of small objects and drop none: looking for garbage takes longer than they.

    At the end all are let go of by hand, or every later look for garbage would go through them.
    """
    gc.disable()
    yield
    space().forget()
    space.cache_clear()
    gc.enable()


# ---- the properties of the shipped rules


def test_there_are_at_least_forty_properties_each_a_sentence_with_its_source() -> None:
    assert len(properties()) >= 40
    assert len({one.says for one in properties()}) == len(properties())
    for one in properties():
        assert one.says.endswith("."), one.id
        assert all(source.strip() for source in one.source), one.id
        assert one.source, one.id


def test_every_property_is_true_of_the_shipped_rules_and_is_about_some_question() -> None:
    """Today. Before and after each known change of the law: what `rules check --record` proves in tests/hub/cli."""
    verdicts = prove(rules(), properties(), [TODAY], usual()).verdicts
    assert {v.about.id: v.breaks for v in verdicts if not v.holds} == {}
    assert len(verdicts) == len(properties())
    assert [v.about.id for v in verdicts if v.questions == 0] == []


def test_the_engine_breaks_no_property_on_made_up_questions() -> None:
    rng = Random(11)  # noqa: S311 - draws examples, no secrets
    for number in range(RECORDS // 3):
        drawn = anything(rng) if number % 4 == 0 else changed(rng, [case()])
        lost = rng.sample(sorted(set(FACTS) - {"categories"}), rng.randint(0, 4))
        question = drawn | dict.fromkeys(lost) | {"categories": [rng.choice(FACTS["categories"].allowed)]}
        # That a change of one fact lets nothing out is tried below and in test_properties.
        steady = (one for one in properties() if one.claim != "never_widens")
        assert [one.id for one in steady if breaks(one, question, rules())] == [], question


# ---- each property can be broken


@cache
def space() -> Space:
    """One space for every edited rule set: what they have in common is worked out once."""
    return Space()


def is_kept_by_the_engine(one: Property) -> bool:
    """No rule can break these: silence is never written beside telling, and who may not be asked is not asked."""
    return one.claim.startswith("never_owes") and bool(set(one.of) & {"inform_before", "inform_after", "seek_consent"})


def route_of(edits: Iterable[Edit]) -> Route:
    return Route(rules(), TODAY, [(edit.was.id, edit.now) for edit in edits if edit.now])


def confirm(one: Property, edit: Edit, found: Break) -> None:
    """The diagrams and the engine must see that the edited rules break the property, as z3 does."""
    edited = edit.of(rules())
    assert breaks(one, found.question, edited), f"{edit.id}, {one.id}: not so by the engine: {found.question}"
    model = Model(compiled(edited), TODAY, space())
    claims = Claims(space(), model)
    breaking = claims.breaking(one, claims.asked(one) & around(space(), found.question))
    breaking = to_be_seen(one, model, breaking)
    assert not breaking.is_empty, f"{edit.id} does not break {one.id} by diagrams: {found.question}"
    example = recorded_of(space().example(breaking, usual()))
    assert breaks(one, example, edited), f"{edit.id}, {one.id}: not so by the engine: {example}"


def unbroken_by(edits: Iterable[Edit], asked: Iterable[Property]) -> list[Property]:
    """Which properties no single edit breaks; what breaks the others is confirmed."""
    by_id = {edit.now.id if edit.now else edit.was.id: edit for edit in edits}
    route, unbroken = route_of(by_id.values()), list[Property]()
    for one in asked:
        found = route.edit_that_breaks(one)
        if found is None:
            unbroken.append(one)
        else:
            (exchanged,) = found.instead or found.without
            confirm(one, by_id[exchanged], found)
    return unbroken


@pytest.mark.timeout(300)
def test_each_property_is_broken_by_some_edit_of_one_rule_and_the_engine_shows_how() -> None:
    edits = Edits(rules())
    rest = unbroken_by([*edits.left_out(), *edits.turned()], properties())
    # The few that neither breaks: a wrong basis, or a rule that asks for the opposite, of the fact in question or any.
    rest = [one for one in rest if not is_kept_by_the_engine(one)]
    opposite = [edit for edit in edits.the_other_way_round() if edit.was.effect in {"find", "deny", "basis"}]
    wrong = [*edits.left_out(), *edits.misgiven(), *opposite]
    tried = unbroken_by(wrong, [one for one in rest if one.fact in {"", EACH}])
    for one in (one for one in rest if one.fact not in {"", EACH}):
        about = (edit for edit in edits.the_other_way_round() if one.fact in edit.was.when)
        tried += unbroken_by([*edits.left_out(), *about], [one])
    assert [one.id for one in tried] == []


@pytest.mark.parametrize("wanted", ["privileged.never", "contractor.unsigned", "misdirected.never"])
def test_a_broken_property_is_shown_by_an_example_that_the_engine_confirms(wanted: str) -> None:
    (one,) = (one for one in properties() if one.id == wanted)
    edits = list(Edits(rules()).left_out())
    found = route_of(edits).edit_that_breaks(one)
    assert found is not None
    edited = next(edit for edit in edits if edit.was.id in found.without).of(rules())
    (verdict,) = prove(edited, [one], [TODAY], usual()).verdicts
    assert not verdict.holds
    assert verdict.breaks is not None
    assert breaks(one, recorded_of(verdict.breaks), edited)
    assert not breaks(one, recorded_of(verdict.breaks), rules())


# ---- losing or corrupting a fact


def records(seed: int, many: int) -> Iterable[Question]:
    rng = Random(seed)  # noqa: S311 - draws examples, no secrets
    for number in range(many):
        yield anything(rng) if number % 4 == 0 else changed(rng, [case()], most=8)


def waits_for_nothing(question: Question) -> bool:
    """In immediate danger and under compulsion a missing fact holds nothing: there the rest goes."""
    return question["risk"] in {"immediate_danger", None} or question["demand"] in UNWAITING


def releases(question: Question, by: RuleSet) -> bool:
    return decide(parse_facts(question), by, TODAY).releases


def test_a_record_that_was_no_permit_is_none_when_any_one_fact_is_lost() -> None:
    lost = 0
    for question in records(12, RECORDS):
        if waits_for_nothing(question) or releases(question, rules()):
            continue
        for name in set(question) - REFINED:
            lost += 1
            without = {other: value for other, value in question.items() if other != name}
            assert parse_facts(without) == parse_facts({**question, name: None})
            assert not releases(without, rules()), (name, question)
    assert lost > 10 * RECORDS


def test_a_record_with_a_corrupt_fact_is_not_decided_at_all() -> None:
    wrong = ("unheard-of", 7.5, -1, 131, {"a": "b"}, ["unheard-of"], b"yes", object())
    for number, question in enumerate(records(13, RECORDS)):
        for place, name in enumerate(sorted(question)):
            with pytest.raises(FactError) as refused:
                parse_facts({**question, name: wrong[(number + place) % len(wrong)]})
            assert refused.value.field == name
        with pytest.raises(FactError):
            parse_facts({**question, "unheard_of": True})
