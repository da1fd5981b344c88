"""A corrected record is what everything follows from its commit on: what waits, what was sent, and who has it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.contract import Receipt, Rung
from hub.access.roles import Role
from hub.audit.kinds import EntryKind
from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import State
from hub.errors import BadInput, Conflict, NotAllowed, NotFound
from hub.flow import agree
from hub.flow.acknowledge import hand_over
from hub.flow.consult import read_referral
from hub.flow.correct import correct, list_corrections
from hub.flow.follow import look
from hub.flow.review import review
from hub.intake import referrals
from hub.intake.corrections import WhyCorrected
from hub.register.standing import Step
from hub.store.scope import EVERY
from hub.store.tables import outbox as outbox_table
from tests import logs
from tests.cases import ADVICE, HELPLINE, POLICE
from tests.delivering import claim_one, settle_one
from tests.hub.flow.correcting import Desk, account, conditional
from tests.hubs import proved, somebody

ADVICE_GONE = Attempted(AttemptOutcome.TRY_LATER, code="busy")


def test_what_waits_goes_as_it_was_last_corrected(on_each: Desk) -> None:
    here = on_each
    case, row = here.send(HELPLINE)
    done = here.correct(case, row, account("a red can"))
    assert (done.decided_again, done.replaced, done.notices) == (((row.id, State.QUEUED),), (), ())
    assert here.correct(case, row, account("a red can")).is_new is False
    with pytest.raises(Conflict):
        here.correct(case, row, account("a green can"))
    here.correct(case, row, account("a blue can"), reason="incomplete", key="another key")
    here.deliver()
    pack = here.pack(row.id)
    assert pack is not None
    assert "a blue can" in pack
    assert not {case.token("account"), "a red can"} & set(pack.split(": "))
    assert "Earlier disclosure" not in pack
    kept = list_corrections(here.hub.house, here.officer, row.referral_id)
    assert [(one.number, one.reason) for one in kept] == [(1, WhyCorrected.INACCURATE), (2, WhyCorrected.INCOMPLETE)]
    assert [one["number"] for one in here.entries(EntryKind.REFERRAL_CORRECTED, row.referral_id)] == [1, 2]
    with here.hub.house.store.read(EVERY) as tx:
        assert "a blue can" in referrals.get(tx, row.referral_id).content.model_dump_json()
    assert b"blue can" not in b"".join(logs.leaves(here.hub.house.store))


def test_whoever_has_it_is_sent_another_in_its_place_and_then_one_in_place_of_that(on_each: Desk) -> None:
    here = on_each
    case, row = here.send(HELPLINE)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    ((made, about, state),) = here.correct(case, row, account("a red can")).replaced
    assert (about, state) == (row.id, State.QUEUED)
    here.deliver()
    pack = here.pack(made) or ""
    for told in (f"Earlier disclosure: {row.id}", f"under: {row.reference}", f"reference: {row.reference}/2",
                 "a red can", "Put this in its place"):  # fmt: skip
        assert told in pack
    course = read_referral(here.hub.house, here.officer, row.referral_id)
    assert [(view.row.id, view.replaces) for view in course.disclosures] == [(row.id, None), (made, row.id)]
    # The second pack was carried by nobody: it is taken back, and the third replaces what they have.
    ((newest, before, _),) = here.correct(case, row, account("a blue can"), key="another key").replaced
    assert (before, here.row(made).state, here.pack(made)) == (made, State.CANCELLED, None)
    here.deliver()
    assert "a blue can" in (here.pack(newest) or "")


def test_who_was_told_nothing_of_what_was_wrong_is_told_nothing_of_it_now(here: Desk) -> None:
    case, row = here.send(HELPLINE)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)

    def other_flat(document: dict[str, Any]) -> None:
        document["record"]["people"][1]["address"] = {"lines": ["2 Invented Close"]}

    done = here.correct(case, row, other_flat)
    assert (done.decided_again, done.replaced, done.notices) == ((), (), ())


def test_what_was_authorised_is_held_again_when_it_tells_something_else(here: Desk) -> None:
    case, row = here.send(HELPLINE, conditional)
    authoriser = proved(here.hub, somebody(here.hub, Role.AUTHORISER))
    assert review(here.hub.house, authoriser, row.id, authorise=True) is State.QUEUED

    def other_flat(document: dict[str, Any]) -> None:
        conditional(document)
        document["record"]["people"][1]["address"] = {"lines": ["2 Invented Close"]}

    assert here.correct(case, row, other_flat).decided_again == ((row.id, State.QUEUED),)
    done = here.correct(case, row, other_flat, account("a red can"), key="another key")
    assert done.decided_again == ((row.id, State.HELD),)
    here.deliver()
    assert here.pack(row.id) is None
    assert review(here.hub.house, authoriser, row.id, authorise=True) is State.QUEUED
    here.deliver()
    assert "a red can" in (here.pack(row.id) or "")


def test_where_the_corrected_one_waits_for_an_authoriser_they_are_told_meanwhile_not_to_rely_on_theirs(
    here: Desk,
) -> None:
    case, row = here.send(HELPLINE, conditional)
    authoriser = proved(here.hub, somebody(here.hub, Role.AUTHORISER))
    review(here.hub.house, authoriser, row.id, authorise=True)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    done = here.correct(case, row, conditional, account("a red can"))
    ((made, _, state),) = done.replaced
    ((notice, about),) = done.notices
    assert (state, about) == (State.HELD, row.id)
    here.deliver()
    told = here.pack(notice) or ""
    assert "Do not rely on it" in told
    assert "a red can" not in told
    assert not [secret for secret in case.secrets if secret in told]
    assert review(here.hub.house, authoriser, made, authorise=True) is State.QUEUED
    here.deliver()
    assert f"Earlier disclosure: {row.id}" in (here.pack(made) or "")


def test_whoever_waits_for_the_corrected_one_is_told_when_it_is_set_aside_at_its_door(here: Desk) -> None:
    until = (here.clock.now() + timedelta(hours=5)).isoformat()

    def for_hours(document: dict[str, Any]) -> None:
        document["consents"][0]["expires_at"] = until

    case, row = here.send(HELPLINE, for_hours)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    ((made, _, state),) = here.correct(case, row, for_hours, account("a red can")).replaced
    assert state is State.QUEUED
    here.clock.move(hours=6)
    here.deliver()
    assert here.row(made).state in (State.HELD, State.CANCELLED)
    assert look(here.hub.house) == 1
    (notice,) = [told.disclosure_id for told in here.follow_ups(row) if told.bare]
    here.deliver()
    assert "Do not rely on it" in (here.pack(notice) or "")
    assert look(here.hub.house) == 0


@pytest.mark.parametrize("arrives", [False, True])
def test_an_attempt_that_was_under_way_is_followed_up_once_it_shows_whether_it_arrived(
    here: Desk, arrives: bool
) -> None:
    case, row = here.send(ADVICE)
    intent = claim_one(here.hub.house, "test", row.id)
    assert intent is not None
    ((made, _, _),) = here.correct(case, row, account("a red can")).replaced
    assert look(here.hub.house) == 0
    assert claim_one(here.hub.house, "test", made) is None
    here.clock.move(seconds=10)
    receipt = Receipt(Rung.ACCEPTED, here.clock.now(), "250")
    settle_one(here.hub.house, intent, Attempted(AttemptOutcome.DONE, receipt) if arrives else ADVICE_GONE)
    look(here.hub.house, [row.id])
    assert here.row(row.id).state is (State.SENT if arrives else State.CANCELLED)
    goes = claim_one(here.hub.house, "test", made)
    assert goes is not None
    assert b"a red can" in goes.message.body
    assert (b"Put this in its place" in goes.message.body) is arrives
    settle_one(here.hub.house, goes, Attempted(AttemptOutcome.DONE, receipt))


@pytest.mark.parametrize("carried", [False, True])
def test_a_pack_is_taken_back_and_only_where_somebody_carried_it_the_next_one_speaks_of_it(
    here: Desk, carried: bool
) -> None:
    case, row = here.send(HELPLINE)
    here.deliver()
    for pack in here.packs(row.id) if carried else ():
        pack.unlink()
    ((made, _, _),) = here.correct(case, row, account("a red can")).replaced
    here.deliver()
    assert here.pack(row.id) is None
    assert ("Put this in its place" in (here.pack(made) or "")) is carried


def test_danger_that_has_grown_goes_ahead_and_none_is_put_back(on_each: Desk) -> None:
    here = on_each
    case, row = here.send(POLICE)

    def lane() -> int:
        with here.hub.house.store.read(EVERY) as tx:
            asked = select(outbox_table.c.lane).where(outbox_table.c.disclosure_id == row.id)
            return int(tx.connection.execute(asked).scalar_one())

    def risk(level: str) -> Any:  # noqa: ANN401
        def change(document: dict[str, Any]) -> None:
            document["record"]["risk"]["level"] = level

        return change

    assert lane() == 2
    here.correct(case, row, risk("immediate_danger"), reason="risk_changed")
    assert lane() == 0
    here.correct(case, row, risk("low"), reason="risk_changed", key="another key")
    assert lane() == 0
    here.deliver()


def test_who_was_taken_for_somebody_else_is_told_of_no_more(here: Desk) -> None:
    case, row = here.send(POLICE)

    def is_another(number: str) -> Any:  # noqa: ANN401
        def change(document: dict[str, Any]) -> None:
            document["record"]["people"][1] |= {"id": number, "name": "Rowan Invented"}

        return change

    with pytest.raises(BadInput) as refused:
        here.correct(case, row, is_another("p2"), reason="misidentified")
    assert refused.value.code == "PERSON_NUMBER_MOVED"
    here.correct(case, row, is_another("p4"), reason="misidentified")
    here.deliver()
    pack = here.pack(row.id) or ""
    assert "Rowan Invented" in pack
    assert case.token("neighbour") not in pack


def test_something_else_than_the_same_referral_put_right_is_not_taken(here: Desk) -> None:
    case, row = here.send(HELPLINE)

    def refused(change: Any) -> str:  # noqa: ANN401
        with pytest.raises(BadInput) as problem:
            here.correct(case, row, change)
        return f"{problem.value.code} {problem.value.field}"

    def asks(document: dict[str, Any]) -> None:
        document["asks"].append({"agency": "agy_police", "purpose": "crime_investigation", "routine": True})

    def subject(document: dict[str, Any]) -> None:
        document["subject"] = "p3"

    def number(document: dict[str, Any]) -> None:
        document["record"]["case"]["reference"] = "LMH/another"

    def consent(document: dict[str, Any]) -> None:
        document["consents"][0]["covers"] = ["identity", "health"]

    assert refused(asks) == "NOT_A_CORRECTION referral.asks"
    assert refused(subject) == "NOT_A_CORRECTION referral.subject"
    assert refused(number) == "NOT_A_CORRECTION referral.record.case.reference"
    assert refused(consent) == "CONSENT_NOT_TAKEN_HERE referral.consents"
    body = json.dumps({"reason": "inaccurate", "referral": case.referral()}).encode()
    for role in (Role.SUPERVISOR, Role.DPO, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            correct(here.hub.house, somebody(here.hub, role), row.referral_id, body, "a key of theirs")
    with pytest.raises(NotFound):
        correct(here.hub.house, here.officer, f"ref_0{'0' * 25}", body, "a key of theirs")
    assert list_corrections(here.hub.house, here.officer, row.referral_id) == ()


def test_who_may_have_it_is_told_of_the_withdrawal_also_where_a_later_decision_rested_on_no_consent(
    on_each: Desk,
) -> None:
    """It left on a consent, its agreement was suspended, it was corrected; then the consent was withdrawn."""

    def other_flat(document: dict[str, Any]) -> None:  # of which the advice line is told nothing
        document["record"]["people"][1]["address"] = {"lines": ["2 Invented Close"]}

    here = on_each
    house = here.hub.house
    case, row = here.send(ADVICE)
    intent = claim_one(house, "test", row.id)
    assert intent is not None
    settle_one(house, intent, Attempted(AttemptOutcome.UNSURE, code="no_answer"))
    dpo = proved(here.hub, somebody(here.hub, Role.DPO))
    agree.take(house, dpo, "agr_advice_example@1", Step.SUSPENDED)
    try:
        here.correct(case, row, other_flat)
        assert here.row(row.id).cause == "PROTOCOL_SUSPENDED"
        assert row.id in here.withdraw(row).told_before
        assert here.entries(EntryKind.DISCLOSURE_FOLLOWED_UP, row.id)[-1]["notice"] == "withdrawn"
    finally:
        agree.take(house, proved(here.hub, somebody(here.hub, Role.DPO)), "agr_advice_example@1", Step.RESUMED)
        agree.take(house, proved(here.hub, somebody(here.hub, Role.AUTHORISER)), "agr_advice_example@1", Step.RESUMED)
