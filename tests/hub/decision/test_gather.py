"""From what is on file to facts: total, pure, and never filling in what nobody said."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.assurance import COMPLETE
from consent.facts import FACTS, parse_facts
from hub.decision.gather import Standing, facts_of
from protocols.agreement import ProtocolFact
from protocols.coverage import Coverage
from protocols.record import Ask, ConsentFact, Referral
from protocols.record.case import StrandCode
from protocols.record.referral import Circumstances
from protocols.vocabulary import AgencyKind, DataCategory, Purpose
from tests.cases import Case
from tests.protocols.referrals import referrals

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANSWERS = get_args(ConsentFact.model_fields["answer"].annotation)
SAME_IN_LAW = {
    "given_with_conditions": "given_explicit", "not_sought_delay": "not_asked", "not_sought_prejudice": "not_asked",
    "not_known": "not_asked",
}  # fmt: skip

consents = st.sampled_from(ANSWERS).flatmap(lambda answer: st.builds(
    ConsentFact, subject=st.just("p0"), recipient=st.sampled_from(AgencyKind), purpose=st.sampled_from(Purpose),
    answer=st.just(answer), covers=st.lists(st.sampled_from(DataCategory), max_size=4).map(tuple),
    conditions=st.just("Not to a man." if answer == "given_with_conditions" else None),
    freely_given=st.none() | st.booleans(), gender_history_agreed=st.booleans(), claimed_at=st.just(NOW),
))  # fmt: skip
coverages = st.builds(
    Coverage, status=st.sampled_from(ProtocolFact), agreement=st.none(), clauses=st.just(()), reasons=st.just(()),
    uncovered=st.frozensets(st.sampled_from(DataCategory), max_size=4),
)  # fmt: skip
standings = st.builds(
    Standing, landlord=st.sampled_from(["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"]),
    jurisdiction=st.sampled_from(["england", "wales"]), public_authority=st.booleans(),
    has_policy_document=st.booleans(), recipient=st.sampled_from(AgencyKind), coverage=coverages,
    consent=st.none() | consents, contractor_agreement=st.sampled_from(["n_a", "signed", "missing"]),
    stage=st.sampled_from(["decision", "queued"]), now=st.just(NOW), assurances=st.just(COMPLETE),
)  # fmt: skip
circumstances = st.builds(
    Circumstances,
    **{
        name: st.none() | st.sampled_from(_allowed)
        for name, _allowed in {
            name: (True, False) if FACTS[name].kind == "yes_no"
            else tuple(range(0, 121, 9)) if FACTS[name].kind == "whole_number"
            else tuple(choice for part in get_args(field.annotation) for choice in get_args(part))
            for name, field in Circumstances.model_fields.items()
        }.items()
    },
)  # fmt: skip
asks = st.builds(Ask, agency=st.just("agy_xy"), purpose=st.sampled_from(Purpose), routine=st.booleans())
held = st.frozensets(st.sampled_from(DataCategory), min_size=1, max_size=5).map(lambda found: tuple(sorted(found)))


@given(referrals(), circumstances, asks, standings, held)
def test_every_case_gives_facts_that_the_engine_knows_and_takes(
    referral: Referral, given_: Circumstances, ask: Ask, standing: Standing, categories: tuple[DataCategory, ...]
) -> None:
    referral = referral.model_copy(update={"circumstances": given_})
    facts = facts_of(referral, ask, standing, categories)
    assert facts.keys() <= FACTS.keys()
    parse_facts(facts)
    assert facts == facts_of(referral, ask, standing, categories)


@given(referrals(), asks, standings, held)
def test_what_nobody_recorded_stays_unknown(
    referral: Referral, ask: Ask, standing: Standing, categories: tuple[DataCategory, ...]
) -> None:
    referral = referral.model_copy(update={"circumstances": Circumstances()})
    facts = facts_of(referral, ask, standing, categories)
    noted = {"subject_age"}
    if standing.consent is not None and standing.consent.answer == "not_sought_prejudice":
        noted.add("asking_would_prejudice")
        assert facts["asking_would_prejudice"] is True
    for name in Circumstances.model_fields.keys() - noted:
        assert facts[name] is None, name
    known = parse_facts(facts).as_dict()
    assert not known.keys() & (Circumstances.model_fields.keys() - noted)


@pytest.mark.parametrize("name", [name for name in Circumstances.model_fields if name != "subject_age"])
def test_every_circumstance_reaches_the_engine_under_its_own_name(name: str) -> None:
    spec = FACTS[name]
    value: object = (
        True if spec.kind == "yes_no" else get_args(get_args(Circumstances.model_fields[name].annotation)[0])[0]
    )
    referral = _referral(circumstances={name: value})
    assert facts_of(referral, referral.asks[0], _standing(), (DataCategory.IDENTITY,))[name] == value


def _referral(**changes: object) -> Referral:
    given_ = Case().referral() | {"circumstances": {}} | changes
    return Referral.model_validate(given_, strict=False)


def _standing(consent: ConsentFact | None = None) -> Standing:
    coverage = Coverage(
        status=ProtocolFact.IN_FORCE, agreement="agr_x@1", clauses=(), uncovered=frozenset(), reasons=()
    )
    return Standing(
        "LMH", "england", False, True, AgencyKind.POLICE, coverage, consent, "n_a", "decision", NOW, COMPLETE
    )  # fmt: skip


def _age(born: str | None, said: int | None) -> object:
    referral = _referral(circumstances={"subject_age": said})
    people = tuple(person.model_copy(update={"date_of_birth": date.fromisoformat(born) if born else None})
                   for person in referral.record.people)  # fmt: skip
    referral = referral.model_copy(update={"record": referral.record.model_copy(update={"people": people})})
    return facts_of(referral, referral.asks[0], _standing(), (DataCategory.IDENTITY,))["subject_age"]


@pytest.mark.parametrize(
    ("born", "said", "age"),
    [
        ("2008-11-20", None, 18), ("2008-11-21", None, 17), ("2004-02-29", None, 22), (None, 36, 36),
        (None, None, None),
               ("1990-01-01", 36, 36), ("1990-01-01", 35, 36), ("2015-01-01", 30, None), ("1990-01-01", 12, None),
        ("2030-01-01", None, None), ("1800-01-01", None, None), ("0001-01-01", 5, None),
    ],
)  # fmt: skip
def test_an_age_is_known_only_where_what_was_said_agrees(born: str | None, said: int | None, age: int | None) -> None:
    assert _age(born, said) == age


def test_a_person_who_was_not_asked_has_no_answer_about_anything() -> None:
    referral = _referral()
    facts = facts_of(referral, referral.asks[0], _standing(), (DataCategory.IDENTITY,))
    assert facts["consent"] == "not_asked"
    assert not {name for name in facts if name.startswith("consent_")}


@given(consents)
def test_an_answer_is_passed_on_as_it_was_given(consent: ConsentFact) -> None:
    referral = _referral()
    facts = facts_of(referral, referral.asks[0], _standing(consent), (DataCategory.IDENTITY,))
    assert facts["consent"] == SAME_IN_LAW.get(consent.answer, consent.answer)
    assert facts["consent_covers_this"] is (None if consent.answer == "given_with_conditions" else True)
    assert facts["consent_freely_given"] == consent.freely_given
    assert facts["consent_categories"] == [category.value for category in sorted(consent.covers)]
    assert facts["gra_specific_agreement"] == consent.gender_history_agreed


@pytest.mark.parametrize("strand", get_args(StrandCode))
def test_every_strand_is_one_that_the_engine_knows(strand: str) -> None:
    referral = _referral()
    case = referral.record.case.model_copy(update={"strands": (
        referral.record.case.strands[0].model_copy(update={"value": strand}),
    )})  # fmt: skip
    referral = referral.model_copy(update={"record": referral.record.model_copy(update={"case": case})})
    fact = facts_of(referral, referral.asks[0], _standing(), (DataCategory.IDENTITY,))["strand_value"]
    assert fact in FACTS["strand_value"].allowed


def test_the_transgender_strand_is_told_wherever_it_stands() -> None:
    referral = _referral()
    first = referral.record.case.strands[0]
    strands = (first, first.model_copy(update={"value": "transgender_identity"}))
    case = referral.record.case.model_copy(update={"strands": strands})
    referral = referral.model_copy(update={"record": referral.record.model_copy(update={"case": case})})
    facts = facts_of(referral, referral.asks[0], _standing(), (DataCategory.IDENTITY,))
    assert facts["strand_value"] == "transgender"


def test_the_stage_and_the_clock_are_the_callers() -> None:
    referral = _referral()
    later = Standing(**{**{name: getattr(_standing(), name) for name in Standing.__slots__}, "stage": "queued",
                        "now": NOW + timedelta(days=400)})  # fmt: skip
    facts = facts_of(referral, referral.asks[0], later, (DataCategory.IDENTITY,))
    assert (facts["stage"], facts["subject_age"]) == ("queued", 37)


@pytest.mark.parametrize(("said", "fact"), [(None, True), (True, True), (False, None)])
def test_that_asking_would_spoil_an_enquiry_is_known_from_why_nobody_asked_unless_the_officer_says_otherwise(
    said: bool | None, fact: bool | None
) -> None:
    referral = _referral(circumstances={"asking_would_prejudice": said})
    noted = ConsentFact(
        subject="p1", recipient=AgencyKind.POLICE, purpose=Purpose.CRIME_INVESTIGATION, answer="not_sought_prejudice",
        claimed_at=NOW,
    )  # fmt: skip
    found = facts_of(referral, referral.asks[0], _standing(noted), (DataCategory.IDENTITY,))
    assert found["asking_would_prejudice"] is fact
