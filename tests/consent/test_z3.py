"""z3 and the decision diagrams: two routes that share rules and properties as data and come to the same verdicts."""

import gc
import os
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from random import Random

import pytest

from consent.analyse.model import Model
from consent.analyse.properties import EACH, Property
from consent.analyse.prove import Claims, periods
from consent.analyse.space import Space
from consent.compile import compiled
from tests.consent.mutants import Edit, Edits
from tests.consent.rulebook import TODAY, rules
from tests.consent.solver import Route
from tests.consent.witnesses import around, breaks, properties, recorded_of, to_be_seen, usual

EDITS = int(os.environ.get("CONCORDAT_TEST_EDITS", "24"))
"""How many edited rule sets both routes are asked about; a long run takes hundreds."""

PERIODS = periods(rules()) if "CONCORDAT_TEST_EDITS" in os.environ else (TODAY, periods(rules())[-1])
"""Today and when all is in force; in a long run every state of the law."""

SHARE = 9
"""Of the properties that z3 finds true of an edited rule set, one in so many is proved by diagrams too."""

PLAIN = [one for one in properties() if one.fact != EACH]
"""All but the loss of each fact in turn, which takes as long as all others: it is compared in test_proofs."""


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


@cache
def space() -> Space:
    """One space for every edited rule set: what they have in common is worked out once."""
    return Space()


def drawn_edits() -> list[Edit]:
    """Edits of every kind in turn, drawn by a seed."""
    rng, edits = Random(20261120), Edits(rules())  # noqa: S311 - draws examples, no secrets
    kinds = (edits.left_out, edits.turned, edits.misgiven, edits.without_a_line, edits.the_other_way_round,
             edits.without_a_value, edits.with_a_value)  # fmt: skip
    pools = [[edit for edit in kind() if edit.was.is_in_force(TODAY)] for kind in kinds]
    drawn = [rng.choice(pools[number % len(pools)]) for number in range(EDITS)]
    return list({edit.id: edit for edit in drawn}.values())


def compare(route: Route, edit: Edit, shared: Iterable[Property]) -> int:
    """Both routes on every property after one edit: how many are broken, as both say and the engine shows."""
    edited, proved, broken = edit.of(rules()), {one.id for one in shared}, 0
    model = Model(compiled(edited), TODAY, space())
    claims = Claims(space(), model)
    for one in PLAIN:
        found = route.breaks(one, [edit.was.id], [edit.now.id] if edit.now else [])
        if found is not None:
            broken += 1
            within = claims.asked(one) & around(space(), found.question)
            region = claims.breaking(one, within)
            assert not region.is_empty, f"{edit.id} breaks {one.id} by z3, not by diagrams: {found.question}"
            seen = to_be_seen(one, model, region)
            if seen.is_empty:
                continue
            assert breaks(one, found.question, edited), f"{edit.id}, {one.id}: not so by the engine: {found.question}"
            example = recorded_of(space().example(seen, usual()))
            assert breaks(one, example, edited), f"{edit.id}, {one.id}: not so by the engine: {example}"
        elif one.id in proved:
            assert claims.breaking(one, claims.asked(one)).is_empty, f"{edit.id} breaks {one.id} by diagrams, not by z3"
    return broken


@pytest.mark.parametrize("as_at", PERIODS, ids=str)
def test_z3_finds_no_question_that_breaks_a_property_on_the_shipped_rules(as_at: date) -> None:
    # What the diagrams say of the shipped rules is in test_proofs: nothing breaks there either.
    route = Route(rules(), as_at)
    broken = {one.id: found.question for one in properties() if (found := route.breaks(one)) is not None}
    assert broken == {}


@pytest.mark.timeout(300)
def test_z3_the_diagrams_and_the_engine_agree_on_what_edits_of_the_rules_break() -> None:
    edits = drawn_edits()
    route = Route(rules(), TODAY, [(edit.was.id, edit.now) for edit in edits if edit.now])
    broken = [compare(route, edit, PLAIN[number % SHARE :: SHARE]) for number, edit in enumerate(edits)]
    assert len(broken) >= 20
    assert any(broken)
    assert not all(broken)
