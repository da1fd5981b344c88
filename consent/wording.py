"""The words of an explanation: one phrase for each outcome, duty, kind of data and recipient; the person's letter."""

from dataclasses import dataclass
from datetime import date

from protocols.vocabulary import AgencyKind, DataCategory, Obligation, Outcome

HEADLINES = {
    Outcome.PERMIT: "Goes to {recipient} for {purpose}.",
    Outcome.PERMIT_REDACTED: "Goes to {recipient} for {purpose}, with parts taken out.",
    Outcome.NEEDS_AUTHORISER: "Held: nothing goes to {recipient} for {purpose} until it is released by {authoriser}.",
    Outcome.DENY: "Does not go to {recipient} for {purpose}.",
}

THEN = {
    Outcome.PERMIT: "it may go",
    Outcome.PERMIT_REDACTED: "it may go with parts taken out",
    Outcome.NEEDS_AUTHORISER: "somebody with authority decides",
    Outcome.DENY: "it does not go",
}
"""What follows from a change or an answer."""

BYPASS = (
    "Do not send it another way. To disclose personal data knowingly or recklessly without the consent of the landlord "
    "as controller may be an offence (Data Protection Act 2018 s.170)."
)
"""Said on every refusal."""

BEFORE = {
    Obligation.BREACH_ASSESS: "Tell the data protection officer now, who assesses this as a possible personal data "
    "breach (UK GDPR Art 33 and 34: 72 hours).",
    Obligation.STOP_USE_NOTICE: "Ask those who had it before to stop using it.",
    Obligation.VERIFY_REQUESTER: "Check who is asking: call back on a number you already hold.",
    Obligation.WRITTEN_REQUEST: "Ask for the request in writing: purpose, power, why it is needed.",
    Obligation.SEEK_CONSENT: "Ask the person, where that is safe, whether they agree explicitly.",
    Obligation.CAPACITY_ASSESSMENT: "Ask a professional to assess capacity for this decision.",
    Obligation.BEST_INTERESTS_RECORD: "Record the best interests factors (Mental Capacity Act 2005 s.4).",
    Obligation.BALANCE_TEST: "Record the legitimate interests assessment.",
    Obligation.REFER_DPO: "Refer this to the data protection officer.",
}
"""What the officer does, in order, before anybody decides or anything goes."""

RELEASE = "Put it to {authoriser}, {within}. Whoever wrote it may not release it."

AFTER = {
    Obligation.INFORM_BEFORE: "Tell the person before it goes.",
    Obligation.WITHHOLD_INFORM: "Do not tell the person. Record the exemption{exemptions} and look again on the day "
    "that is set.",
    Obligation.PROTECT_REPORTER: "Keep the reporter's identity out of everything you add.",
    Obligation.SECURE_CHANNEL: "Send only by a secure channel to a named recipient.",
    Obligation.INFORM_AFTER: "Tell the person afterwards, as soon as it is safe.",
    Obligation.NOTIFY_RECIPIENTS: "Tell everyone who had it.",
    Obligation.NOTIFY_SUBJECT_RIGHTS: "Tell the person of their rights to object and to complain.",
    Obligation.OFFER_SUPPORT: "Offer support, and leave the door open.",
    Obligation.RETROSPECTIVE_AUTHORISATION: "An authoriser, not you, reviews this within 1 working day.",
    Obligation.REVIEW_DATE: "Decide this again by {review_by}.",
}
"""What is done once it is decided, in order. Duties that the hub does by itself are in neither list."""

TELL_FIRST = "Tell the person of this sharing first, then decide again."
"""In the place of telling before it goes, where it does not go."""

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


@dataclass(frozen=True, slots=True)
class Letter:
    """The sentences to the person the data is about. `nothing` neither says nor denies that anything was shared."""

    shared: str
    about: str
    only_needed: str
    no_names: str
    not_shared: str
    being_decided: str
    answered: str
    left_out: str
    not_answered: str
    support: str
    may_we_ask: str
    rights: str
    nothing: str


TO_ADULT = Letter(
    shared="We share some information about you with {recipient}. They need it to do their part.",
    about="It is about:",
    only_needed="We send only what they need.",
    no_names="We share numbers that do not show who you are.",
    not_shared="We have not shared this information about you.",
    being_decided="A senior colleague will decide whether we should.",
    answered="Here is the information about you that you asked for.",
    left_out="The law may let us leave some parts out.",
    not_answered="We cannot send you what you asked for yet. You can ask us why.",
    support="If you would like support, now or later, please tell us.",
    may_we_ask="We would like to ask you if more may be shared. It is your choice. You can change your mind.",
    rights="You can ask to see what we hold about you. You can ask us to put it right, and you can object. "
    "You can complain to us. You can also complain to the Information Commissioner.",
    nothing="We look after what we know about you with care. We share it only where the law lets us.\n"
    "You can ask our data protection officer what we hold about you. You can ask us to put it right, and you can "
    "object. You can complain to us. You can also complain to the Information Commissioner.",
)

TO_CHILD = Letter(
    shared="We told {recipient} some things about you. They need to know them so that they can do their job.",
    about="We told them about:",
    only_needed="We only told them what they need to know.",
    no_names="We only gave numbers. Nobody can see that it is you.",
    not_shared="We have not told anyone this about you.",
    being_decided="Someone senior here will think about what is best.",
    answered="Here is what we know about you.",
    left_out="Some things may be left out.",
    not_answered="We can not give you this yet. You can ask us why.",
    support="If you want help, now or later, please tell us.",
    may_we_ask="We would like to ask if we may tell more. You can say yes or no. You can change your mind.",
    rights="You can ask us what we know about you. If we got it wrong, tell us and we will put it right. "
    "If you are not happy, tell us, or tell a grown-up you trust. You can also tell the Information Commissioner. "
    "That is the person who makes sure that facts about people are kept safe.",
    nothing="We keep what we know about you safe.\n"
    "You can ask us what we know about you. If we got it wrong, tell us and we will put it right. "
    "If you are not happy, tell us, or tell a grown-up you trust. You can also tell the Information Commissioner. "
    "That is the person who makes sure that facts about people are kept safe.",
)

TO_THE_PERSON = {
    AgencyKind.MARAC: "agencies that work together to keep people safe",
    AgencyKind.ASB_REVIEW_PANEL: "local agencies that work together",
    AgencyKind.OPPOSING_SOLICITOR: "a solicitor",
    AgencyKind.SOLICITOR: "our solicitor",
    AgencyKind.THIRD_PARTY_REPORTER: "another person",
    AgencyKind.NEIGHBOUR: "another person",
    AgencyKind.INTERNAL_TEAM: "another of our teams",
}
"""Recipients whose usual name would tell that somebody reported, or what about, to whoever opens the letter."""

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
    "casework_enquiry": "an enquiry made for somebody",
    "feedback_to_reporter": "an answer to whoever reported it",
    "misdirected": "something that was sent to the wrong place",
    "prevent_radicalisation": "a Prevent referral",
    "publicity_of_outcome": "telling the public what came of it",
    "rectification_notice": "putting right what was sent before",
    "safeguarding_adult": "safeguarding an adult",
    "safeguarding_child": "safeguarding a child",
    "gra_protected": "gender history (Gender Recognition Act 2004 s.22)",
}


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def authorisers(said: str | None) -> str:
    """Who decides, with articles: the engine names one kind of person, or several parted by semicolons."""
    named = [plain(part) for part in (said or "").split("; ") if part]
    listed = [part if part.startswith(("the ", "an ", "a ")) else f"the {part}" for part in named]
    return ", and ".join(listed) or "an authoriser"


def on_day(day: date) -> str:
    """A date as people write it."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def by_when(clock: str | None) -> str:
    """A clock of the engine as part of a sentence."""
    if clock is None:
        return "without delay"
    return f"within {clock}" if clock[0].isdigit() else clock.replace("same day", "the same day")


def plain(token: str) -> str:
    """A vocabulary token as a reader says it: its usual name where it has one, else its words."""
    return NAMES.get(token, token.replace("_", " "))
