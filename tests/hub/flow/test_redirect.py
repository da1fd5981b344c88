"""When an agency's door goes, or becomes another kind of door, nothing that waited for it waits unseen for ever."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from connectors.contract import Refused
from hub.access.roles import Role
from hub.delivery import follow_ups, leases
from hub.delivery import outbox as rows
from hub.delivery.doors import Doors
from hub.delivery.outbox import State
from hub.delivery.strays import of as strays_of
from hub.errors import Conflict
from hub.flow.acknowledge import acknowledge
from hub.flow.claim import claim
from hub.flow.collect import collect
from hub.flow.feed import read_feed
from hub.flow.house import House
from hub.flow.overdue import list_late, raise_overdue
from hub.flow.parked import list_parked
from hub.flow.resume import resume
from hub.store.scope import EVERY
from hub.store.tables import disclosure, outbox
from tests.cases import FIRE, POLICE
from tests.delivering import Line, by_lines, raising
from tests.hub.flow.breaking import cut_short
from tests.hub.flow.correcting import Desk
from tests.hubs import LMH, somebody


@pytest.fixture(autouse=True)
def _nothing_waits_afterwards(on_each: Desk) -> Iterator[None]:
    """What one test left to wait is not there for the next."""
    yield
    unsettled = disclosure.c.state.in_([State.QUEUED.value, State.LEAVING.value, State.PARKED.value, State.HELD.value])
    with on_each.hub.house.store.write(LMH) as tx:
        tx.connection.execute(update(outbox).values(ready=False))
        tx.connection.execute(update(disclosure).where(unsettled).values(state=State.CANCELLED.value))


def _without_fire(here: Desk) -> House:
    return by_lines(here.hub.house, agy_police=Line())


def _now_sent_to(here: Desk, line: Line) -> House:
    return by_lines(here.hub.house, agy_police=Line(), agy_fire=line)


def _now_fetching(here: Desk, agency: str) -> House:
    """The house as it is once this agency, which was sent to, fetches what is for it."""
    house = here.hub.house
    was, fetches = (house.doors._door(one) for one in (agency, "agy_fire"))
    return replace(house, doors=Doors({agency: replace(fetches, render=was.render)},
                                      {agency: house.doors.digest(agency)}))  # fmt: skip


def _work(here: Desk, house: House) -> None:
    replace(here, hub=replace(here.hub, house=house)).deliver()


def _danger(document: dict[str, object]) -> None:
    document["record"]["risk"]["level"] = "immediate_danger"  # type: ignore[index]


@pytest.mark.parametrize("change", [(), (_danger,)])
def test_what_waited_for_a_door_that_is_gone_is_parked_with_that_cause_for_a_person(
    on_each: Desk, change: tuple[Callable[[dict[str, object]], None], ...]
) -> None:
    _, row = on_each.send(FIRE, *change)
    house = _without_fire(on_each)
    _work(on_each, house)
    assert on_each.row(row.id).state is State.QUEUED
    assert raise_overdue(house) == 1
    _work(on_each, house)
    after = on_each.row(row.id)
    assert (after.state, after.cause) == (State.PARKED, "NO_DOOR")
    assert [entry.row.id for entry in list_parked(house, on_each.officer)] == [row.id]
    assert raise_overdue(house) == 0


def test_what_waited_to_be_fetched_is_sent_once_its_agency_is_sent_to(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    on_each.clock.move(days=2)
    raise_overdue(on_each.hub.house)
    assert [late.id for late in list_late(on_each.hub.house, on_each.officer)] == [row.id]
    line = Line()
    house = _now_sent_to(on_each, line)
    raise_overdue(house)
    assert list_late(house, on_each.officer) == ()
    assert on_each.row(row.id).answer_due_at is None
    _work(on_each, house)
    assert line.came == [row.id]
    assert on_each.row(row.id).state is State.SENT


def test_what_waits_for_a_door_nobody_confirmed_is_parked_with_that_cause(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    house = _now_sent_to(on_each, Line())
    another = {"agy_fire": Line().connector(), "agy_police": Line().connector()}
    house = replace(house, doors=Doors(another, {"agy_fire": "f" * 64, "agy_police": ""}))
    raise_overdue(house)
    _work(on_each, house)
    assert (on_each.row(row.id).state, on_each.row(row.id).cause) == (State.PARKED, "door_unconfirmed")


def test_what_does_not_go_yet_keeps_its_hour_when_its_agency_is_sent_to(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    with on_each.hub.house.store.write(LMH) as tx:
        rows.schedule(tx, row.id, on_each.clock.now() + timedelta(minutes=10))
        rows.stop(tx, row.id)
    line = Line()
    house = _now_sent_to(on_each, line)
    raise_overdue(house)
    _work(on_each, house)
    assert line.came == []
    on_each.clock.move(minutes=10)
    _work(on_each, house)
    assert line.came == [row.id]


def test_a_fetch_that_broke_off_is_sent_under_the_same_id_once_its_agency_is_sent_to(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    cut_short(on_each, row.id)
    line = Line()
    house = _now_sent_to(on_each, line)
    assert raise_overdue(house) == 0  # somebody may still be at it
    on_each.clock.move(hours=1)
    assert raise_overdue(house) == 1
    _work(on_each, house)
    assert line.came == [row.id]
    assert on_each.row(row.id).state is State.SENT


def test_what_waits_until_it_shows_whether_the_earlier_one_came_is_left_to_whoever_looks(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    with on_each.hub.house.store.write(LMH) as tx:
        told = follow_ups.FollowUp(row.id, row.agency, row.id, "corrected", bare=False, look_at=on_each.clock.now())
        follow_ups.put(tx, told)
    assert raise_overdue(_without_fire(on_each)) == 0
    with on_each.hub.house.store.write(LMH) as tx:
        follow_ups.cut_off(tx, row.id)


def test_what_is_queued_for_a_worker_and_what_is_settled_is_no_stray(on_each: Desk) -> None:
    _, sent = on_each.send(POLICE)
    _, fetched = on_each.send(FIRE)
    _, held = on_each.send(FIRE)
    collect(on_each.hub.house, somebody(on_each.hub, Role.PARTNER, "agy_fire"), fetched.id)
    with on_each.hub.house.store.write(LMH) as tx:
        rows.change(tx, held.id, State.HELD, cause="CAPACITY")
    on_each.clock.move(hours=1)
    assert raise_overdue(_without_fire(on_each)) == 0
    with on_each.hub.house.store.read(EVERY) as tx:
        states = (State.QUEUED, State.LEAVING)
        assert strays_of(tx, "agy_police", on_each.clock.now(), states) == ()
    assert on_each.row(sent.id).state is State.QUEUED


def test_what_was_to_be_sent_to_an_agency_that_fetches_now_can_be_fetched_and_else_is_parked_until_replayed(
    on_each: Desk,
) -> None:
    _, fetched = on_each.send(POLICE)
    _, parked = on_each.send(POLICE)
    house = _now_fetching(on_each, "agy_police")
    police = somebody(on_each.hub, Role.PARTNER, "agy_police")
    assert {row.id for row in read_feed(house, police, 0, 50).waiting} == {fetched.id, parked.id}
    collect(house, police, fetched.id)
    _work(on_each, house)
    after = on_each.row(parked.id)
    assert (after.state, after.cause) == (State.PARKED, "collected")
    (told,) = list_parked(house, on_each.officer)
    assert told.says == "this agency fetches what is for it, and nothing is sent there"
    assert told.on_replay.endswith("it waits until the agency fetches it")
    resume(house, on_each.officer, parked.id)
    _work(on_each, house)
    assert on_each.row(parked.id).state is State.QUEUED
    collect(house, police, parked.id)
    assert on_each.row(parked.id).state is State.RECEIPTED


def test_what_a_dead_worker_was_sending_to_an_agency_that_fetches_now_is_parked_for_a_person(on_each: Desk) -> None:
    _, row = on_each.send(POLICE)
    dying = _now_sent_to(on_each, Line())
    assert len(claim(dying, "dies", 1, only=[row.id]).intents) == 1
    on_each.clock.move(hours=1)
    house = _now_fetching(on_each, "agy_police")
    raise_overdue(house)
    _work(on_each, house)
    assert (on_each.row(row.id).state, on_each.row(row.id).cause) == (State.PARKED, "collected")


def test_a_fetch_that_broke_off_waits_again_and_is_told_to_be_queued(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    cut_short(on_each, row.id)
    assert raise_overdue(on_each.hub.house) == 0
    on_each.clock.move(minutes=10)
    raise_overdue(on_each.hub.house)
    assert on_each.row(row.id).state is State.QUEUED
    with on_each.hub.house.store.read(EVERY) as tx:
        assert leases.may_have_left(tx, row.id)
    fire = somebody(on_each.hub, Role.PARTNER, "agy_fire")
    assert [waits.id for waits in read_feed(on_each.hub.house, fire, 0, 50).waiting] == [row.id]
    collect(on_each.hub.house, fire, row.id)
    assert on_each.row(row.id).state is State.RECEIPTED


def test_what_was_fetched_before_is_as_it_was_after_a_further_fetch_broke_off(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    fire = somebody(on_each.hub, Role.PARTNER, "agy_fire")
    collect(on_each.hub.house, fire, row.id)
    before = on_each.row(row.id)
    cut_short(on_each, row.id)
    on_each.clock.move(minutes=10)
    assert raise_overdue(on_each.hub.house) == 1
    after = on_each.row(row.id)
    assert (after.state, after.rung, after.answer_due_at) == (State.RECEIPTED, before.rung, before.answer_due_at)
    collect(on_each.hub.house, fire, row.id)  # its answer may have been lost
    acknowledge(on_each.hub.house, fire, row.id, None)
    with pytest.raises(Conflict):
        collect(on_each.hub.house, fire, row.id)


def test_the_partner_refusing_what_it_fetched_no_more_is_told_as_of_any_other_door(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    house = _now_sent_to(on_each, Line(answer=raising(Refused("refused", "no"))))
    raise_overdue(house)
    _work(on_each, house)
    assert (on_each.row(row.id).state, on_each.row(row.id).cause) == (State.PARKED, "refused")
