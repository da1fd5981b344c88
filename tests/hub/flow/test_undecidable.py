"""What cannot be decided is parked alone, whatever it fails by; nobody waits behind it, and danger least of all."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DataError, OperationalError

from connectors.contract import Refused
from connectors.pace import Pace
from hub.delivery import breaker
from hub.delivery.breaker import Circuit
from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import NotTrusted, Unavailable
from hub.flow import agree, reconsider, still
from hub.flow import claim as claiming
from hub.flow.claim import claim
from hub.flow.deliver import deliver_due
from hub.flow.document import set_policy_document
from hub.flow.house import House
from hub.flow.lapse import lapse
from hub.flow.release import Intent, judge_again, release
from hub.flow.settle import settle
from hub.ids import Prefix, new_id
from hub.store.scope import EVERY
from protocols.parse import write_agreement
from tests.cases import HELPLINE, JAG, POLICE, SOCIAL, agreement
from tests.delivering import Line, by_lines, raising
from tests.hub.flow.correcting import Desk

DEFECTS = [
    OverflowError("date value out of range"), TypeError("no"), AttributeError("no"), ZeroDivisionError("no"),
    RecursionError("no"), AssertionError(), NotTrusted("CONTENT_UNREADABLE", "no"),
    DataError("select", {}, Exception("out of range")),
]  # fmt: skip
every_defect = pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: type(defect).__name__)


def danger(document: dict[str, Any]) -> None:
    """Somebody is in it now."""
    document["record"]["risk"]["level"] = "immediate_danger"


def _failing_at(real: Callable[..., Any], disclosure_id: str, problem: Exception) -> Callable[..., Any]:
    """As it is, but for one row, of which it raises."""

    def act(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        if args[2].id == disclosure_id:
            raise problem
        return real(*args, **more)

    return act


def _empty(desk: Desk) -> None:
    """Leave nothing waiting of the tests before, and no attempt under way."""
    desk.clock.move(hours=1)
    while (claimed := claim(desk.hub.house, "rest", 50)).dealt:
        _refuse(desk.hub.house, claimed.intents)


def _refuse(house: House, intents: Iterable[Intent]) -> None:
    settle(house, [(intent, Attempted(AttemptOutcome.REFUSED, code="no")) for intent in intents])


@every_defect
def test_a_row_is_parked_alone_whatever_deciding_it_raised(
    on_each: Desk, monkeypatch: pytest.MonkeyPatch, defect: Exception
) -> None:
    _, stuck = on_each.send(JAG)
    _, behind = on_each.send(SOCIAL)
    monkeypatch.setattr(claiming, "release", _failing_at(release, stuck.id, defect))
    claimed = claim(on_each.hub.house, "w", 8, only=[stuck.id, behind.id])
    assert [intent.row.id for intent in claimed.intents] == [behind.id]
    code = defect.code if isinstance(defect, NotTrusted) else "UNDECIDABLE"
    assert (on_each.row(stuck.id).state, on_each.row(stuck.id).cause) == (State.PARKED, code)
    _refuse(on_each.hub.house, claimed.intents)


def test_where_the_store_is_away_no_row_is_parked_for_it(on_each: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, row = on_each.send(JAG)
    away = OperationalError("select", {}, Exception("gone"))
    monkeypatch.setattr(claiming, "release", _failing_at(release, row.id, away))
    with pytest.raises(Unavailable):
        claim(on_each.hub.house, "w", 8, only=[row.id])
    assert on_each.row(row.id).state is State.QUEUED


def test_an_agreement_without_end_keeps_nobody_from_referring_and_nothing_from_leaving(on_each: Desk) -> None:
    _, before = on_each.send(POLICE)
    last = date.max
    paper = agreement("agy_police").model_copy(update={"version": 2, "in_force_to": last, "review_by": last})
    taken = agree.add_here(on_each.hub.house, write_agreement(paper), "forever")
    people = [new_id(Prefix.PERSON), new_id(Prefix.PERSON)]
    agree.take_here(on_each.hub.house, "LMH", [taken], agree.Step.APPROVED, people)
    _, after = on_each.send(POLICE)
    _, urgent = on_each.send(POLICE, danger)
    on_each.deliver()
    assert {on_each.row(row.id).state for row in (before, after, urgent)} == {State.PREPARED}


@every_defect
def test_what_has_lost_its_ground_and_cannot_be_decided_is_parked_and_the_others_are_decided(
    here: Desk, monkeypatch: pytest.MonkeyPatch, defect: Exception
) -> None:
    house = here.hub.house
    set_policy_document(house, None, "LMH", here.clock.now() + timedelta(days=2))
    rows = [here.send(HELPLINE)[1] for _ in range(3)]
    here.deliver()
    here.clock.move(days=3)
    set_policy_document(house, None, "LMH", here.clock.now() + timedelta(days=300))
    stuck = rows[1]
    monkeypatch.setattr(reconsider, "judge_again", _failing_at(judge_again, stuck.id, defect))
    lapse(house)
    assert lapse(house) == 0, "nothing is looked at in vain for ever"
    code = defect.code if isinstance(defect, NotTrusted) else "UNDECIDABLE"
    assert (here.row(stuck.id).state, here.row(stuck.id).cause) == (State.PARKED, code)
    assert here.packs(stuck.id) == []
    assert {here.row(row.id).state for row in rows if row is not stuck} == {State.PREPARED}


def test_with_the_log_unwitnessed_danger_that_cannot_be_decided_keeps_no_other_danger_back(
    on_each: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vouched(_house: object, _tx: object, *, danger: bool) -> None:
        if not danger:
            raise Unavailable("LOG_UNWITNESSED", "danger alone leaves", 30)

    _empty(on_each)
    _, stuck = on_each.send(POLICE, danger)
    _, behind = on_each.send(SOCIAL, danger)
    line = Line()
    refusing = Line(render=raising(Refused("wrong_recipient", "no")))
    house = by_lines(on_each.hub.house, agy_police=refusing, agy_social=line)
    monkeypatch.setattr(still, "require_vouched", vouched)
    deliver_due(house, "w", 5)
    assert on_each.row(stuck.id).state is State.PARKED
    assert line.came == [behind.id]


def test_what_is_parked_at_the_door_is_not_the_one_attempt_that_finds_out_whether_a_partner_answers(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _empty(here)
    rows = [here.send(HELPLINE)[1] for _ in range(3)]
    line = Line()
    house = by_lines(here.hub.house, agy_helpline=line)
    with house.store.write(EVERY) as tx:
        breaker.hold(tx, ["agy_helpline"])
        for _ in range(breaker.OPENS_AFTER):
            answer = Attempted(AttemptOutcome.TRY_LATER, code="no_connection")
            breaker.ended(tx, "agy_helpline", answer, here.clock.now())
    here.clock.move(minutes=1)
    barred = {row.id for row in rows[:2]}

    def in_the_way(_house: House, _tx: object, row: DisclosureRow, _now: object) -> str | None:
        return "unsafe_contact" if row.id in barred else None

    monkeypatch.setattr(claiming, "in_the_way", in_the_way)
    deliver_due(house, "w", 10)
    assert line.came == [rows[2].id], "in the same minute"
    with house.store.read(EVERY) as reading:
        assert breaker.states(reading)["agy_helpline"].state is Circuit.CLOSED


def test_no_more_begin_in_one_claim_than_a_partner_takes_in_a_minute(here: Desk) -> None:
    _empty(here)
    rows = [here.send(HELPLINE)[1].id for _ in range(5)]
    house = by_lines(here.hub.house, {"agy_helpline": Pace(per_minute=2)}, agy_helpline=Line())
    assert [intent.row.id for intent in claim(house, "w", 8).intents] == rows[:2]
    assert claim(house, "w", 8).intents == ()
    here.clock.move(minutes=1)
    assert [intent.row.id for intent in claim(house, "w", 8).intents] == rows[2:4]


def test_where_no_hand_is_free_for_what_is_not_in_danger_nothing_is_written_to_find_that_out(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _empty(here)
    here.send(HELPLINE)
    house = by_lines(here.hub.house, agy_helpline=Line(), agy_police=Line())
    with monkeypatch.context() as watching:
        watching.setattr(house.store, "write", raising(AssertionError("nothing is to be written")))
        claimed = claim(house, "w", 2, usual=0)
    assert (claimed.dealt, claimed.beaten) == (0, False)
    _, urgent = here.send(POLICE, danger)
    assert [intent.row.id for intent in claim(replace(house), "w", 2, usual=0).intents] == [urgent.id]
