"""Home fire safety referral: that there is a threat, when and how, and how to visit; never by whom or why."""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Home fire safety and arson-threat referral",
    recipients=frozenset({AgencyKind.FIRE}),
    sections=(
        Section("The threat", ("fire.threat", "risk.level", "incident.when", "incident.place", "summary")),
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.name", "victim.contacts", "victim.address", "victim.language",
            "victim.communication_needs",
        )),
        Section("What raises the risk in the home", ("fire.factors", "risk.visit_hazards")),
        Section("Equipment asked for", ("fire.equipment_asked", "case.requested_actions")),
        Section("Already reported", ("incident.police_reference",)),
    ),
)  # fmt: skip
"""Sections of a fire service referral."""
