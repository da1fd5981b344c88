"""A referral: the record, who it is about, whom it should reach and why, and what the person said about that."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from protocols.record.case import Case, Evidence, FireRisk, HousingNeed, Incident, RiskAssessment
from protocols.record.labels import Category, Line, PersonId, Prose, Strict
from protocols.record.people import Person
from protocols.record.text import Summary
from protocols.vocabulary import AgencyKind, Purpose

AgencyId = Annotated[str, Field(pattern=r"^agy_[a-z0-9_]{2,60}$")]


class Record(Strict):
    """Everything the landlord holds that bears on the case. Never sent: disclosures are cut from it."""

    case: Case
    people: tuple[Person, ...] = Field(min_length=1, max_length=50, strict=False)
    incidents: tuple[Incident, ...] = Field(default=(), max_length=50, strict=False)
    risk: RiskAssessment
    fire: FireRisk | None = None
    housing: HousingNeed | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=100, strict=False)
    summaries: tuple[Summary, ...] = Field(default=(), max_length=20, strict=False)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        if len({person.id for person in self.people}) < len(self.people):
            raise ValueError("two people have the same id; number them p1, p2, ...")
        if len({summary.written_for for summary in self.summaries}) < len(self.summaries):
            raise ValueError("two summaries are written for the same kind of recipient; keep one")
        return self

    def person(self, person_id: str) -> Person:
        """The person of that id; KeyError where there is none."""
        return {person.id: person for person in self.people}[person_id]


class Circumstances(Strict):
    """What the officer knows of the person's position and the risks. `None` means not known: it is never filled in.

    Names are those of the facts they become (`consent/facts.py`).
    """

    capacity: Literal["presumed", "assessed_has", "doubted", "assessed_lacks"] | None = None
    gillick: Literal["n_a", "competent", "not_competent", "unknown"] | None = None
    coercion_suspected: bool | None = None
    child_at_risk: bool | None = None
    adult_at_risk: bool | None = None
    others_at_risk: bool | None = None
    serious_crime: bool | None = None
    asking_would_prejudice: bool | None = None
    prejudice_if_informed: bool | None = None
    informed_already: bool | None = None
    certificate_known: bool | None = None
    allegation_validated: bool | None = None
    objection_received: bool | None = None
    necessary: bool | None = None
    proportionate: bool | None = None
    authoriser_available: bool | None = None
    subject_living: bool | None = None
    subject_is_customer: bool | None = None
    subject_age: Annotated[int, Field(ge=0, le=120)] | None = None
    victim_wishes: Literal["refer", "landlord_only"] | None = None
    reporter_type: Literal["customer", "non_customer", "third_party", "anonymous", "staff"] | None = None


Answer = Literal[
    "given_explicit", "refused", "not_sought_delay", "cannot_give", "not_known", "unsafe_to_ask",
    "not_sought_prejudice", "given_with_conditions", "withdrawn", "given_by_parent",
]  # fmt: skip
"""The nine answers of local authorities' forms (connectors.md section 4), and a parent's in a child's place."""


class ConsentFact(Strict):
    """What the person answered when asked about one recipient and purpose. Immutable: a change is a new fact.

    UK GDPR Art 7; the answer is never a boolean. `claimed_at` is when the officer says it was given; the hub's own
    time and the log order are kept apart from it and alone count. `asked_by` is who asked, `words` how they put it.
    """

    subject: PersonId
    recipient: AgencyKind = Field(strict=False)
    purpose: Purpose = Field(strict=False)
    answer: Answer
    covers: tuple[Category, ...] = Field(default=(), max_length=40, strict=False)
    freely_given: bool | None = None
    how: Literal["in_person", "telephone", "in_writing", "online", "through_advocate"] | None = None
    asked_by: Line | None = None
    words: Prose | None = None
    conditions: Prose | None = None
    capacity: Literal["presumed", "assessed_has", "doubted", "assessed_lacks"] | None = None
    competence: Literal["n_a", "competent", "not_competent", "unknown"] | None = None
    safe_to_ask: bool | None = None
    evidence_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    gender_history_agreed: bool = False
    claimed_at: AwareDatetime = Field(strict=False)
    expires_at: AwareDatetime | None = Field(default=None, strict=False)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.answer == "given_with_conditions") != (self.conditions is not None):
            raise ValueError("conditions belong to given_with_conditions, which needs them")
        own = self.answer in ("given_explicit", "given_with_conditions")
        if own and (self.capacity == "assessed_lacks" or self.competence == "not_competent"):
            raise ValueError("whoever cannot decide this cannot agree; record cannot_give or given_by_parent")
        if self.answer == "unsafe_to_ask" and self.safe_to_ask:
            raise ValueError("unsafe_to_ask contradicts safe_to_ask")
        return self


class Ask(Strict):
    """One recipient to tell, and why. Routine = part of a standing process that the privacy notice covers."""

    agency: AgencyId
    purpose: Purpose = Field(strict=False)
    routine: bool = True


class Referral(Strict):
    """A case officer's request that a case be known to others. Schema version 1.0; see `docs/schema/`."""

    schema_version: Literal["1.0"] = "1.0"
    landlord: Literal["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"]
    subject: PersonId
    record: Record
    circumstances: Circumstances = Circumstances()
    consents: tuple[ConsentFact, ...] = Field(default=(), max_length=100, strict=False)
    asks: tuple[Ask, ...] = Field(min_length=1, max_length=20, strict=False)
    reply_to: Line

    @model_validator(mode="after")
    def _people_exist(self) -> Self:
        known = {person.id for person in self.record.people}
        if self.subject not in known:
            raise ValueError("subject names a person who is not among record.people")
        if any(consent.subject not in known for consent in self.consents):
            raise ValueError("a consent names a person who is not among record.people")
        if len({(ask.agency, ask.purpose) for ask in self.asks}) < len(self.asks):
            raise ValueError("the same agency is asked twice for one purpose")
        return self
