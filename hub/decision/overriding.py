"""What a safeguarding override changes in a decision. Pure.

An override is a person's word that somebody is in danger or at risk, taken at once and looked into afterwards. It is
handed to the engine as that fact, and as a one-off. What the law then refuses stays refused. Where the law would still
wait for a person, the override stands in for them, towards the bodies that protect people and no others; and what is
sealed stays closed, because nobody acting in an emergency needs it and no review afterwards brings it back.
"""

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum, unique

from consent.decision import Decision, Reason
from consent.facts import Facts
from hub.decision.authorisers import panels
from protocols.vocabulary import AgencyKind, DataCategory, Obligation, Outcome, Purpose


@unique
class Danger(StrEnum):
    """What an override may be declared for."""

    IMMEDIATE_DANGER = "immediate_danger"
    CHILD_AT_RISK = "child_at_risk"
    ADULT_AT_RISK = "adult_at_risk"


PROTECTORS = frozenset({
    AgencyKind.POLICE, AgencyKind.FIRE, AgencyKind.AMBULANCE, AgencyKind.SOCIAL_CARE_CHILDREN,
    AgencyKind.SOCIAL_CARE_ADULTS, AgencyKind.LOCAL_AUTHORITY, AgencyKind.MARAC,
    AgencyKind.SAFEGUARDING_ADULTS_BOARD, AgencyKind.SAFEGUARDING_PARTNER,
})  # fmt: skip
"""The bodies that rescue or protect people under a function in law: an override reaches these and no others."""

PROTECTS = frozenset({
    Purpose.EMERGENCY, Purpose.SAFEGUARDING_ADULT, Purpose.SAFEGUARDING_CHILD, Purpose.EARLY_HELP,
    Purpose.CRIME_INVESTIGATION, Purpose.CRIME_PREVENTION, Purpose.INTELLIGENCE, Purpose.PREVENT_RADICALISATION,
    Purpose.ASB_CASE_REVIEW, Purpose.CASE_MANAGEMENT, Purpose.REHOUSING, Purpose.TARGET_HARDENING,
    Purpose.VICTIM_SUPPORT,
})  # fmt: skip
"""What somebody in danger may be helped by. Publicity, research, references or lawsuits wait, whoever asks."""

SEALED = frozenset({
    DataCategory.SAFE_ADDRESS, DataCategory.TRANS_STATUS, DataCategory.GRA_PROTECTED, DataCategory.REPORTER_IDENTITY,
    DataCategory.WITNESS_IDENTITY, DataCategory.COUNSELLING_RECORD, DataCategory.LEGAL_PRIVILEGED,
    DataCategory.IMMIGRATION_STATUS,
})  # fmt: skip
"""What no override opens: where somebody hides, gender history, who spoke up, what was told in confidence."""

_TRANS = ("transgender", "transgender_identity")
_REPLACED = frozenset({"service manager", "safeguarding lead", "data protection officer"})
_FACTS: dict[Danger, dict[str, object]] = {
    Danger.IMMEDIATE_DANGER: {"risk": "immediate_danger"},
    Danger.CHILD_AT_RISK: {"child_at_risk": True},
    Danger.ADULT_AT_RISK: {"adult_at_risk": True},
}
_ONE_OFF: dict[str, object] = {"routine": False}
_CITES = ("ICO data sharing code: urgent or emergency situations",)


def declared_facts(dangers: Collection[Danger]) -> dict[str, object]:
    """The facts that these overrides declare; none where there is none."""
    return {name: value for danger in sorted(dangers) for name, value in (_ONE_OFF | _FACTS[danger]).items()}


def reaches(recipient: AgencyKind, facts: Facts) -> bool:
    """Whether an override counts towards this kind of recipient, in such a case and for such a purpose.

    Not where the landlord's own staff are concerned, for a colleague may have an interest in it (law.md 4.7).
    """
    return may_reach(recipient, facts.get("purpose")) and facts.get("subject_role") != "staff"


def may_reach(recipient: AgencyKind, purpose: object) -> bool:
    """Whether an override may count towards this kind of recipient, for such a purpose."""
    return recipient in PROTECTORS and purpose in PROTECTS


def stood_in_for(decision: Decision, facts: Facts) -> Decision:
    """The decision under an override, of the engine's own answer on the facts that it declares.

    A refusal is returned as it is, and so is what waits for somebody whom an override does not replace.
    """
    waits = decision.outcome is Outcome.NEEDS_AUTHORISER
    if decision.outcome is Outcome.DENY or (waits and not _replaces(decision.authoriser)):
        return decision
    closed = SEALED | ({DataCategory.HATE_STRAND} if facts.get("strand_value") in _TRANS else frozenset())
    sealed = sorted(closed & frozenset(decision.keep))
    says = "An override opens nothing that is sealed; once it has ended, refer again to have this decided as well."
    reasons = [Reason("SEALED_UNDER_OVERRIDE", category, _CITES, says) for category in sealed]
    stands_in = Reason("OVERRIDE_IN_FORCE", None, _CITES,
                       "Somebody declared danger or risk, answers for it, and it is reviewed afterwards.")  # fmt: skip
    duties = {*decision.obligations, Obligation.RECORD_RATIONALE, Obligation.REFER_DPO}
    return replace(
        decision, outcome=Outcome.PERMIT_REDACTED if waits or sealed else decision.outcome,
        authoriser=None, within=None,
        keep=tuple(category for category in decision.keep if category not in closed),
        remove=tuple(sorted({*decision.remove, *sealed})), reasons=(stands_in, *decision.reasons, *reasons),
        obligations=tuple(duty for duty in Obligation if duty in duties),
    )  # fmt: skip


def _replaces(sentence: str | None) -> bool:
    """Whether every seat that is waited for could be taken by those whom an override replaces."""
    return all(seat & _REPLACED for panel in panels(sentence) for seat in panel)
