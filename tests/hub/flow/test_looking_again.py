"""What stands still is taken up again by a person, and what was decided first is never widened."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub, open_hub
from hub.delivery import outbox, sent
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import BadInput, Conflict, NotAllowed, NotFound
from hub.flow import enrol
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.parked import list_parked
from hub.flow.recall import recall
from hub.flow.refer import refer
from hub.flow.resume import resume
from hub.flow.withdraw import withdraw
from hub.store.scope import EVERY
from hub.store.tables import agency
from tests import logs
from tests.cases import HELPLINE, JAG, POLICE, SOCIAL, Ask, Case
from tests.hubs import LMH, HandClock, open_test_hub, somebody


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A started hub."""
    found = open_test_hub(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'concordat.sqlite3'}", HandClock())
    yield found
    found.house.store.close()


@pytest.fixture
def officer(hub: Hub) -> Actor:
    """An officer of LMH."""
    return somebody(hub, Role.OFFICER)


def _send(hub: Hub, officer: Actor, case: Case) -> str:
    return refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id


def _row(hub: Hub, referral_id: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        (row,) = outbox.of_referral(tx, referral_id)
    return row


def _packs(hub: Hub) -> list[Path]:
    return sorted((hub.settings.data_dir.parent / "out").iterdir())


def _logged(hub: Hub, kind: EntryKind) -> list[dict[str, object]]:
    return [dict(entry.facts) for entry in logs.entries(hub.house.store) if entry.kind is kind]


def _suspend(hub: Hub, agency_id: str, *, suspended: bool) -> None:
    at = hub.house.clock.now() if suspended else None
    with hub.house.store.write(LMH) as tx:
        tx.connection.execute(update(agency).where(agency.c.id == agency_id).values(suspended_at=at))


def test_nothing_goes_to_an_agency_that_was_suspended_until_somebody_resumes_it(hub: Hub, officer: Actor) -> None:
    referral = _send(hub, officer, Case(asks=[JAG]))
    _suspend(hub, "agy_jag", suspended=True)
    deliver_due(hub.house, "test", 10)
    row = _row(hub, referral)
    assert (row.state, row.cause) == (State.PARKED, "agency_suspended")
    with pytest.raises(BadInput) as refused:
        _send(hub, officer, Case(asks=[JAG]))
    assert refused.value.code == "AGENCY_SUSPENDED"
    assert [found.row.id for found in list_parked(hub.house, officer)] == [row.id]
    _suspend(hub, "agy_jag", suspended=False)
    assert resume(hub.house, officer, row.id) is State.QUEUED
    deliver_due(hub.house, "test", 10)
    assert _row(hub, referral).state is State.PREPARED
    assert list_parked(hub.house, officer) == ()
    assert _logged(hub, EntryKind.RELEASE_RESUMED) == [{"disclosure": row.id, "cause": "agency_suspended"}]


def test_only_what_is_parked_can_be_resumed_and_only_by_the_landlords_own(hub: Hub, officer: Actor) -> None:
    referral = _send(hub, officer, Case(asks=[JAG]))
    with pytest.raises(Conflict) as refused:
        resume(hub.house, officer, _row(hub, referral).id)
    assert refused.value.code == "NOT_PARKED"
    with pytest.raises(NotFound):
        resume(hub.house, replace(officer, landlord="OHG"), _row(hub, referral).id)
    with pytest.raises(NotAllowed):
        resume(hub.house, somebody(hub, Role.DPO), _row(hub, referral).id)


def test_a_pack_that_a_crash_left_behind_is_taken_away_by_the_next_sweep_and_no_new_one_for_it(
    hub: Hub, officer: Actor
) -> None:
    referral = _send(hub, officer, Case(asks=[JAG]))
    deliver_due(hub.house, "test", 10)
    row = _row(hub, referral)
    assert len(_packs(hub)) == 1
    with hub.house.store.write(LMH) as tx:  # as a withdrawal commits it, whose process then dies
        outbox.ask_recall(tx, row.id)
        outbox.schedule(tx, row.id, hub.house.clock.now())
        outbox.change(tx, row.id, State.QUEUED)
    assert deliver_due(hub.house, "test", 10) == 0
    assert recall(hub.house) == 1
    assert _packs(hub) == []
    assert deliver_due(hub.house, "test", 10) == 1
    assert len(_packs(hub)) == 1
    assert recall(hub.house) == 0
    assert len(_packs(hub)) == 1
    assert _logged(hub, EntryKind.PACK_RECALLED) == [{"disclosure": row.id, "found": True}]


def test_a_pack_that_another_ground_carries_is_taken_back_and_prepared_anew_without_the_consent(
    hub: Hub, officer: Actor
) -> None:
    at_risk = {"child_at_risk": True, "adult_at_risk": True}
    referral = _send(hub, officer, Case(asks=[SOCIAL], circumstances=at_risk))
    deliver_due(hub.house, "test", 10)
    assert _row(hub, referral).state is State.PREPARED
    (consent,) = read_referral(hub.house, officer, referral).consents
    done = withdraw(hub.house, officer, consent.id)
    row = _row(hub, referral)
    assert (done.cancelled, _packs(hub)) == ((), [])
    if row.state is State.QUEUED:
        assert done.unchanged == (row.id,)
        deliver_due(hub.house, "test", 10)
        assert (_row(hub, referral).state, len(_packs(hub))) == (State.PREPARED, 1)
    else:
        assert (row.state, done.held) == (State.HELD, (row.id,))


def _told(hub: Hub, referral_id: str) -> bytes:
    row = _row(hub, referral_id)
    with hub.house.store.read(EVERY) as tx:
        return b"".join(body for _, body in sent.read(tx, row.id, row.case_id))


@pytest.mark.parametrize("ask", [HELPLINE, JAG])
def test_what_was_not_decided_first_does_not_go_when_a_later_consent_would_allow_it(
    hub: Hub, officer: Actor, ask: Ask
) -> None:
    case = Case(asks=[ask])
    narrow, wide = case.referral(), case.referral()
    narrow["consents"][0]["covers"] = ["identity", "contact"]
    first = refer(hub.house, officer, _json(narrow), "key-narrow-1").referral_id
    again = refer(hub.house, officer, _json(wide), "key-wide-01").referral_id
    deliver_due(hub.house, "test", 10)
    slur = case.token("slur").encode()
    assert slur in _told(hub, again)
    assert slur not in _told(hub, first)


def _json(document: dict[str, object]) -> bytes:
    return json.dumps(document).encode()


def test_a_change_of_a_partners_door_is_logged_at_the_next_start(hub: Hub) -> None:
    before = _logged(hub, EntryKind.AGENCY_REGISTERED)
    partners = hub.settings.data_dir / "partners.toml"
    text = partners.read_text(encoding="utf-8")
    partners.write_text(text.replace("cases@advice.example", "elsewhere@advice.example"), encoding="utf-8")
    again = open_hub(hub.settings, create=False)
    again.start()
    after = _logged(again, EntryKind.AGENCY_REGISTERED)
    assert [facts["agency"] for facts in after[len(before) :]] == ["agy_advice"]
    (old,) = [facts["digest"] for facts in before if facts["agency"] == "agy_advice"]
    assert after[-1]["digest"] != old
    again.house.store.close()


def test_a_retry_after_signing_in_again_is_still_the_same_referral(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[POLICE])
    first = refer(hub.house, officer, case.raw(), "key-of-the-same-person")
    made = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None, person=officer.person)
    second = refer(hub.house, enrol.who_is(hub.house, made.token), case.raw(), "key-of-the-same-person")
    assert (second.referral_id, second.is_new) == (first.referral_id, False)


def test_an_accusation_may_be_proven_and_the_person_keeps_the_number(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[POLICE])
    _send(hub, officer, case)
    later = case.referral()
    later["record"]["people"][1]["role"] = "proven_perpetrator"
    assert refer(hub.house, officer, _json(later), "key-after-trial").is_new
    later["record"]["people"][1]["role"] = "witness"
    with pytest.raises(BadInput) as refused:
        refer(hub.house, officer, _json(later), "key-mixed-up-1")
    assert refused.value.code == "PERSON_NUMBER_MOVED"
