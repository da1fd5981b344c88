"""No history goes wrong, a seed tells the same history twice, and each bug that is planted is caught.

10,000 histories are a step of their own: `make simulate`.
"""

from collections.abc import Callable, Sequence

import pytest

from tests.simulation.choices import shrunk
from tests.simulation.history import run
from tests.simulation.planted import PLANTED
from tests.simulation.stage import Stage

_MOST_SEEDS = 400
"""A rare one shows in one history of a hundred: an erasure between a claim and what it sends."""


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize("seeds", [range(30), range(30, 60)], ids=str)
def test_nothing_is_lost_duplicated_unauthorised_unlogged_or_stale_in_any_history(stage: Stage, seeds: range) -> None:
    wrong = {seed: done.wrong for seed in seeds if (done := run(stage, seed)).wrong}
    assert wrong == {}, "tell one with: python -m tests.simulation --seed N --shrink"


def test_a_seed_tells_the_same_history_to_the_last_byte_each_time(stage: Stage) -> None:
    told = [run(stage, seed) for seed in (3, 4, 5)]
    again = [run(stage, seed) for seed in (3, 4, 5)]
    assert [done.told for done in told] == [done.told for done in again]
    assert [done.digest for done in told] == [done.digest for done in again]
    assert len({done.digest for done in told}) == len(told)


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_a_planted_bug_is_caught(stage: Stage, bug: str, record_property: Callable[[str, object], None]) -> None:
    found = next((done for seed in range(_MOST_SEEDS) if (done := run(stage, seed, PLANTED[bug])).wrong), None)
    assert found is not None, f"not caught in {_MOST_SEEDS} histories"
    record_property("seeds", found.seed + 1)
    print(f"{bug}: caught in history {found.seed + 1}: {found.wrong[0]}")


def test_a_history_that_goes_wrong_is_told_in_fewer_choices(stage: Stage) -> None:
    bug = PLANTED["an intent is not logged"]
    found = next(done for seed in range(_MOST_SEEDS) if (done := run(stage, seed, bug)).wrong)

    def fails(record: Sequence[int]) -> bool:
        return bool(run(stage, found.seed, bug, record=record).wrong)

    smaller = shrunk(found.record, fails, most=12)
    assert fails(smaller)
    assert len(smaller) < len(found.record) or sum(map(bool, smaller)) < sum(map(bool, found.record))
