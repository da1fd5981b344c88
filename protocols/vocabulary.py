"""The words of the field: who receives, why, what kind of data, on which ground, with which duty.

Values are the public interface of the decision engine, the API and the audit log: add where the law needs more,
remove nothing. Each lawful ground and condition carries its citation; see `docs/law.md` for how far each was checked.
"""

from enum import StrEnum, unique


@unique
class AgencyKind(StrEnum):
    """The kinds of recipient a disclosure may be decided for (law.md section 4.6)."""

    AMBULANCE = "ambulance"
    ASB_REVIEW_PANEL = "asb_review_panel"
    CITYSAFE = "citysafe"
    CONTRACTOR = "contractor"
    CORONER = "coroner"
    COURT = "court"
    DATA_SUBJECT = "data_subject"
    DRUG_ALCOHOL_CHARITY = "drug_alcohol_charity"
    ELECTED_REPRESENTATIVE = "elected_representative"
    EMPLOYER = "employer"
    FAMILY_MEMBER = "family_member"
    FIRE = "fire"
    HOUSING_OPTIONS = "housing_options"
    IMMIGRATION_ENFORCEMENT = "immigration_enforcement"
    INTERNAL_TEAM = "internal_team"
    JAG = "jag"
    LOCAL_AUTHORITY = "local_authority"
    MANAGING_AGENT = "managing_agent"
    MARAC = "marac"
    NEIGHBOUR = "neighbour"
    OMBUDSMAN = "ombudsman"
    OPPOSING_SOLICITOR = "opposing_solicitor"
    OTHER_LANDLORD = "other_landlord"
    PARENT = "parent"
    POLICE = "police"
    PRESS = "press"
    PUBLIC = "public"
    RESEARCHER = "researcher"
    SAFEGUARDING_ADULTS_BOARD = "safeguarding_adults_board"
    SAFEGUARDING_PARTNER = "safeguarding_partner"
    SCHOOL = "school"
    SOCIAL_CARE_ADULTS = "social_care_adults"
    SOCIAL_CARE_CHILDREN = "social_care_children"
    SOLICITOR = "solicitor"
    STOP_HATE_UK = "stop_hate_uk"
    SUPPORT_CHARITY = "support_charity"
    THIRD_PARTY_REPORTER = "third_party_reporter"


@unique
class Purpose(StrEnum):
    """Why data would be disclosed: UK GDPR Art 5(1)(b) needs one specified, explicit, legitimate purpose each time."""

    ASB_CASE_REVIEW = "asb_case_review"
    CASE_MANAGEMENT = "case_management"
    CASEWORK_ENQUIRY = "casework_enquiry"
    COMMUNITY_NOTICE = "community_notice"
    COMPLAINT_INVESTIGATION = "complaint_investigation"
    CRIME_INVESTIGATION = "crime_investigation"
    CRIME_PREVENTION = "crime_prevention"
    EARLY_HELP = "early_help"
    EMERGENCY = "emergency"
    FEEDBACK_TO_REPORTER = "feedback_to_reporter"
    IMMIGRATION_CONTROL = "immigration_control"
    INTELLIGENCE = "intelligence"
    LEGAL_ADVICE = "legal_advice"
    LEGAL_PROCEEDINGS = "legal_proceedings"
    MISDIRECTED = "misdirected"
    PERPETRATOR_SUPPORT = "perpetrator_support"
    PREVENT_RADICALISATION = "prevent_radicalisation"
    PUBLICITY = "publicity"
    PUBLICITY_OF_OUTCOME = "publicity_of_outcome"
    RECLASSIFICATION = "reclassification"
    RECTIFICATION_NOTICE = "rectification_notice"
    REHOUSING = "rehousing"
    REPAIRS_INFORMATION = "repairs_information"
    RESEARCH = "research"
    SAFEGUARDING_ADULT = "safeguarding_adult"
    SAFEGUARDING_CHILD = "safeguarding_child"
    STATISTICS = "statistics"
    STATUTORY_NUISANCE = "statutory_nuisance"
    STATUTORY_REVIEW = "statutory_review"
    SUBJECT_ACCESS = "subject_access"
    TARGET_HARDENING = "target_hardening"
    TENANCY_REFERENCE = "tenancy_reference"
    VICTIM_SUPPORT = "victim_support"


@unique
class DataCategory(StrEnum):
    """What an item of data tells about a person. Every field of a record is labelled with one or more."""

    ALLEGED_PERPETRATOR_IDENTITY = "alleged_perpetrator_identity"
    CHILD_DETAILS = "child_details"
    CONTACT = "contact"
    COUNSELLING_RECORD = "counselling_record"
    COURT_OUTCOME = "court_outcome"
    CRIMINAL_ALLEGATION = "criminal_allegation"
    DEPERSONALISED = "depersonalised"
    DISABILITY = "disability"
    FINANCIAL = "financial"
    GRA_PROTECTED = "gra_protected"
    HATE_STRAND = "hate_strand"
    HEALTH = "health"
    HOUSEHOLD = "household"
    IDENTITY = "identity"
    IMMIGRATION_STATUS = "immigration_status"
    INCIDENT_NARRATIVE = "incident_narrative"
    LEGAL_PRIVILEGED = "legal_privileged"
    MENTAL_HEALTH = "mental_health"
    OWN_DATA = "own_data"
    RACE_ETHNICITY = "race_ethnicity"
    RELIGION = "religion"
    REPORTER_IDENTITY = "reporter_identity"
    RISK_MARKER = "risk_marker"
    SAFE_ADDRESS = "safe_address"
    SEXUAL_OFFENCE_VICTIM_IDENTITY = "sexual_offence_victim_identity"
    SEXUAL_ORIENTATION = "sexual_orientation"
    TENANCY_HISTORY = "tenancy_history"
    THIRD_PARTY_DATA = "third_party_data"
    TRANS_STATUS = "trans_status"
    VICTIM_IDENTITY = "victim_identity"
    WITNESS_IDENTITY = "witness_identity"


@unique
class Outcome(StrEnum):
    """The four answers. A gap is the missing fact behind `needs_authoriser`."""

    PERMIT = "permit"  # every field in the pack may go to this recipient for this purpose
    PERMIT_REDACTED = "permit_redacted"  # the pack may go once the categories in `remove` are taken out
    NEEDS_AUTHORISER = "needs_authoriser"  # hold; a named human (see law.md 4.7) must decide; nothing leaves meanwhile
    DENY = "deny"  # nothing personal leaves; `remedy` says what, if anything, would change the answer


@unique
class Basis(StrEnum):
    """Grounds a decision may rest on: Art 6 basis, Art 9 and 10 conditions, gateway, what lifts confidence."""

    citation: str

    def __new__(cls, value: str, citation: str) -> "Basis":
        """A member whose value is its stable token and which knows its provision."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.citation = citation
        return member

    A6_CONSENT = "a6_consent", "UK GDPR 6(1)(a)"
    A6_LEGAL_OBLIGATION = "a6_legal_obligation", "UK GDPR 6(1)(c)"
    A6_VITAL = "a6_vital", "UK GDPR 6(1)(d)"
    A6_PUBLIC_TASK = "a6_public_task", "UK GDPR 6(1)(e)"
    A6_RLI_REQUEST = "a6_rli_request", "UK GDPR 6(1)(ea) + Annex 1 para 1"
    A6_RLI_EMERGENCY = "a6_rli_emergency", "UK GDPR 6(1)(ea) + Annex 1 para 3"
    A6_RLI_SECURITY = "a6_rli_security", "UK GDPR 6(1)(ea) + Annex 1 para 2"
    A6_RLI_CRIME = "a6_rli_crime", "UK GDPR 6(1)(ea) + Annex 1 para 5"
    A6_RLI_SAFEGUARDING = "a6_rli_safeguarding", "UK GDPR 6(1)(ea) + Annex 1 para 6"
    A6_LEGIT_INTERESTS = "a6_legit_interests", "UK GDPR 6(1)(f)"
    A9_EXPLICIT_CONSENT = "a9_explicit_consent", "UK GDPR 9(2)(a)"
    A9_VITAL = "a9_vital", "UK GDPR 9(2)(c)"
    A9_LEGAL_CLAIMS = "a9_legal_claims", "UK GDPR 9(2)(f)"
    A9_P1 = "a9_p1", "UK GDPR 9(2)(b) + DPA 2018 Sch 1 para 1"
    A9_P6 = "a9_p6", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 6"
    A9_P10 = "a9_p10", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 10"
    A9_P11 = "a9_p11", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 11"
    A9_P12 = "a9_p12", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 12"
    A9_P18 = "a9_p18", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 18"
    A9_P19 = "a9_p19", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 19"
    A9_P24 = "a9_p24", "UK GDPR 9(2)(g) + DPA 2018 Sch 1 para 24"
    A10_P6 = "a10_p6", "UK GDPR 10 + DPA 2018 Sch 1 para 6 via para 36"
    A10_P10 = "a10_p10", "UK GDPR 10 + DPA 2018 Sch 1 para 10 via para 36"
    A10_P18 = "a10_p18", "UK GDPR 10 + DPA 2018 Sch 1 para 18 via para 36"
    A10_P29 = "a10_p29", "UK GDPR 10 + DPA 2018 Sch 1 para 29"
    A10_P30 = "a10_p30", "UK GDPR 10 + DPA 2018 Sch 1 para 30"
    A10_P33 = "a10_p33", "UK GDPR 10 + DPA 2018 Sch 1 para 33"
    GW_CDA115 = "gw_cda115", "Crime and Disorder Act 1998 s.115"
    GW_CSP = "gw_csp", "Crime and Disorder Act 1998 ss.5-6 partnership working"
    GW_CA89 = "gw_ca89", "Children Act 1989 ss.17/47"
    GW_CARE42 = "gw_care42", "Care Act 2014 s.42"
    GW_CARE45 = "gw_care45", "Care Act 2014 s.45"
    GW_ASB_P7 = "gw_asb_p7", "ASB, Crime and Policing Act 2014 Sch 4 para 7"
    GW_VIR = "gw_vir", "PCSC Act 2022 s.44A victim information request"
    GW_COURT_ORDER = "gw_court_order", "order of a court or tribunal"
    GW_CORONER = "gw_coroner", "coroner's statutory notice"
    GW_CHANNEL = "gw_channel", "CTSA 2015 s.36/38 Channel"
    GW_ASBS139 = "gw_asbs139", "Antisocial Behaviour etc. (Scotland) Act 2004 s.139"
    GW_HANI2 = "gw_hani2", "Housing (Amendment) Act (Northern Ireland) 2016 s.2"
    GW_SSWBA14 = "gw_sswba14", "Social Services and Well-being (Wales) Act 2014 ss.126, 137"
    CONF_PERMISSION = "conf_permission", "person's permission lifts the duty of confidence"
    CONF_PUBLIC_INTEREST = "conf_public_interest", "overriding public interest lifts the duty of confidence"
    CONF_COMPULSION = "conf_compulsion", "legal compulsion lifts the duty of confidence"
    CONF_BEST_INTERESTS = "conf_best_interests", "Mental Capacity Act 2005 s.4 decision"
    NOT_PERSONAL_DATA = "not_personal_data", "anonymised or depersonalised"
    OUTSIDE_GDPR_DECEASED = "outside_gdpr_deceased", "subject not living; confidence and Art 8 only"
    NONE = "none", "no lawful route found"


@unique
class Obligation(StrEnum):
    """Duties that travel with a decision (law.md section 4.9)."""

    RECORD_RATIONALE = "record_rationale"  # why, what, to whom, basis, who decided, when (both share and not-share)
    INFORM_BEFORE = "inform_before"  # tell the person before it is sent
    INFORM_AFTER = "inform_after"  # tell the person afterwards, as soon as the reason for delay ends
    WITHHOLD_INFORM = "withhold_inform"  # do not tell; record the exemption relied on and a review date
    MINIMISE = "minimise"  # send only the stated categories
    VERIFY_REQUESTER = "verify_requester"  # confirm identity by a known route
    WRITTEN_REQUEST = "written_request"  # obtain the request in writing with purpose, power and necessity
    RETROSPECTIVE_AUTHORISATION = "retrospective_authorisation"  # authoriser reviews within 1 working day
    BEST_INTERESTS_RECORD = "best_interests_record"  # record MCA s.4 factors
    CAPACITY_ASSESSMENT = "capacity_assessment"  # ask a professional to assess
    POLICY_DIVERGENCE_LOG = "policy_divergence_log"  # landlord policy stricter than, or silent on, what law required
    ONWARD_RESTRICTED = "onward_restricted"  # recipient told not to pass on or reuse without coming back
    PROTECT_REPORTER = "protect_reporter"  # keep the reporter's identity out
    REVIEW_DATE = "review_date"  # set a date to re-decide
    RECHECK_AT_DISPATCH = "recheck_at_dispatch"  # re-evaluate when the queued message is about to leave
    NOTIFY_RECIPIENTS = "notify_recipients"  # tell every recipient of a correction, erasure or restriction
    STOP_USE_NOTICE = "stop_use_notice"  # ask past recipients to stop or return where they may
    OFFER_SUPPORT = "offer_support"  # offer support and revisit the question
    REFER_DPO = "refer_dpo"  # send to the data protection officer
    BALANCE_TEST = "balance_test"  # record a legitimate interests assessment
    NOTIFY_SUBJECT_RIGHTS = "notify_subject_rights"  # complaint and objection rights given
    BREACH_ASSESS = "breach_assess"  # run the Art 33/34 assessment
    SECURE_CHANNEL = "secure_channel"  # encrypted, named recipient
    SEEK_CONSENT = "seek_consent"  # ask for explicit consent first
