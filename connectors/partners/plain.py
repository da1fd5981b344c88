"""The fallback: sections by canonical path, for any kind of recipient that has no profile of its own."""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

PROFILE = Profile(
    title="Disclosure",
    recipients=frozenset(AgencyKind),
    sections=(
        Section("Summary", ("summary",)),
        Section("Risk", ("risk.level", "risk.judgement", "risk.")),
        Section("The person", ("victim.name", "victim.safe_contact", "victim.contacts", "victim.address", "victim.")),
        Section("The case", ("case.",)),
        Section("What happened", (
            "incident.when", "incident.place", "incident.conduct", "incident.narrative", "incident.",
        )),
        Section("Person thought responsible", ("alleged.name", "alleged.")),
        Section("Children and others in the home", ("child.", "parent.", "household.")),
        Section("Witnesses and who told us", ("witness.", "reporter.")),
        Section("Staff and professionals", ("staff.", "professional.")),
        Section("Fire", ("fire.",)),
        Section("Housing", ("housing.",)),
        Section("Evidence held", ("evidence.",)),
    ),
)  # fmt: skip
"""Sections for any recipient."""
