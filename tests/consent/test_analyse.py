"""The model over sets of questions is the engine, and the diagrams it is made of are sets."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.analyse.diagram import Order, Region
from consent.analyse.model import Model
from consent.analyse.space import Space
from consent.compile import compiled
from consent.decide import decide
from consent.decision import Decision
from consent.facts import Facts, parse_facts
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome
from tests.consent.questions import Question, anything, changed, with_gaps
from tests.consent.rulebook import DATA, TODAY, case, rules

TRIED = int(os.environ.get("CONCORDAT_TEST_QUESTIONS", "12000"))
"""How many made-up questions the model is compared on; set it higher for a long run."""

# ---- the model is the engine


@dataclass(frozen=True)
class Pieces:
    """The regions that a decision on one item is read from, each small enough to be looked into at one question."""

    space: Space
    model: Model[Region]
    owed: Mapping[tuple[Obligation, Outcome], Region]

    def outcome(self, facts: Facts, item: DataCategory) -> str:
        """What becomes of the item: the steps of `Model.leaving`, `refused` and `held`, at one question."""
        holds = self.holds(facts, item)
        if holds(self.model.denied) or not holds(self.model.kept) or not holds(self.model.may_have_basis):
            return "refused"
        return "leaves" if all(map(holds, (*self.model.demands, *self.model.settled))) else "held"

    def holds(self, facts: Facts, item: DataCategory) -> Callable[[Region], bool]:
        """Whether a region holds the question about `item`."""
        return lambda region: self.space.holds(region, facts, item)


@cache
def pieces() -> Pieces:
    space = Space()
    model = Model(compiled(rules()), TODAY, space)
    owed = {(duty, outcome): model.owed(duty, outcome) for duty in Obligation for outcome in Outcome}
    return Pieces(space, model, owed)


@cache
def starts() -> list[Question]:
    loaded = [case(**found["facts"]) for name in ("cases.yaml", "policy_cases.yaml")
              for found in yaml.safe_load((DATA / name).read_text(encoding="utf-8"))["cases"]]  # fmt: skip
    return [case(), *loaded]


def made_up(seed: int, many: int) -> Iterator[tuple[Question, DataCategory]]:
    """Questions about one item: near to worked examples, with and without gaps, and wholly random; any category."""
    rng = Random(seed)  # noqa: S311 - draws examples, no secrets
    for number in range(many):
        question = anything(rng) if number % 5 == 0 else changed(rng, starts())
        if number % 2:
            question, _ = with_gaps(rng, question, most=8)
        item = rng.choice(list(DataCategory))
        yield question | {"categories": [item.value]}, item


def became_of(decision: Decision) -> str:
    if decision.releases:
        return "leaves"
    return "held" if decision.outcome is Outcome.NEEDS_AUTHORISER else "refused"


def test_every_question_that_facts_can_put_is_askable() -> None:
    space = pieces().space
    for question, item in made_up(1, TRIED // 4):
        assert space.holds(space.askable, parse_facts(question), item), question


def test_the_model_gives_each_question_the_outcome_of_the_engine() -> None:
    for question, item in made_up(2, TRIED):
        facts = parse_facts(question)
        assert pieces().outcome(facts, item) == became_of(decide(facts, rules(), TODAY)), question


def test_the_model_owes_with_each_outcome_what_the_engine_owes() -> None:
    for question, item in made_up(3, TRIED // 3):
        facts = parse_facts(question)
        decision = decide(facts, rules(), TODAY)
        holds = pieces().holds(facts, item)
        owed = tuple(duty for duty in Obligation if holds(pieces().owed[duty, decision.outcome]))
        assert owed == decision.obligations, question


def test_the_model_relies_on_the_basis_and_the_conditions_of_the_engine() -> None:
    model, released = pieces().model, 0
    for question, item in made_up(4, TRIED):
        facts = parse_facts(question)
        decision = decide(facts, rules(), TODAY)
        holds = pieces().holds(facts, item)
        if decision.outcome is not Outcome.DENY:
            relied = [token for token, where in model.basis.items() if holds(where)]
            assert relied == [token for token in decision.basis if token in model.basis], question
        if decision.releases:
            released += 1
            for article in ("a9", "a10"):
                given = any(token.startswith(f"{article}_") for token in decision.basis)
                assert holds(model.conditioned(article)) == given, question
    assert released > TRIED // 100


def test_the_model_names_the_gateways_and_grounds_of_confidence_that_the_engine_names() -> None:
    named = {Basis(token): where for token, where in pieces().model.grounds.items()
             if not token.startswith(("a9_", "a10_"))}  # fmt: skip
    for question, item in made_up(5, TRIED // 3):
        facts = parse_facts(question)
        decision = decide(facts, rules(), TODAY)
        if decision.outcome is not Outcome.DENY:
            holds = pieces().holds(facts, item)
            assert {token for token, where in named.items() if holds(where)} == {
                token for token in decision.basis if token in named
            }, question


def test_whole_regions_say_of_one_question_what_their_pieces_say() -> None:
    space, model = pieces().space, pieces().model
    for question, item in made_up(6, 150):
        facts = parse_facts(question)
        point = space.all_of(
            space.exactly(name, [value]) for name in space.terms for value in space.terms[name]
            if space.holds(space.exactly(name, [value]), facts, item)
        )  # fmt: skip
        assert space.size(point) == 1
        ends = {"leaves": model.leaving(point), "held": model.held(point), "refused": model.refused(point)}
        became = became_of(decide(facts, rules(), TODAY))
        assert {name: end is point for name, end in ends.items()} == {name: name == became for name in ends}, question
        assert all(end is point or end.is_empty for end in ends.values())


def test_what_leaves_in_company_would_leave_alone() -> None:
    rng, left = Random(7), 0  # noqa: S311 - draws examples, no secrets
    for _ in range(TRIED // 4):
        question = changed(rng, starts())
        decision = decide(parse_facts(question), rules(), TODAY)
        for item in decision.keep if decision.releases else ():
            left += 1
            alone = decide(parse_facts(question | {"categories": [item.value]}), rules(), TODAY)
            assert alone.releases, (question, item)
            assert alone.keep == (item,), (question, item)
    assert left > TRIED // 100


def test_what_leaves_in_company_leaves_by_the_model_too() -> None:
    rng = Random(8)  # noqa: S311 - draws examples, no secrets
    for _ in range(TRIED // 8):
        facts = parse_facts(changed(rng, starts()))
        decision = decide(facts, rules(), TODAY)
        for item in decision.keep if decision.releases else ():
            assert pieces().outcome(facts, item) == "leaves", (facts, item)


# ---- diagrams are sets

TERMS = {"colour": ("red", "green", "blue"), "size": ("small", "large"), "shape": ("round", "square", "long"),
         "known": ("yes", "no", "not known")}  # fmt: skip
EVERY = [dict(zip(TERMS, values, strict=True)) for values in product(*TERMS.values())]

Drawn = tuple[str, object, object]


def sets() -> st.SearchStrategy[object]:
    """Set expressions as nested tuples: read once as a region and once, by hand, as a predicate."""
    plain = st.sampled_from(sorted(TERMS)).flatmap(
        lambda name: st.tuples(st.just("where"), st.just(name), st.sets(st.sampled_from(TERMS[name])))
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.tuples(st.just("and"), inner, inner), st.tuples(st.just("or"), inner, inner),
            st.tuples(st.just("xor"), inner, inner), st.tuples(st.just("not"), inner, st.none()),
        ),
        max_leaves=12,
    )  # fmt: skip


def region_of(order: Order, drawn: object) -> Region:
    match drawn:
        case ("where", str(name), set(values)):
            return order.where(name, values)
        case ("and", one, other):
            return region_of(order, one) & region_of(order, other)
        case ("or", one, other):
            return region_of(order, one) | region_of(order, other)
        case ("xor", one, other):
            return region_of(order, one) ^ region_of(order, other)
        case ("not", one, _):
            return ~region_of(order, one)
    raise AssertionError(drawn)


def is_in(drawn: object, point: Mapping[str, str]) -> bool:
    match drawn:
        case ("where", str(name), set(values)):
            return point[name] in values
        case ("and", one, other):
            return is_in(one, point) and is_in(other, point)
        case ("or", one, other):
            return is_in(one, point) or is_in(other, point)
        case ("xor", one, other):
            return is_in(one, point) != is_in(other, point)
        case ("not", one, _):
            return not is_in(one, point)
    raise AssertionError(drawn)


def listed(drawn: object) -> list[int]:
    return [place for place, point in enumerate(EVERY) if is_in(drawn, point)]


def contains(order: Order, region: Region, point: Mapping[str, str]) -> bool:
    at = order.all_of(order.where(name, [value]) for name, value in point.items())
    return (region & at) is at


def small_space() -> Space:
    """A space of the small terms: diagrams are counted and read out by `Space`."""
    space = Space.__new__(Space)
    order = Order(TERMS)
    space._order, space.terms = order, order.terms
    space.nothing, space.everything = order.nothing, order.everything
    return space


@given(sets())
@settings(max_examples=150)
def test_a_region_holds_exactly_the_questions_it_was_made_of(drawn: object) -> None:
    order = Order(TERMS)
    region = region_of(order, drawn)
    assert [place for place, point in enumerate(EVERY) if contains(order, region, point)] == listed(drawn)


@given(sets(), sets())
@settings(max_examples=300)
def test_equal_sets_are_the_same_object_and_no_others(one: object, other: object) -> None:
    order = Order(TERMS)
    assert (region_of(order, one) is region_of(order, other)) == (listed(one) == listed(other))
    assert region_of(order, one).is_empty == (listed(one) == [])


@given(sets(), sets(), sets())
@settings(max_examples=200)
def test_the_laws_of_sets_hold_by_identity(first: object, second: object, third: object) -> None:
    order = Order(TERMS)
    a, b, c = (region_of(order, drawn) for drawn in (first, second, third))
    assert ~~a is a
    assert ~(a & b) is (~a | ~b)
    assert (a & (b | c)) is ((a & b) | (a & c))
    assert (a | (b & c)) is ((a | b) & (a | c))
    assert ((a & b) & c) is (a & (b & c)) is order.all_of([c, a, b])
    assert ((a | b) | c) is (a | (b | c)) is order.any_of([b, c, a])
    assert (a | (a & b)) is a is (a & (a | b))
    assert (a & ~a) is order.nothing
    assert (a | ~a) is order.everything
    assert (a ^ b) is ((a | b) & ~(a & b))


@given(sets())
@settings(max_examples=150)
def test_the_size_of_a_region_is_how_many_questions_it_holds(drawn: object) -> None:
    space = small_space()
    assert space.size(region_of(space._order, drawn)) == len(listed(drawn))


@given(sets())
@settings(max_examples=150)
def test_the_values_that_occur_in_a_region_are_those_of_its_questions(drawn: object) -> None:
    space = small_space()
    held = [EVERY[place] for place in listed(drawn)]
    assert space.occurring(region_of(space._order, drawn)) == {
        name: tuple(value for value in values if any(point[name] == value for point in held))
        for name, values in TERMS.items()
    }


@given(sets(), st.fixed_dictionaries({name: st.sampled_from(values) for name, values in TERMS.items()}))
@settings(max_examples=150)
def test_an_example_belongs_to_its_region_whatever_the_terms_it_leaves_out(
    drawn: object, usual: dict[str, str]
) -> None:
    space = small_space()
    region = region_of(space._order, drawn)
    if not region.is_empty:
        example = space.example(region, usual)
        alike = [place for place, point in enumerate(EVERY) if example.items() <= point.items()]
        assert alike
        assert set(alike) <= set(listed(drawn))
        assert not is_in(drawn, usual) or example.items() <= usual.items()


@given(sets(), st.sampled_from(sorted(TERMS)), st.data())
@settings(max_examples=200)
def test_what_a_change_gains_is_what_it_leads_into_from_outside(drawn: object, name: str, data: st.DataObject) -> None:
    after = data.draw(st.sampled_from(TERMS[name]))
    before = data.draw(st.lists(st.sampled_from([value for value in TERMS[name] if value != after]), unique=True))
    order = Order(TERMS)
    gained = order.gained(region_of(order, drawn), name, before, after)
    for point in EVERY:
        into = is_in(drawn, point | {name: after})
        expected = into and any(not is_in(drawn, point | {name: value}) for value in before)
        assert contains(order, gained, point) == expected


def test_a_region_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="is_empty"):
        bool(Order(TERMS).everything)
