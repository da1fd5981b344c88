"""Overrides: at once for danger, for one case and one hour, never what is sealed, and looked into by somebody else."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consent.facts import parse_facts
from hub.access.roles import Actor, AuthoriserKind, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.decision import kept
from hub.decision.overriding import SEALED, Danger, reaches
from hub.decision.told import Voice
from hub.delivery import outbox, sent
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotAllowed, NotFound
from hub.flow import document, vouch
from hub.flow import override as overriding
from hub.flow import reconsider as reconsidering
from hub.flow.consult import explain_decision
from hub.flow.deliver import deliver_due
from hub.flow.document import NewDocument
from hub.flow.house import House
from hub.flow.judge import Judged
from hub.flow.overdue import raise_overdue
from hub.flow.override import declare, list_overrides, read_override, restore_right, review_override
from hub.flow.refer import refer
from hub.flow.release import judge_again
from hub.flow.review import review
from hub.intake.referrals import AcceptedReferral
from hub.register.agencies import Why
from hub.register.documents import Kind
from hub.store.scope import EVERY
from hub.store.unit_of_work import Writing
from protocols.vocabulary import AgencyKind, DataCategory
from tests import logs
from tests.cases import HELPLINE, JAG, POLICE, SOCIAL, Ask, Case
from tests.conftest import OpenHub
from tests.hubs import HandClock, proved, somebody

WHY = "She rang: he is at the door with a knife."
DOUBTED: dict[str, Any] = {"capacity": "doubted"}
SUPERVISOR, DPO = Role.SUPERVISOR, Role.DPO
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture
def clock() -> HandClock:
    """The time in these tests: a Monday morning."""
    found = HandClock()
    found.at = MONDAY
    return found


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    """A started hub."""
    return open_hub_here(clock)


def _refer(
    hub: Hub, officer: Actor, asks: Sequence[Ask], *, case: Case | None = None, answer: str = "given_explicit",
    risk: str = "medium", **said: object,
) -> str:  # fmt: skip
    made = case or Case(asks)
    made.circumstances = {**said}
    document = made.referral()
    document["record"]["risk"]["level"] = risk
    for consent in document["consents"]:
        consent["answer"] = answer
    return refer(hub.house, officer, json.dumps(document).encode(), f"key-{Case().tag}").referral_id


def _rows(hub: Hub, referral: str) -> dict[str, DisclosureRow]:
    with hub.house.store.read(EVERY) as tx:
        return {row.agency: row for row in outbox.of_referral(tx, referral)}


def _logged(hub: Hub, kind: EntryKind) -> list[dict[str, object]]:
    return [dict(entry.facts) for entry in logs.entries(hub.house.store) if entry.kind is kind]


def test_an_override_sends_at_once_what_is_held_for_those_who_protect_and_nothing_else(hub: Hub) -> None:
    officer, other = somebody(hub, Role.OFFICER), somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE, JAG, HELPLINE), **DOUBTED)
    elsewhere = _refer(hub, officer, (POLICE,), **DOUBTED)
    done = declare(hub.house, other, referral, Danger.IMMEDIATE_DANGER, WHY)
    rows = _rows(hub, referral)
    assert {agency: row.state for agency, row in rows.items()} == {
        "agy_police": State.QUEUED, "agy_jag": State.HELD, "agy_helpline": State.HELD,
    }  # fmt: skip
    assert done.released == (rows["agy_police"].id,)
    assert set(done.held) == {rows["agy_jag"].id, rows["agy_helpline"].id}
    assert _rows(hub, elsewhere)["agy_police"].state is State.HELD
    deliver_due(hub.house, "test", 10)
    assert _rows(hub, referral)["agy_police"].state is State.PREPARED
    assert _rows(hub, elsewhere)["agy_police"].state is State.HELD
    (declared,) = _logged(hub, EntryKind.OVERRIDE_DECLARED)
    assert (declared["override"], declared["released"], declared["over_quota"]) == (done.override.id, 1, False)
    named = [entry["override"] for entry in _logged(hub, EntryKind.DECISION_MADE) if entry.get("override")]
    assert named == [done.override.id] * len(named)
    assert len(named) >= 2  # when it was declared, and at the door


def test_a_held_disclosure_that_cannot_be_decided_keeps_no_other_of_its_case_waiting(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE, SOCIAL), **DOUBTED)
    stuck = _rows(hub, referral)["agy_police"]

    def judge(house: House, tx: Writing, row: DisclosureRow, *rest: Any) -> Judged:  # noqa: ANN401 - as it takes them
        if row.id == stuck.id:
            raise OverflowError("date value out of range")
        return judge_again(house, tx, row, *rest)

    monkeypatch.setattr(overriding, "judge_again", judge)
    done = declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY)
    assert stuck.id in done.held
    assert [row.state for row in _rows(hub, referral).values() if row.id in done.released] == [State.QUEUED]


@pytest.mark.parametrize("category", list(Danger))
def test_every_category_stands_in_for_the_authoriser_of_a_refusal_at_high_risk(hub: Hub, category: Danger) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE,), answer="refused", risk="high", adult_at_risk=False)
    assert _rows(hub, referral)["agy_police"].state is State.HELD
    assert declare(hub.house, officer, referral, category, WHY).released


def test_what_the_law_refuses_stays_refused_and_what_it_allows_in_danger_is_referred_again(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    case = Case((POLICE, HELPLINE))
    refused = _refer(hub, officer, (), case=case, answer="refused", adult_at_risk=False)
    assert {row.state for row in _rows(hub, refused).values()} == {State.DENIED}
    done = declare(hub.house, officer, refused, Danger.IMMEDIATE_DANGER, WHY)
    assert (done.released, done.held) == ((), ())
    again = _rows(hub, _refer(hub, officer, (), case=case, answer="refused", adult_at_risk=False))
    assert (again["agy_police"].state, again["agy_police"].override_id) == (State.QUEUED, done.override.id)
    assert again["agy_helpline"].state is State.DENIED


def test_a_capable_adult_who_said_no_is_not_overridden_for_being_at_risk_alone(hub: Hub) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case((POLICE, SOCIAL))
    refused = _refer(hub, officer, (), case=case, answer="refused", adult_at_risk=False)
    declare(hub.house, officer, refused, Danger.ADULT_AT_RISK, WHY)
    again = _rows(hub, _refer(hub, officer, (), case=case, answer="refused", adult_at_risk=False))
    unnecessary = _rows(hub, _refer(hub, officer, (POLICE, SOCIAL), case=case, necessary=False))
    assert {row.state for row in (*again.values(), *unnecessary.values())} == {State.DENIED}


def test_an_override_opens_nothing_that_is_sealed(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    case = Case((POLICE,))
    document = case.referral()
    document["circumstances"] |= DOUBTED
    document["record"]["people"][0]["address"]["protected"] = True
    referral = refer(hub.house, officer, json.dumps(document).encode(), "key-of-the-fled").referral_id
    before = _rows(hub, referral)["agy_police"]
    declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY)
    with hub.house.store.read(EVERY) as tx:
        held = kept.read(tx, before.decision_id, before.case_id)
        under = kept.read(tx, _rows(hub, referral)["agy_police"].decision_id, before.case_id)
    assert DataCategory.SAFE_ADDRESS in held.decision.keep
    assert not set(under.decision.keep) & SEALED
    assert under.going < held.going
    deliver_due(hub.house, "test", 10)
    with hub.house.store.read(EVERY) as tx:
        told = sent.last(tx, before.id, before.case_id) or b""
    assert case.token("victim").encode() in told
    assert case.token("street").encode() not in told


def test_a_case_about_the_landlords_own_staff_is_never_overridden(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    case = Case((POLICE,))
    document = case.referral()
    document["circumstances"] |= DOUBTED
    document["record"]["people"][0]["role"] = "professional"
    referral = refer(hub.house, officer, json.dumps(document).encode(), "key-of-the-staff").referral_id
    assert _rows(hub, referral)["agy_police"].state is State.HELD
    assert declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY).released == ()


def test_after_an_hour_what_has_not_left_is_held_again_and_a_new_override_is_needed(hub: Hub, clock: HandClock) -> None:
    officer = somebody(hub, Role.OFFICER)
    case = Case((POLICE,))
    referral = _refer(hub, officer, (), case=case, **DOUBTED)
    declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY)
    clock.move(minutes=60)
    deliver_due(hub.house, "test", 10)  # no sweep has looked: the door itself knows
    row = _rows(hub, referral)["agy_police"]
    assert (row.state, row.override_id, row.authoriser) == (State.HELD, None, "service manager or safeguarding lead")
    assert _logged(hub, EntryKind.RELEASE_INTENDED) == []
    assert declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY).released == (row.id,)
    deliver_due(hub.house, "test", 10)
    assert _rows(hub, referral)["agy_police"].state is State.PREPARED


def test_a_pack_that_nobody_carried_within_the_hour_is_taken_back(hub: Hub, clock: HandClock) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE,), **DOUBTED)
    declare(hub.house, officer, referral, Danger.ADULT_AT_RISK, WHY)
    deliver_due(hub.house, "test", 10)
    out = hub.settings.data_dir.parent / "out"
    assert len(list(out.iterdir())) == 1
    clock.move(minutes=59)
    assert raise_overdue(hub.house) == 0
    clock.move(minutes=1)
    assert raise_overdue(hub.house) == 1
    assert raise_overdue(hub.house) == 0
    assert list(out.iterdir()) == []
    assert _rows(hub, referral)["agy_police"].state is State.HELD


def test_a_dpo_is_told_at_once_with_a_reference_and_nothing_of_the_case(hub: Hub) -> None:
    officer, case = somebody(hub, Role.OFFICER), Case((POLICE,))
    referral = _refer(hub, officer, (), case=case, **DOUBTED)
    done = declare(hub.house, officer, referral, Danger.CHILD_AT_RISK, WHY)
    ((listed, reference),) = list_overrides(hub.house, somebody(hub, DPO))
    assert listed.id == done.override.id
    assert reference.startswith("CC-")
    assert not [secret for secret in (*case.secrets, WHY) if secret in str((listed, reference))]
    view = read_override(hub.house, somebody(hub, DPO), listed.id)
    assert view.reason == WHY
    assert [row.agency for row in view.disclosures] == ["agy_police"]
    assert [entry["view"] for entry in _logged(hub, EntryKind.CASE_READ)] == ["override"]
    with pytest.raises(NotAllowed):
        list_overrides(hub.house, officer)


@pytest.mark.parametrize(
    ("category", "ends"),
    [
        (Danger.IMMEDIATE_DANGER, "2026-11-24T17:00Z"),
        (Danger.CHILD_AT_RISK, "2026-11-25T17:00Z"),
        (Danger.ADULT_AT_RISK, "2026-11-25T17:00Z"),
    ],
)
def test_a_review_that_is_overdue_is_raised_once_and_seen_by_a_second_reviewer(
    hub: Hub, clock: HandClock, category: Danger, ends: str
) -> None:
    referral = _refer(hub, somebody(hub, Role.OFFICER), (POLICE,), **DOUBTED)
    done = declare(hub.house, somebody(hub, Role.OFFICER), referral, category, WHY)
    assert done.override.review_due == datetime.fromisoformat(ends)
    lead = somebody(hub, Role.AUTHORISER, kinds=frozenset({AuthoriserKind.SAFEGUARDING_LEAD}))
    manager = somebody(hub, Role.AUTHORISER, kinds=frozenset({AuthoriserKind.SERVICE_MANAGER}))
    assert list_overrides(hub.house, lead) == ()
    with pytest.raises(NotFound):
        review_override(hub.house, lead, done.override.id, WHY, justified=True)
    clock.at = done.override.review_due + timedelta(seconds=1)
    raise_overdue(hub.house)
    raise_overdue(hub.house)
    assert [entry["override"] for entry in _logged(hub, EntryKind.OVERRIDE_OVERDUE)] == [done.override.id]
    assert [found.id for found, _ in list_overrides(hub.house, lead)] == [done.override.id]
    assert list_overrides(hub.house, manager) == ()
    found, _ = review_override(hub.house, proved(hub, lead), done.override.id, WHY, justified=True)
    assert (found.justified, found.reviewed_by) == (True, lead.person)


def test_whoever_declared_an_override_never_reviews_it_and_neither_does_the_supervisor_of_the_team(hub: Hub) -> None:
    officer = replace(somebody(hub, Role.OFFICER), team="north")
    referral = _refer(hub, officer, (POLICE,), **DOUBTED)
    override = declare(hub.house, officer, referral, Danger.ADULT_AT_RISK, WHY).override.id
    for role in (SUPERVISOR, DPO):
        with pytest.raises(NotAllowed, match="cannot review it"):
            review_override(hub.house, somebody(hub, role, person=officer.person), override, WHY, justified=True)
    with pytest.raises(NotAllowed, match="own team"):
        review_override(hub.house, replace(somebody(hub, SUPERVISOR), team="north"), override, WHY, justified=True)
    review_override(hub.house, replace(somebody(hub, SUPERVISOR), team="south"), override, WHY, justified=True)
    with pytest.raises(Conflict):
        review_override(hub.house, somebody(hub, DPO), override, WHY, justified=False)


def test_a_review_needs_a_recent_proof_of_who_one_is(hub: Hub, clock: HandClock) -> None:
    officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, DPO)
    referral = _refer(hub, officer, (POLICE, JAG), **DOUBTED)
    override = declare(hub.house, officer, referral, Danger.ADULT_AT_RISK, WHY).override.id
    authoriser, row = somebody(hub, Role.AUTHORISER), _rows(hub, referral)["agy_jag"]
    clock.move(minutes=11)
    with pytest.raises(NotAllowed, match="prove again"):
        review_override(hub.house, dpo, override, WHY, justified=True)
    with pytest.raises(NotAllowed, match="prove again"):
        review(hub.house, authoriser, row.id, authorise=True)
    review_override(hub.house, proved(hub, dpo), override, WHY, justified=True)
    assert review(hub.house, proved(hub, authoriser), row.id, authorise=True) is State.QUEUED


def test_an_unjustified_override_ends_at_once_and_takes_its_declarers_right_until_a_dpo_gives_it_back(
    hub: Hub,
) -> None:
    officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, DPO)
    referral = _refer(hub, officer, (POLICE,), **DOUBTED)
    override = declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY).override.id
    with pytest.raises(Conflict):
        restore_right(hub.house, dpo, override)
    review_override(hub.house, dpo, override, WHY, justified=False)
    assert _rows(hub, referral)["agy_police"].state is State.HELD
    deliver_due(hub.house, "test", 10)
    assert _logged(hub, EntryKind.RELEASE_INTENDED) == []
    by_another_credential = somebody(hub, SUPERVISOR, person=officer.person)
    for who in (officer, by_another_credential):
        with pytest.raises(NotAllowed, match="suspended"):
            declare(hub.house, who, referral, Danger.IMMEDIATE_DANGER, WHY)
    with pytest.raises(NotAllowed):
        restore_right(hub.house, somebody(hub, SUPERVISOR), override)
    with pytest.raises(NotAllowed):
        restore_right(hub.house, somebody(hub, DPO, person=officer.person), override)
    assert declare(hub.house, somebody(hub, Role.OFFICER), referral, Danger.IMMEDIATE_DANGER, WHY).released
    restore_right(hub.house, dpo, override)
    assert len(_logged(hub, EntryKind.OVERRIDE_RIGHT_RESTORED)) == 1
    declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY)


def test_many_unreviewed_overrides_leave_immediate_danger_open_and_flag_it(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE,), **DOUBTED)
    flagged = [declare(hub.house, officer, referral, Danger.CHILD_AT_RISK, WHY).override.over_quota for _ in range(3)]
    assert flagged == [False] * 3
    with pytest.raises(NotAllowed, match="wait for review"):
        declare(hub.house, officer, referral, Danger.CHILD_AT_RISK, WHY)
    assert declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY).override.over_quota
    assert not declare(hub.house, somebody(hub, Role.OFFICER), referral, Danger.CHILD_AT_RISK, WHY).override.over_quota


def test_an_override_declared_by_an_authoriser_elsewhere_is_not_authorised_by_the_same_person(hub: Hub) -> None:
    officer, other = somebody(hub, Role.OFFICER), somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (JAG,), **DOUBTED)
    declare(hub.house, other, referral, Danger.ADULT_AT_RISK, WHY)
    row = _rows(hub, referral)["agy_jag"]
    with pytest.raises(NotAllowed, match="authorises nothing in it"):
        review(hub.house, somebody(hub, Role.AUTHORISER, person=other.person), row.id, authorise=True)
    assert _rows(hub, referral)["agy_jag"].state is State.HELD


def _withdraw(hub: Hub, kind: Kind) -> None:
    for found in document.list_documents(hub.house, None, "LMH"):
        if found.kind is kind and found.withdrawn_at is None:
            document.withdraw(hub.house, None, "LMH", found.id)


def test_an_override_also_sends_what_nothing_holds_any_more(hub: Hub) -> None:
    officer, kind = somebody(hub, Role.OFFICER), Kind.DATA_PROTECTION_IMPACT_ASSESSMENT
    _withdraw(hub, kind)
    referral = _refer(hub, officer, (POLICE,), adult_at_risk=False)
    row = _rows(hub, referral)["agy_police"]
    assert (row.state, row.cause) == (State.HELD, "IMPACT_NOT_ASSESSED")
    document.record(hub.house, None, "LMH", NewDocument(kind, None, None, MONDAY + timedelta(days=9)))
    assert declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY).released == (row.id,)
    assert _rows(hub, referral)["agy_police"].override_id is None


def test_a_document_withdrawn_takes_back_the_packs_that_may_not_go_without_it(hub: Hub) -> None:
    referral = _refer(hub, somebody(hub, Role.OFFICER), (JAG, POLICE), risk="immediate_danger")
    routine = _refer(hub, somebody(hub, Role.OFFICER), (JAG,), adult_at_risk=False)
    deliver_due(hub.house, "test", 10)
    _withdraw(hub, Kind.DATA_PROTECTION_IMPACT_ASSESSMENT)
    assert _rows(hub, routine)["agy_jag"].state is State.HELD
    assert _rows(hub, referral)["agy_police"].state in (State.QUEUED, State.PREPARED)
    tags = {path.name.split("_dsc_")[1].split(".")[0] for path in (hub.settings.data_dir.parent / "out").iterdir()}
    assert _rows(hub, routine)["agy_jag"].id.removeprefix("dsc_") not in tags


def test_whoever_declares_an_override_is_told_whom_to_telephone(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE, SOCIAL), **DOUBTED)
    vouch.suspend(hub.house, None, "agy_police", Why.BREACH)
    done = declare(hub.house, officer, referral, Danger.IMMEDIATE_DANGER, WHY)
    assert (done.telephone, len(done.released)) == (("agy_police",), 2)


def test_what_goes_in_danger_stands_on_that_override_alone_and_ends_with_it(hub: Hub, clock: HandClock) -> None:
    first, second, case = somebody(hub, Role.OFFICER), somebody(hub, Role.OFFICER), Case((POLICE,))
    refused = _refer(hub, first, (), case=case, answer="refused", adult_at_risk=False)
    danger = declare(hub.house, first, refused, Danger.IMMEDIATE_DANGER, WHY)
    clock.move(minutes=50)
    declare(hub.house, second, refused, Danger.ADULT_AT_RISK, WHY)
    again = _refer(hub, first, (), case=case, answer="refused", adult_at_risk=False)
    deliver_due(hub.house, "test", 10)
    row = _rows(hub, again)["agy_police"]
    assert (row.state, row.override_id) == (State.PREPARED, danger.override.id)
    clock.move(minutes=10)
    raise_overdue(hub.house)
    assert _rows(hub, again)["agy_police"].state is State.CANCELLED
    assert list((hub.settings.data_dir.parent / "out").iterdir()) == []


def test_what_cannot_be_decided_keeps_no_other_override_from_ending(
    hub: Hub, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = somebody(hub, Role.OFFICER)
    broken, sound = (_refer(hub, officer, (POLICE,), **DOUBTED) for _ in range(2))
    for referral in (broken, sound):
        declare(hub.house, officer, referral, Danger.ADULT_AT_RISK, WHY)
    deliver_due(hub.house, "test", 10)
    decide = judge_again

    def fails_for_one(
        house: House, tx: Writing, row: DisclosureRow, accepted: AcceptedReferral, decision_id: str, now: datetime
    ) -> Judged:
        if row.referral_id == broken:
            raise OverflowError("a defect of ours")
        return decide(house, tx, row, accepted, decision_id, now)

    monkeypatch.setattr(reconsidering, "judge_again", fails_for_one)
    clock.move(minutes=60)
    assert raise_overdue(hub.house) == 2
    assert _rows(hub, sound)["agy_police"].state is State.HELD
    assert list((hub.settings.data_dir.parent / "out").iterdir()) == []


@pytest.mark.parametrize("purpose", ["publicity", "research", "tenancy_reference", "subject_access", "statistics"])
def test_an_override_counts_for_no_purpose_that_protects_nobody(purpose: str) -> None:
    for protects, counts in (("emergency", True), (purpose, False)):
        facts = parse_facts({"subject_role": "victim", "purpose": protects})
        assert reaches(AgencyKind.LOCAL_AUTHORITY, facts) is counts


def test_an_authorisation_does_not_count_for_what_came_to_hold_it_since_it_was_read(hub: Hub) -> None:
    lead = somebody(hub, Role.AUTHORISER)
    referral = _refer(hub, somebody(hub, Role.OFFICER), (JAG,), adult_at_risk=False, objection_received=True)
    row = _rows(hub, referral)["agy_jag"]
    assert (row.state, row.cause) == (State.HELD, "OBJECTION_RECEIVED")
    _withdraw(hub, Kind.DATA_PROTECTION_IMPACT_ASSESSMENT)
    assert review(hub.house, lead, row.id, authorise=True) is State.HELD
    deliver_due(hub.house, "test", 10)
    assert _logged(hub, EntryKind.RELEASE_INTENDED) == []
    assert review(hub.house, lead, row.id, authorise=True) is State.QUEUED  # what there is to read now tells of both


@pytest.mark.parametrize("voice", list(Voice))
def test_a_decision_under_an_override_can_be_explained(hub: Hub, voice: Voice) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = _refer(hub, officer, (POLICE,), **DOUBTED)
    declare(hub.house, officer, referral, Danger.ADULT_AT_RISK, WHY)
    told = explain_decision(hub.house, officer, _rows(hub, referral)["agy_police"].id, voice)
    assert WHY not in told
    assert ("OVERRIDE_IN_FORCE" in told) == (voice is Voice.DPO)


def test_what_waits_is_listed_by_its_clock_and_raised_once_when_that_runs_out(hub: Hub, clock: HandClock) -> None:
    officer = somebody(hub, Role.OFFICER)
    same_day = _rows(hub, _refer(hub, officer, (POLICE,), **DOUBTED))["agy_police"]
    urgent = _rows(hub, _refer(hub, officer, (POLICE,), answer="refused", risk="high"))["agy_police"]
    assert (same_day.within, same_day.review_due_at) == ("same day", MONDAY.replace(hour=17))
    assert (urgent.within, urgent.review_due_at) == ("4 working hours", MONDAY.replace(hour=14))
    with hub.house.store.read(EVERY) as tx:
        assert [row.id for row in outbox.held(tx, "LMH")] == [urgent.id, same_day.id]
    clock.at = MONDAY.replace(hour=14, minute=1)
    assert raise_overdue(hub.house) == 1
    assert raise_overdue(hub.house) == 0
    assert [entry["disclosure"] for entry in _logged(hub, EntryKind.REVIEW_OVERDUE)] == [urgent.id]
    review(hub.house, somebody(hub, Role.AUTHORISER), same_day.id, authorise=True)
    clock.move(days=3)
    assert raise_overdue(hub.house) == 0


def test_only_the_kind_of_authoriser_that_is_asked_for_may_let_it_go_or_refuse_it(hub: Hub) -> None:
    row = _rows(hub, _refer(hub, somebody(hub, Role.OFFICER), (POLICE,), **DOUBTED))["agy_police"]
    asked = {AuthoriserKind.SERVICE_MANAGER, AuthoriserKind.SAFEGUARDING_LEAD}
    for kinds in (frozenset(AuthoriserKind) - asked, frozenset[AuthoriserKind]()):
        for authorise in (True, False):
            with pytest.raises(NotAllowed, match="service manager or safeguarding lead"):
                review(hub.house, somebody(hub, Role.AUTHORISER, kinds=kinds), row.id, authorise=authorise)
    lead = somebody(hub, Role.AUTHORISER, kinds=frozenset({AuthoriserKind.SAFEGUARDING_LEAD}))
    assert review(hub.house, lead, row.id, authorise=True) is State.QUEUED
