"""Doors and suspension: a changed door carries nothing until two persons have compared it and time has passed."""

import json
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub, open_hub
from hub.delivery import outbox
from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import BadInput, Conflict, NotAllowed
from hub.flow import vouch
from hub.flow.acknowledge import acknowledge, hand_over
from hub.flow.collect import collect
from hub.flow.deliver import deliver_due
from hub.flow.feed import read_feed
from hub.flow.recall import recall
from hub.flow.refer import refer
from hub.flow.resume import resume
from hub.register.agencies import Why
from hub.store.scope import EVERY
from hub.store.tables import disclosure
from tests import logs
from tests.cases import ADVICE, FIRE, POLICE, Case
from tests.conftest import OpenHub
from tests.delivering import claim_one, settle_one
from tests.hub.delivery.waiting_rows import put_waiting
from tests.hubs import HandClock, proved, somebody


@pytest.fixture
def moved(hub: Hub, clock: HandClock) -> Iterator[Hub]:
    """The same hub as it runs after its operator wrote another address and another folder for packs."""
    partners = hub.settings.data_dir / "partners.toml"
    text = partners.read_text(encoding="utf-8")
    partners.write_text(text.replace("cases@advice", "cases@elsewhere").replace('out"', 'out2"'), encoding="utf-8")
    again = open_hub(hub.settings, create=False, clock=clock)
    again.start()
    yield again
    again.house.store.close()


def _send(hub: Hub, officer: Actor, *asks: tuple[str, str], danger: bool = False) -> DisclosureRow:
    case = Case(asks=asks)
    document = case.referral()
    if danger:
        document["record"]["risk"]["level"] = "immediate_danger"
    accepted = refer(hub.house, officer, json.dumps(document).encode(), f"key-{case.tag}")
    barred = {view.agency.id for view in vouch.list_agencies(hub.house) if view.barred}
    assert set(accepted.telephone) == barred & {agency for agency, _ in asks}
    made = accepted.referral_id
    with hub.house.store.read(EVERY) as tx:
        return outbox.of_referral(tx, made)[0]


def _row(hub: Hub, disclosure: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure)


def _logged(hub: Hub, kind: EntryKind) -> list[dict[str, object]]:
    return [dict(entry.facts) for entry in logs.entries(hub.house.store) if entry.kind is kind]


def _pending(hub: Hub, agency: str) -> vouch.Pin:
    (view,) = [view for view in vouch.list_agencies(hub.house) if view.agency.id == agency]
    return next((pin for pin in view.pins if pin.confirmed_at is None), view.pins[0])


def test_the_doors_of_a_first_start_count_at_once_on_the_operators_word_and_the_log_says_so(hub: Hub) -> None:
    said = _logged(hub, EntryKind.AGENCY_CHANGE_CONFIRMED)
    assert {entry["agency"] for entry in said} == {view.agency.id for view in vouch.list_agencies(hub.house)}
    assert all(entry["by_operator"] for entry in said)
    assert {view.barred for view in vouch.list_agencies(hub.house)} == {None}


@pytest.mark.parametrize(("ask", "danger"), [(ADVICE, False), (POLICE, True)])
def test_a_changed_door_carries_nothing_in_danger_either_until_two_persons_compared_it_and_a_day_has_passed(
    moved: Hub, officer: Actor, clock: HandClock, ask: tuple[str, str], danger: bool
) -> None:
    row = _send(moved, officer, ask, danger=danger)
    agency = row.agency
    assert deliver_due(moved.house, "test", 10) >= 1
    assert (_row(moved, row.id).state, _row(moved, row.id).cause) == (State.PARKED, "door_unconfirmed")
    pin = _pending(moved, agency)
    one, two = (proved(moved, somebody(moved, role)) for role in (Role.ADMINISTRATOR, Role.DPO))
    assert vouch.confirm(moved.house, one, agency, pin.id, pin.fingerprint).confirmed_at is None
    with pytest.raises(NotAllowed):
        vouch.confirm(moved.house, one, agency, pin.id, pin.fingerprint)
    with pytest.raises(BadInput):
        vouch.confirm(moved.house, two, agency, pin.id, "f" * 64)
    vouch.confirm(moved.house, two, agency, pin.id, pin.fingerprint)
    resume(moved.house, officer, row.id)
    deliver_due(moved.house, "test", 10)
    assert _row(moved, row.id).cause == "door_cooling_off"
    clock.move(hours=24)
    resume(moved.house, officer, row.id)
    assert claim_one(moved.house, "test", row.id) is not None
    counts = [entry["confirmations"] for entry in _logged(moved, EntryKind.AGENCY_CHANGE_CONFIRMED)][-2:]
    assert counts == [1, 2]


def test_a_door_that_was_changed_back_counts_as_before_and_a_process_with_the_old_file_goes_on(
    moved: Hub, hub: Hub, officer: Actor
) -> None:
    row = _send(hub, officer, ADVICE)
    assert claim_one(moved.house, "the new one", row.id) is None
    resume(hub.house, officer, row.id)
    assert claim_one(hub.house, "the old one", row.id) is not None


def test_a_confirmation_needs_a_recent_proof_and_a_door_taken_out_carries_nothing(hub: Hub, clock: HandClock) -> None:
    administrator = somebody(hub, Role.ADMINISTRATOR)
    pin = _pending(hub, "agy_police")
    clock.move(hours=1)
    with pytest.raises(NotAllowed) as refused:
        vouch.confirm(hub.house, administrator, "agy_police", pin.id, pin.fingerprint)
    assert refused.value.code == "STEP_UP_NEEDED"
    vouch.retire(hub.house, administrator, "agy_police", pin.id)
    assert {view.agency.id: view.barred for view in vouch.list_agencies(hub.house)}["agy_police"] == "door_unconfirmed"
    hub.start()  # what the file says is announced again, and waits like any change
    assert _pending(hub, "agy_police").confirmed_at is None
    with pytest.raises(Conflict):
        vouch.retire(hub.house, administrator, "agy_police", pin.id)


def test_a_suspension_in_one_process_stops_claims_feed_and_acknowledgement_in_another_within_a_second(
    hub: Hub, open_hub_here: OpenHub, clock: HandClock, officer: Actor
) -> None:
    other = open_hub_here(clock, create=False)
    carried, collected = _send(hub, officer, POLICE), _send(hub, officer, FIRE)
    fire = somebody(hub, Role.PARTNER, "agy_fire")
    assert len(read_feed(other.house, fire, 0, 10).waiting) == 1
    began = time.monotonic()
    for agency in ("agy_police", "agy_fire"):
        vouch.suspend(hub.house, somebody(hub, Role.DPO), agency, Why.KEY_LOST)
    assert claim_one(other.house, "another process", carried.id) is None
    assert _row(other, carried.id).cause == "agency_suspended"
    for act in (
        lambda: read_feed(other.house, fire, 0, 10),
        lambda: collect(other.house, fire, collected.id),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "AGENCY_SUSPENDED"
    assert time.monotonic() - began < 1
    with pytest.raises(BadInput):
        _send(other, officer, POLICE)


def test_a_pack_that_waits_to_be_carried_is_taken_back_when_its_agency_is_suspended(hub: Hub, officer: Actor) -> None:
    row = _send(hub, officer, POLICE)
    deliver_due(hub.house, "test", 10)
    assert _row(hub, row.id).state is State.PREPARED
    assert vouch.suspend(hub.house, None, "agy_police", Why.IMPERSONATED) == 1
    assert (_row(hub, row.id).state, _row(hub, row.id).cause) == (State.PARKED, "agency_suspended")
    assert not list((hub.settings.data_dir.parent / "out").glob("[!.]*"))


def test_whoever_has_the_credential_of_a_suspended_agency_acknowledges_nothing(hub: Hub, officer: Actor) -> None:
    row = _send(hub, officer, FIRE)
    fire = somebody(hub, Role.PARTNER, "agy_fire")
    collect(hub.house, fire, row.id)
    vouch.suspend(hub.house, None, "agy_fire", Why.KEY_LOST)
    with pytest.raises(Conflict) as refused:
        acknowledge(hub.house, fire, row.id, "a reference")
    assert refused.value.code == "AGENCY_SUSPENDED"
    assert _row(hub, row.id).rung < Rung.READ


def test_a_suspension_ends_with_the_word_of_two_persons(hub: Hub, officer: Actor) -> None:
    with pytest.raises(Conflict):
        vouch.resume(hub.house, proved(hub, somebody(hub, Role.DPO)), "agy_police")
    one, two = (proved(hub, somebody(hub, Role.ADMINISTRATOR)) for _ in range(2))
    vouch.suspend(hub.house, one, "agy_police", Why.BREACH)
    with pytest.raises(Conflict):
        vouch.suspend(hub.house, two, "agy_police", Why.BREACH)
    assert not vouch.resume(hub.house, one, "agy_police")
    with pytest.raises(NotAllowed):
        vouch.resume(hub.house, one, "agy_police")
    assert vouch.resume(hub.house, two, "agy_police")
    assert [entry["confirmations"] for entry in _logged(hub, EntryKind.AGENCY_RESUMED)] == [1, 2]
    row = _send(hub, officer, POLICE)
    deliver_due(hub.house, "test", 10)
    assert _row(hub, row.id).state is State.PREPARED


def test_a_pack_that_was_being_written_while_its_agency_was_suspended_is_taken_back(hub: Hub, officer: Actor) -> None:
    row = _send(hub, officer, POLICE)
    intent = claim_one(hub.house, "test", row.id)
    assert intent is not None
    answer = hub.house.doors.send(row.agency, intent.message, row.id, hub.house.clock.now())
    assert vouch.suspend(hub.house, None, "agy_police", Why.IMPERSONATED) == 0
    settle_one(hub.house, intent, answer)
    recall(hub.house)
    assert (_row(hub, row.id).state, _row(hub, row.id).cause) == (State.PARKED, "agency_suspended")
    assert not list((hub.settings.data_dir.parent / "out").glob("[!.]*"))


def test_a_pack_is_not_handed_over_to_an_agency_to_which_nothing_may_go(hub: Hub, officer: Actor) -> None:
    row = _send(hub, officer, POLICE)
    deliver_due(hub.house, "test", 10)
    assert _row(hub, row.id).state is State.PREPARED
    vouch.retire(hub.house, somebody(hub, Role.ADMINISTRATOR), "agy_police", _pending(hub, "agy_police").id)
    with pytest.raises(Conflict) as refused:
        hand_over(hub.house, officer, row.id, "REF-1")
    assert refused.value.code == "AGENCY_BARRED"
    assert _row(hub, row.id).state is State.PREPARED


def test_a_suspension_finds_every_pack_however_many_there_are(hub: Hub, clock: HandClock) -> None:
    packs = [put_waiting(hub.house, clock.now(), agency="agy_police") for _ in range(501)]
    with hub.house.store.write(EVERY) as tx:
        tx.connection.execute(update(disclosure).values(state=State.PREPARED.value))
    with hub.house.store.read(EVERY) as tx:
        assert [row.id for row in outbox.prepared_for(tx, "agy_police")] == packs
    assert vouch.suspend(hub.house, None, "agy_police", Why.IMPERSONATED) == len(packs)
    with hub.house.store.read(EVERY) as tx:
        assert outbox.prepared_for(tx, "agy_police") == ()
