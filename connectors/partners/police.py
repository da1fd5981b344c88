"""Report to a police force: danger and safe contact first, what happened, why it is thought hate, then the people.

Shape: the police profile in the project's form survey (Police Scotland and Sussex third-party forms stand in for the
national one). Conduct is told in plain types: only the police classify offences.
"""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Report to the police of an alleged hate crime or incident",
    recipients=frozenset({AgencyKind.POLICE}),
    sections=(
        Section("Is anyone in danger now", (
            "risk.level", "risk.judgement", "risk.visit_hazards", "risk.score", "risk.tool", "fire.threat",
        )),
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.contacts", "victim.language", "victim.communication_needs",
        )),
        Section("What happened", (
            "summary", "incident.when", "incident.place", "incident.place_type", "incident.area", "incident.conduct",
            "incident.narrative", "incident.weapon", "incident.injuries", "incident.damage",
            "incident.believed_criminal", "incident.police_reference", "case.kind", "case.summary",
        )),
        Section("Why it is thought to be hate", ("case.strands",)),
        Section("Victim", ("victim.name", "victim.date_of_birth", "victim.address", "victim.views", "victim.")),
        Section("Person thought responsible", (
            "alleged.name", "alleged.date_of_birth", "alleged.address", "alleged.description", "alleged.vehicle",
            "alleged.relationship", "alleged.",
        )),
        Section("Witnesses and who told us", ("witness.", "reporter.")),
        Section("Children and others in the home", ("child.", "parent.", "household.")),
        Section("Evidence held", ("evidence.kind", "evidence.description", "evidence.held_by")),
        Section("Done so far and asked of you", (
            "case.requested_actions", "case.actions_taken", "case.prior_reports", "case.history",
            "case.other_agencies", "case.reference",
        )),
    ),
    notices=("Please answer with your incident or crime reference, quoting ours.",),
)  # fmt: skip
"""Sections of a police report."""
