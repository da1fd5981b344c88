"""A history replayed in columns gives every question the answer it would get alone."""

import random
from datetime import date

import pytest

from consent.analyse.replay import History, replay
from consent.decide import decide
from consent.facts import FACTS, Facts, FactSpec, parse_facts
from protocols.vocabulary import DataCategory, Outcome
from tests.consent.rulebook import TODAY, case, rules


def made_up(many: int, seed: int) -> list[Facts]:
    """Ordinary cases with up to fifteen facts changed or lost, about one to seven kinds of data."""
    drawn = random.Random(seed)  # noqa: S311 - drawing lots
    return [parse_facts(question(drawn)) for _ in range(many)]


def question(drawn: random.Random) -> dict[str, object]:
    made = case()
    for name in drawn.sample(sorted(FACTS), drawn.randint(0, 15)):
        made[name] = None if drawn.random() < 0.15 else value(FACTS[name], drawn)
    made["categories"] = [category.value for category in drawn.sample(list(DataCategory), drawn.randint(1, 7))]
    return made


def value(spec: FactSpec, drawn: random.Random) -> object:
    if spec.kind == "categories":
        return drawn.sample(spec.allowed, drawn.randint(0, 12))
    if spec.kind == "yes_no":
        return drawn.random() < 0.5
    return drawn.randint(0, 90) if spec.kind == "whole_number" else drawn.choice(spec.allowed)


@pytest.mark.parametrize("as_at", [TODAY, date(2026, 1, 20), date(2025, 6, 1)])
def test_many_questions_at_once_get_the_answers_they_would_get_one_by_one(as_at: date) -> None:
    questions = made_up(4_000, as_at.toordinal())
    alone = [decide(facts, rules(), as_at) for facts in questions]
    together = replay(History(questions), rules(), as_at)
    assert together.outcomes == tuple(decision.outcome for decision in alone)
    assert together.kept == tuple(decision.keep for decision in alone)
    assert {Outcome(outcome) for outcome in together.outcomes} == set(Outcome)


def test_the_same_history_is_replayed_under_one_law_after_another() -> None:
    history = History(made_up(500, 3))
    now, before = replay(history, rules(), TODAY), replay(history, rules(), date(2025, 6, 1))
    assert now != before
    assert now == replay(history, rules(), TODAY)


def test_a_question_that_does_not_say_what_its_pack_holds_is_not_replayed() -> None:
    with pytest.raises(ValueError, match="what its pack holds"):
        History([parse_facts(case(categories=None))])


def test_no_history_has_no_answers() -> None:
    told = replay(History([]), rules(), TODAY)
    assert told.outcomes == told.kept == ()
