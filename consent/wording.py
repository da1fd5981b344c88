"""The words of an explanation: one phrase for each outcome, duty, kind of data and recipient."""

from protocols.vocabulary import AgencyKind, DataCategory, Obligation, Outcome

HEADLINES = {
    Outcome.PERMIT: "Goes to {recipient} for {purpose}.",
    Outcome.PERMIT_REDACTED: "Goes to {recipient} for {purpose}, with parts taken out.",
    Outcome.NEEDS_AUTHORISER: "Held: nothing goes to {recipient} for {purpose} until {authoriser} decides.",
    Outcome.DENY: "Does not go to {recipient} for {purpose}.",
}

TO_DO = {
    Obligation.INFORM_BEFORE: "Tell the person before it goes.",
    Obligation.INFORM_AFTER: "Tell the person afterwards, as soon as it is safe.",
    Obligation.WITHHOLD_INFORM: "Do not tell the person. Record the exemption and set a date to look again.",
    Obligation.VERIFY_REQUESTER: "Check who is asking: call back on a number you already hold.",
    Obligation.WRITTEN_REQUEST: "Ask for the request in writing: purpose, power, why it is needed.",
    Obligation.RETROSPECTIVE_AUTHORISATION: "An authoriser reviews this within one working day.",
    Obligation.BEST_INTERESTS_RECORD: "Record the best interests factors (Mental Capacity Act 2005 s.4).",
    Obligation.CAPACITY_ASSESSMENT: "Ask a professional to assess capacity for this decision.",
    Obligation.PROTECT_REPORTER: "Keep the reporter's identity out of everything you add.",
    Obligation.REVIEW_DATE: "Set a date to decide this again.",
    Obligation.NOTIFY_RECIPIENTS: "Tell everyone who had it.",
    Obligation.STOP_USE_NOTICE: "Ask those who had it before to stop using it.",
    Obligation.OFFER_SUPPORT: "Offer support, and leave the door open.",
    Obligation.REFER_DPO: "Refer this to the data protection officer.",
    Obligation.BALANCE_TEST: "Record the legitimate interests assessment.",
    Obligation.NOTIFY_SUBJECT_RIGHTS: "Tell the person of their rights to object and to complain.",
    Obligation.BREACH_ASSESS: "Assess this as a possible personal data breach (UK GDPR Art 33 and 34).",
    Obligation.SECURE_CHANNEL: "Send only by a secure channel to a named recipient.",
    Obligation.SEEK_CONSENT: "Ask the person, where that is safe, whether they agree explicitly.",
}
"""Duties a person must do. Those that the hub does by itself are not listed."""

OWN_KINDS = {
    DataCategory.IDENTITY: "who you are",
    DataCategory.CONTACT: "how to contact you safely",
    DataCategory.INCIDENT_NARRATIVE: "what happened",
    DataCategory.HATE_STRAND: "what happened",
    DataCategory.HEALTH: "your health",
    DataCategory.MENTAL_HEALTH: "your health",
    DataCategory.DISABILITY: "the help you need",
    DataCategory.HOUSEHOLD: "your household",
    DataCategory.TENANCY_HISTORY: "your tenancy",
    DataCategory.FINANCIAL: "your money",
    DataCategory.SAFE_ADDRESS: "where you stay now",
    DataCategory.RACE_ETHNICITY: "other private details about you",
    DataCategory.RELIGION: "other private details about you",
    DataCategory.SEXUAL_ORIENTATION: "other private details about you",
    DataCategory.TRANS_STATUS: "other private details about you",
    DataCategory.GRA_PROTECTED: "other private details about you",
    DataCategory.IMMIGRATION_STATUS: "other private details about you",
    DataCategory.COUNSELLING_RECORD: "other private details about you",
}
"""Kinds of data the person is told of. The rest are about others, or about an enquiry. A letter may be read by
whoever else lives there, so the most private kinds share one phrase."""

NOTHING_TO_TELL = (
    "We look after information about you carefully, and share it only where the law lets us.\n"
    "You can ask our data protection officer what we hold about you, and you can complain to us or to the Information "
    "Commissioner."
)
"""The person's text where telling would do harm: it neither says nor denies that anything was shared."""

YOUR_RIGHTS = (
    "You can ask to see what we hold about you, ask us to correct it, or object. You can complain to us, and to the "
    "Information Commissioner."
)

NAMES = {
    AgencyKind.POLICE.value: "the police",
    AgencyKind.SOCIAL_CARE_CHILDREN.value: "children's social care",
    AgencyKind.SOCIAL_CARE_ADULTS.value: "adult social care",
    AgencyKind.STOP_HATE_UK.value: "Stop Hate UK",
    AgencyKind.JAG.value: "the joint agency group",
    AgencyKind.CITYSAFE.value: "the CitySafe meeting",
    AgencyKind.MARAC.value: "the domestic abuse conference (MARAC)",
    AgencyKind.FIRE.value: "the fire and rescue service",
    AgencyKind.AMBULANCE.value: "the ambulance service",
    AgencyKind.HOUSING_OPTIONS.value: "the council's housing options team",
    AgencyKind.SUPPORT_CHARITY.value: "a support charity",
    AgencyKind.DRUG_ALCOHOL_CHARITY.value: "a drug and alcohol service",
    AgencyKind.OTHER_LANDLORD.value: "another landlord",
    AgencyKind.ASB_REVIEW_PANEL.value: "the anti-social behaviour case review",
    AgencyKind.PRESS.value: "the press",
    AgencyKind.PUBLIC.value: "the public",
    AgencyKind.CONTRACTOR.value: "a contractor",
    AgencyKind.CORONER.value: "the coroner",
    AgencyKind.COURT.value: "the court",
    AgencyKind.DATA_SUBJECT.value: "the person themselves",
    AgencyKind.ELECTED_REPRESENTATIVE.value: "an elected representative",
    AgencyKind.EMPLOYER.value: "an employer",
    AgencyKind.FAMILY_MEMBER.value: "a member of the family",
    AgencyKind.IMMIGRATION_ENFORCEMENT.value: "immigration enforcement",
    AgencyKind.INTERNAL_TEAM.value: "another of the landlord's teams",
    AgencyKind.LOCAL_AUTHORITY.value: "the council",
    AgencyKind.MANAGING_AGENT.value: "a managing agent",
    AgencyKind.NEIGHBOUR.value: "a neighbour",
    AgencyKind.OMBUDSMAN.value: "the ombudsman",
    AgencyKind.OPPOSING_SOLICITOR.value: "the other side's solicitor",
    AgencyKind.PARENT.value: "a parent",
    AgencyKind.RESEARCHER.value: "a researcher",
    AgencyKind.SAFEGUARDING_ADULTS_BOARD.value: "the safeguarding adults board",
    AgencyKind.SAFEGUARDING_PARTNER.value: "a safeguarding partner",
    AgencyKind.SCHOOL.value: "the school",
    AgencyKind.SOLICITOR.value: "the landlord's solicitor",
    AgencyKind.THIRD_PARTY_REPORTER.value: "somebody who reported it",
    "dpo": "the data protection officer",
    "asb_case_review": "an anti-social behaviour case review",
    "safeguarding_adult": "safeguarding an adult",
    "safeguarding_child": "safeguarding a child",
    "gra_protected": "gender history (Gender Recognition Act 2004 s.22)",
}


def plain(token: str) -> str:
    """A vocabulary token as a reader says it: its usual name where it has one, else its words."""
    return NAMES.get(token, token.replace("_", " "))
