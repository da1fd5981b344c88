"""Referral to Stop Hate UK: how to reach the person safely, what they want, and enough to be of use.

The service passes details on only with the person's consent: consent to refer is not consent to report onward.
"""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Referral to Stop Hate UK for independent reporting, advice and support",
    recipients=frozenset({AgencyKind.STOP_HATE_UK}),
    sections=(
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.contacts", "victim.name", "victim.language", "victim.communication_needs",
        )),
        Section("What the person wants", ("case.requested_actions", "victim.views")),
        Section("Area and strand", ("incident.area", "case.strands")),
        Section("What happened", (
            "summary", "incident.when", "incident.conduct", "incident.narrative", "case.kind", "case.summary",
        )),
        Section("Safety", ("risk.level", "risk.judgement")),
        Section("Already reported", ("incident.police_reference",)),
    ),
    notices=("The person agreed to this referral only. Ask them before passing anything to the police or others.",),
)  # fmt: skip
"""Sections of a Stop Hate UK referral."""
