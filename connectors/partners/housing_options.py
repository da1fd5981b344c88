"""Referral to a council's housing options: who, how to reach them, and why, in the manner of the duty to refer.

Housing Act 1996 s.213B binds the bodies that regulations name; social landlords are not among them, so this referral
is voluntary, and the person chooses the authority.
"""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Referral to housing options",
    recipients=frozenset({AgencyKind.HOUSING_OPTIONS}),
    sections=(
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.name", "victim.contacts", "victim.address", "victim.language",
            "victim.communication_needs",
        )),
        Section("Why help is needed", ("housing.reason", "summary", "risk.level")),
        Section("Authority the person chose", ("housing.authority_chosen",)),
        Section("Household", ("housing.household_size", "victim.tenancy_reference", "household.", "child.")),
        Section("Asked of you", ("case.requested_actions",)),
    ),
)  # fmt: skip
"""Sections of a housing options referral."""
