"""One version of an agreement, and whether it is in force on a day.

An agreement is good practice, not a legal precondition of a one-off or emergency disclosure (ICO data sharing code);
landlords' policies make it one for routine sharing (LMH 4, Fairhive 3.12, MHP 8.2, PCHA 3.5.2).
"""

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum, unique
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from protocols.agreement.terms import (
    Categories,
    Clause,
    Gateways,
    Mailbox,
    OnwardSharing,
    Purposes,
    Retention,
    Security,
    Signatory,
)
from protocols.parties import Controller, PartyRole, Recipient
from protocols.record.labels import Line, Strict
from protocols.vocabulary import AgencyKind


@unique
class AgreementState(StrEnum):
    """Where a version stands. The parties' dates apart: `in_force` before its first day is not yet in force."""

    DRAFT = "draft"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"


@unique
class ProtocolFact(StrEnum):
    """Values of the decision's fact `protocol`; the last two only coverage of a particular ask can find."""

    NONE = "none"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    NOT_PARTY = "not_party"
    PURPOSE_OUTSIDE = "purpose_outside"


def _refuse_telephone_numbers(agreement_id: str) -> str:
    if re.search(r"[0-9]{7}", agreement_id):
        # The audit log takes no name that might hold a telephone number.
        raise PydanticCustomError("digits", "has seven digits in a row", {"remedy": "use words, or fewer digits"})
    return agreement_id


AgreementId = Annotated[
    str, StringConstraints(pattern=r"^agr_[a-z0-9_]{3,60}$"), AfterValidator(_refuse_telephone_numbers)
]


class Agreement(Strict):
    """What was agreed, as one version of it. Raises pydantic's ValidationError with every defect found.

    `in_force_from` and `in_force_to` are the first and the last day in force, both inclusive, as agreements are
    written ("until 31 March"). `review_by` lies between them. `purposes` and `categories` are what the clauses let
    pass, taken together. `gateways` may be empty where only the person's permission lets data pass.
    """

    id: AgreementId
    version: Annotated[int, Field(ge=1, le=9_999)]
    title: Line
    state: AgreementState = Field(strict=False)
    in_force_from: date
    in_force_to: date
    review_by: date
    purposes: Purposes = Field(min_length=1)
    categories: Categories = Field(min_length=1)
    gateways: Gateways
    security: Security
    retention: Retention
    onward_sharing: OnwardSharing
    controllers: tuple[Controller, ...] = Field(min_length=1, max_length=50, strict=False)
    recipients: tuple[Recipient, ...] = Field(min_length=1, max_length=100, strict=False)
    clauses: tuple[Clause, ...] = Field(min_length=1, max_length=100, strict=False)
    signatories: tuple[Signatory, ...] = Field(default=(), max_length=200, strict=False)
    contacts: tuple[Mailbox, ...] = Field(min_length=1, max_length=100, strict=False)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = [*_date_faults(self), *_party_faults(self), *_clause_faults(self), *_signature_faults(self)]
        if faults:
            raise ValidationError.from_exception_data("Agreement", faults, hide_input=True)
        return self

    @property
    def reference(self) -> str:
        """How a decision names this version: "agr_harbour_police@2"."""
        return f"{self.id}@{self.version}"

    @property
    def recipient_kinds(self) -> frozenset[AgencyKind]:
        """The kinds of agency among its recipients."""
        return frozenset(recipient.kind for recipient in self.recipients)

    def controller(self, landlord: str) -> Controller | None:
        """The party of that landlord code; None where it is no party."""
        return next((party for party in self.controllers if party.landlord == landlord), None)

    def recipient(self, agency: str) -> Recipient | None:
        """The party of that agency id; None where it is no party."""
        return next((party for party in self.recipients if party.agency == agency), None)

    def has_signed(self, party: Controller | Recipient, on: date) -> bool:
        """Whether a signature for this party stands that was given on or before the day."""
        return any(sign.organisation == party.name and sign.signed_on <= on for sign in self.signatories)

    def status(self, on: date) -> ProtocolFact:
        """How the agreement stands on a day: none, in_force, expired or suspended.

        A draft, and any version before its first day, is none; a superseded version has ended, whatever its dates.
        """
        if self.state is AgreementState.DRAFT or on < self.in_force_from:
            return ProtocolFact.NONE
        if self.state is AgreementState.SUPERSEDED or on > self.in_force_to:
            return ProtocolFact.EXPIRED
        return ProtocolFact.SUSPENDED if self.state is AgreementState.SUSPENDED else ProtocolFact.IN_FORCE

    def is_in_force(self, on: date) -> bool:
        """Whether it binds its signed parties on that day."""
        return self.status(on) is ProtocolFact.IN_FORCE

    def is_review_overdue(self, on: date) -> bool:
        """Whether the day lies after `review_by`. It does not end the agreement; a person is told."""
        return on > self.review_by


def _fault(at: tuple[str | int, ...], reason: str, remedy: str) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError("agreement", "{reason}", {"reason": reason, "remedy": remedy}), loc=at, input=None
    )


def _date_faults(agreement: Agreement) -> Iterator[InitErrorDetails]:
    if agreement.in_force_to < agreement.in_force_from:
        yield _fault(("in_force_to",), "lies before in_force_from", "give the last day in force")
    elif not agreement.in_force_from <= agreement.review_by <= agreement.in_force_to:
        yield _fault(("review_by",), "lies outside the days in force", "give a day from in_force_from to in_force_to")


def _sides(agreement: Agreement) -> tuple[tuple[str, tuple[Controller | Recipient, ...]], ...]:
    return ("controllers", agreement.controllers), ("recipients", agreement.recipients)


def _party_faults(agreement: Agreement) -> Iterator[InitErrorDetails]:
    seen: set[tuple[str, str]] = set()
    joint = 0
    for side, parties in _sides(agreement):
        for place, party in enumerate(parties):
            code = ("landlord", party.landlord) if isinstance(party, Controller) else ("agency", party.agency)
            for field, word in (code, ("name", party.name)):
                if (field, word) in seen:
                    yield _fault((side, place, field), "is that of another party too", "name each party once")
                seen.add((field, word))
            joint += party.role is PartyRole.JOINT_CONTROLLER
    if joint == 1:
        yield _fault(("controllers",), "has one joint controller alone", "give a second party that role (Art 26)")


def _clause_faults(agreement: Agreement) -> Iterator[InitErrorDetails]:
    numbers: set[str] = set()
    for place, clause in enumerate(agreement.clauses):
        if clause.number in numbers:
            yield _fault(("clauses", place, "number"), "is that of another clause too", "number each clause once")
        numbers.add(clause.number)
        if bool(clause.purposes) != bool(clause.categories):
            empty = "categories" if clause.purposes else "purposes"
            yield _fault(("clauses", place), f"has no {empty}", "name both what may pass and why, or neither")
        for field, words, allowed in (
            ("purposes", clause.purposes, agreement.purposes),
            ("categories", clause.categories, agreement.categories),
        ):
            for item, word in enumerate(words):
                if word not in allowed:
                    remedy = f"add it to {field} of the agreement, or take it out of the clause"
                    yield _fault(("clauses", place, field, item), "goes beyond the agreement", remedy)
    yield from _uncovered_faults(agreement)


def _uncovered_faults(agreement: Agreement) -> Iterator[InitErrorDetails]:
    remedy = "name it in the clause that covers it, or take it out"
    for item, purpose in enumerate(agreement.purposes):
        if not any(purpose in clause.purposes for clause in agreement.clauses):
            yield _fault(("purposes", item), "no clause covers it", remedy)
    for item, category in enumerate(agreement.categories):
        if not any(category in clause.categories for clause in agreement.clauses):
            yield _fault(("categories", item), "no clause covers it", remedy)


def _signature_faults(agreement: Agreement) -> Iterator[InitErrorDetails]:
    names = {party.name for _, parties in _sides(agreement) for party in parties}
    named: tuple[tuple[str, tuple[Signatory | Mailbox, ...]], ...] = (
        ("signatories", agreement.signatories),
        ("contacts", agreement.contacts),
    )
    for field, entries in named:
        for place, entry in enumerate(entries):
            if entry.organisation not in names:
                remedy = "spell the name as among controllers or recipients"
                yield _fault((field, place, "organisation"), "is no party to the agreement", remedy)
    if agreement.state is AgreementState.DRAFT:
        return
    signed = {sign.organisation for sign in agreement.signatories}
    for side, parties in _sides(agreement):
        if signed.isdisjoint(party.name for party in parties):
            remedy = "record a signature from each side, or keep it a draft"
            yield _fault(("state",), f"none of the {side} has signed", remedy)
