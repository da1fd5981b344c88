"""What happened: the case, its incidents and strands (about the incident, never the person), risk, evidence."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from protocols.record.labels import Code, Count, Holds, Line, Strict
from protocols.record.text import FreeText
from protocols.vocabulary import DataCategory as D

StrandCode = Literal[
    "disability", "race_or_ethnicity", "religion_or_belief", "sexual_orientation", "transgender_identity",
    "age", "sex_or_gender", "sells_sex", "alternative_subculture", "homelessness", "hiv_status",
    "gypsy_roma_traveller", "association", "mate_crime", "other_stated",
]  # fmt: skip
"""The five nationally monitored strands first, then those of landlords' policies (LMH 3, MHP 2.1, PCHA 1.7)."""


class When(Strict):
    """When something happened: rarely an instant."""

    start: AwareDatetime = Field(strict=False)
    end: AwareDatetime | None = Field(default=None, strict=False)
    precision: Literal["instant", "day", "month", "about", "ongoing"] = "instant"


class Strand(Strict):
    """Why the incident is thought to be hate: a code, who thinks so, and the words used."""

    value: StrandCode
    basis: Literal["victim_perceives", "witness_perceives", "officer_perceives", "other_person_perceives", "words_used",
                   "symbol_or_object", "pattern_of_targeting", "admitted"]  # fmt: skip
    words: Line | None = None


class Incident(Strict):
    """One event. Officers say what was done in plain types; only the police classify offences."""

    when: Annotated[When, Holds(D.INCIDENT_NARRATIVE, "when")]
    conduct: Annotated[
        tuple[Code, ...], Holds(D.INCIDENT_NARRATIVE, "what was done"), Field(min_length=1, max_length=20, strict=False)
    ]
    place: Annotated[Line, Holds(D.INCIDENT_NARRATIVE, "where")]
    place_type: Annotated[Code | None, Holds(D.INCIDENT_NARRATIVE, "kind of place")] = None
    area: Annotated[Line | None, Holds(D.INCIDENT_NARRATIVE, "area (ward)")] = None
    narrative: Annotated[FreeText | None, Holds(D.INCIDENT_NARRATIVE, "account")] = None
    believed_criminal: Annotated[
        Literal["yes", "no", "unknown"], Holds(D.CRIMINAL_ALLEGATION, "believed to be a crime")
    ] = "unknown"
    weapon: Annotated[Line | None, Holds(D.CRIMINAL_ALLEGATION, "weapon")] = None
    injuries: Annotated[Line | None, Holds(D.HEALTH, "injuries")] = None
    damage: Annotated[Line | None, Holds(D.INCIDENT_NARRATIVE, "damage")] = None
    police_reference: Annotated[Line | None, Holds(D.INCIDENT_NARRATIVE, "police reference")] = None


class RiskAssessment(Strict):
    """How dangerous it is thought to be, by which tool, in whose judgement."""

    level: Annotated[Literal["none", "low", "medium", "high", "immediate_danger"], Holds(D.RISK_MARKER, "risk level")]
    tool: Annotated[Line | None, Holds(None, "risk tool and version")] = None
    score: Annotated[Count | None, Holds(D.RISK_MARKER, "risk score")] = None
    judgement: Annotated[FreeText | None, Holds(D.RISK_MARKER, "risk judgement")] = None
    visit_hazards: Annotated[Line | None, Holds(D.RISK_MARKER, "hazards to a visitor")] = None


class FireRisk(Strict):
    """What a fire service needs: that there is a threat and how, never by whom or why."""

    threat: Annotated[Line | None, Holds(D.RISK_MARKER, "fire threat")] = None
    factors: Annotated[
        tuple[Code, ...], Holds(D.DISABILITY, "fire risk factors"), Field(max_length=20, strict=False)
    ] = ()
    equipment_asked: Annotated[Line | None, Holds(D.RISK_MARKER, "equipment asked for")] = None


class HousingNeed(Strict):
    """What a housing authority needs; the person chooses the authority (Housing Act 1996 s.213B by analogy)."""

    reason: Annotated[Code, Holds(D.RISK_MARKER, "housing reason")]
    authority_chosen: Annotated[Line, Holds(D.CONTACT, "authority the person chose")]
    household_size: Annotated[Count | None, Holds(D.HOUSEHOLD, "household size")] = None


class Evidence(Strict):
    """Evidence is described, not attached; whoever needs it asks, and that is decided again."""

    kind: Annotated[Code, Holds(D.INCIDENT_NARRATIVE, "kind of evidence")]
    description: Annotated[FreeText | None, Holds(D.INCIDENT_NARRATIVE, "evidence description")] = None
    held_by: Annotated[Line | None, Holds(None, "held by")] = None


class Case(Strict):
    """The case itself; `reference` is the landlord's own number and identifies nobody outside the landlord."""

    reference: Annotated[Line, Holds(None, "landlord's case reference")]
    kind: Annotated[Code, Holds(D.INCIDENT_NARRATIVE, "kind of case")]
    strands: Annotated[tuple[Strand, ...], Holds(D.HATE_STRAND, "hate strand"), Field(max_length=10, strict=False)] = ()
    summary: Annotated[FreeText | None, Holds(D.INCIDENT_NARRATIVE, "case summary")] = None
    history: Annotated[FreeText | None, Holds(D.INCIDENT_NARRATIVE, "case history")] = None
    prior_reports: Annotated[Count | None, Holds(D.RISK_MARKER, "earlier reports")] = None
    actions_taken: Annotated[
        tuple[Line, ...], Holds(D.INCIDENT_NARRATIVE, "actions taken"), Field(max_length=50, strict=False)
    ] = ()
    other_agencies: Annotated[
        tuple[Line, ...], Holds(D.INCIDENT_NARRATIVE, "other agencies involved"), Field(max_length=50, strict=False)
    ] = ()
    requested_actions: Annotated[
        tuple[Line, ...], Holds(None, "what is asked of the recipient"), Field(max_length=20, strict=False)
    ] = ()
