"""Referral to children's social care (MARF) and concern about an adult with care and support needs.

Shapes: the children's and adults' profiles in the project's form survey (nine councils' forms). Children's referrals
rest on the Children Act 1989 ss.17 and 47, adult concerns on the Care Act 2014 s.42.
"""

from connectors.partners.sections import Profile, Section
from protocols.vocabulary import AgencyKind

CHILDREN = Profile(
    title="Multi-agency referral about a child",
    recipients=frozenset({AgencyKind.SOCIAL_CARE_CHILDREN, AgencyKind.SAFEGUARDING_PARTNER}),
    sections=(
        Section("Concern and level of risk", (
            "summary", "risk.level", "risk.judgement", "risk.tool", "risk.score", "case.kind", "case.summary",
        )),
        Section("Child or children", (
            "child.name", "child.date_of_birth", "child.safe_contact", "child.address", "child.school",
            "child.language", "child.communication_needs", "child.views", "child.",
        )),
        Section("Parents and carers", (
            "parent.name", "parent.relationship", "parent.date_of_birth", "parent.safe_contact", "parent.contacts",
            "parent.address", "parent.language", "parent.views", "parent.",
        )),
        Section("Others in the household", ("household.", "victim.")),
        Section("What happened", (
            "incident.when", "incident.place", "incident.conduct", "incident.narrative", "incident.injuries",
            "incident.", "case.strands", "evidence.",
        )),
        Section("Person the risk comes from", ("alleged.name", "alleged.relationship", "alleged.")),
        Section("Safety of a visitor", ("risk.visit_hazards",)),
        Section("Tried so far, others involved, and asked of you", (
            "case.requested_actions", "case.actions_taken", "case.other_agencies", "case.history",
            "case.prior_reports", "case.reference",
        )),
    ),
    notices=(
        "Telephone first where a child may be in immediate danger; this referral follows the call.",
        "Do not tell the family who gave this information without asking the sender.",
    ),
)  # fmt: skip
"""Sections of a children's referral. DfE referral source: 4, housing."""

ADULTS = Profile(
    title="Concern about an adult with care and support needs",
    recipients=frozenset({AgencyKind.SOCIAL_CARE_ADULTS, AgencyKind.SAFEGUARDING_ADULTS_BOARD}),
    sections=(
        Section("How to make contact safely", (
            "victim.safe_contact", "victim.contacts", "victim.language", "victim.communication_needs",
        )),
        Section("The adult", (
            "victim.name", "victim.date_of_birth", "victim.address", "victim.relationship", "victim.",
        )),
        Section("Care and support needs", ("victim.care_needs", "victim.health", "victim.mental_health",
                                           "victim.disability")),
        Section("The adult's own views and wished-for outcome", ("victim.views",)),
        Section("What happened", (
            "summary", "incident.when", "incident.place", "incident.conduct", "incident.narrative", "incident.injuries",
            "incident.", "case.kind", "case.strands", "case.summary", "evidence.",
        )),
        Section("Level of risk and safety of a visitor", (
            "risk.level", "risk.judgement", "risk.visit_hazards", "risk.",
        )),
        Section("Person thought responsible", ("alleged.name", "alleged.relationship", "alleged.")),
        Section("Others in the household", ("child.", "parent.", "household.")),
        Section("Done to make the adult safe, others involved, and asked of you", (
            "case.requested_actions", "case.actions_taken", "case.other_agencies", "case.history",
            "case.prior_reports", "case.reference",
        )),
    ),
    notices=("Telephone where a response is needed within 48 hours.",),
)  # fmt: skip
"""Sections of an adult safeguarding concern; hate crime is the Care Act guidance's discriminatory abuse."""
