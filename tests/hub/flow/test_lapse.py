"""What waits is decided again when the day passes on which something that it rests on runs out."""

from datetime import timedelta
from typing import Any

import pytest

from hub.audit.kinds import EntryKind
from hub.delivery.outbox import State
from hub.flow.document import set_policy_document
from hub.flow.lapse import lapse
from tests.cases import ADVICE, FIRE, HELPLINE, POLICE
from tests.conftest import POSTGRESQL
from tests.hub.flow.correcting import Change, Desk, Desks, conditional


@pytest.fixture(params=["sqlite", POSTGRESQL])
def here(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    return desks.on(request.param)


def _until(here: Desk, days: int) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["consents"][0]["expires_at"] = (here.clock.now() + timedelta(days=days)).isoformat()

    return change


def test_a_pack_is_taken_back_and_what_waits_is_stopped_on_the_day_their_consent_runs_out(here: Desk) -> None:
    _, pack = here.send(HELPLINE, _until(here, 3))
    _, other = here.send(HELPLINE, _until(here, 20))
    _, collected = here.send(FIRE, _until(here, 3))
    _, held = here.send(HELPLINE, _until(here, 3), conditional)
    here.deliver()
    assert (here.row(pack.id).state, here.row(held.id).state) == (State.PREPARED, State.HELD)
    here.clock.move(days=2, hours=23)
    assert lapse(here.hub.house) == 0
    here.clock.move(hours=2)
    assert lapse(here.hub.house) == 3
    for row in (pack, collected):
        assert here.row(row.id).state in (State.CANCELLED, State.HELD)
        assert here.packs(row.id) == []
    assert here.row(held.id).decision_id != held.decision_id
    assert here.row(other.id).state is State.PREPARED
    assert len(here.packs(other.id)) == 1
    assert here.entries(EntryKind.PACK_RECALLED, pack.id)
    assert lapse(here.hub.house) == 0


def test_a_pack_whose_ground_still_stands_stays_until_its_decision_is_too_old_and_then_tells_new_days(
    here: Desk,
) -> None:
    _, row = here.send(POLICE)
    here.deliver()
    before = here.pack(row.id)
    set_policy_document(here.hub.house, None, "LMH", here.clock.now() + timedelta(days=9))
    _, later = here.send(POLICE)
    here.deliver()
    here.clock.move(days=10)
    set_policy_document(here.hub.house, None, "LMH", here.clock.now() + timedelta(days=300))
    kept = here.pack(later.id)
    assert lapse(here.hub.house) >= 1
    here.deliver()
    assert (here.row(later.id).state, here.pack(later.id)) == (State.PREPARED, kept)
    assert here.pack(row.id) == before
    here.clock.move(days=19)
    lapse(here.hub.house)
    here.deliver()
    assert here.row(row.id).state is State.PREPARED
    assert here.pack(row.id) not in (None, before)
    assert here.pack(later.id) not in (None, kept), "also where it was looked at in between"


def test_looking_when_nothing_has_lapsed_changes_nothing(here: Desk) -> None:
    _, row = here.send(ADVICE)
    lapse(here.hub.house)
    assert lapse(here.hub.house) == 0
    assert here.row(row.id).decision_id == row.decision_id
