"""An override hurries what is queued already for those it reaches, and says so."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from connectors.contract import Refused
from hub.decision.overriding import Danger
from hub.delivery import breaker
from hub.delivery.outbox import State
from hub.delivery.queue import DANGER, ROUTINE
from hub.flow.override import declare
from hub.store.scope import EVERY
from hub.store.tables import door_state, outbox
from tests.cases import FIRE, JAG, POLICE
from tests.conftest import POSTGRESQL
from tests.delivering import Line, by_lines, deliver_one, raising
from tests.hub.flow.correcting import Desk, Desks

WHY = "She rang: he is at the door with a knife."


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("hurried"), hold_minutes=10)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def here(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    return desks.on(request.param)


def _waits(here: Desk, disclosure_id: str) -> tuple[int, datetime]:
    with here.hub.house.store.read(EVERY) as tx:
        asked = select(outbox.c.lane, outbox.c.due_at).where(outbox.c.disclosure_id == disclosure_id)
        row = tx.connection.execute(asked).one()
        return row.lane, row.due_at


def _put_off(here: Desk, disclosure_id: str, **by: float) -> None:
    due = here.clock.now() + timedelta(**by)
    with here.hub.house.store.write(EVERY) as tx:
        its = outbox.c.disclosure_id == disclosure_id
        tx.connection.execute(update(outbox).where(its).values(due_at=due, attempts=1))


def test_what_is_in_its_hold_goes_at_once_and_is_named(here: Desk) -> None:
    _, row = here.send(POLICE)
    assert row.cause == "HOLD_WINDOW"
    done = declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY)
    assert (done.released, done.held, done.telephone) == ((row.id,), (), ())
    assert _waits(here, row.id) == (DANGER, here.clock.now())
    here.deliver()
    assert (here.row(row.id).state, here.row(row.id).cause) == (State.PREPARED, None)


@pytest.mark.parametrize("again", [False, True])
def test_what_waits_for_its_next_try_goes_at_once_also_where_it_was_danger_before(here: Desk, again: bool) -> None:
    _, row = here.send(POLICE)
    for _ in range(2 if again else 1):
        _put_off(here, row.id, hours=6)
        done = declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY)
    assert done.released == (row.id,)
    assert _waits(here, row.id) == (DANGER, here.clock.now())


def test_a_partner_that_fetches_sees_at_once_what_was_in_its_hold(here: Desk) -> None:
    _, row = here.send(FIRE)
    assert declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY).released == (row.id,)
    assert _waits(here, row.id) == (DANGER, here.clock.now())


def test_what_is_for_nobody_it_reaches_or_of_another_case_waits_on(here: Desk) -> None:
    _, row = here.send(JAG)
    _, other = here.send(POLICE)
    assert declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY).released == ()
    for waiting in (row, other):
        assert _waits(here, waiting.id) == (ROUTINE, here.clock.now() + timedelta(minutes=10))
        assert here.row(waiting.id).cause == "HOLD_WINDOW"


def test_whoever_does_not_answer_at_the_moment_is_to_be_told_by_telephone(here: Desk) -> None:
    _, row = here.send(POLICE)
    with here.hub.house.store.write(EVERY) as tx:
        breaker.hold(tx, ["agy_police"])
        tx.connection.execute(update(door_state).where(door_state.c.agency == "agy_police").values(state="open"))
    done = declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY)
    assert (done.released, done.telephone) == ((row.id,), ("agy_police",))
    with here.hub.house.store.write(EVERY) as tx:
        tx.connection.execute(update(door_state).values(state="closed"))


def test_whoever_something_of_the_case_is_parked_for_is_to_be_told_by_telephone(here: Desk) -> None:
    _, row = here.send(POLICE)
    _park(here, row.id)
    done = declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY)
    assert (done.released, done.held, done.telephone) == ((), (), ("agy_police",))
    assert here.row(row.id).state is State.PARKED


def test_what_is_parked_for_nobody_it_reaches_is_not(here: Desk) -> None:
    _, row = here.send(JAG)
    _park(here, row.id)
    assert declare(here.hub.house, here.officer, row.referral_id, Danger.IMMEDIATE_DANGER, WHY).telephone == ()


def _park(here: Desk, disclosure_id: str) -> None:
    here.clock.move(minutes=11)
    line = Line(answer=raising(Refused("refused", "no")))
    deliver_one(by_lines(here.hub.house, agy_police=line, agy_jag=line), "w", disclosure_id)
    assert here.row(disclosure_id).state is State.PARKED
