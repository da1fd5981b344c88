"""Whoever has what rested on a consent is told to stop using it, and nobody else is told anything."""

import json
from datetime import timedelta

import pytest

from hub.access.roles import Role
from hub.audit.kinds import EntryKind
from hub.delivery import follow_ups
from hub.delivery.outbox import State
from hub.errors import Conflict
from hub.flow.acknowledge import acknowledge, hand_over
from hub.flow.collect import collect
from hub.flow.erase import erase
from hub.flow.feed import read_feed
from hub.flow.follow import look
from hub.flow.record_consent import record_consent
from hub.flow.resume import resume
from hub.flow.vouch import resume as resume_agency
from hub.flow.vouch import suspend
from hub.register.agencies import Why
from hub.register.erasures import ErasureGround
from hub.store.scope import EVERY
from tests.cases import ADVICE, FIRE, HELPLINE
from tests.delivering import claim_one
from tests.hub.flow.correcting import Desk, account
from tests.hubs import proved, somebody


def test_whoever_has_it_is_told_once_to_stop_using_it_and_nothing_about_anybody(on_each: Desk) -> None:
    here = on_each
    case, row = here.send(HELPLINE)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    (notice,) = here.withdraw(row).notices
    here.deliver()
    told = here.pack(notice) or ""
    assert f"Earlier disclosure: {row.id}" in told
    assert "withdrawn the consent" in told
    assert "Shared under: UK GDPR 6(1)(c)" in told
    assert not [secret for secret in case.secrets if secret in told]
    (intended,) = here.entries(EntryKind.RELEASE_INTENDED, notice)
    (decided,) = here.entries(EntryKind.DECISION_MADE, str(intended["decision"]))
    assert (decided["outcome"], decided["items_kept"]) == ("permit", 0)
    # The same word said again, by another way, is no news to them.
    body = case.referral()["consents"][0] | {"answer": "refused", "covers": [], "claimed_at": here.clock.now()}
    record_consent(here.hub.house, here.officer, row.referral_id, _json(body))
    assert [one.disclosure_id for one in here.follow_ups(row)] == [notice]


def test_a_refusal_recorded_later_tells_them_as_well(here: Desk) -> None:
    case, row = here.send(HELPLINE)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    body = case.referral()["consents"][0] | {"answer": "refused", "covers": [], "claimed_at": here.clock.now()}
    record_consent(here.hub.house, here.officer, row.referral_id, _json(body))
    assert [(one.notice, one.bare) for one in here.follow_ups(row)] == [("withdrawn", True)]


@pytest.mark.parametrize("carried", [False, True])
def test_of_a_pack_only_whoever_carried_it_off_is_told(here: Desk, carried: bool) -> None:
    _, row = here.send(HELPLINE)
    here.deliver()
    for pack in here.packs(row.id) if carried else ():
        pack.unlink()
    (notice,) = here.withdraw(row).notices
    here.deliver()
    assert here.row(row.id).state is State.CANCELLED
    assert (here.row(notice).state, here.row(notice).cause) == (
        (State.PREPARED, None) if carried else (State.CANCELLED, "NEVER_ARRIVED")
    )
    assert look(here.hub.house) == 0


def test_what_never_left_is_told_of_to_nobody(here: Desk) -> None:
    _, row = here.send(HELPLINE)
    assert here.withdraw(row).notices == ()
    assert here.follow_ups(row) == ()


def test_a_notice_to_somebody_who_is_suspended_waits_for_a_person_and_is_not_lost(here: Desk) -> None:
    _, row = here.send(HELPLINE)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    suspend(here.hub.house, None, "agy_helpline", Why.IMPERSONATED)
    (notice,) = here.withdraw(row).notices
    here.deliver()
    assert (here.row(notice).state, here.row(notice).cause) == (State.PARKED, "agency_suspended")
    for person in (Role.DPO, Role.ADMINISTRATOR):
        resume_agency(here.hub.house, proved(here.hub, somebody(here.hub, person)), "agy_helpline")
    resume(here.hub.house, here.officer, notice)
    here.deliver()
    assert here.row(notice).state is State.PREPARED


def test_a_partner_that_collects_finds_a_tombstone_and_fetches_it(here: Desk) -> None:
    fire = somebody(here.hub, Role.PARTNER, "agy_fire")
    case, row = here.send(FIRE)
    collect(here.hub.house, fire, row.id)
    acknowledge(here.hub.house, fire, row.id, None)
    (notice,) = here.withdraw(row).notices
    page = read_feed(here.hub.house, fire, 0, 200)
    assert notice in [waits.id for waits in page.waiting]
    assert (page.about[notice].about, page.about[notice].notice, page.about[notice].bare) == (row.id, "withdrawn", True)
    body = collect(here.hub.house, fire, notice).body.decode()
    assert '"uk.concordat.notice.v1"' in body
    assert not [secret for secret in case.secrets if secret in body]


def test_a_notice_is_not_fetched_before_it_shows_whether_the_earlier_one_arrived(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fire = somebody(here.hub, Role.PARTNER, "agy_fire")
    _, row = here.send(FIRE)
    with monkeypatch.context() as crash:
        crash.setattr("hub.flow.collect.settle", _dies)
        with pytest.raises(SystemExit):
            collect(here.hub.house, fire, row.id)
    (notice,) = here.withdraw(row).notices
    assert notice not in [waits.id for waits in read_feed(here.hub.house, fire, 0, 200).waiting]
    with pytest.raises(Conflict, match="not waiting"):
        collect(here.hub.house, fire, notice)
    assert here.row(notice).state is State.QUEUED
    here.clock.move(seconds=here.hub.house.lease.total_seconds() + 1)
    assert look(here.hub.house) == 1
    assert '"uk.concordat.notice.v1"' in collect(here.hub.house, fire, notice).body.decode()


def _dies(*_: object) -> None:
    raise SystemExit


def _json(body: dict[str, object]) -> bytes:
    return json.dumps({**body, "claimed_at": str(body["claimed_at"])}).encode()


def test_of_somebody_who_was_erased_nobody_is_told_and_the_sweep_goes_on(on_each: Desk) -> None:
    """It was under way when it was corrected, then the consent was refused, and then its person was erased."""
    here = on_each
    house = here.hub.house
    case, row = here.send(ADVICE)
    assert claim_one(house, "test", row.id) is not None
    here.correct(case, row, account("a white van"))
    body = case.referral()["consents"][0] | {"answer": "refused", "covers": [], "claimed_at": here.clock.now()}
    record_consent(house, here.officer, row.referral_id, _json(body))
    here.clock.move(seconds=house.lease.total_seconds() + 1)
    erase(house, proved(here.hub, somebody(here.hub, Role.DPO)), row.referral_id, "p1", ErasureGround.CONSENT_WITHDRAWN)
    here.clock.move(hours=1)
    look(house)
    with house.store.read(EVERY) as tx:
        assert follow_ups.to_look_at(tx, here.clock.now() + timedelta(days=9), None) == ()
