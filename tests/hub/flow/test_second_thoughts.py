"""What changes its mind after a decision: consents given twice, refusals that come later, attempts overtaken."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import update

from connectors.contract import Receipt, Rung
from hub.access.roles import Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub, build_doors, read_doors
from hub.delivery import follow_ups, outbox
from hub.delivery.doors import Attempted, AttemptOutcome, Doors
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict
from hub.flow.abandon import WhyAbandoned, abandon
from hub.flow.acknowledge import acknowledge
from hub.flow.collect import collect
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.feed import read_feed
from hub.flow.follow import look
from hub.flow.recall import recall
from hub.flow.refer import refer
from hub.flow.review import review
from hub.flow.vouch import suspend
from hub.flow.withdraw import withdraw
from hub.register.agencies import Why
from hub.store.scope import EVERY, Scope
from hub.store.tables import agency
from hub.store.unit_of_work import Store, Writing
from hub.worker.app import make_celery
from tests import logs
from tests.cases import ADVICE, FIRE, HELPLINE, POLICE, Case
from tests.conftest import OpenHub
from tests.delivering import claim_one, deliver_one, settle_one
from tests.hubs import LMH, HandClock, somebody


@pytest.fixture
def clock() -> HandClock:
    """The time in these tests."""
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    """A started hub."""
    return open_hub_here(clock)


def _row(hub: Hub, disclosure_id: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        return outbox.get(tx, disclosure_id)


def _only(hub: Hub, referral_id: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        row, *_ = outbox.of_referral(tx, referral_id)  # what follows is a notice about it
    return row


def _packs(hub: Hub) -> list[Path]:
    return sorted((hub.settings.data_dir.parent / "out").iterdir())


def _logged(hub: Hub, kind: EntryKind) -> int:
    return sum(entry.kind is kind for entry in logs.entries(hub.house.store))


@pytest.mark.parametrize("which", [0, 1])
def test_a_consent_given_twice_is_withdrawn_for_every_pack_that_rests_on_either(hub: Hub, which: int) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    first = refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id
    deliver_due(hub.house, "test", 10)
    second = refer(hub.house, officer, case.raw(), "key-of-the-second").referral_id
    deliver_due(hub.house, "test", 10)
    rows = [_only(hub, referral) for referral in (first, second)]
    assert [row.state for row in rows] == [State.PREPARED, State.PREPARED]
    consents = read_referral(hub.house, officer, first).consents
    done = withdraw(hub.house, officer, consents[which].id)
    assert set(done.cancelled) == {row.id for row in rows}
    assert _packs(hub) == []


def test_a_pack_is_taken_back_when_a_later_referral_tells_of_a_refusal(hub: Hub) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    first = refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id
    deliver_due(hub.house, "test", 10)
    assert len(_packs(hub)) == 1
    later = case.referral()
    later["consents"][0]["answer"] = "refused"
    later["consents"][0]["claimed_at"] = hub.house.clock.now().isoformat()
    refer(hub.house, officer, json.dumps(later).encode(), "key-of-the-second")
    assert _only(hub, first).state is State.CANCELLED
    assert _packs(hub) == []


def test_a_pack_is_prepared_anew_when_a_later_referral_tells_of_a_narrower_consent_and_else_left_alone(
    hub: Hub, clock: HandClock
) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    first = refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id
    deliver_due(hub.house, "test", 10)
    later = case.referral()
    later["asks"] = [{"agency": "agy_police", "purpose": "crime_investigation", "routine": True}]
    refer(hub.house, officer, json.dumps(later).encode(), "key-of-the-second")
    assert _logged(hub, EntryKind.PACK_RECALLED) == 0
    later["consents"][0]["covers"] = ["identity", "contact", "incident_narrative"]
    later["consents"][0]["claimed_at"] = clock.now().isoformat()
    refer(hub.house, officer, json.dumps(later).encode(), "key-of-the-third")
    assert _logged(hub, EntryKind.PACK_RECALLED) == 1
    deliver_due(hub.house, "test", 10)
    row = _only(hub, first)
    (pack,) = [pack for pack in _packs(hub) if row.id in pack.name]
    assert row.state is State.PREPARED
    assert case.token("slur").encode() not in pack.read_bytes()


def test_a_withdrawn_consent_stays_withdrawn_though_its_system_dates_it_in_the_future(
    hub: Hub, clock: HandClock
) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    ahead = case.referral()
    ahead["consents"][0]["claimed_at"] = (clock.now() + timedelta(hours=1)).isoformat()
    raw = json.dumps(ahead).encode()
    first = refer(hub.house, officer, raw, "key-of-the-first").referral_id
    (consent,) = read_referral(hub.house, officer, first).consents
    withdraw(hub.house, officer, consent.id)
    second = refer(hub.house, officer, raw, "key-of-the-second").referral_id
    assert _only(hub, second).state in (State.DENIED, State.HELD)


def test_a_pack_that_was_being_prepared_during_a_withdrawal_is_taken_back_when_it_is_done(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[HELPLINE]).raw(), "key-of-the-first").referral_id
    row = _only(hub, referral)
    intent = claim_one(hub.house, "test", row.id)
    assert intent is not None
    (consent,) = read_referral(hub.house, officer, referral).consents
    assert withdraw(hub.house, officer, consent.id).leaving == (row.id,)
    settle_one(hub.house, intent, hub.house.doors.send(row.agency, intent.message, row.id, hub.house.clock.now()))
    recall(hub.house)
    assert (_row(hub, row.id).state, _packs(hub)) == (State.CANCELLED, [])


def test_whoever_may_have_what_a_dead_worker_was_sending_is_named_and_may_acknowledge(
    hub: Hub, clock: HandClock
) -> None:
    officer = somebody(hub, Role.OFFICER)
    referrals = [refer(hub.house, officer, Case(asks=[ADVICE]).raw(), f"key-of-case-{n}").referral_id for n in (1, 2)]
    rows = [_only(hub, referral) for referral in referrals]
    for row in rows:
        assert claim_one(hub.house, "a worker that dies", row.id) is not None
    clock.move(hours=1)
    assert [deliver_one(hub.house, "test", row.id) for row in rows] == [None, None]
    assert _row(hub, rows[0].id).cause == "last_attempt_unknown"
    (consent,) = read_referral(hub.house, officer, referrals[0]).consents
    assert withdraw(hub.house, officer, consent.id).told_before == (rows[0].id,)
    acknowledge(hub.house, somebody(hub, Role.PARTNER, "agy_advice"), rows[1].id, None)
    assert _row(hub, rows[1].id).state is State.RECEIPTED


def test_what_was_settled_or_cancelled_meanwhile_is_not_parked_by_a_worker_that_failed(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[HELPLINE]).raw(), "key-of-the-first").referral_id
    row = _only(hub, referral)

    (consent,) = read_referral(hub.house, officer, referral).consents

    class Meanwhile:
        """A store; before it is written to a second time, after this worker failed, the consent is withdrawn."""

        def __init__(self) -> None:
            self.writings = 0

        def write(self, scope: Scope) -> AbstractContextManager[Writing]:
            self.writings += 1
            if self.writings == 2:
                withdraw(hub.house, officer, consent.id)
            return hub.house.store.write(scope)

        def __getattr__(self, name: str) -> object:
            return getattr(hub.house.store, name)

    failing = replace(hub.house, doors=Doors({}), store=cast("Store", Meanwhile()))
    assert deliver_one(failing, "test", row.id) is None
    assert _row(hub, row.id).state is State.CANCELLED


def test_a_pack_that_cannot_be_taken_back_does_not_keep_the_sweep_from_what_is_due(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    first = refer(hub.house, officer, Case(asks=[HELPLINE]).raw(), "key-of-the-first").referral_id
    deliver_due(hub.house, "test", 10)
    (pack,) = _packs(hub)
    row = _only(hub, first)
    with hub.house.store.write(LMH) as tx:
        outbox.ask_recall(tx, row.id)
    content = pack.read_bytes()
    pack.unlink()
    (pack / "in the way").mkdir(parents=True)  # what cannot be unlinked
    second = refer(hub.house, officer, Case(asks=[POLICE]).raw(), "key-of-the-second").referral_id
    app = make_celery(hub.house, "memory://", 1.0, queue_name="test", wake=lambda: None)
    sweep = app.tasks["concordat.sweep"]
    sweep()
    deliver_due(hub.house, "test", 10)
    assert _only(hub, second).state is State.PREPARED
    (pack / "in the way").rmdir()
    pack.rmdir()
    pack.write_bytes(content)
    sweep()
    assert not pack.exists()


def test_a_pack_for_a_partner_whose_door_is_gone_waits_and_the_others_are_taken_back(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referrals = [
        refer(hub.house, officer, Case(asks=[ask]).raw(), f"key-of-case-{n}").referral_id
        for n, ask in enumerate((HELPLINE, POLICE))
    ]
    deliver_due(hub.house, "test", 10)
    rows = [_only(hub, referral) for referral in referrals]
    with hub.house.store.write(LMH) as tx:
        for row in rows:
            outbox.ask_recall(tx, row.id)
    every = read_doors(hub.settings.data_dir / "partners.toml")
    left = build_doors({"agy_police": every["agy_police"]}, hub.house.keys, hub.settings)
    assert recall(replace(hub.house, doors=Doors(left))) == 1
    assert len(_packs(hub)) == 1
    assert recall(hub.house) == 1
    assert _packs(hub) == []


def test_a_partner_that_was_suspended_collects_nothing(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[FIRE]).raw(), "key-of-the-first").referral_id
    row = _only(hub, referral)
    assert row.state is State.QUEUED
    with hub.house.store.write(LMH) as tx:
        tx.connection.execute(update(agency).where(agency.c.id == "agy_fire").values(suspended_at=row.created_at))
    with pytest.raises(Conflict) as refused:
        collect(hub.house, somebody(hub, Role.PARTNER, "agy_fire"), row.id)
    assert refused.value.code == "AGENCY_SUSPENDED"
    assert _row(hub, row.id).state is State.QUEUED


def test_a_feed_that_tells_nothing_adds_nothing_to_the_log(hub: Hub) -> None:
    fire = somebody(hub, Role.PARTNER, "agy_fire")
    for _ in range(3):
        assert read_feed(hub.house, fire, 0, 10).cursor == 0
    assert _logged(hub, EntryKind.FEED_READ) == 0
    refer(hub.house, somebody(hub, Role.OFFICER), Case(asks=[FIRE]).raw(), "key-of-the-first")
    assert len(read_feed(hub.house, fire, 0, 10).waiting) == 1
    assert _logged(hub, EntryKind.FEED_READ) == 1


def test_a_second_process_that_starts_ends_no_attempt_of_the_first(
    open_hub_here: OpenHub, clock: HandClock, hub: Hub
) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[ADVICE]).raw(), "key-of-the-first").referral_id
    intent = claim_one(hub.house, "the first", _only(hub, referral).id)
    assert intent is not None
    other = open_hub_here(clock)
    assert deliver_due(other.house, "the second", 10) == 0
    taken = Attempted(AttemptOutcome.DONE, Receipt(Rung.ACCEPTED, clock.now(), "250"))
    assert settle_one(hub.house, intent, taken) is State.SENT


def test_a_hub_that_holds_its_folder_alone_takes_up_at_once_what_the_dead_one_was_sending(embedded_hub: Hub) -> None:
    officer = somebody(embedded_hub, Role.OFFICER)
    referral = refer(embedded_hub.house, officer, Case(asks=[POLICE]).raw(), "key-of-the-first").referral_id
    assert claim_one(embedded_hub.house, "a worker that dies", _only(embedded_hub, referral).id) is not None
    assert deliver_due(embedded_hub.house, "test", 10) == 0
    embedded_hub.start(alone=True)
    assert deliver_due(embedded_hub.house, "test", 10) == 1
    assert _only(embedded_hub, referral).state is State.PREPARED


def test_a_pack_that_a_dead_worker_left_without_a_receipt_is_taken_away_when_it_may_not_go(
    hub: Hub, clock: HandClock
) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[HELPLINE]).raw(), "key-of-the-first").referral_id
    intent = claim_one(hub.house, "a worker that dies", _only(hub, referral).id)
    assert intent is not None
    hub.house.doors.send(intent.row.agency, intent.message, intent.row.id, clock.now())
    assert len(_packs(hub)) == 1
    (consent,) = read_referral(hub.house, officer, referral).consents
    withdraw(hub.house, officer, consent.id)
    clock.move(hours=1)
    deliver_due(hub.house, "test", 10)
    recall(hub.house)
    assert (_only(hub, referral).state, _packs(hub)) == (State.CANCELLED, [])


def _left_by_a_dead_worker(hub: Hub, clock: HandClock, referral: str) -> DisclosureRow:
    """A pack in the folder of which nothing is known, and a later attempt that could make none."""
    row = _only(hub, referral)
    intent = claim_one(hub.house, "a worker that dies", row.id)
    assert intent is not None
    hub.house.doors.send(intent.row.agency, intent.message, intent.row.id, clock.now())
    clock.move(hours=1)
    next_one = claim_one(hub.house, "another", row.id)
    assert next_one is not None
    settle_one(hub.house, next_one, Attempted(AttemptOutcome.TRY_LATER, code="folder_unusable"))
    assert len(_packs(hub)) == 1
    return row


def test_a_pack_that_a_dead_worker_left_is_taken_away_though_a_later_attempt_made_none(
    hub: Hub, clock: HandClock
) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    row = _left_by_a_dead_worker(hub, clock, refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id)
    abandon(hub.house, officer, row.id, WhyAbandoned.OTHER)
    assert _packs(hub) == []


def test_a_pack_that_a_dead_worker_left_is_taken_away_when_its_agency_was_suspended(hub: Hub, clock: HandClock) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    row = _left_by_a_dead_worker(hub, clock, refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id)
    suspend(hub.house, None, row.agency, Why.BREACH)
    clock.move(hours=1)
    deliver_due(hub.house, "test", 10)
    recall(hub.house)
    assert (_row(hub, row.id).cause, _packs(hub)) == ("agency_suspended", [])


@pytest.mark.parametrize("carried", [True, False])
def test_whoever_carried_a_pack_is_told_of_a_refusal_in_a_later_referral_and_nobody_else(
    hub: Hub, carried: bool
) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    first = refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id
    deliver_due(hub.house, "test", 10)
    for pack in _packs(hub) if carried else ():
        pack.unlink()
    later = case.referral()
    later["consents"][0] |= {"answer": "refused", "claimed_at": hub.house.clock.now().isoformat()}
    later["asks"] = [{"agency": "agy_police", "purpose": "crime_investigation", "routine": True}]
    refer(hub.house, officer, json.dumps(later).encode(), "key-of-the-second")
    look(hub.house)
    with hub.house.store.read(EVERY) as tx:
        (notice,) = follow_ups.on(tx, _only(hub, first).id)
    deliver_due(hub.house, "test", 10)
    assert _row(hub, notice.disclosure_id).state is (State.PREPARED if carried else State.CANCELLED)


def test_a_pack_that_a_dead_worker_left_is_replaced_when_it_tells_more_than_may_be_told_now(
    hub: Hub, clock: HandClock
) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=[HELPLINE])
    referral = refer(hub.house, officer, case.raw(), "key-of-the-first").referral_id
    intent = claim_one(hub.house, "a worker that dies", _only(hub, referral).id)
    assert intent is not None
    hub.house.doors.send(intent.row.agency, intent.message, intent.row.id, clock.now())
    narrower = case.referral()
    narrower["consents"][0]["covers"] = ["identity", "contact", "incident_narrative"]
    narrower["consents"][0]["claimed_at"] = clock.now().isoformat()
    narrower["asks"] = [{"agency": "agy_police", "purpose": "crime_investigation", "routine": True}]
    refer(hub.house, officer, json.dumps(narrower).encode(), "key-of-the-second")
    clock.move(hours=1)
    for _ in range(2):
        deliver_due(hub.house, "test", 10)
        recall(hub.house)
    assert _only(hub, referral).state is State.PREPARED
    (pack,) = [pack for pack in _packs(hub) if intent.row.id in pack.name]
    assert case.token("slur").encode() in intent.message.body
    assert case.token("slur").encode() not in pack.read_bytes()


def test_what_was_acknowledged_during_an_attempt_is_not_sent_again(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[POLICE]).raw(), "key-of-the-first").referral_id
    intent = claim_one(hub.house, "test", _only(hub, referral).id)
    assert intent is not None
    acknowledge(hub.house, somebody(hub, Role.PARTNER, "agy_police"), intent.row.id, "POL/1")
    settle_one(hub.house, intent, Attempted(AttemptOutcome.UNSURE, code="no_answer"))
    assert _only(hub, referral).state is State.RECEIPTED
    assert deliver_due(hub.house, "test", 10) == 0


def test_a_pack_whose_recipient_says_it_has_it_is_cleared_away(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[POLICE]).raw(), "key-of-the-first").referral_id
    deliver_due(hub.house, "test", 10)
    assert len(_packs(hub)) == 1
    acknowledge(hub.house, somebody(hub, Role.PARTNER, "agy_police"), _only(hub, referral).id, "POL/1")
    assert _packs(hub) == []


def test_an_authorised_disclosure_has_its_full_time_to_be_delivered_however_long_it_was_held(
    hub: Hub, clock: HandClock
) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, Case(asks=[ADVICE]).raw(), "key-of-the-first").referral_id
    row = _only(hub, referral)
    deliver_due(hub.house, "test", 10)  # the relay never answers: tried, and to be tried again
    with hub.house.store.write(LMH) as tx:  # as a decision at the door holds it
        outbox.stop(tx, row.id)
        outbox.change(tx, row.id, State.HELD, authoriser="data protection officer")
    clock.move(days=3)
    review(hub.house, somebody(hub, Role.AUTHORISER), row.id, authorise=True)
    deliver_due(hub.house, "test", 10)
    assert _row(hub, row.id).state is State.QUEUED
