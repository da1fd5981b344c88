"""What a partner fetches: danger first, and a person is told of what it does not fetch."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hub.access.roles import Role
from hub.audit.kinds import EntryKind
from hub.flow import status
from hub.flow.abandon import WhyAbandoned, abandon
from hub.flow.collect import collect
from hub.flow.feed import read_feed
from hub.flow.overdue import list_late, raise_overdue
from tests.cases import FIRE, POLICE, Ask
from tests.conftest import POSTGRESQL
from tests.hub.flow.correcting import Desk, Desks
from tests.hubs import somebody


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("timed"), answers={"agy_fire": "taken = 30\nread = 60"})
    yield found
    found.close()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def by_the_door(request: pytest.FixtureRequest, timed: Desks) -> Desk:
    return timed.on(request.param)


def _send(here: Desk, risk: str, ask: Ask = FIRE) -> str:
    def change(document: dict[str, object]) -> None:
        document["record"]["risk"]["level"] = risk  # type: ignore[index]

    return here.send(ask, change)[1].id


def _late(here: Desk) -> list[str]:
    raise_overdue(here.hub.house)
    return [row.id for row in list_late(here.hub.house, here.officer)]


def test_danger_is_the_first_that_a_partner_is_told_of(on_each: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.delivery.outbox._MOST", 2)
    made = [_send(on_each, risk) for risk in ("medium", "medium", "medium", "high", "immediate_danger")]
    fire = somebody(on_each.hub, Role.PARTNER, "agy_fire")
    waiting = [row.id for row in read_feed(on_each.hub.house, fire, 0, 200).waiting]
    assert waiting == [made[4], made[3]]
    for one in made:
        collect(on_each.hub.house, fire, one)


def test_what_is_not_fetched_by_the_doors_first_time_is_raised_once_and_goes_off_the_list(by_the_door: Desk) -> None:
    here = by_the_door
    made = _send(here, "medium")
    here.clock.move(minutes=30)
    assert _late(here) == []
    here.clock.move(seconds=1)
    assert _late(here) == [made]
    assert _late(here) == [made]
    assert [entry["rung"] for entry in here.entries(EntryKind.ANSWER_OVERDUE, made)] == ["prepared"]
    assert "RECEIPT_OVERDUE" in status.concerns(status.figures(here.hub.house))
    collect(here.hub.house, somebody(here.hub, Role.PARTNER, "agy_fire"), made)
    assert _late(here) == []
    assert "RECEIPT_OVERDUE" not in status.concerns(status.figures(here.hub.house))


def test_where_a_door_names_no_time_danger_is_raised_after_a_quarter_of_an_hour_and_the_rest_later(
    on_each: Desk,
) -> None:
    danger, routine = _send(on_each, "immediate_danger"), _send(on_each, "medium")
    sent = _send(on_each, "immediate_danger", POLICE)
    on_each.clock.move(minutes=15, seconds=1)
    assert _late(on_each) == [danger]
    on_each.clock.at += timedelta(hours=on_each.hub.house.give_up_after_hours)
    assert set(_late(on_each)) == {danger, routine}
    abandon(on_each.hub.house, on_each.officer, routine, WhyAbandoned.OTHER)
    collect(on_each.hub.house, somebody(on_each.hub, Role.PARTNER, "agy_fire"), danger)
    assert _late(on_each) == []
    assert sent not in _late(on_each)
