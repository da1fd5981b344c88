"""Where a version stands: two people who did not write it, nobody alone, and one is enough to stop."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ConcordatError
from hub.register.standing import PEOPLE, Stand, Step, Taken, check, standing

AUTHOR = "usr_author"
PERSONS = [AUTHOR, "usr_a", "usr_b", "usr_c"]
NOW = datetime(2026, 11, 20, tzinfo=UTC)

acts = st.tuples(
    st.sampled_from([Step.APPROVED, Step.APPROVED, Step.SUSPENDED, Step.RESUMED, Step.RESUMED, Step.WITHDRAWN]),
    st.sampled_from(PERSONS),
)
logs = st.lists(acts, max_size=12).map(
    lambda done: [Taken(step, person, NOW + timedelta(seconds=n)) for n, (step, person) in enumerate(done)]
)


@given(logs)
@settings(max_examples=1_000)
def test_it_counts_only_when_two_who_did_not_write_it_stand_behind_it_and_nobody_stopped_it_since(
    log: list[Taken],
) -> None:
    found = standing(log, AUTHOR)
    approved = {taken.person for taken in log if taken.step is Step.APPROVED} - {AUTHOR}
    stops = [n for n, taken in enumerate(log) if taken.step is Step.SUSPENDED and standing(log[:n], AUTHOR).counted]
    resumed = {taken.person for taken in log[stops[-1] :] if taken.step is Step.RESUMED} - {AUTHOR} if stops else set()
    if found.stand is Stand.APPROVED:
        assert len(approved) >= PEOPLE
        assert not any(taken.step is Step.WITHDRAWN for taken in log)
        assert not stops or len(resumed) >= PEOPLE
    elif found.stand is Stand.SUSPENDED:
        assert stops
        assert len(resumed) < PEOPLE


@given(logs)
def test_what_the_check_lets_through_moves_it_on_or_counts_a_person_and_nothing_else_does(log: list[Taken]) -> None:
    for before, after in pairwise(range(len(log) + 1)):
        was, now_, taken = standing(log[:before], AUTHOR), standing(log[:after], AUTHOR), log[before]
        try:
            check(was, taken.step, taken.person, AUTHOR)
        except ConcordatError:
            assert now_.stand is was.stand  # what slipped past the check all the same changes nothing for the better
            assert now_.behind == was.behind
        else:
            assert now_ != was or taken.step is Step.SUSPENDED


def test_an_approval_after_a_suspension_counts_for_nothing() -> None:
    log = [Taken(Step.APPROVED, person, NOW) for person in ("usr_a", "usr_b")]
    log += [Taken(Step.SUSPENDED, "usr_c", NOW), Taken(Step.APPROVED, "usr_a", NOW), Taken(Step.RESUMED, "usr_a", NOW)]
    assert standing(log, AUTHOR).stand is Stand.SUSPENDED
    assert standing([*log, Taken(Step.RESUMED, "usr_a", NOW)], AUTHOR).stand is Stand.SUSPENDED
    assert standing([*log, Taken(Step.RESUMED, "usr_b", NOW)], AUTHOR).stand is Stand.APPROVED


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.WITHDRAWN])
def test_what_was_withdrawn_stays_withdrawn(step: Step) -> None:
    log = [Taken(Step.WITHDRAWN, "usr_a", NOW)] + [Taken(step, person, NOW) for person in ("usr_b", "usr_c")]
    assert standing(log, AUTHOR).stand is Stand.WITHDRAWN
