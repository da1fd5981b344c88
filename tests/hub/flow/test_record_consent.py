"""An answer recorded between referrals counts from its place in the log on, and what waits on it is decided again."""

import json
from datetime import timedelta

import pytest
from pydantic import ValidationError

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import BadInput, NotAllowed, NotFound
from hub.flow.deliver import deliver_due
from hub.flow.record_consent import Recorded, list_consents, record_consent
from hub.flow.refer import refer
from hub.flow.withdraw import withdraw
from hub.store.scope import EVERY
from protocols.record import ConsentFact
from tests import logs
from tests.cases import HELPLINE, POLICE, Case
from tests.hubs import HandClock, somebody

FULL = {
    "asked_by": "Jo Invented, housing officer", "words": "Yes, tell them, but ring first.", "how": "in_person",
    "capacity": "presumed", "competence": "n_a", "safe_to_ask": True, "evidence_sha256": "ab" * 32,
    "freely_given": True, "covers": ["identity", "contact", "incident_narrative"],
}  # fmt: skip


def _answer(hub: Hub, answer: str, about: tuple[str, str] = HELPLINE, **more: object) -> bytes:
    kind = "stop_hate_uk" if about == HELPLINE else "police"
    fact = {"subject": "p1", "recipient": kind, "purpose": about[1], "answer": answer,
            "claimed_at": hub.house.clock.now().isoformat()}  # fmt: skip
    return json.dumps(fact | FULL | more).encode()


def _send(hub: Hub, officer: Actor, ask: tuple[str, str], consents: bool) -> str:
    case = Case(asks=[ask])
    document = case.referral()
    if not consents:
        document["consents"] = []
    return refer(hub.house, officer, json.dumps(document).encode(), f"key-{case.tag}").referral_id


def _row(hub: Hub, referral: str) -> DisclosureRow:
    with hub.house.store.read(EVERY) as tx:
        return outbox.of_referral(tx, referral)[0]


def _record(hub: Hub, officer: Actor, referral: str, answer: str, **more: object) -> Recorded:
    return record_consent(hub.house, officer, referral, _answer(hub, answer, **more))


def test_an_answer_is_kept_whole_with_the_hubs_own_time_beside_the_claimed_one(hub: Hub, officer: Actor) -> None:
    referral = _send(hub, officer, HELPLINE, consents=False)
    claimed = hub.house.clock.now() - timedelta(days=30)
    made = _record(hub, officer, referral, "given_explicit", claimed_at=claimed.isoformat())
    (kept,) = list_consents(hub.house, officer, referral)
    assert kept.id == made.consent_id
    assert (kept.fact.claimed_at, kept.recorded_at, kept.recorded_by) == (
        claimed,
        hub.house.clock.now(),
        officer.person,
    )
    assert kept.fact.model_dump(mode="json").items() >= FULL.items()
    kinds = [entry.kind for entry in logs.entries(hub.house.store)]
    assert b"ring first" not in b"".join(logs.leaves(hub.house.store))
    assert kinds[-2:] == [EntryKind.CONSENT_RECORDED, EntryKind.CASE_READ]


def test_a_consent_claimed_long_ago_changes_nothing_that_was_denied_before(hub: Hub, officer: Actor) -> None:
    referral = _send(hub, officer, HELPLINE, consents=False)
    before = _row(hub, referral)
    assert before.state in (State.DENIED, State.HELD)
    long_ago = (hub.house.clock.now() - timedelta(days=300)).isoformat()
    _record(hub, officer, referral, "given_explicit", claimed_at=long_ago)
    after = _row(hub, referral)
    assert after == before if before.state is State.DENIED else after.decision_id != before.decision_id


def test_a_refusal_stops_what_waited_and_takes_back_what_was_prepared(hub: Hub, officer: Actor) -> None:
    queued, prepared = _send(hub, officer, HELPLINE, consents=True), _send(hub, officer, HELPLINE, consents=True)
    deliver_due(hub.house, "test", 10)
    assert _row(hub, prepared).state is State.PREPARED
    done = _record(hub, officer, prepared, "refused")
    assert [state for _, state in done.decided_again] == [_row(hub, prepared).state]
    assert _row(hub, prepared).state in (State.CANCELLED, State.HELD)
    assert _row(hub, queued).state is State.PREPARED, "another case's answer is another case's"
    assert len(list((hub.settings.data_dir.parent / "out").glob("[!.]*"))) == 1


def test_what_is_held_until_its_conditions_are_looked_at_goes_once_consent_is_given_without(
    hub: Hub, officer: Actor
) -> None:
    case = Case(asks=[HELPLINE])
    document = case.referral()
    document["consents"][0] |= {"answer": "given_with_conditions", "conditions": "Not to a man."}
    referral = refer(hub.house, officer, json.dumps(document).encode(), f"key-{case.tag}").referral_id
    row = _row(hub, referral)
    assert row.state is State.HELD, "whether conditions are kept, a person says"
    done = _record(hub, officer, referral, "given_explicit", covers=document["consents"][0]["covers"])
    assert (done.decided_again, done.ready) == (((row.id, State.QUEUED),), (row.id,))
    deliver_due(hub.house, "test", 10)
    assert (_row(hub, referral).state, _row(hub, referral).consent_id) == (State.PREPARED, done.consent_id)
    conditional = list_consents(hub.house, officer, referral)[0]
    withdraw(hub.house, officer, conditional.id)
    assert [kept.fact.answer for kept in list_consents(hub.house, officer, referral)][-1] == "withdrawn"


def test_nobody_records_for_a_person_who_is_not_there_or_a_case_they_do_not_see(hub: Hub, officer: Actor) -> None:
    referral = _send(hub, officer, POLICE, consents=True)
    with pytest.raises(BadInput) as refused:
        _record(hub, officer, referral, "refused", subject="p9")
    assert (refused.value.code, refused.value.field) == ("PERSON_UNKNOWN", "subject")
    with pytest.raises(NotFound):
        _record(hub, officer, f"ref_0{'0' * 25}", "refused")
    for role in (Role.DPO, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            _record(hub, somebody(hub, role), referral, "refused")


@pytest.mark.parametrize(
    "contradiction",
    [
        {"answer": "given_explicit", "capacity": "assessed_lacks"},
        {"answer": "given_explicit", "competence": "not_competent"},
        {"answer": "given_with_conditions"}, {"answer": "given_explicit", "conditions": "Not to a man."},
        {"answer": "unsafe_to_ask", "safe_to_ask": True}, {"answer": "given_explicit", "evidence_sha256": "no digest"},
    ],
)  # fmt: skip
def test_an_answer_that_contradicts_itself_is_not_taken(contradiction: dict[str, object]) -> None:
    fact = {"subject": "p1", "recipient": "police", "purpose": "crime_investigation",
            "claimed_at": "2026-11-01T12:00:00Z"}  # fmt: skip
    with pytest.raises(ValidationError):
        ConsentFact.model_validate(fact | contradiction, strict=False)


def test_one_more_answer_does_not_start_the_authorisers_clock_again(hub: Hub, officer: Actor, clock: HandClock) -> None:
    referral = _send(hub, officer, HELPLINE, consents=True)
    record_consent(hub.house, officer, referral, _answer(hub, "given_with_conditions", conditions="Ring first."))
    before = _row(hub, referral)
    assert (before.state, before.review_due_at is None) == (State.HELD, False)
    clock.move(hours=100)
    record_consent(hub.house, officer, referral, _answer(hub, "given_with_conditions", conditions="Please ring."))
    assert (_row(hub, referral).state, _row(hub, referral).review_due_at) == (State.HELD, before.review_due_at)
