"""Whom a decision asks for: every sentence of the rules is known, and only those people answer it."""

from datetime import UTC, datetime
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules import CLOCKS as CLOCKS_OF_THE_RULES
from hub.access.roles import AuthoriserKind
from hub.decision.authorisers import CLOCKS, SENTENCES, Review, adds, are_enough, may_answer, panels
from hub.decision.rulebook import read_rules
from hub.store.tables import disclosure

EVERYBODY = frozenset(kind.value for kind in AuthoriserKind)
ONE = "service manager or safeguarding lead"
TWO = "director and data protection officer"
PEOPLE = st.builds(Review, st.sampled_from("abc"), st.frozensets(st.sampled_from(sorted(EVERYBODY)), max_size=3))


def test_every_sentence_of_the_law_and_the_policies_is_in_the_table_and_no_other() -> None:
    said = {rule.authoriser for rule in read_rules().rules if rule.authoriser}
    assert said == set(SENTENCES)


def test_every_clock_of_the_rules_runs_out_after_now_or_never_and_no_other_is_known() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert set(CLOCKS) == set(CLOCKS_OF_THE_RULES)
    ends = {name: clock(now) for name, clock in CLOCKS.items()}
    assert [name for name, at in ends.items() if at is None] == ["before publication"]
    assert all(at > now for at in ends.values() if at is not None)


def test_the_kinds_of_the_table_are_the_kinds_that_people_can_be() -> None:
    assert set(chain.from_iterable(chain.from_iterable(SENTENCES.values()))) == EVERYBODY


def test_the_longest_sentence_there_can_be_fits_where_it_is_kept() -> None:
    assert len("; ".join(SENTENCES)) <= (disclosure.c.authoriser.type.length or 0)  # type: ignore[attr-defined]


def test_a_sentence_that_no_rule_says_lets_nobody_through() -> None:
    with pytest.raises(LookupError):
        are_enough("anybody at all", [Review("a", EVERYBODY)])
    with pytest.raises(LookupError):
        panels(None)


def test_either_of_two_kinds_answers_an_or_alone() -> None:
    for kind in ("service manager", "safeguarding lead"):
        assert are_enough(ONE, [Review("a", frozenset({kind}))])
    assert not are_enough(ONE, [Review("a", frozenset({"data protection officer", "director", "HR lead"}))])


def test_an_and_needs_two_people_of_the_two_kinds() -> None:
    director, officer = Review("a", frozenset({"director"})), Review("b", frozenset({"data protection officer"}))
    assert are_enough(TWO, [director, officer])
    assert not are_enough(TWO, [director])
    assert not are_enough(TWO, [Review("a", EVERYBODY)])
    assert not are_enough(
        TWO, [Review("a", frozenset({"director"})), Review("a", frozenset({"data protection officer"}))]
    )
    assert not are_enough(TWO, [director, Review("b", frozenset({"director"}))])


def test_what_several_rules_hold_waits_for_each_of_their_authorisers() -> None:
    both = f"{ONE}; data protection officer"
    lead, officer = Review("a", frozenset({"safeguarding lead"})), Review("b", frozenset({"data protection officer"}))
    assert not are_enough(both, [lead])
    assert not are_enough(both, [officer])
    assert are_enough(both, [lead, officer])
    assert are_enough(both, [Review("a", EVERYBODY)])  # two findings, and not two persons: one may be both


def test_one_who_authorised_adds_nothing_by_doing_it_again() -> None:
    first = Review("a", EVERYBODY)
    assert adds(TWO, [], first)
    assert not adds(TWO, [first], first)
    assert adds(TWO, [first], Review("b", frozenset({"director"})))


@given(st.lists(PEOPLE, max_size=4), st.sampled_from(sorted(SENTENCES)))
def test_enough_means_that_a_seating_of_different_people_exists(given_by: list[Review], sentence: str) -> None:
    kinds: dict[str, set[str]] = {}
    for review in given_by:
        kinds.setdefault(review.person, set()).update(review.kinds)
    (panel,) = panels(sentence)
    seated = len(panel) == 1 and any(panel[0] & held for held in kinds.values())
    if len(panel) == 2:
        seated = any(
            (panel[0] & kinds[x] and panel[1] & kinds[y]) or (panel[1] & kinds[x] and panel[0] & kinds[y])
            for x, y in combinations(kinds, 2)
        )
    assert are_enough(sentence, given_by) == bool(seated)
    if are_enough(sentence, given_by):
        assert any(may_answer(sentence, review.kinds) for review in given_by)
