"""Tickets: made by this hub, for one use, about one thing, until their end, once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access import tokens, totp
from hub.bootstrap import Hub
from hub.store.scope import EVERY
from tests.hubs import HandClock


@pytest.fixture
def ticket(embedded_hub: Hub) -> tuple[str, HandClock]:
    """A ticket for one use, and the clock that it was made by."""
    clock = HandClock()
    return tokens.make_ticket(embedded_hub.house.keys, "use", clock.at, timedelta(minutes=5), "about"), clock


def test_a_ticket_is_valid_for_its_use_and_subject_until_its_end(
    embedded_hub: Hub, ticket: tuple[str, HandClock]
) -> None:
    keys, (made, clock) = embedded_hub.house.keys, ticket
    assert tokens.is_valid(keys, "use", made, clock.at, "about")
    assert not tokens.is_valid(keys, "other use", made, clock.at, "about")
    assert not tokens.is_valid(keys, "use", made, clock.at, "other")
    assert not tokens.is_valid(keys, "use", made, clock.at)
    clock.move(minutes=5, seconds=1)
    assert not tokens.is_valid(keys, "use", made, clock.at, "about")


def test_a_ticket_with_anything_changed_is_none(embedded_hub: Hub, ticket: tuple[str, HandClock]) -> None:
    made, clock = ticket
    for at in range(len(made)):
        changed = made[:at] + ("A" if made[at] != "A" else "B") + made[at + 1 :]
        assert not tokens.is_valid(embedded_hub.house.keys, "use", changed, clock.at, "about")


def test_a_ticket_is_spent_once_and_forgotten_after_its_end(embedded_hub: Hub, ticket: tuple[str, HandClock]) -> None:
    made, clock = ticket
    with embedded_hub.house.store.write(EVERY) as tx:
        assert tokens.spend(tx, "use", made, clock.at)
        assert not tokens.spend(tx, "use", made, clock.at)
        clock.move(minutes=6)
        other = tokens.make_ticket(tx.keys, "use", clock.at, timedelta(minutes=5))
        assert tokens.spend(tx, "use", other, clock.at)
    with embedded_hub.house.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM spent").scalar_one() == 1


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**33))
def test_a_code_is_its_own_steps_or_a_neighbours_and_no_others(key: bytes, second: int) -> None:
    clock = HandClock()
    clock.at = clock.at.fromtimestamp(second, clock.at.tzinfo)
    step = second // totp.STEP_SECONDS
    for other in range(-3, 4):
        if step + other < 0:
            continue
        code = totp.code_at(key, clock.at.fromtimestamp((step + other) * totp.STEP_SECONDS, clock.at.tzinfo))
        found = totp.step_of(key, code, clock.at) if step else None
        assert found is None or totp.code_at(
            key, clock.at.fromtimestamp(found * totp.STEP_SECONDS, clock.at.tzinfo)
        ) == code  # fmt: skip
        if abs(other) <= 1 and step:
            assert found is not None
    assert totp.step_of(None, "000000", clock.at.fromtimestamp(second + 60, clock.at.tzinfo)) is None


def test_a_code_is_that_of_rfc_6238() -> None:
    clock = HandClock()
    key = b"12345678901234567890"
    for second, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        clock.at = clock.at.fromtimestamp(second, clock.at.tzinfo)
        assert totp.code_at(key, clock.at) == code
        assert totp.step_of(key, code, clock.at) == second // 30
