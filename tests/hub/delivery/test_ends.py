"""How attempts end: given up, unknown, too late. Through the flow, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.delivery import breaker, outbox
from hub.delivery.doors import Attempted, AttemptOutcome, Receipt, Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.deliver import deliver_due
from hub.flow.deliver import send as send_now
from hub.flow.refer import refer
from hub.flow.release import Intent
from hub.store.scope import EVERY
from tests import logs
from tests.cases import ADVICE, JAG, Ask, Case
from tests.conftest import OpenHub
from tests.delivering import Line, by_lines, claim_one, deliver_one, settle_one
from tests.hub.delivery.waiting_rows import outcomes
from tests.hubs import HandClock, somebody


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    return open_hub_here(clock)


@pytest.fixture
def officer(hub: Hub) -> Actor:
    return somebody(hub, Role.OFFICER)


def send(hub: Hub, officer: Actor, ask: Ask) -> str:
    case = Case((ask,))
    (ready,) = refer(hub.house, officer, case.raw(), f"key-{case.tag}").ready
    return ready


def now_at(hub: Hub, disclosure_id: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure_id)


def logged(hub: Hub) -> int:
    return logs.size(hub.house.store)


def crash(hub: Hub, disclosure_id: str) -> Intent:
    """A worker claims, decides and logs the intent, and is never heard of again."""
    intent = claim_one(hub.house, "died", disclosure_id)
    assert intent is not None
    return intent


def test_a_partner_that_cannot_be_reached_is_tried_again_until_it_is_time_to_ask_a_person(
    hub: Hub, officer: Actor, clock: HandClock
) -> None:
    row = send(hub, officer, ADVICE)

    tries = 0
    while (state := deliver_one(hub.house, "w1", row)) is State.QUEUED:
        tries += 1
        assert now_at(hub, row).cause == "no_connection"
        assert deliver_one(hub.house, "w1", row) is None, "not due again at once"
        clock.move(hours=1)

    assert state is State.PARKED
    assert tries == 24, "an attempt an hour, for the 24 hours of the default setting"
    assert outcomes(hub.house, row) == ["try_later"] * 25
    clock.move(days=30)
    assert deliver_due(hub.house, "w1", 10) == 0


def test_an_unusable_folder_is_a_reason_to_try_later(
    hub: Hub, officer: Actor, clock: HandClock, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    out.chmod(0o755)
    row = send(hub, officer, JAG)
    assert deliver_one(hub.house, "w1", row) is State.QUEUED
    assert now_at(hub, row).cause == "folder_open_to_others"

    out.chmod(0o700)
    clock.move(hours=1)

    assert deliver_one(hub.house, "w1", row) is State.PREPARED
    assert now_at(hub, row).cause is None


def test_after_a_crash_a_partner_that_notices_repeats_is_sent_to_again(
    hub: Hub, officer: Actor, clock: HandClock
) -> None:
    row = send(hub, officer, JAG)
    crash(hub, row)
    assert deliver_one(hub.house, "w2", row) is None, "the lease still runs"
    clock.move(seconds=121)

    assert deliver_one(hub.house, "w2", row) is State.PREPARED
    assert outcomes(hub.house, row) == ["unknown", "done"]


def test_after_a_crash_a_partner_that_cannot_notice_repeats_is_left_to_a_person(
    hub: Hub, officer: Actor, clock: HandClock
) -> None:
    row = send(hub, officer, ADVICE)
    crash(hub, row)
    clock.move(seconds=121)

    deliver_one(hub.house, "w2", row)

    assert (now_at(hub, row).state, now_at(hub, row).cause) == (State.PARKED, "last_attempt_unknown")
    clock.move(days=2)
    assert deliver_due(hub.house, "w3", 10) == 0


def test_a_settle_that_comes_too_late_changes_and_logs_nothing(hub: Hub, officer: Actor, clock: HandClock) -> None:
    row = send(hub, officer, JAG)
    late = crash(hub, row)
    clock.move(seconds=121)
    assert deliver_one(hub.house, "w2", row) is State.PREPARED
    before, size = now_at(hub, row), logged(hub)

    receipt = Receipt(Rung.REFERENCED, clock.now(), "too late", "LATE 1")
    assert settle_one(hub.house, late, Attempted(AttemptOutcome.DONE, receipt)) is None

    assert (now_at(hub, row), logged(hub)) == (before, size)


@pytest.mark.parametrize("outcome", [AttemptOutcome.REFUSED, AttemptOutcome.UNSURE])
def test_what_was_refused_or_may_have_arrived_unnoticed_is_parked_with_its_cause(
    hub: Hub, officer: Actor, outcome: AttemptOutcome
) -> None:
    row = send(hub, officer, ADVICE)
    intent = crash(hub, row)

    assert settle_one(hub.house, intent, Attempted(outcome, code="smtp_550")) is State.PARKED

    assert (now_at(hub, row).cause, outcomes(hub.house, row)) == ("smtp_550", [outcome.value])


@pytest.mark.parametrize(("timeout", "left"), [(90.0, 89), (None, 29)])
def test_an_attempt_begins_only_where_it_is_over_before_its_lease(
    hub: Hub, officer: Actor, clock: HandClock, timeout: float | None, left: int
) -> None:
    """After the lease somebody else may be at it, or the person be erased; and what came back is thrown away."""
    line = Line()
    house = by_lines(hub.house, timeouts={"agy_jag": timeout} if timeout else None, agy_jag=line)
    row = send(hub, officer, JAG)
    late = claim_one(house, "slow", row)
    assert late is not None
    clock.at = late.claim.until - timedelta(seconds=left)
    assert settle_one(house, late, send_now(house, late)) is State.QUEUED
    assert (line.came, now_at(hub, row).cause, outcomes(hub.house, row)) == ([], "lease_over", ["try_later"])
    with house.store.read(EVERY) as tx:
        states = breaker.states(tx)
    assert "agy_jag" not in states or states["agy_jag"].failures == 0, "that is not the partner's silence"

    clock.move(seconds=10)
    intent = claim_one(house, "quick", row)
    assert intent is not None
    clock.at = intent.claim.until - timedelta(seconds=left + 1)
    assert settle_one(house, intent, send_now(house, intent)) is State.SENT
    assert line.came == [row]
