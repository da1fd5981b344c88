"""The queue: danger first, one case in its order, and nobody waits for another partner. On both databases."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from connectors.pace import Answers, Pace, ServiceHours
from hub.delivery import breaker, leases, outbox, queue
from hub.delivery.breaker import FIRST_PROBE, LONGEST_PROBE, OPENS_AFTER, Circuit, DoorState, Slots
from hub.delivery.doors import Attempted, AttemptOutcome, Rung
from hub.delivery.queue import DANGER, PRIORITY, ROUTINE
from hub.flow.house import House
from hub.store.scope import EVERY
from hub.store.tables import outbox as outbox_table
from tests.conftest import POSTGRESQL
from tests.hub.delivery.waiting_rows import put_waiting
from tests.hubs import LMH, HandClock, open_test_hub
from tests.servers import fresh_database

LEASE = timedelta(seconds=120)
FREE = Slots(100, 100)
GONE = Attempted(AttemptOutcome.TRY_LATER, code="no_connection")
DONE = Attempted(AttemptOutcome.REFUSED, code="no")
BUSY = Attempted(AttemptOutcome.TRY_LATER, code="http_429", after_seconds=60)


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: HandClock
) -> Iterator[House]:
    """One hub for all of these: each test empties the queue first."""
    folder = tmp_path_factory.mktemp("queue")
    with ExitStack() as closing:
        sqlite = f"sqlite:///{folder / 'concordat.sqlite3'}"
        url = sqlite if request.param == "sqlite" else closing.enter_context(fresh_database())
        hub = open_test_hub(folder / "data", url, clock)
        closing.callback(hub.house.store.close)
        yield hub.house


@pytest.fixture(autouse=True)
def _empty(house: House) -> None:
    with house.store.write(EVERY) as tx:
        tx.connection.execute(update(outbox_table).values(ready=False, lease_owner=None, lease_until=None))


def order(house: House, slots: dict[str, Slots] | None = None) -> list[str]:
    free = slots if slots is not None else {"agy_jag": FREE, "agy_police": FREE, "agy_helpline": FREE}
    with house.store.read(EVERY) as tx:
        return [head.disclosure_id for head in queue.heads(tx, free, house.clock.now(), 50)]


def of_one_case(house: House, *ids: str) -> None:
    """Make rows those of one case; their order of queueing stays."""
    with house.store.write(EVERY) as tx:
        tx.connection.execute(
            update(outbox_table).where(outbox_table.c.disclosure_id.in_(ids)).values(case_id="cas_" + ids[0][4:])
        )


def test_danger_goes_before_all_else_and_then_priority_whatever_waited_longer(house: House, clock: HandClock) -> None:
    routine = put_waiting(house, clock.now() - timedelta(hours=3), ROUTINE)
    priority = put_waiting(house, clock.now() - timedelta(hours=1), PRIORITY, "agy_police")
    danger = put_waiting(house, clock.now(), DANGER, "agy_helpline")

    assert order(house) == [danger, priority, routine]


def test_an_agency_without_a_free_slot_holds_up_no_other(house: House, clock: HandClock) -> None:
    for _ in range(3):
        put_waiting(house, clock.now() - timedelta(minutes=5), ROUTINE, "agy_jag")
    urgent_there = put_waiting(house, clock.now(), DANGER, "agy_jag")
    elsewhere = put_waiting(house, clock.now(), ROUTINE, "agy_police")

    assert order(house, {"agy_jag": Slots(0, 1), "agy_police": FREE}) == [urgent_there, elsewhere]


def test_one_case_goes_to_one_agency_in_its_order_and_other_cases_do_not_wait_for_it(
    house: House, clock: HandClock
) -> None:
    first = put_waiting(house, clock.now(), ROUTINE)
    second = put_waiting(house, clock.now(), ROUTINE)
    to_another = put_waiting(house, clock.now(), ROUTINE, "agy_police")
    of_one_case(house, first, second, to_another)
    another_case = put_waiting(house, clock.now(), ROUTINE)
    assert order(house) == [first, to_another, another_case]

    with house.store.write(LMH) as tx:
        outbox.schedule(tx, first, clock.now() + timedelta(minutes=9))  # tried, and to be tried again
    assert order(house) == [to_another, another_case], "what comes after it in its case waits with it"

    with house.store.write(LMH) as tx:
        outbox.stop(tx, first)  # parked: that may take a person days
    assert order(house) == [second, to_another, another_case]


def test_what_is_more_urgent_does_not_wait_for_what_its_case_sent_before(house: House, clock: HandClock) -> None:
    routine = put_waiting(house, clock.now() + timedelta(minutes=10), ROUTINE)  # in its hold window
    priority = put_waiting(house, clock.now(), PRIORITY)
    danger, danger_again = put_waiting(house, clock.now(), DANGER), put_waiting(house, clock.now(), DANGER)
    of_one_case(house, routine, priority, danger, danger_again)

    assert order(house) == [danger, danger_again, priority]


def test_what_is_being_tried_is_nobody_elses(house: House, clock: HandClock) -> None:
    rows = [put_waiting(house, clock.now(), ROUTINE) for _ in range(3)]
    with house.store.write(LMH) as tx:
        taken = leases.take(tx, rows[:2], "w1", clock.now(), LEASE)
    assert {claim.attempt for claim in taken} == {1}
    assert order(house) == rows[2:]
    with house.store.read(EVERY) as tx:
        assert breaker.under_way(tx, clock.now()) == {"agy_jag": 2}


def test_of_what_is_found_only_as_much_is_taken_as_each_agency_and_the_free_hands_allow(
    house: House, clock: HandClock
) -> None:
    for _ in range(4):
        put_waiting(house, clock.now(), ROUTINE, "agy_jag")
        put_waiting(house, clock.now(), ROUTINE, "agy_police")
    put_waiting(house, clock.now(), DANGER, "agy_jag")
    with house.store.read(EVERY) as tx:
        found = queue.heads(tx, {"agy_jag": Slots(2, 3), "agy_police": FREE}, clock.now(), 50)

    slots = {"agy_jag": Slots(2, 3), "agy_police": FREE}
    taken = [head.agency for head in queue.fitting(found, slots, 4, 4)]
    assert taken == ["agy_jag", "agy_jag", "agy_police", "agy_police"]
    assert [head.lane for head in queue.fitting(found, slots, 9, 0)] == [DANGER], "the last hands are for danger"


# --- one partner's door -----------------------------------------------------------------------------------------------


def note(house: House, answer: Attempted, times: int = 1) -> list[breaker.Changed]:
    told = []
    for _ in range(times):
        with house.store.write(EVERY) as tx:
            breaker.hold(tx, ["agy_police"])
            changed = breaker.ended(tx, "agy_police", answer, house.clock.now())
        told += [changed] if changed else []
    return told


def door(house: House) -> DoorState:
    with house.store.read(EVERY) as tx:
        return breaker.states(tx)["agy_police"]


def free(house: House, pace: Pace | None = None, busy: int = 0) -> Slots:
    return breaker.slots(door(house), pace or Pace(), busy, house.clock.now())


def test_a_partner_that_does_not_answer_is_left_alone_asked_once_and_believed_again(
    house: House, clock: HandClock
) -> None:
    note(house, DONE)
    assert not note(house, GONE, OPENS_AFTER - 1), "some failures are nobody's news"
    (opened,) = note(house, GONE, 4)
    assert opened.state is Circuit.OPEN, "told once, however long it lasts"
    assert free(house) == Slots(0, Pace().at_once + 1), "danger is tried all the same"

    clock.move(seconds=LONGEST_PROBE.total_seconds())
    assert free(house).usual == 1, "one attempt finds out"
    assert free(house, busy=1).usual == 0
    with house.store.write(EVERY) as tx:
        breaker.begun(tx, breaker.hold(tx, ["agy_police"])["agy_police"], Pace(), 1, clock.now(), LEASE)
    assert (door(house).state, free(house).usual) == (Circuit.HALF_OPEN, 0)
    clock.move(seconds=LEASE.total_seconds())
    assert free(house).usual == 1, "whoever was to find out may have died"

    assert not note(house, GONE), "still away: nothing new"
    assert door(house).state is Circuit.OPEN
    (closed,) = note(house, DONE)
    assert closed.state is Circuit.CLOSED
    assert not note(house, DONE)
    assert free(house) == Slots(Pace().at_once, Pace().at_once + 1)


def test_a_partner_away_for_long_is_asked_less_and_less_often_but_never_given_up(
    house: House, clock: HandClock
) -> None:
    note(house, DONE)
    waits = []
    for _ in range(OPENS_AFTER + 9):
        note(house, GONE)
        probe_at = door(house).probe_at
        waits += [probe_at - clock.now()] if probe_at else []
    assert waits[0] == FIRST_PROBE
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_PROBE
    note(house, DONE)


def test_who_asks_for_time_is_given_it_for_all_that_waits_and_is_no_partner_that_does_not_answer(
    house: House, clock: HandClock
) -> None:
    note(house, DONE)
    assert not note(house, BUSY, OPENS_AFTER + 1)
    assert (door(house).state, free(house)) == (Circuit.CLOSED, Slots(0, Pace().at_once + 1))
    clock.move(seconds=60)
    assert free(house).usual == Pace().at_once


def test_a_rate_is_kept_over_time_and_danger_does_not_wait_for_it(house: House, clock: HandClock) -> None:
    note(house, DONE)
    pace = Pace(at_once=3, per_minute=6)
    assert free(house, pace) == Slots(3, 4)
    with house.store.write(EVERY) as tx:
        breaker.begun(tx, breaker.hold(tx, ["agy_police"])["agy_police"], pace, 3, clock.now(), LEASE)
    assert free(house, pace) == Slots(0, 4)
    clock.move(seconds=29)
    assert free(house, pace).usual == 0
    clock.move(seconds=1)
    assert free(house, pace).usual == 3


# --- hours and answers ------------------------------------------------------------------------------------------------

OFFICE = ServiceHours(days=("mon", "tue", "wed", "thu", "fri"), opens=time(8), closes=time(17, 30))


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20T09:00", "2026-11-20T09:00"),
        ("2026-11-20T17:30", "2026-11-23T08:00"),
        ("2026-11-23T03:00", "2026-11-23T08:00"),
        ("2026-07-06T06:59", "2026-07-06T07:00"),  # a summer's Monday: London is an hour ahead
        ("2026-10-24T12:00", "2026-10-26T08:00"),  # the clocks go back in between
    ],
)
def test_an_office_opens_in_london_time_on_its_days(now: str, opens: str) -> None:
    asked = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert Pace(hours=OFFICE).open_at(asked) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


def test_hours_of_one_night_a_week_keep_nothing_for_ever() -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    night = ServiceHours(days=("mon",), opens=time(17), closes=time(8))
    assert night.next_open(now) == datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_the_next_answer_is_that_of_the_next_rung_which_has_a_time() -> None:
    answers = Answers(taken=5, referenced=60 * 24)
    assert answers.next_after(Rung.ACCEPTED) == timedelta(minutes=5)
    assert answers.next_after(Rung.TAKEN) == timedelta(days=1)
    assert answers.next_after(Rung.REFERENCED) is None
    assert Answers().next_after(Rung.PREPARED) is None


def test_a_closed_office_is_sent_danger_alone() -> None:
    night = datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert breaker.slots(DoorState("agy_x"), Pace(hours=OFFICE), 0, night) == Slots(0, 5)
