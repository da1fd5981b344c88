"""Danger goes when it is told of, waits behind nobody, and whoever cannot be reached is named to be telephoned."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import Any

import pytest

from connectors.contract import Idempotency, TryLater, Unsure
from connectors.pace import Pace, ServiceHours
from hub.decision.overriding import Danger
from hub.delivery import breaker
from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import State
from hub.flow.claim import claim
from hub.flow.deliver import deliver_due, send
from hub.flow.house import House
from hub.flow.override import declare
from hub.flow.record_consent import record_consent
from hub.flow.refer import refer
from hub.flow.resume import resume
from hub.intake import referrals
from hub.store.scope import EVERY
from tests.cases import HELPLINE, POLICE, SOCIAL, Case
from tests.delivering import Line, accepting, by_lines, claim_one, raising, said, settle_one
from tests.hub.flow.correcting import Desk

WHY = "He is at the door with a knife."
NO_CONNECTION = Attempted(AttemptOutcome.TRY_LATER, code="no_connection")


def danger(document: dict[str, Any]) -> None:
    """Somebody is in it now."""
    document["record"]["risk"]["level"] = "immediate_danger"


@contextmanager
def _silent(house: House, here: Desk, agency: str) -> Iterator[None]:
    """A partner that has not answered for some time."""
    with house.store.write(EVERY) as tx:
        breaker.hold(tx, [agency])
        for _ in range(breaker.OPENS_AFTER):
            breaker.ended(tx, agency, NO_CONNECTION, here.clock.now())
    yield
    with house.store.write(EVERY) as tx:
        breaker.ended(tx, agency, Attempted(AttemptOutcome.REFUSED, code="no"), here.clock.now())


def test_an_override_while_an_attempt_is_under_way_has_the_next_one_wait_for_no_office(on_each: Desk) -> None:
    friday = datetime(2032, 1, 2, 16, 59, tzinfo=UTC)
    before, on_each.clock.at = on_each.clock.at, friday
    pace = Pace(hours=ServiceHours(days=("mon", "tue", "wed", "thu", "fri"), opens=time(9), closes=time(17)))
    line = Line()
    house = by_lines(on_each.hub.house, {"agy_police": pace}, agy_police=line)
    _, row = on_each.send(POLICE)
    intent = claim_one(house, "w", row.id)
    assert intent is not None
    declare(house, on_each.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY)
    on_each.clock.move(seconds=70)
    settle_one(house, intent, NO_CONNECTION)
    on_each.clock.move(minutes=20)
    deliver_due(house, "w", 50)
    assert line.came == [row.id]
    on_each.clock.at = before


def test_the_same_referral_again_names_again_whom_to_telephone(on_each: Desk) -> None:
    house = by_lines(on_each.hub.house, agy_police=Line())
    case = Case(asks=[POLICE])
    document = case.referral()
    danger(document)
    with _silent(house, on_each, "agy_police"):
        first, again = (refer(house, on_each.officer, json.dumps(document).encode(), case.tag) for _ in range(2))
    assert (first.is_new, again.is_new) == (True, False)
    assert first.telephone == again.telephone == ("agy_police",)


def test_the_same_referral_again_names_an_agency_whose_door_is_gone(on_each: Desk) -> None:
    case = Case(asks=[POLICE])
    refer(on_each.hub.house, on_each.officer, case.raw(), case.tag)
    again = refer(by_lines(on_each.hub.house, agy_jag=Line()), on_each.officer, case.raw(), case.tag)
    assert (again.is_new, again.telephone) == (False, ("agy_police",))


def test_a_record_corrected_to_danger_names_whom_to_telephone(on_each: Desk) -> None:
    case, row = on_each.send(POLICE)
    other_case, other = on_each.send(POLICE)
    assert on_each.correct(other_case, other, danger).telephone == ()
    with _silent(on_each.hub.house, on_each, "agy_police"):
        assert on_each.correct(case, row, danger).telephone == ("agy_police",)


def test_a_referral_that_goes_under_an_override_in_force_names_whom_to_telephone(on_each: Desk) -> None:
    def doubted(document: dict[str, Any]) -> None:
        document["circumstances"]["capacity"] = "doubted"

    case, row = on_each.send(POLICE, doubted)
    assert row.state is State.HELD
    declare(on_each.hub.house, on_each.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY)
    document = case.referral()
    doubted(document)
    with _silent(on_each.hub.house, on_each, "agy_police"):
        made = refer(on_each.hub.house, on_each.officer, json.dumps(document).encode(), f"{case.tag}-under")
    (again,) = on_each.rows(made.referral_id)
    assert (again.state, again.override_id is None) == (State.QUEUED, False)
    assert made.telephone == ("agy_police",)


def test_danger_whose_case_somebody_holds_keeps_nothing_else_waiting(on_each: Desk) -> None:
    if on_each.hub.house.store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: nobody claims while another writes")
    house = by_lines(on_each.hub.house, agy_police=Line(), agy_social=Line())
    _, urgent = on_each.send(POLICE, danger)
    _, other = on_each.send(SOCIAL)
    both = [urgent.id, other.id]
    with house.store.write(EVERY) as tx:
        referrals.hold_case(tx, urgent.case_id)
        (intent,) = claim(house, "w", 8, only=both).intents
        assert intent.row.id == other.id
    assert [found.row.id for found in claim(house, "w", 8, only=both).intents] == [urgent.id]


def test_what_may_have_arrived_and_was_held_since_goes_again_on_a_persons_word_alone(on_each: Desk) -> None:
    """To a partner that would notice no repeat."""
    line = Line(answer=raising(Unsure("no_answer", "no")), repeats=Idempotency.NONE)
    house = by_lines(on_each.hub.house, agy_helpline=line)
    case, row = on_each.send(HELPLINE)
    deliver_due(house, "w", 50)
    assert on_each.row(row.id).state is State.PARKED

    def answer(**says: object) -> State:
        on_each.clock.move(minutes=5)
        fact = case.referral()["consents"][0] | {"claimed_at": on_each.clock.now().isoformat()} | says
        raw = json.dumps(fact).encode()
        return dict(record_consent(house, on_each.officer, row.referral_id, raw).decided_again)[row.id]

    assert answer(answer="given_with_conditions", conditions="Not to a man.") is State.HELD
    assert answer() is State.PARKED
    assert on_each.row(row.id).cause == "last_attempt_unknown"
    line.answer = accepting
    deliver_due(house, "w", 50)
    assert line.came.count(row.id) == 1
    resume(house, on_each.officer, row.id)
    deliver_due(house, "w", 50)
    assert line.came.count(row.id) == 2


def test_what_a_person_took_up_again_asks_for_no_second_word_when_it_was_held_since(on_each: Desk) -> None:
    line = Line(answer=raising(Unsure("no_answer", "no")), repeats=Idempotency.NONE)
    house = by_lines(on_each.hub.house, agy_helpline=line)
    case, row = on_each.send(HELPLINE)
    deliver_due(house, "w", 50)
    on_each.clock.move(minutes=1)
    resume(house, on_each.officer, row.id)
    line.answer = raising(TryLater("no_connection", "no"))
    deliver_due(house, "w", 50)
    says = {"answer": "given_with_conditions", "conditions": "Not to a man."}
    for more, state in ((says, State.HELD), ({}, State.QUEUED)):
        on_each.clock.move(minutes=5)
        fact = case.referral()["consents"][0] | {"claimed_at": on_each.clock.now().isoformat()} | more
        record_consent(house, on_each.officer, row.referral_id, json.dumps(fact).encode())
        assert on_each.row(row.id).state is state


def test_an_answer_in_between_does_not_hide_that_somebody_died_at_it(on_each: Desk) -> None:
    line = Line(repeats=Idempotency.NONE)
    house = by_lines(on_each.hub.house, agy_helpline=line)
    case, row = on_each.send(HELPLINE)
    intent = claim_one(house, "dies", row.id)
    assert intent is not None
    send(house, intent)
    on_each.clock.move(seconds=house.lease.total_seconds() + 1)
    fact = case.referral()["consents"][0] | {"claimed_at": on_each.clock.now().isoformat()}
    record_consent(house, on_each.officer, row.referral_id, json.dumps(fact).encode())
    deliver_due(house, "w", 50)
    assert line.came.count(row.id) == 1
    assert (on_each.row(row.id).state, on_each.row(row.id).cause) == (State.PARKED, "last_attempt_unknown")


def test_what_is_taken_up_again_after_its_days_tells_days_that_are_to_come(on_each: Desk) -> None:
    told: dict[str, list[dict[str, Any]]] = {}

    def render(disclosure: Any) -> Any:  # noqa: ANN401 - as a connector is handed it
        message = said(disclosure)
        told.setdefault(disclosure.id, []).append(json.loads(message.body))
        return message

    line = Line(answer=raising(TryLater("no_connection", "no")), render=render)
    house = by_lines(on_each.hub.house, agy_police=line)
    _, row = on_each.send(POLICE)
    deliver_due(house, "w", 50)
    on_each.clock.move(hours=25)
    deliver_due(house, "w", 50)
    assert on_each.row(row.id).state is State.PARKED
    on_each.clock.move(days=30)
    resume(house, on_each.officer, row.id)
    line.answer = accepting
    deliver_due(house, "w", 50)
    assert on_each.row(row.id).state is State.SENT
    assert datetime.fromisoformat(told[row.id][-1]["valid_until"]) > on_each.clock.now()
