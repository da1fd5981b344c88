"""From what is on file to the closed set of facts: every fact and where it comes from, in one visible list.

Pure. What nobody recorded stays unknown; the engine then asks a person rather than assume (law.md 4.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from consent.assurance import Assurances, Record
from hub.decision.overriding import Danger
from protocols.coverage import Coverage
from protocols.record import Ask, ConsentFact, PersonRole, Referral
from protocols.vocabulary import AgencyKind, DataCategory

__all__ = ["Assurances", "Record", "Standing", "facts_of"]

_ROLE = {PersonRole.PARENT: "household_member", PersonRole.PROFESSIONAL: "staff"}
_SPECIAL = frozenset({
    DataCategory.RACE_ETHNICITY, DataCategory.RELIGION, DataCategory.HEALTH, DataCategory.MENTAL_HEALTH,
    DataCategory.DISABILITY, DataCategory.SEXUAL_ORIENTATION, DataCategory.HATE_STRAND,
})  # fmt: skip

_AS_FACT = {
    "given_with_conditions": "given_explicit", "not_sought_delay": "not_asked", "not_sought_prejudice": "not_asked",
    "not_known": "not_asked",
}  # fmt: skip
"""Answers that the law's own words do not tell apart from another; the rest are facts as they stand."""

_OLDEST = 130


@dataclass(frozen=True, slots=True)
class Standing:
    """What the registers say at `now` of the parties to one ask, and where the disclosure stands."""

    landlord: str
    jurisdiction: str
    public_authority: bool
    has_policy_document: bool
    recipient: AgencyKind
    coverage: Coverage
    consent: ConsentFact | None
    contractor_agreement: Literal["n_a", "signed", "missing"]
    stage: Literal["decision", "queued"]
    now: datetime
    assurances: Assurances
    unsafe: frozenset[tuple[str, str]] = frozenset()
    """Contacts and homes that may not be used to reach people, as `consent.minimise` takes them."""
    declared: frozenset[Danger] = frozenset()
    """What safeguarding overrides in force declare (`hub.decision.overriding`)."""


def facts_of(
    referral: Referral, ask: Ask, standing: Standing, categories: tuple[DataCategory, ...]
) -> Mapping[str, object]:
    """The facts of one ask (names as in `consent.facts`). `None` is unknown."""
    given = referral.circumstances
    subject = referral.record.person(referral.subject)
    return {
        # the law and the landlord
        "jurisdiction": standing.jurisdiction,
        "controller_public_authority": standing.public_authority,
        "landlord": standing.landlord,
        "apd": standing.has_policy_document,
        # a referral is always the landlord's own act; requests and demands come by another door
        "direction": "push",
        "demand": "none",
        "request": "n_a",
        "routine": ask.routine,
        "recipient": standing.recipient.value,
        "purpose": ask.purpose.value,
        "categories": [category.value for category in categories],
        "stage": standing.stage,
        # the person
        "subject_role": _ROLE.get(subject.role, subject.role.value),
        "subject_age": _age(given.subject_age, referral.record.person(referral.subject).date_of_birth, standing.now),
        "subject_living": given.subject_living,
        "subject_is_customer": given.subject_is_customer,
        "reporter_type": given.reporter_type,
        "victim_wishes": given.victim_wishes,
        "capacity": given.capacity,
        "gillick": given.gillick,
        "coercion_suspected": given.coercion_suspected,
        "objection_received": given.objection_received,
        # what they answered
        **_consent_facts(standing.consent),
        "asking_would_prejudice": _prejudices(given.asking_would_prejudice, standing.consent),
        # the danger
        "risk": referral.record.risk.level,
        "child_at_risk": given.child_at_risk,
        "adult_at_risk": given.adult_at_risk,
        "others_at_risk": given.others_at_risk,
        "serious_crime": given.serious_crime,
        # the case for telling
        "necessary": given.necessary,
        "proportionate": given.proportionate,
        "allegation_validated": given.allegation_validated,
        "prejudice_if_informed": given.prejudice_if_informed,
        "informed_already": given.informed_already,
        "authoriser_available": given.authoriser_available,
        # the paper
        "protocol": standing.coverage.status.value,
        "protocol_uncovered": [category.value for category in sorted(standing.coverage.uncovered)],
        "contractor_agreement": standing.contractor_agreement,
        # gender history
        "strand_value": _strand(referral),
        "certificate_known": given.certificate_known,
    }


def _consent_facts(consent: ConsentFact | None) -> dict[str, object]:
    if consent is None:
        return {"consent": "not_asked"}
    return {
        "consent": _AS_FACT.get(consent.answer, consent.answer),
        # It was looked up by recipient and purpose. Whether its conditions are kept, a person says each time.
        "consent_covers_this": True if consent.conditions is None else None,
        "consent_freely_given": consent.freely_given,
        "consent_covers_special": bool(_SPECIAL & set(consent.covers)),
        "consent_categories": [category.value for category in sorted(consent.covers)],
        "gra_specific_agreement": consent.gender_history_agreed,
    }


def _prejudices(said: bool | None, consent: ConsentFact | None) -> bool | None:
    """Also where an officer noted that as the reason for not asking; unknown where the two disagree."""
    if consent is None or consent.answer != "not_sought_prejudice":
        return said
    return None if said is False else True


def _age(said: int | None, born: date | None, now: datetime) -> int | None:
    """In whole years. Unknown where date of birth and stated age disagree, or nobody can be that old: a person asks."""
    if born is None:
        return said
    age = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
    agrees = said is None or abs(said - age) <= 1
    return age if 0 <= age <= _OLDEST and agrees else None


def _strand(referral: Referral) -> str:
    values = [strand.value for strand in referral.record.case.strands]
    if "transgender_identity" in values:
        return "transgender"  # the one strand that by itself tells of a person's history
    return values[0] if values else "unspecified"
