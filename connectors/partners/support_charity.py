"""Referral to a specialist support charity: for a victim, or to a drug and alcohol service for whoever agreed to go."""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

VICTIMS = Profile(
    title="Referral for specialist victim support",
    recipients=frozenset({AgencyKind.SUPPORT_CHARITY}),
    sections=(
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.name", "victim.contacts", "victim.address", "victim.language",
            "victim.communication_needs",
        )),
        Section("Help asked for", ("case.requested_actions", "victim.views", "summary")),
        Section("Strand, for the right adviser", ("case.strands",)),
        Section("Safety", ("risk.level", "risk.judgement")),
        Section("Already reported", ("incident.police_reference",)),
    ),
    notices=("The person agreed to this referral only. Ask them before passing anything on.",),
)  # fmt: skip
"""Sections of a victim support referral."""

DRUGS_AND_ALCOHOL = Profile(
    title="Referral to a drug and alcohol service",
    recipients=frozenset({AgencyKind.DRUG_ALCOHOL_CHARITY}),
    sections=(
        Section("How to make contact safely", (
            "alleged.safe_contact", "alleged.name", "alleged.contacts", "alleged.address", "alleged.language",
            "alleged.communication_needs", "victim.safe_contact", "victim.name", "victim.contacts", "victim.language",
        )),
        Section("Help asked for", ("case.requested_actions", "alleged.views", "victim.views", "summary")),
        Section("What the person told of their health", ("alleged.health", "alleged.care_needs", "victim.care_needs")),
        Section("Safety of staff", ("risk.visit_hazards", "risk.level")),
    ),
    notices=("The person agreed to this referral only. Ask them before passing anything on.",),
)  # fmt: skip
"""Sections of a drug and alcohol referral; the person referred may be the one complained of."""
