"""Who is in force: the latest answer counts by the hub's own order, and nothing old comes back to life."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.errors import BadInput, Conflict, NotFound
from hub.flow.consult import read_referral
from hub.flow.refer import refer
from hub.flow.withdraw import withdraw
from hub.intake import referrals
from hub.register import agencies, agreements, consents
from hub.register.consents import RecordedConsent, in_force
from hub.store import content
from hub.store.scope import EVERY
from protocols.record import ConsentFact
from protocols.vocabulary import AgencyKind, Purpose
from tests.cases import JAG, Case, agreement
from tests.hubs import LMH, HandClock, open_test_hub, somebody

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ABOUT = ("p1", AgencyKind.POLICE, Purpose.CRIME_INVESTIGATION)
AGAINST = ("refused", "withdrawn")
GIVEN = ("given_explicit", "given_by_parent")
NO_ANSWER = ("unsafe_to_ask", "not_sought_delay", "not_sought_prejudice", "not_known")
DAY = timedelta(days=1)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A started hub."""
    clock = HandClock()
    found = open_test_hub(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'concordat.sqlite3'}", clock)
    yield found
    found.house.store.close()


def _heard(seq: int, answer: str, claimed_at: datetime = NOW, expires_at: datetime | None = None,
           about: tuple[str, AgencyKind, Purpose] = ABOUT) -> RecordedConsent:  # fmt: skip
    subject, recipient, purpose = about
    fact = ConsentFact.model_validate({
        "subject": subject, "recipient": recipient, "purpose": purpose, "answer": answer, "claimed_at": claimed_at,
        "expires_at": expires_at,
    })  # fmt: skip
    return RecordedConsent(f"con_{seq}", seq, "cas_1", fact, None, NOW)


answers = st.sampled_from([*GIVEN, *AGAINST, *NO_ANSWER, "cannot_give"])
claims = st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours))
histories = st.lists(st.tuples(answers, claims), max_size=6).map(
    lambda heard: tuple(_heard(seq, answer, claimed) for seq, (answer, claimed) in enumerate(heard))
)


@given(histories)
def test_a_consent_counts_only_if_it_was_given_after_every_refusal_and_withdrawal(
    history: tuple[RecordedConsent, ...],
) -> None:
    found = in_force(history, *ABOUT, NOW)
    if found is None:
        assert not history
    elif found.fact.answer in GIVEN:
        assert found == history[-1]
        assert all(entry.fact.claimed_at < found.fact.claimed_at
                   for entry in history if entry.fact.answer in AGAINST)  # fmt: skip
    elif history[-1].fact.answer in (*AGAINST, "cannot_give"):
        assert found == history[-1]
    else:
        assert found == history[-1] or found.fact.answer in AGAINST


@given(histories, st.sampled_from(AGAINST), st.lists(st.sampled_from(NO_ANSWER), min_size=1, max_size=3))
def test_a_note_that_nobody_could_ask_again_undoes_no_refusal(
    history: tuple[RecordedConsent, ...], against: str, notes: list[str]
) -> None:
    said = _heard(90, against)
    later = tuple(_heard(91 + number, note, NOW + timedelta(days=1)) for number, note in enumerate(notes))
    assert in_force((*history, said, *later), *ABOUT, NOW) == said


@given(histories, st.sampled_from(AGAINST))
def test_whatever_was_said_before_a_refusal_or_withdrawal_it_counts(
    history: tuple[RecordedConsent, ...], against: str
) -> None:
    last = _heard(99, against)
    assert in_force((*history, last), *ABOUT, NOW) == last


@pytest.mark.parametrize("against", AGAINST)
def test_an_old_consent_sent_again_revives_nothing_and_a_new_one_does(against: str) -> None:
    first, no = _heard(1, "given_explicit", NOW - timedelta(days=2)), _heard(2, against, NOW - timedelta(days=1))
    again = replace(first, id="con_3", seq=3)
    asked_again = _heard(4, "given_explicit", NOW)
    assert in_force((first,), *ABOUT, NOW) == first
    assert in_force((first, no, again), *ABOUT, NOW) == no
    assert in_force((first, no, again, asked_again), *ABOUT, NOW) == asked_again


@pytest.mark.parametrize("against", AGAINST)
def test_a_word_against_that_is_dated_before_what_it_takes_back_still_takes_it_back(against: str) -> None:
    given_, no = _heard(1, "given_explicit"), _heard(2, against, NOW - DAY)
    assert in_force((given_, no, _heard(3, "given_explicit")), *ABOUT, NOW) == no
    later = _heard(3, "given_explicit", NOW + DAY)
    assert in_force((given_, no, later), *ABOUT, NOW) == later


def test_a_case_of_thousands_of_answers_is_read_like_any_other() -> None:
    unasked = tuple(_heard(seq, "not_known") for seq in range(2, 3000))
    assert in_force((_heard(1, "refused"), *unasked), *ABOUT, NOW) == _heard(1, "refused")


@pytest.mark.parametrize(
    "other",
    [("p2", *ABOUT[1:]), ("p1", AgencyKind.FIRE, ABOUT[2]), ("p1", AgencyKind.POLICE, Purpose.CRIME_PREVENTION)],
)
def test_an_answer_about_another_person_recipient_or_purpose_is_no_answer_here(
    other: tuple[str, AgencyKind, Purpose],
) -> None:
    assert in_force((_heard(1, "given_explicit", about=other),), *ABOUT, NOW) is None


def test_a_consent_ends_at_its_end_and_a_refusal_never() -> None:
    given_, refused = (_heard(1, answer, expires_at=NOW) for answer in ("given_explicit", "refused"))
    assert in_force((given_,), *ABOUT, NOW - timedelta(microseconds=1)) == given_
    assert in_force((given_,), *ABOUT, NOW) is None
    assert in_force((refused,), *ABOUT, NOW + timedelta(days=4_000)) == refused


def test_an_erased_persons_answers_are_gone_and_the_case_goes_on(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    referral = Case(asks=[JAG])
    accepted = refer(hub.house, officer, referral.raw(), f"key-{referral.tag}")
    with hub.house.store.write(LMH) as tx:
        case_id = referrals.landlord_and_case(tx, accepted.referral_id)[1]
        fact = _heard(1, "given_explicit", about=("p3", *ABOUT[1:])).fact
        recorded = consents.record(tx, case_id, fact, officer.person, NOW)
        before = consents.of_case(tx, case_id)
        content.erase(tx, case_id, "p3")
        assert consents.of_case(tx, case_id) == before[:-1]
        with pytest.raises(NotFound):
            consents.get(tx, recorded.id)
    assert read_referral(hub.house, officer, accepted.referral_id).disclosures


def test_a_consent_is_withdrawn_once(hub: Hub) -> None:
    officer = somebody(hub, Role.OFFICER)
    case = Case(asks=[JAG])
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    (consent,) = read_referral(hub.house, officer, accepted.referral_id).consents
    withdraw(hub.house, officer, consent.id)
    with pytest.raises(Conflict) as refused:
        withdraw(hub.house, officer, consent.id)
    assert refused.value.code == "CONSENT_ALREADY_WITHDRAWN"


def test_an_agency_is_renamed_but_never_changes_its_kind(hub: Hub) -> None:
    with hub.house.store.write(EVERY) as tx:
        known = agencies.get(tx, "agy_fire")
        assert agencies.put(tx, [known], NOW, DAY) == ()
        renamed = replace(known, name="Renamed Example")
        assert agencies.put(tx, [renamed], NOW, DAY) == ((renamed, None),)
        with pytest.raises(BadInput) as refused:
            agencies.put(tx, [replace(known, kind=AgencyKind.PRESS)], NOW, DAY)
    assert refused.value.code == "AGENCY_KIND_CHANGED"


def test_an_unknown_agency_is_named_by_its_field_and_not_by_itself(hub: Hub) -> None:
    with hub.house.store.read(EVERY) as tx, pytest.raises(BadInput) as refused:
        agencies.get(tx, "agy_qanaryzq", "asks.3.agency")
    assert (refused.value.code, refused.value.field) == ("AGENCY_UNKNOWN", "asks.3.agency")
    assert "qanaryzq" not in refused.value.says


def test_an_agreement_that_counts_cannot_be_changed_without_a_new_version(hub: Hub) -> None:
    on_file = agreement("agy_jag")
    changed = on_file.model_copy(update={"title": "Says something else"})
    with hub.house.store.write(EVERY) as tx:
        assert agreements.put(tx, (on_file,), "hub", NOW) == ()
        with pytest.raises(BadInput) as refused:
            agreements.put(tx, (changed,), "hub", NOW)
        assert refused.value.code == "AGREEMENT_CHANGED"
        second = changed.model_copy(update={"version": 2})
        superseded = on_file.model_copy(update={"title": "Old"})
        assert agreements.put(tx, (superseded, second), "hub", NOW) == (second,)


def test_a_hub_that_starts_again_enters_nothing_twice(hub: Hub) -> None:
    with hub.house.store.read(EVERY) as tx:
        before = (agencies.listed(tx), agreements.filed(tx, "LMH"))
    hub.start()
    with hub.house.store.read(EVERY) as tx:
        assert (agencies.listed(tx), agreements.filed(tx, "LMH")) == before
