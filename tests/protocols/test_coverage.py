"""Coverage: in force, both parties signed, purpose named, each category under a clause; the best agreement answers."""

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.agreement import Agreement, AgreementState, Clause, ProtocolFact
from protocols.coverage import Coverage, covers
from protocols.parties import Controller, Recipient
from protocols.vocabulary import AgencyKind, DataCategory, Purpose
from tests.protocols.agreements import CLAUSE, LANDLORD, POLICE, agreement, agreements, signed

DAY = date(2026, 11, 20)
ASKED = frozenset(CLAUSE.categories)


def ask(
    *held: Agreement,
    landlord: str = "LMH",
    agency: str = POLICE.agency,
    kind: AgencyKind = AgencyKind.POLICE,
    purpose: Purpose = Purpose.CRIME_INVESTIGATION,
    categories: frozenset[DataCategory] = ASKED,
    on: date = DAY,
) -> Coverage:
    return covers(held, landlord=landlord, agency=agency, kind=kind, purpose=purpose, categories=categories, on=on)


def test_an_agreement_in_force_covers_what_its_clauses_let_pass_and_cites_them() -> None:
    answer = ask(agreement())
    assert answer.is_complete
    assert (answer.status, answer.agreement, answer.clauses, answer.uncovered) == (
        ProtocolFact.IN_FORCE, "agr_harbour_police@1", ("3.1",), frozenset(),
    )  # fmt: skip


def test_a_category_outside_every_clause_is_named_as_uncovered() -> None:
    answer = ask(agreement(), categories=ASKED | {DataCategory.HEALTH, DataCategory.FINANCIAL})
    assert answer.status is ProtocolFact.IN_FORCE
    assert answer.uncovered == {DataCategory.HEALTH, DataCategory.FINANCIAL}
    assert not answer.is_complete
    assert "No clause covers, for this purpose: financial, health." in answer.reasons


def test_a_category_passes_only_for_the_purposes_of_its_own_clause() -> None:
    danger = Clause(
        number="3.2", heading="Danger", text="In danger.", purposes=(Purpose.EMERGENCY,),
        categories=(DataCategory.IDENTITY, DataCategory.SAFE_ADDRESS),
    )  # fmt: skip
    both = agreement(
        purposes=(*CLAUSE.purposes, Purpose.EMERGENCY),
        categories=(*CLAUSE.categories, DataCategory.SAFE_ADDRESS),
        clauses=(CLAUSE, danger),
    )
    wanted = frozenset({DataCategory.IDENTITY, DataCategory.SAFE_ADDRESS})
    assert ask(both, categories=wanted).uncovered == {DataCategory.SAFE_ADDRESS}
    urgent = ask(both, categories=wanted, purpose=Purpose.EMERGENCY)
    assert (urgent.uncovered, urgent.clauses) == (frozenset(), ("3.2",))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"on": date(2026, 3, 31)}, ProtocolFact.NONE),
        ({"on": date(2028, 4, 1)}, ProtocolFact.EXPIRED),
        ({"landlord": "OHG"}, ProtocolFact.NOT_PARTY),
        ({"agency": "agy_other_police"}, ProtocolFact.NOT_PARTY),
        ({"kind": AgencyKind.PRESS}, ProtocolFact.NOT_PARTY),
        ({"agency": "agy_fire", "kind": AgencyKind.FIRE}, ProtocolFact.NONE),
        ({"purpose": Purpose.IMMIGRATION_CONTROL}, ProtocolFact.PURPOSE_OUTSIDE),
    ],
)
def test_an_ask_outside_the_agreement_is_answered_with_why(changes: dict[str, object], status: ProtocolFact) -> None:
    asked: dict[str, object] = {
        "landlord": "LMH", "agency": POLICE.agency, "kind": AgencyKind.POLICE,
        "purpose": Purpose.CRIME_INVESTIGATION, "categories": ASKED, "on": DAY,
    }  # fmt: skip
    answer = covers([agreement()], **(asked | changes))  # type: ignore[arg-type]
    assert answer.status is status
    assert answer.uncovered == ASKED
    assert answer.clauses == ()
    assert len(answer.reasons) == 1


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (AgreementState.DRAFT, ProtocolFact.NONE),
        (AgreementState.SUSPENDED, ProtocolFact.SUSPENDED),
        (AgreementState.SUPERSEDED, ProtocolFact.EXPIRED),
    ],
)
def test_an_agreement_not_in_force_covers_nothing(state: AgreementState, status: ProtocolFact) -> None:
    answer = ask(agreement(state=state))
    assert (answer.status, answer.uncovered) == (status, ASKED)


def test_with_no_agreement_at_all_the_answer_is_none() -> None:
    answer = ask()
    assert (answer.status, answer.agreement, answer.uncovered) == (ProtocolFact.NONE, None, ASKED)


def test_a_party_counts_from_the_day_it_signed() -> None:
    late = Controller(landlord="OHG", name="Quayside Example Homes")
    joined = agreement(
        controllers=(LANDLORD, late),
        signatories=(signed(LANDLORD.name), signed(POLICE.name), signed(late.name, DAY)),
    )
    assert ask(joined, landlord="OHG", on=date(2026, 11, 19)).status is ProtocolFact.NOT_PARTY
    assert ask(joined, landlord="OHG").is_complete
    fire = Recipient(agency="agy_fire", kind=AgencyKind.FIRE, name="Harbour Example Fire")
    unsigned = agreement(recipients=(POLICE, fire))
    assert ask(unsigned, agency="agy_fire", kind=AgencyKind.FIRE).status is ProtocolFact.NOT_PARTY


def test_a_newer_version_replaces_an_older_one_even_where_it_allows_less() -> None:
    wide = agreement()
    narrow_clause = CLAUSE.model_copy(update={"categories": (DataCategory.IDENTITY,)})
    narrow = agreement(version=2, categories=(DataCategory.IDENTITY,), clauses=(narrow_clause,))
    answer = ask(wide, narrow)
    assert answer.agreement == "agr_harbour_police@2"
    assert answer.uncovered == {DataCategory.CONTACT}
    assert ask(wide, agreement(version=2, state=AgreementState.SUSPENDED)).status is ProtocolFact.SUSPENDED


def test_a_newer_version_that_is_a_draft_or_has_not_begun_replaces_nothing() -> None:
    draft = agreement(version=2, state=AgreementState.DRAFT)
    begins = date(2026, 12, 1)
    future = agreement(version=3, in_force_from=begins)
    assert ask(agreement(), draft, future).agreement == "agr_harbour_police@1"
    assert ask(agreement(), draft, future, on=begins).agreement == "agr_harbour_police@3"


def test_the_best_agreement_answers_whatever_the_order() -> None:
    expired = agreement(id="agr_a_old", in_force_to=date(2026, 5, 1), review_by=date(2026, 5, 1))
    suspended = agreement(id="agr_b_suspended", state=AgreementState.SUSPENDED)
    other = CLAUSE.model_copy(update={"purposes": (Purpose.EMERGENCY,)})
    outside = agreement(id="agr_c_outside", purposes=other.purposes, clauses=(other,))
    stranger = Controller(landlord="OHG", name="Quayside Example Homes")
    not_ours = agreement(
        id="agr_d_not_ours", controllers=(stranger,), signatories=(signed(stranger.name), signed(POLICE.name)),
        contacts=({"organisation": POLICE.name, "role": "desk", "mailbox": "desk@police.harbour.example"},),
    )  # fmt: skip
    some = CLAUSE.model_copy(update={"categories": (DataCategory.IDENTITY,)})
    partial = agreement(id="agr_e_partial", categories=some.categories, clauses=(some,))
    full = agreement(id="agr_f_full")
    worst_first = (not_ours, outside, expired, suspended, partial, full)
    for best in range(len(worst_first)):
        held = worst_first[: best + 1]
        answers = {ask(*order).agreement for order in permutations(held[-4:])}
        assert answers == {worst_first[best].reference}


def test_of_two_that_cover_alike_the_later_begun_answers_and_then_the_first_by_id() -> None:
    older = agreement(id="agr_aaa")
    newer = agreement(id="agr_zzz", in_force_from=date(2026, 5, 1))
    assert ask(older, newer).agreement == ask(newer, older).agreement == "agr_zzz@1"
    twin = agreement(id="agr_bbb")
    assert ask(older, twin).agreement == ask(twin, older).agreement == "agr_aaa@1"


def test_an_overdue_review_is_told_beside_the_answer() -> None:
    answer = ask(agreement(), on=date(2027, 4, 1))
    assert answer.is_complete
    assert answer.reasons[-1] == "Its review was due by 2027-03-31."


@given(
    st.lists(agreements(), max_size=4),
    st.sampled_from(AgencyKind),
    st.sampled_from(Purpose),
    st.frozensets(st.sampled_from(DataCategory), min_size=1),
    st.dates(date(2000, 1, 1), date(2095, 1, 1)),
)
def test_what_is_covered_stands_in_a_cited_clause_of_a_signed_agreement_in_force(
    held: list[Agreement], kind: AgencyKind, purpose: Purpose, categories: frozenset[DataCategory], day: date
) -> None:
    for near in held:  # asks near what is held, so that many are covered
        party, on = near.recipients[0], min(max(day, near.in_force_from), near.in_force_to)
        for asked_kind, asked_purpose in ((party.kind, near.purposes[0]), (kind, purpose)):
            answer = ask(
                *held,
                landlord="L0X",
                agency=party.agency,
                kind=asked_kind,
                purpose=asked_purpose,
                categories=categories,
                on=on,
            )
            assert answer.uncovered <= categories
            assert bool(answer.clauses) == (answer.uncovered < categories)
            if answer.clauses:
                sources = [one for one in held if one.reference == answer.agreement and one.is_in_force(on)]
                clauses = [clause for one in sources for clause in one.clauses if clause.number in answer.clauses]
                lets_pass = {
                    word for clause in clauses if asked_purpose in clause.purposes for word in clause.categories
                }
                assert categories - answer.uncovered <= lets_pass
