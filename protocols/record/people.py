"""The people of a case, each by role, with how they may safely be reached."""

from datetime import date
from enum import StrEnum, unique
from typing import Annotated

from pydantic import Field, StringConstraints

from protocols.record.labels import Code, Holds, Line, PersonId, Prose, Strict
from protocols.record.text import FreeText
from protocols.vocabulary import DataCategory as D


@unique
class PersonRole(StrEnum):
    """What a person is in this case; nobody has two records in one referral."""

    VICTIM = "victim"
    WITNESS = "witness"
    REPORTER = "reporter"
    ALLEGED_PERPETRATOR = "alleged_perpetrator"
    PROVEN_PERPETRATOR = "proven_perpetrator"
    CHILD = "child"
    PARENT = "parent"
    HOUSEHOLD_MEMBER = "household_member"
    STAFF = "staff"
    PROFESSIONAL = "professional"


class Address(Strict):
    """Where somebody lives. `protected` (fled, refuge, withheld) makes it a safe address: never sent by default."""

    lines: tuple[Line, ...] = Field(min_length=1, max_length=6, strict=False)
    postcode: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$")] | None = None
    uprn: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")] | None = None
    protected: bool = False


class Contact(Strict):
    """One way to reach a person."""

    channel: Code
    value: Line


class SafeContact(Strict):
    """How contact stays safe. It must travel with any address or number of the same person."""

    may_call: bool
    may_leave_message: bool
    may_write: bool
    times: Line | None = None
    never_tell: Line | None = None


class Statement(Strict):
    """One thing known about a person that is special, offence, or otherwise guarded data; who said so, and when."""

    category: D = Field(strict=False)
    value: Prose
    said_by: Code
    said_on: date | None = Field(default=None, strict=False)


class Person(Strict):
    """One person. Characteristics of the person are statements; the motive of an incident is a strand, elsewhere."""

    id: Annotated[PersonId, Holds(None, "person number in this referral")]
    role: Annotated[PersonRole, Holds(None, "role in the case"), Field(strict=False)]
    name: Annotated[Line | None, Holds(D.IDENTITY, "name")] = None
    date_of_birth: Annotated[date | None, Holds(D.IDENTITY, "date of birth"), Field(strict=False)] = None
    description: Annotated[Line | None, Holds(D.IDENTITY, "description")] = None
    vehicle: Annotated[Line | None, Holds(D.IDENTITY, "vehicle")] = None
    address: Annotated[Address | None, Holds(D.CONTACT, "home address")] = None
    contacts: Annotated[tuple[Contact, ...], Holds(D.CONTACT, "contact"), Field(max_length=10, strict=False)] = ()
    safe_contact: Annotated[SafeContact | None, Holds(D.CONTACT, "safe contact instruction")] = None
    language: Annotated[Line | None, Holds(D.CONTACT, "language")] = None
    communication_needs: Annotated[Line | None, Holds(D.DISABILITY, "communication needs")] = None
    care_needs: Annotated[Line | None, Holds(D.HEALTH, "care and support needs")] = None
    views: Annotated[FreeText | None, Holds(D.INCIDENT_NARRATIVE, "views and wishes")] = None
    relationship: Annotated[Line | None, Holds(D.HOUSEHOLD, "relationship")] = None
    school: Annotated[Line | None, Holds(D.CHILD_DETAILS, "school")] = None
    tenancy_reference: Annotated[Line | None, Holds(D.TENANCY_HISTORY, "tenancy reference")] = None
    statements: Annotated[
        tuple[Statement, ...], Holds(None, "statements, each with its own category"), Field(max_length=50, strict=False)
    ] = ()
