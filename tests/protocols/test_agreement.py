"""An agreement is sound or refused, and knows on which days it binds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from protocols.agreement import Agreement, AgreementState, Clause, Mailbox, ProtocolFact
from protocols.parties import Controller, PartyRole, Recipient
from protocols.vocabulary import AgencyKind, Basis, DataCategory, Purpose
from tests.protocols.agreements import CLAUSE, LANDLORD, POLICE, agreement, agreements, signed


def faults(**changes: object) -> set[tuple[str, str]]:
    """Places and sentences of what is wrong with an agreement so changed."""
    with pytest.raises(ValidationError) as caught:
        agreement(**changes)
    return {(".".join(map(str, error["loc"])), error["msg"]) for error in caught.value.errors()}


def test_an_agreement_binds_on_its_first_and_its_last_day_and_on_no_day_outside() -> None:
    sound = agreement()
    assert not sound.is_in_force(date(2026, 3, 31))
    assert sound.is_in_force(date(2026, 4, 1))
    assert sound.is_in_force(date(2028, 3, 31))
    assert not sound.is_in_force(date(2028, 4, 1))


@pytest.mark.parametrize(
    ("state", "day", "status"),
    [
        (AgreementState.IN_FORCE, date(2026, 3, 31), ProtocolFact.NONE),
        (AgreementState.IN_FORCE, date(2028, 4, 1), ProtocolFact.EXPIRED),
        (AgreementState.DRAFT, date(2026, 6, 1), ProtocolFact.NONE),
        (AgreementState.SUSPENDED, date(2026, 6, 1), ProtocolFact.SUSPENDED),
        (AgreementState.SUSPENDED, date(2028, 4, 1), ProtocolFact.EXPIRED),
        (AgreementState.SUPERSEDED, date(2026, 6, 1), ProtocolFact.EXPIRED),
        (AgreementState.SUPERSEDED, date(2026, 3, 31), ProtocolFact.NONE),
    ],
)
def test_the_status_follows_from_state_and_day(state: AgreementState, day: date, status: ProtocolFact) -> None:
    assert agreement(state=state).status(day) is status


@given(agreements(), st.dates(date(1999, 1, 1), date(2100, 1, 1)))
def test_only_an_agreement_of_state_in_force_binds_and_only_within_its_days(sound: Agreement, day: date) -> None:
    within = sound.in_force_from <= day <= sound.in_force_to
    assert sound.is_in_force(day) == (within and sound.state is AgreementState.IN_FORCE)


def test_a_day_in_force_is_enough() -> None:
    day = date(2026, 4, 1)
    assert agreement(in_force_to=day, review_by=day).is_in_force(day)


def test_an_overdue_review_is_told_and_ends_nothing() -> None:
    sound = agreement()
    assert not sound.is_review_overdue(sound.review_by)
    after = sound.review_by + timedelta(days=1)
    assert sound.is_review_overdue(after)
    assert sound.is_in_force(after)


def test_dates_out_of_order_are_refused() -> None:
    assert faults(in_force_to=date(2026, 3, 31)) == {("in_force_to", "lies before in_force_from")}
    assert faults(review_by=date(2028, 4, 1)) == {("review_by", "lies outside the days in force")}
    assert faults(review_by=date(2026, 3, 31)) == {("review_by", "lies outside the days in force")}


@pytest.mark.parametrize("state", [AgreementState.IN_FORCE, AgreementState.SUSPENDED, AgreementState.SUPERSEDED])
def test_what_is_past_drafting_needs_a_signature_from_each_side(state: AgreementState) -> None:
    assert faults(state=state, signatories=()) == {
        ("state", "none of the controllers has signed"),
        ("state", "none of the recipients has signed"),
    }
    one_side = (signed(LANDLORD.name),)
    assert faults(state=state, signatories=one_side) == {("state", "none of the recipients has signed")}
    assert agreement(state=AgreementState.DRAFT, signatories=()).state is AgreementState.DRAFT


@pytest.mark.parametrize("side", ["controllers", "recipients", "clauses", "contacts", "purposes", "categories"])
def test_nothing_that_makes_an_agreement_may_be_empty(side: str) -> None:
    assert side in {at.split(".")[0] for at, _ in faults(**{side: ()})}


def test_every_fault_is_reported_at_once() -> None:
    found = faults(in_force_to=date(2026, 1, 1), signatories=(), clauses=(CLAUSE, CLAUSE))
    assert {at for at, _ in found} == {"in_force_to", "state", "clauses.1.number"}


def test_a_clause_may_not_go_beyond_the_agreement_nor_fall_short_of_it() -> None:
    wide = Clause.model_validate(
        CLAUSE.model_dump() | {"categories": (*CLAUSE.categories, DataCategory.IMMIGRATION_STATUS)}
    )
    assert faults(clauses=(wide,)) == {("clauses.0.categories.2", "goes beyond the agreement")}
    more = (*CLAUSE.purposes, Purpose.EMERGENCY)
    assert faults(purposes=more) == {("purposes.1", "no clause covers it")}
    categories = (*CLAUSE.categories, DataCategory.HEALTH)
    assert faults(categories=categories) == {("categories.2", "no clause covers it")}


def test_a_clause_names_both_what_may_pass_and_why_or_neither() -> None:
    no_purpose = CLAUSE.model_copy(update={"number": "4", "purposes": ()})
    no_category = CLAUSE.model_copy(update={"number": "5", "categories": ()})
    assert faults(clauses=(CLAUSE, no_purpose, no_category)) == {
        ("clauses.1", "has no purposes"),
        ("clauses.2", "has no categories"),
    }


def test_a_gateway_is_a_statutory_one() -> None:
    assert faults(gateways=(Basis.A6_CONSENT,)) == {("gateways.0", "is not a statutory gateway")}


def test_a_list_does_not_repeat_itself() -> None:
    assert faults(purposes=CLAUSE.purposes * 2) == {("purposes", "lists the same word twice")}


def test_parties_are_named_once_and_only_parties_sign_or_are_written_to() -> None:
    twin = Recipient(agency=POLICE.agency, kind=AgencyKind.FIRE, name=LANDLORD.name)
    assert faults(recipients=(POLICE, twin)) == {
        ("recipients.1.agency", "is that of another party too"),
        ("recipients.1.name", "is that of another party too"),
    }
    stranger = Mailbox(organisation="Quayside Example Homes", role="DPO", mailbox="dpo@quayside.example")
    assert faults(contacts=(stranger,), signatories=(*agreement().signatories, signed("Nobody Example"))) == {
        ("contacts.0.organisation", "is no party to the agreement"),
        ("signatories.2.organisation", "is no party to the agreement"),
    }


def test_nobody_is_joint_controller_alone() -> None:
    joint = Controller(landlord="LMH", name=LANDLORD.name, role=PartyRole.JOINT_CONTROLLER)
    assert faults(controllers=(joint,)) == {("controllers", "has one joint controller alone")}
    other = Recipient(**POLICE.model_dump(exclude={"role"}), role=PartyRole.JOINT_CONTROLLER)
    assert agreement(controllers=(joint,), recipients=(other,)).recipient(POLICE.agency) == other


def test_a_side_takes_no_role_of_the_other_side() -> None:
    with pytest.raises(ValidationError, match="this side cannot have that role"):
        Controller(landlord="LMH", name="Harbour Example Homes", role=PartyRole.RECIPIENT)
    with pytest.raises(ValidationError, match="this side cannot have that role"):
        Recipient(agency="agy_x1", kind=AgencyKind.POLICE, name="Harbour Example Police", role=PartyRole.CONTROLLER)


@pytest.mark.parametrize("wrong", ["police", "agr_ab", "agr_Police", "agr_police\n", "agr_" + "a" * 61, "agr_x1234567"])
def test_an_id_fits_the_audit_log(wrong: str) -> None:
    assert {at for at, _ in faults(id=wrong)} == {"id"}


def test_a_signature_counts_from_its_day_and_for_its_party() -> None:
    sound = agreement()
    assert not sound.has_signed(POLICE, date(2026, 2, 28))
    assert sound.has_signed(POLICE, date(2026, 3, 1))
    other = Recipient(agency="agy_fire", kind=AgencyKind.FIRE, name="Harbour Example Fire")
    assert not sound.has_signed(other, date(2026, 3, 1))


def test_a_version_is_named_by_id_and_number_and_knows_its_recipients() -> None:
    sound = agreement(version=12)
    assert sound.reference == "agr_harbour_police@12"
    assert sound.recipient_kinds == {AgencyKind.POLICE}
    assert sound.controller("LMH") == LANDLORD
    assert sound.controller("OHG") is None
    assert sound.recipient("agy_other") is None
