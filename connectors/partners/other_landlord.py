"""Notice to another landlord or managing agent: what, where and when, and their own tenant; never the victim."""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Notice about your tenant or property",
    recipients=frozenset({AgencyKind.OTHER_LANDLORD, AgencyKind.MANAGING_AGENT}),
    sections=(
        Section("What happened", (
            "summary", "incident.when", "incident.place", "incident.conduct", "incident.damage", "incident.",
            "case.strands",
        )),
        Section("Your tenant", ("alleged.name", "alleged.address", "alleged.tenancy_reference", "alleged.")),
        Section("Asked of you", ("case.requested_actions",)),
    ),
    notices=("Do not try to find out who complained, and do not approach them.",),
)  # fmt: skip
"""Sections of a notice to another landlord."""
