"""Sound agreements for tests: one that can be varied, and a Hypothesis strategy for all."""

from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st

from protocols.agreement import (
    Agreement,
    AgreementState,
    Clause,
    Mailbox,
    OnwardRule,
    OnwardSharing,
    Retention,
    Security,
    Signatory,
)
from protocols.parties import Controller, PartyRole, Recipient
from protocols.vocabulary import AgencyKind, Basis, DataCategory, Purpose

LIBRARY = Path(__file__).parents[2] / "protocols" / "library"
EVIDENCE = "ab" * 32
CLAUSE = Clause(
    number="3.1",
    heading="Reports of crime",
    text="Who reports and what happened.",
    purposes=(Purpose.CRIME_INVESTIGATION,),
    categories=(DataCategory.IDENTITY, DataCategory.CONTACT),
)
LANDLORD = Controller(landlord="LMH", name="Harbour Example Homes")
POLICE = Recipient(agency="agy_harbour_police", kind=AgencyKind.POLICE, name="Harbour Example Police")


def signed(organisation: str, on: date = date(2026, 3, 1)) -> Signatory:
    return Signatory(organisation=organisation, role="chief executive", signed_on=on, evidence_sha256=EVIDENCE)


def agreement(**changes: object) -> Agreement:
    """In force from 1 April 2026 to 31 March 2028, both signed on 1 March 2026, but for the fields changed."""
    fields: dict[str, object] = {
        "id": "agr_harbour_police",
        "version": 1,
        "title": "Information sharing with the police",
        "state": AgreementState.IN_FORCE,
        "in_force_from": date(2026, 4, 1),
        "in_force_to": date(2028, 3, 31),
        "review_by": date(2027, 3, 31),
        "purposes": CLAUSE.purposes,
        "categories": CLAUSE.categories,
        "gateways": (Basis.GW_CDA115,),
        "security": Security(transports=("webhook",), rule="Encrypted on the way."),
        "retention": Retention(days=365, rule="Deleted within a year."),
        "onward_sharing": OnwardSharing(allowed=OnwardRule.ASK_FIRST, rule="Ask first."),
        "controllers": (LANDLORD,),
        "recipients": (POLICE,),
        "clauses": (CLAUSE,),
        "signatories": (signed(LANDLORD.name), signed(POLICE.name)),
        "contacts": (Mailbox(organisation=LANDLORD.name, role="DPO", mailbox="dpo@homes.harbour.example"),),
    }
    return Agreement.model_validate(fields | changes)


_lines = st.text(min_size=1, max_size=60)
_proses = st.text(min_size=1, max_size=200)
_dates = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
_names = st.text(min_size=2, max_size=40)


@st.composite
def _clauses(draw: st.DrawFn) -> tuple[Clause, ...]:
    numbers = draw(st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True))
    clauses = []
    for place, number in enumerate(numbers):
        passes = place == 0 or draw(st.booleans())
        purposes = draw(st.lists(st.sampled_from(Purpose), min_size=1, max_size=4, unique=True)) if passes else ()
        categories = draw(st.lists(st.sampled_from(DataCategory), min_size=1, unique=True)) if passes else ()
        text = draw(_proses)
        clauses.append(
            Clause(
                number=f"{number}",
                heading=draw(_lines),
                text=text,
                purposes=tuple(purposes),
                categories=tuple(categories),
            )
        )
    return tuple(clauses)


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    """Any sound agreement, with any text that a person could have written in it."""
    clauses = draw(_clauses())
    names = draw(st.lists(_names, min_size=2, max_size=5, unique=True))
    controllers = [Controller(landlord=f"L{place}X", name=name) for place, name in enumerate(names[:1])]
    recipients = [
        Recipient(
            agency=f"agy_number_{place}",
            kind=draw(st.sampled_from(AgencyKind)),
            name=name,
            role=draw(st.sampled_from([PartyRole.RECIPIENT, PartyRole.PROCESSOR])),
        )
        for place, name in enumerate(names[1:])
    ]
    start = draw(_dates)
    length, review = draw(st.integers(0, 3000)), draw(st.integers(0, 3000))
    state = draw(st.sampled_from(AgreementState))
    signatories = [] if state is AgreementState.DRAFT else [signed(name, draw(_dates)) for name in names]
    return agreement(
        version=draw(st.integers(1, 9999)),
        title=draw(_lines),
        state=state,
        in_force_from=start,
        in_force_to=start + timedelta(days=length),
        review_by=start + timedelta(days=min(length, review)),
        purposes=sorted({purpose for clause in clauses for purpose in clause.purposes}),
        categories=sorted({category for clause in clauses for category in clause.categories}),
        gateways=draw(st.lists(st.sampled_from([b for b in Basis if b.startswith("gw_")]), unique=True)),
        retention=Retention(days=draw(st.integers(1, 36_525)), rule=draw(_proses)),
        controllers=controllers,
        recipients=recipients,
        clauses=clauses,
        signatories=signatories,
        contacts=[Mailbox(organisation=names[0], role=draw(_lines), mailbox="dpo@homes.harbour.example")],
    )
