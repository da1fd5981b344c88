"""What kills each worker that takes it up is left to a person: it would stop all that is sent beside it, for ever."""

from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import State
from hub.delivery.schedule import MOST_LOST
from hub.flow.claim import claim
from hub.flow.deliver import deliver_due
from hub.flow.house import House
from hub.flow.resume import resume
from hub.flow.settle import settle
from tests.cases import POLICE
from tests.delivering import Line, by_lines, claim_one
from tests.hub.flow.correcting import Desk


def _die_at(here: Desk, house: House, disclosure_id: str, times: int) -> None:
    """Each worker that takes it up dies at it; the next one finds its lease over."""
    for _ in range(times):
        assert claim_one(house, "dies", disclosure_id) is not None
        here.clock.move(seconds=house.lease.total_seconds() + 1)


def test_it_is_parked_with_its_cause_and_a_replay_counts_anew(on_each: Desk) -> None:
    _, row = on_each.send(POLICE)
    line = Line()
    house = by_lines(on_each.hub.house, agy_police=line)
    for _ in range(2):
        _die_at(on_each, house, row.id, MOST_LOST)
        assert claim(house, "next", 1, only=[row.id]).intents == ()
        assert (on_each.row(row.id).state, on_each.row(row.id).cause) == (State.PARKED, "workers_died")
        resume(house, on_each.officer, row.id)
        on_each.clock.move(seconds=1)
    deliver_due(house, "lives", 50)
    assert line.came == [row.id]
    assert on_each.row(row.id).state is State.SENT


def test_after_an_attempt_that_its_worker_lived_through_it_is_tried_again_as_ever(on_each: Desk) -> None:
    _, row = on_each.send(POLICE)
    line = Line()
    house = by_lines(on_each.hub.house, agy_police=line)
    _die_at(on_each, house, row.id, MOST_LOST - 1)
    intent = claim_one(house, "lives", row.id)
    assert intent is not None
    settle(house, [(intent, Attempted(AttemptOutcome.TRY_LATER, code="no_connection"))])
    on_each.clock.move(hours=1)
    deliver_due(house, "lives", 50)
    assert on_each.row(row.id).state is State.SENT
