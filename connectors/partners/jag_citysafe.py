"""Meeting pack for a Joint Action Group or CitySafe hate-crime meeting: an agenda line, then the case.

No public form was found; the shape is that of MARAC protocols: agencies first search on the agenda line, and the case
is opened only by those who signed the declaration and have a role. The meeting's title is the agency's own name.
"""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Meeting pack",
    recipients=frozenset({AgencyKind.JAG, AgencyKind.CITYSAFE}),
    sections=(
        Section("Agenda line: search your records on this alone", (
            "victim.name", "victim.date_of_birth", "victim.safe_contact", "victim.address", "alleged.name",
            "alleged.date_of_birth", "alleged.address",
        )),
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.contacts", "victim.language", "victim.communication_needs",
        )),
        Section("The case", (
            "summary", "case.kind", "case.strands", "case.summary", "incident.when", "incident.area",
            "incident.conduct", "incident.narrative", "incident.police_reference", "incident.",
            "case.history", "case.prior_reports",
        )),
        Section("Risk", ("risk.level", "risk.tool", "risk.score", "risk.judgement", "risk.")),
        Section("The victim's views", ("victim.views",)),
        Section("Done so far and who is involved", ("case.actions_taken", "case.other_agencies", "case.reference")),
        Section("Asked of the meeting", ("case.requested_actions",)),
    ),
    notices=(
        "Open the case only if you have signed this meeting's declaration and have a role in it.",
        "Do not copy, forward or minute this pack; return it to the chair at the end of the meeting.",
    ),
    paper="page",
)  # fmt: skip
"""Sections of a meeting pack."""
