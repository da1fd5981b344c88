"""The outbox: a row is claimed by one, for a time; whoever comes back too late changes nothing. On both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hub.delivery import leases, outbox, queue
from hub.delivery.breaker import Slots
from hub.delivery.leases import Claim
from hub.delivery.outbox import State
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.store.scope import EVERY
from tests.conftest import OpenHub
from tests.hub.delivery.waiting_rows import outcomes, put_waiting
from tests.hubs import LMH, HandClock

LEASE = timedelta(seconds=120)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def house(open_hub_here: OpenHub, clock: HandClock) -> House:
    return open_hub_here(clock).house


def take(house: House, disclosure_id: str, worker: str = "w1") -> Claim | None:
    with house.store.write(LMH) as tx:
        taken = leases.take(tx, [disclosure_id], worker, house.clock.now(), LEASE)
    return taken[0] if taken else None


def begin(house: House, claim: Claim) -> None:
    with house.store.write(LMH) as tx:
        leases.begin_attempt(tx, claim, new_id(Prefix.ATTEMPT), new_id(Prefix.DECISION), "ab" * 32, house.clock.now())


def end(house: House, claim: Claim, outcome: str = "done") -> bool:
    with house.store.write(LMH) as tx:
        return leases.end_attempt(tx, claim, outcome, house.clock.now())


def state(house: House, disclosure_id: str) -> State:
    with house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure_id).state


def order(house: House) -> list[str]:
    """What would be claimed now, were there hands for all, most urgent first."""
    with house.store.read(EVERY) as tx:
        free = dict.fromkeys(("agy_jag", "agy_fire", "agy_police"), Slots(100, 100))
        return [head.disclosure_id for head in queue.heads(tx, free, house.clock.now(), 100)]


def due(house: House) -> str | None:
    return next(iter(order(house)), None)


def test_of_many_claimers_at_once_one_gets_the_row(house: House, clock: HandClock) -> None:
    waiting = [put_waiting(house, clock.now()) for _ in range(5)]
    start = threading.Barrier(4)

    def claim_all(worker: int) -> list[Claim]:
        start.wait()
        return [claim for row in waiting if (claim := take(house, row, f"w{worker}")) is not None]

    with ThreadPoolExecutor(4) as workers:
        claims = [claim for found in workers.map(claim_all, range(4)) for claim in found]

    assert sorted(claim.disclosure_id for claim in claims) == sorted(waiting)
    assert {claim.attempt for claim in claims} == {1}


def test_a_claimed_row_is_nobody_elses_until_its_lease_has_lapsed(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())
    first = take(house, row)
    assert first is not None

    clock.move(seconds=119)
    assert take(house, row, "w2") is None
    assert due(house) is None
    clock.move(seconds=1)

    assert due(house) == row
    second = take(house, row, "w2")
    assert second is not None
    assert (second.attempt, second.first_tried_at) == (2, first.first_tried_at)
    assert second.fence > first.fence


def test_a_worker_that_lost_its_lease_cannot_settle(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())
    late = take(house, row)
    assert late is not None
    begin(house, late)
    clock.move(seconds=121)
    now_theirs = take(house, row, "w2")
    assert now_theirs is not None

    assert not end(house, late)

    assert outcomes(house, row) == [None]
    assert take(house, row, "w3") is None, "the late settle must not give the row away"
    assert end(house, now_theirs)


def test_a_worker_that_was_stopped_meanwhile_cannot_settle(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())
    claim = take(house, row)
    assert claim is not None
    begin(house, claim)
    with house.store.write(LMH) as tx:
        outbox.stop(tx, row)

    assert not end(house, claim)
    assert outcomes(house, row) == [None]


def test_an_attempt_without_an_end_is_told_to_the_next_claimer(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())
    died = take(house, row)
    assert died is not None
    assert died.unknown_attempts == 0
    begin(house, died)
    clock.move(seconds=121)

    after = take(house, row, "w2")

    assert after is not None
    assert after.unknown_attempts == 1
    with house.store.write(LMH) as tx:
        leases.close_unknown(tx, [row], clock.now())
    assert outcomes(house, row) == ["unknown"]


def test_a_claim_that_rolls_back_was_never_made(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())

    def take_and_fail() -> None:
        with house.store.write(LMH) as tx:
            assert leases.take(tx, [row], "w1", clock.now(), LEASE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_and_fail()

    again = take(house, row, "w2")

    assert again is not None
    assert again.attempt == 1


def test_the_most_urgent_row_is_due_first_and_then_the_oldest(house: House, clock: HandClock) -> None:
    routine = put_waiting(house, clock.now(), lane=2)
    clock.move(seconds=1)
    older, newer = put_waiting(house, clock.now(), lane=1), put_waiting(house, clock.now(), lane=1)
    clock.move(seconds=1)
    danger = put_waiting(house, clock.now(), lane=0)

    assert order(house) == [danger, older, newer, routine]


def test_a_row_is_due_no_earlier_than_it_was_scheduled(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())
    with house.store.write(LMH) as tx:
        outbox.schedule(tx, row, clock.now() + timedelta(seconds=30))

    assert due(house) is None
    assert take(house, row) is None
    clock.move(seconds=30)
    assert due(house) == row
    assert take(house, row) is not None


def test_a_row_that_waits_to_be_collected_is_nothing_for_a_worker(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now(), agency="agy_fire", ready=False)

    assert due(house) is None
    assert take(house, row) is None
    with house.store.write(LMH) as tx:
        assert leases.take(tx, [row], "collect", clock.now(), LEASE, collected=True)


def test_settling_leaves_the_row_free_and_the_attempt_closed(house: House, clock: HandClock) -> None:
    row = put_waiting(house, clock.now())
    claim = take(house, row)
    assert claim is not None
    begin(house, claim)

    assert end(house, claim, "try_later")

    assert outcomes(house, row) == ["try_later"]
    assert due(house) == row
