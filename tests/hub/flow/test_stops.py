"""A stop reaches all that it is about: packs, what was under way when somebody died, and what others cannot decide."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.access.roles import Role
from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict
from hub.flow import agree
from hub.flow.acknowledge import hand_over
from hub.flow.claim import claim
from hub.flow.collect import collect
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due, send
from hub.flow.document import set_policy_document
from hub.flow.follow import look
from hub.flow.judge import VALID_FOR
from hub.flow.lapse import lapse
from hub.flow.mark import mark_unsafe
from hub.flow.recall import recall
from hub.flow.record_consent import Recorded, record_consent
from hub.flow.refer import refer
from hub.flow.review import review
from hub.flow.withdraw import withdraw
from hub.ids import Prefix, new_id
from hub.store.tables import sealed
from protocols.parse import write_agreement
from tests.cases import FIRE, HELPLINE, JAG, SOCIAL, Case, agreement
from tests.delivering import Line, by_lines, claim_one, settle_one
from tests.hub.flow.correcting import Change, Desk, conditional
from tests.hubs import LMH, somebody

PHONE = "07700 900123"


def _answer(here: Desk, case: Case, row: DisclosureRow, **says: object) -> Recorded:
    """The person answers once more, five minutes later."""
    here.clock.move(minutes=5)
    fact = case.referral()["consents"][0] | {"claimed_at": here.clock.now().isoformat()} | says
    return record_consent(here.hub.house, here.officer, row.referral_id, json.dumps(fact).encode())


def _refer_again(here: Desk, case: Case, *changes: Change) -> DisclosureRow:
    """Another referral of the same case, with the same ask."""
    here.clock.move(minutes=5)
    document = case.referral()
    document["consents"][0]["claimed_at"] = here.clock.now().isoformat()
    for change in changes:
        change(document)
    key = f"again-{here.clock.now().timestamp()}"
    made = refer(here.hub.house, here.officer, json.dumps(document).encode(), key)
    return here.rows(made.referral_id)[0]


def _spoil(owner: str) -> Callable[[Desk], None]:
    """Turn one bit of each piece that is sealed under this owner, as a bad disk does."""

    def spoil(here: Desk) -> None:
        with here.hub.house.store.write(LMH) as tx:
            for row in tx.connection.execute(select(sealed).where(sealed.c.owner == owner)).all():
                turned = bytearray(row.content)
                turned[-1] ^= 1
                its = (sealed.c.owner == owner, sealed.c.part == row.part, sealed.c.content == row.content)
                tx.connection.execute(update(sealed).where(*its).values(content=bytes(turned)))

    return spoil


def _notices(here: Desk, row: DisclosureRow) -> list[State]:
    return sorted(here.row(one.disclosure_id).state for one in here.follow_ups(row))


class TestAWithdrawal:
    def test_is_told_to_whoever_was_told_from_a_pack_that_was_taken_back(self, on_each: Desk) -> None:
        _, row = on_each.send(HELPLINE)
        on_each.deliver()
        on_each.withdraw(row)
        assert _notices(on_each, row) == [State.CANCELLED], "nobody had it, as far as the hub knew"
        hand_over(on_each.hub.house, on_each.officer, row.id, None)
        assert _notices(on_each, row) == [State.CANCELLED, State.QUEUED]

    def test_is_told_anew_to_whoever_got_it_after_an_earlier_one_had_nobody_to_tell(self, on_each: Desk) -> None:
        line = Line()
        house = by_lines(on_each.hub.house, agy_helpline=line)
        case, row = on_each.send(HELPLINE)
        intent = claim_one(house, "w", row.id)
        assert intent is not None
        withdraw(house, on_each.officer, read_referral(house, on_each.officer, row.referral_id).consents[0].id)
        settle_one(house, intent, Attempted(AttemptOutcome.TRY_LATER, code="no_connection", after_seconds=3600))
        on_each.clock.move(seconds=6)
        look(house)
        given = _answer(on_each, case, row)
        on_each.clock.move(hours=1)
        deliver_due(house, "w", 50)
        assert on_each.row(row.id).state is State.SENT
        (notice,) = withdraw(house, on_each.officer, given.consent_id).notices
        deliver_due(house, "w", 50)
        assert [one for one in line.came if one in (row.id, notice)] == [row.id, notice]

    def test_cancels_what_somebody_died_fetching_and_names_it_as_told(self, on_each: Desk) -> None:
        _, row = on_each.send(FIRE)
        house = on_each.hub.house
        assert row.consent_id is not None
        fire = somebody(on_each.hub, Role.PARTNER, "agy_fire")
        with pytest.MonkeyPatch.context() as dying:
            dying.setattr("hub.flow.collect.settle", _die)
            with pytest.raises(SystemExit):
                collect(house, fire, row.id)
        assert on_each.row(row.id).state is State.LEAVING
        on_each.clock.move(seconds=house.lease.total_seconds() + 1)
        done = on_each.withdraw(row)
        assert (done.cancelled, done.leaving, done.told_before) == ((row.id,), (), (row.id,))
        assert on_each.row(row.id).state is State.CANCELLED

    def test_is_recorded_and_stops_the_rest_where_what_somebody_has_does_not_open(self, on_each: Desk) -> None:
        case, gone = on_each.send(HELPLINE)
        on_each.deliver()
        hand_over(on_each.hub.house, on_each.officer, gone.id, None)
        other = _refer_again(on_each, case)
        on_each.deliver()
        _spoil(gone.referral_id)(on_each)
        done = on_each.withdraw(other)
        assert (done.cancelled, done.told_before) == ((other.id,), (gone.id,))
        assert on_each.follow_ups(gone) == (), "a person tells them: nothing can be written about it"
        assert on_each.packs(other.id) == []


def _die(*_anything: object) -> None:
    raise SystemExit


class TestANarrowerAnswer:
    @pytest.mark.parametrize("how", ["by itself", "with a referral"])
    def test_with_conditions_takes_the_pack_back(self, on_each: Desk, how: str) -> None:
        case, row = on_each.send(HELPLINE)
        on_each.deliver()
        says = {"answer": "given_with_conditions", "conditions": "Not to a man."}
        if how == "by itself":
            assert _answer(on_each, case, row, **says).decided_again == ((row.id, State.HELD),)
        else:
            _refer_again(on_each, case, lambda document: document["consents"][0].update(says))
        assert (on_each.row(row.id).state, on_each.packs(row.id)) == (State.HELD, [])
        with pytest.raises(Conflict, match="no pack"):
            hand_over(on_each.hub.house, on_each.officer, row.id, None)

    def test_that_ends_sooner_ends_the_pack_sooner(self, on_each: Desk) -> None:
        case, row = on_each.send(HELPLINE)
        on_each.deliver()
        _answer(on_each, case, row, expires_at=(on_each.clock.now() + timedelta(days=1)).isoformat())
        on_each.deliver()
        assert on_each.row(row.id).state is State.PREPARED
        on_each.clock.move(days=3)
        lapse(on_each.hub.house)
        assert (on_each.row(row.id).state, on_each.packs(row.id)) == (State.CANCELLED, [])

    def test_that_is_the_same_or_wider_leaves_the_pack_where_it_is(self, on_each: Desk) -> None:
        case, row = on_each.send(HELPLINE)
        on_each.deliver()
        before = on_each.packs(row.id)
        assert _answer(on_each, case, row).decided_again == ()
        assert on_each.packs(row.id) == before


class TestWhatCannotBeDecided:
    """Of two that a stop is about, one does not open."""

    def _stopped(self, here: Desk, spoilt: DisclosureRow, other: DisclosureRow) -> None:
        assert here.row(spoilt.id).state is State.PARKED
        assert here.row(other.id).state in (State.CANCELLED, State.HELD)
        recall(here.hub.house)
        assert here.packs(spoilt.id) == here.packs(other.id) == []

    def _two(self, here: Desk) -> tuple[DisclosureRow, DisclosureRow, Case]:
        case, spoilt = here.send(HELPLINE)
        other = _refer_again(here, case)
        here.deliver()
        _spoil(spoilt.decision_id)(here)
        _spoil(here.row(spoilt.id).decision_id)(here)
        return spoilt, other, case

    def test_keeps_no_consent_from_being_withdrawn(self, on_each: Desk) -> None:
        spoilt, other, _ = self._two(on_each)
        on_each.withdraw(other)
        self._stopped(on_each, spoilt, other)

    def test_keeps_no_refusal_from_being_recorded(self, on_each: Desk) -> None:
        spoilt, other, case = self._two(on_each)
        _answer(on_each, case, other, answer="refused", covers=[])
        self._stopped(on_each, spoilt, other)

    def test_keeps_no_refusal_in_a_referral_from_being_heeded(self, on_each: Desk) -> None:
        spoilt, other, case = self._two(on_each)
        _refer_again(on_each, case, lambda document: document["consents"][0].update(answer="refused", covers=[]))
        self._stopped(on_each, spoilt, other)

    def test_keeps_no_agreement_from_being_suspended(self, on_each: Desk) -> None:
        spoilt, other, _ = self._two(on_each)
        house, people = on_each.hub.house, [new_id(Prefix.PERSON), new_id(Prefix.PERSON)]
        reference = agreement("agy_helpline").reference
        agree.take_here(house, "LMH", [reference], agree.Step.SUSPENDED, people[:1])
        assert on_each.row(spoilt.id).state is State.PARKED
        assert on_each.row(other.id).state is not State.PREPARED
        agree.take_here(house, "LMH", [reference], agree.Step.RESUMED, people)

    def test_keeps_no_document_from_being_withdrawn(self, on_each: Desk) -> None:
        spoilt, other, _ = self._two(on_each)
        set_policy_document(on_each.hub.house, None, "LMH", None)
        assert on_each.row(spoilt.id).state is State.PARKED
        assert on_each.row(other.id).state is not State.PREPARED
        set_policy_document(on_each.hub.house, None, "LMH", on_each.clock.now() + timedelta(days=300))

    def test_keeps_no_contact_from_being_marked(self, on_each: Desk) -> None:
        case, spoilt = on_each.send(SOCIAL, _hers)
        other = _refer_again(on_each, case, _hers)
        on_each.deliver()
        _spoil(spoilt.decision_id)(on_each)
        mark_unsafe(on_each.hub.house, on_each.officer, other.referral_id, "p2", contact=PHONE, address=None)
        assert on_each.row(spoilt.id).state is State.PARKED
        on_each.deliver()
        assert PHONE[-6:] not in (on_each.pack(other.id) or "")


def _hers(document: dict[str, Any], number: str = PHONE) -> None:
    document["record"]["people"][0]["contacts"] = [{"channel": "mobile", "value": number}]


def test_a_contact_that_a_referral_tells_to_be_the_accuseds_leaves_every_pack_that_told_it_as_hers(
    on_each: Desk,
) -> None:
    number = "07700 900456"

    def hers(document: dict[str, Any]) -> None:
        _hers(document, number)

    def also_his(document: dict[str, Any]) -> None:
        hers(document)
        document["record"]["people"][1]["contacts"] = [{"channel": "mobile", "value": number}]

    case, row = on_each.send(SOCIAL, hers)
    _, elsewhere = on_each.send(SOCIAL, hers)
    on_each.deliver()
    assert all(number[-6:] in (on_each.pack(one.id) or "") for one in (row, elsewhere))
    _refer_again(on_each, case, also_his)
    assert on_each.packs(row.id) == [], "of the case itself at once"
    on_each.clock.move(seconds=1)
    lapse(on_each.hub.house)
    on_each.deliver()
    for one in (row, elsewhere):
        assert on_each.row(one.id).state is State.PREPARED
        assert number[-6:] not in (on_each.pack(one.id) or number)


@pytest.mark.parametrize("authorised", [True, False])
def test_a_mark_leaves_a_pack_where_it_is_that_does_not_tell_what_was_marked(on_each: Desk, authorised: bool) -> None:
    case, row = on_each.send(HELPLINE, *([conditional] if authorised else []))
    if authorised:
        review(on_each.hub.house, somebody(on_each.hub, Role.AUTHORISER), row.id, authorise=True)
    on_each.deliver()
    (pack,) = on_each.packs(row.id)
    pack.unlink()  # somebody is on the way with it
    document = case.referral() | {"asks": [{"agency": "agy_fire", "purpose": "target_hardening"}], "consents": []}
    document["record"]["people"].append({
        "id": "p9", "role": "alleged_perpetrator", "name": case.token("other"),
        "contacts": [{"channel": "mobile", "value": "07700 900987"}],
    })  # fmt: skip
    refer(on_each.hub.house, on_each.officer, json.dumps(document).encode(), f"other-{case.tag}")
    on_each.clock.move(seconds=1)
    lapse(on_each.hub.house)
    on_each.deliver()
    assert (on_each.row(row.id).state, on_each.packs(row.id)) == (State.PREPARED, [])


def test_a_pack_that_a_later_attempt_wrote_tells_the_days_of_the_first_and_goes_with_them(on_each: Desk) -> None:
    _, row = on_each.send(HELPLINE)
    began = on_each.clock.now()
    assert claim_one(on_each.hub.house, "dies", row.id) is not None
    on_each.clock.move(days=2)
    on_each.deliver()
    before = on_each.pack(row.id)
    on_each.clock.at = began + VALID_FOR + timedelta(hours=1)
    lapse(on_each.hub.house)
    on_each.deliver()
    assert on_each.row(row.id).state is State.PREPARED
    assert on_each.pack(row.id) not in (None, before)


def test_a_newer_agreement_that_lets_less_go_takes_back_the_packs_of_the_older_one(on_each: Desk) -> None:
    case, row = on_each.send(JAG)
    on_each.deliver()
    assert case.token("slur") in (on_each.pack(row.id) or "")
    kept = {"identity", "contact", "incident_narrative"}
    first = agreement("agy_jag")
    narrower = first.model_copy(update={
        "version": 2, "categories": tuple(one for one in first.categories if one.value in kept),
        "clauses": tuple(clause.model_copy(update={
            "categories": tuple(one for one in clause.categories if one.value in kept)
        }) for clause in first.clauses),
    })  # fmt: skip
    house = on_each.hub.house
    reference = agree.add_here(house, write_agreement(narrower), "second")
    people = [new_id(Prefix.PERSON), new_id(Prefix.PERSON)]
    agree.take_here(house, "LMH", [reference], agree.Step.APPROVED, people)
    on_each.clock.move(seconds=1)
    lapse(house)
    recall(house)
    on_each.deliver()
    assert on_each.row(row.id).state is State.PREPARED
    assert case.token("slur") not in (on_each.pack(row.id) or case.token("slur"))


def test_what_ran_out_while_its_pack_was_written_takes_it_back_on_its_day(on_each: Desk) -> None:
    def until(document: dict[str, Any]) -> None:
        document["consents"][0]["expires_at"] = (on_each.clock.now() + timedelta(days=3)).isoformat()

    _, row = on_each.send(HELPLINE, until)
    house = on_each.hub.house
    set_policy_document(house, None, "LMH", on_each.clock.now() + timedelta(seconds=30))
    (intent,) = claim(house, "w", 1, only=[row.id]).intents
    set_policy_document(house, None, "LMH", on_each.clock.now() + timedelta(days=300))
    on_each.clock.move(minutes=1)
    lapse(house)
    settle_one(house, intent, send(house, intent))
    assert on_each.row(row.id).state is State.PREPARED
    on_each.clock.move(days=4)
    lapse(house)
    assert (on_each.row(row.id).state, on_each.packs(row.id)) == (State.CANCELLED, [])
