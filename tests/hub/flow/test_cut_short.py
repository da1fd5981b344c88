"""A fetch that broke off can be ended; and a partner's word counts, however a disclosure stands by then."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors.contract import Idempotency, Refused, TryLater, Unsure
from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.delivery import leases
from hub.delivery import outbox as rows
from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotFound
from hub.flow.abandon import WhyAbandoned, abandon
from hub.flow.acknowledge import acknowledge
from hub.flow.claim import claim
from hub.flow.collect import collect
from hub.flow.feed import read_feed
from hub.flow.overdue import list_late, raise_overdue
from hub.flow.refer import refer
from hub.store.scope import EVERY
from tests.cases import FIRE, HELPLINE, JAG, POLICE
from tests.delivering import Line, by_lines, deliver_one, raising
from tests.hub.flow.breaking import cut_short
from tests.hub.flow.correcting import Desk
from tests.hubs import LMH, somebody


def _partner(here: Desk, agency: str = "agy_fire") -> Actor:
    return somebody(here.hub, Role.PARTNER, agency)


def _waiting(here: Desk) -> list[str]:
    return [row.id for row in read_feed(here.hub.house, _partner(here), 0, 200).waiting]


def _late(here: Desk) -> list[str]:
    raise_overdue(here.hub.house)
    return [row.id for row in list_late(here.hub.house, here.officer)]


def test_a_fetch_that_broke_off_is_abandoned_once_nobody_can_be_at_it_and_how_it_ended_is_unknown(
    on_each: Desk,
) -> None:
    _, row = on_each.send(FIRE)
    cut_short(on_each, row.id)
    with pytest.raises(Conflict) as refused:
        abandon(on_each.hub.house, on_each.officer, row.id, WhyAbandoned.WRONG_RECIPIENT)
    assert refused.value.code == "LEAVING_NOW"
    on_each.clock.move(minutes=10)
    abandon(on_each.hub.house, on_each.officer, row.id, WhyAbandoned.WRONG_RECIPIENT)
    assert (on_each.row(row.id).state, on_each.row(row.id).cause) == (State.CANCELLED, "ABANDONED")
    with on_each.hub.house.store.read(EVERY) as tx:
        assert leases.may_have_left(tx, row.id)  # the agency may have it: whoever withdraws must know
    assert row.id not in _waiting(on_each)
    assert row.id not in _late(on_each)


def test_a_fetch_that_broke_off_is_abandoned_where_the_door_is_gone_since(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    cut_short(on_each, row.id)
    on_each.clock.move(minutes=10)
    abandon(by_lines(on_each.hub.house), on_each.officer, row.id, WhyAbandoned.OTHER)
    assert on_each.row(row.id).state is State.CANCELLED


def test_what_was_fetched_before_is_not_abandoned_because_a_further_fetch_broke_off(on_each: Desk) -> None:
    _, row = on_each.send(FIRE)
    collect(on_each.hub.house, _partner(on_each), row.id)
    cut_short(on_each, row.id)
    on_each.clock.move(minutes=10)
    with pytest.raises(Conflict) as refused:
        abandon(on_each.hub.house, on_each.officer, row.id, WhyAbandoned.OTHER)
    assert refused.value.code == "SENT_ALREADY"


def test_what_a_worker_was_sending_when_it_died_is_still_the_next_workers_to_find_out(on_each: Desk) -> None:
    _, row = on_each.send(JAG)
    assert len(claim(on_each.hub.house, "dies", 1, only=[row.id]).intents) == 1
    on_each.clock.move(minutes=10)
    with pytest.raises(Conflict) as refused:
        abandon(on_each.hub.house, on_each.officer, row.id, WhyAbandoned.OTHER)
    assert refused.value.code == "LEAVING_NOW"
    on_each.deliver()
    abandon(on_each.hub.house, on_each.officer, row.id, WhyAbandoned.OTHER)


@pytest.mark.parametrize("later", [0, 10])
@pytest.mark.parametrize("fetched", [0, 1])
def test_what_is_acknowledged_after_a_fetch_broke_off_has_arrived_and_waits_no_more(
    on_each: Desk, fetched: int, later: int
) -> None:
    _, row = on_each.send(FIRE)
    for _ in range(fetched):
        collect(on_each.hub.house, _partner(on_each), row.id)
    cut_short(on_each, row.id)
    on_each.clock.move(minutes=later)
    acknowledge(on_each.hub.house, _partner(on_each), row.id, "REF-1")
    after = on_each.row(row.id)
    assert (after.state, after.rung) == (State.RECEIPTED, Rung.REFERENCED)
    assert row.id not in _waiting(on_each)
    on_each.clock.move(days=3)
    assert row.id not in _late(on_each)
    with on_each.hub.house.store.read(EVERY) as tx:
        assert not leases.is_claimed(tx, row.id, on_each.clock.now())


def test_what_a_worker_is_at_is_seen_through_by_it_though_the_partner_has_spoken(on_each: Desk) -> None:
    _, row = on_each.send(POLICE)
    house = by_lines(on_each.hub.house, agy_police=Line())
    assert len(claim(house, "busy", 1, only=[row.id]).intents) == 1
    acknowledge(house, _partner(on_each, "agy_police"), row.id, None)
    assert (on_each.row(row.id).state, on_each.row(row.id).rung) == (State.LEAVING, Rung.READ)
    with on_each.hub.house.store.read(EVERY) as tx:
        assert leases.is_claimed(tx, row.id, on_each.clock.now())


def test_what_a_dead_worker_sent_has_arrived_once_the_partner_says_so(on_each: Desk) -> None:
    _, row = on_each.send(POLICE)
    line = Line()
    house = by_lines(on_each.hub.house, agy_police=line)
    assert len(claim(house, "dies", 1, only=[row.id]).intents) == 1
    on_each.clock.move(minutes=10)
    acknowledge(house, _partner(on_each, "agy_police"), row.id, None)
    assert on_each.row(row.id).state is State.RECEIPTED
    assert deliver_one(house, "next", row.id) is None
    assert line.came == []


def _unsure(here: Desk) -> DisclosureRow:
    """One that may have arrived: no answer came, and whoever got it would notice no repeat."""
    _, row = here.send(HELPLINE)
    line = Line(answer=raising(Unsure("no_answer", "x")), repeats=Idempotency.NONE)
    assert deliver_one(by_lines(here.hub.house, agy_helpline=line), "test", row.id) is State.PARKED
    return row


def _abandoned(here: Desk, row: DisclosureRow) -> None:
    abandon(here.hub.house, here.officer, row.id, WhyAbandoned.TOLD_OTHERWISE)


def _held(here: Desk, row: DisclosureRow) -> None:
    now = here.clock.now()
    with here.hub.house.store.write(LMH) as tx:
        rows.change(tx, row.id, State.HELD, cause="CAPACITY", authoriser="dpo", within="same day", review_due_at=now)


@pytest.mark.parametrize("stop", [_abandoned, _held])
def test_a_partner_that_has_what_was_stopped_since_is_heard_and_nothing_waits_for_an_authoriser_any_more(
    on_each: Desk, stop: Callable[[Desk, DisclosureRow], None]
) -> None:
    row = _unsure(on_each)
    stop(on_each, row)
    receipt = acknowledge(on_each.hub.house, _partner(on_each, "agy_helpline"), row.id, "H-1")
    after = on_each.row(row.id)
    assert (after.state, after.rung, after.cause) == (State.RECEIPTED, Rung.REFERENCED, None)
    assert after.disclosed_at is not None
    assert (after.authoriser, after.within, after.review_due_at) == (None, None, None)
    assert [told["receipt"] for told in on_each.entries(EntryKind.PARTNER_ACKNOWLEDGED, row.id)] == [receipt]
    on_each.clock.move(days=3)
    raise_overdue(on_each.hub.house)
    assert on_each.entries(EntryKind.REVIEW_OVERDUE, row.id) == []


def test_whoever_has_what_was_withdrawn_and_says_so_was_told_once_and_is_not_told_again(on_each: Desk) -> None:
    row = _unsure(on_each)
    done = on_each.withdraw(row)
    assert len(on_each.follow_ups(row)) == 1, done
    acknowledge(on_each.hub.house, _partner(on_each, "agy_helpline"), row.id, None)
    assert len(on_each.follow_ups(row)) == 1
    assert on_each.row(row.id).disclosed_at is not None


@pytest.mark.parametrize("problem", [TryLater("no_connection", "x"), Refused("too_large", "x")])
def test_what_nobody_can_have_and_was_stopped_is_still_not_there_for_the_partner(
    on_each: Desk, problem: Exception
) -> None:
    _, row = on_each.send(HELPLINE)
    deliver_one(by_lines(on_each.hub.house, agy_helpline=Line(answer=raising(problem))), "test", row.id)
    _abandoned(on_each, row)
    with pytest.raises(NotFound):
        acknowledge(on_each.hub.house, _partner(on_each, "agy_helpline"), row.id, None)
    assert on_each.row(row.id).state is State.CANCELLED


def test_another_partner_is_not_heard_about_what_was_stopped(on_each: Desk) -> None:
    row = _unsure(on_each)
    _abandoned(on_each, row)
    with pytest.raises(NotFound):
        acknowledge(on_each.hub.house, _partner(on_each), row.id, None)


def _raised(here: Desk, disclosure_id: str) -> int:
    raise_overdue(here.hub.house)
    return len(here.entries(EntryKind.ANSWER_OVERDUE, disclosure_id))


def test_what_was_raised_as_routine_is_raised_again_once_it_is_danger_and_no_third_time(on_each: Desk) -> None:
    case, row = on_each.send(FIRE)
    on_each.clock.at += timedelta(hours=on_each.hub.house.give_up_after_hours, seconds=1)
    assert _raised(on_each, row.id) == 1
    assert _raised(on_each, row.id) == 1
    worse = case.referral()
    worse["record"]["risk"]["level"] = "immediate_danger"
    told = refer(on_each.hub.house, on_each.officer, json.dumps(worse).encode(), f"worse-{case.tag}")
    assert _raised(on_each, row.id) == 2
    on_each.clock.move(days=1)
    assert _raised(on_each, row.id) == 2
    assert _raised(on_each, on_each.rows(told.referral_id)[0].id) == 1
    assert row.id in _late(on_each)


def test_what_danger_hurries_before_it_was_raised_is_raised_once(on_each: Desk) -> None:
    case, row = on_each.send(FIRE)
    worse = case.referral()
    worse["record"]["risk"]["level"] = "immediate_danger"
    refer(on_each.hub.house, on_each.officer, json.dumps(worse).encode(), f"worse-{case.tag}")
    on_each.clock.move(minutes=15)
    assert _raised(on_each, row.id) == 0
    on_each.clock.move(seconds=1)
    assert _raised(on_each, row.id) == 1
    on_each.clock.move(days=3)
    assert _raised(on_each, row.id) == 1


def test_what_became_only_more_urgent_can_wait_as_long_and_is_not_raised_again(on_each: Desk) -> None:
    case, row = on_each.send(FIRE)
    on_each.clock.at += timedelta(hours=on_each.hub.house.give_up_after_hours, seconds=1)
    assert _raised(on_each, row.id) == 1
    worse = case.referral()
    worse["record"]["risk"]["level"] = "high"
    refer(on_each.hub.house, on_each.officer, json.dumps(worse).encode(), f"worse-{case.tag}")
    assert _raised(on_each, row.id) == 1
