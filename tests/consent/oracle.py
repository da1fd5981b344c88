"""The second route: every disclosure decided once more, slowly and plainly, from the law and not from the rules.

Written from the law as `docs/law.md` has it (procedure 4, readings 5, who gets what 7) and from `docs/policies.md`, not
from `consent/law`. It knows no rule, mask or gap: every fact must be known. `test_oracle` compares it with the engine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Row = tuple[object, str, str]
"""If the first is true, the answer is the second (refuse or hold), because of the third."""


@dataclass(frozen=True)
class Answer:
    """What the law says: the outcome, what may go and what must come out, the Art 6 ground, and why."""

    outcome: str
    keep: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    a6: str = "none"
    why: tuple[str, ...] = ()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# --- kinds of data, bodies and purposes ---
HEALTH = _set("health mental_health disability")
PERSONAL = HEALTH | _set("race_ethnicity religion sexual_orientation")
GENDER = _set("gra_protected trans_status")
OF_THE_VICTIM = _set("hate_strand sexual_offence_victim_identity")
SPECIAL = PERSONAL | GENDER | OF_THE_VICTIM | {"counselling_record"}
VICTIMS = _set("victim_identity sexual_offence_victim_identity")
OFFENCE = _set("criminal_allegation court_outcome")
TELLERS = {"witness_identity": "witness", "reporter_identity": "reporter"}
LIVING_OTHERS = VICTIMS | TELLERS.keys() | _set("alleged_perpetrator_identity third_party_data child_details") | (
    _set("criminal_allegation household"))  # fmt: skip
OF_THE_TELLER = PERSONAL | GENDER | TELLERS.keys() | _set("identity contact safe_address household child_details") | (
    _set("tenancy_history financial immigration_status own_data counselling_record"))  # fmt: skip

CHILDRENS = _set("social_care_children safeguarding_partner")
CARE = _set("social_care_children social_care_adults")
RESCUERS = CARE | _set("police fire ambulance")
PARTNERSHIPS = _set("jag citysafe marac")
BOARDS = _set("safeguarding_adults_board safeguarding_partner")
GUARDS = _set("social_care_adults local_authority police ambulance fire marac safeguarding_adults_board")
PUBLIC_BODIES = RESCUERS | BOARDS | _set("local_authority asb_review_panel")
STATUTORY = PUBLIC_BODIES | PARTNERSHIPS | {"ombudsman"}
LAWYERS = _set("court solicitor")
CHARITIES = _set("stop_hate_uk support_charity drug_alcohol_charity")
CONTRACTED = _set("contractor managing_agent")
NOT_REVIEWED = _set("safe_address reporter_identity witness_identity immigration_status financial counselling_record")
PRIVATE = _set("elected_representative family_member employer parent third_party_reporter")
VOLUNTARY = CHARITIES | CONTRACTED | PRIVATE | _set("housing_options school other_landlord")
UNDER_AGREEMENT = RESCUERS | PARTNERSHIPS | CHARITIES | _set("local_authority housing_options school") | (
    _set("other_landlord managing_agent"))  # fmt: skip
AGENCIES = UNDER_AGREEMENT | PRIVATE - {"parent"}
REVIEWERS = BOARDS | _set("ombudsman asb_review_panel")
WIDE = _set("press public")
NEVER_TO = _set("press neighbour opposing_solicitor immigration_enforcement")

CRIME = _set("crime_investigation crime_prevention intelligence prevent_radicalisation")
OWN_ACTION = _set("crime_investigation crime_prevention")
EARLY = _set("early_help safeguarding_child")
ADULTS = OWN_ACTION | _set("safeguarding_adult early_help emergency")
CHILDREN = ADULTS | _set("safeguarding_child intelligence")
HOME = _set("safeguarding_child safeguarding_adult crime_prevention crime_investigation emergency early_help")
LEGAL = _set("legal_advice legal_proceedings")
NUISANCE = _set("statutory_nuisance asb_case_review")
CONDUCT = CRIME | LEGAL | NUISANCE | _set("emergency tenancy_reference")
SUPPORT = EARLY | _set("case_management emergency rehousing safeguarding_adult target_hardening victim_support")
WORK = _set("case_management complaint_investigation rehousing repairs_information target_hardening victim_support")
TASKS = NUISANCE | _set("complaint_investigation early_help rehousing statutory_review")
NO_WELFARE = _set("misdirected immigration_control research statistics publicity publicity_of_outcome") | (
    _set("community_notice subject_access rectification_notice reclassification tenancy_reference")
    | {"feedback_to_reporter"})  # fmt: skip

# --- table 4.6, read the other way round: what each recipient may have at most (conditions come on top) ---
_CORE = _set("identity contact household risk_marker incident_narrative")
_CASE = _CORE | OFFENCE | _set("alleged_perpetrator_identity hate_strand")
_PEOPLE = VICTIMS | {"child_details"}
_FILE = _CASE | PERSONAL | _PEOPLE | _set("third_party_data tenancy_history")
_ACCOUNT = PERSONAL | _set("identity contact incident_narrative hate_strand")
_OWN = PERSONAL | _set("identity contact own_data hate_strand")
MAY_HAVE: Mapping[str, frozenset[str]] = {
    "police": _FILE | GENDER | TELLERS.keys() | _set("safe_address counselling_record"),
    **dict.fromkeys(CARE, _FILE | GENDER | {"safe_address"}),
    **dict.fromkeys(BOARDS, _FILE - {"tenancy_history"}),
    **dict.fromkeys(_set("jag citysafe asb_review_panel"), _CASE),
    "marac": _CASE | PERSONAL | _PEOPLE,
    "fire": _set("identity contact household risk_marker disability safe_address child_details"),
    "ambulance": _CORE | HEALTH | _PEOPLE | _set("alleged_perpetrator_identity criminal_allegation safe_address"),
    "housing_options": _set("identity contact household risk_marker child_details tenancy_history"),
    **dict.fromkeys(_set("stop_hate_uk support_charity"), _ACCOUNT | _set("safe_address immigration_status")),
    "drug_alcohol_charity": _set("identity contact health"),
    **dict.fromkeys(CONTRACTED, _set("contact risk_marker")),
    "other_landlord": _set("identity contact risk_marker court_outcome"),
    "elected_representative": _ACCOUNT,
    "school": _set("identity contact incident_narrative risk_marker child_details"),
    "local_authority": _set("identity contact incident_narrative alleged_perpetrator_identity court_outcome"),
    **dict.fromkeys(_set("court coroner"), _FILE | _set("financial gra_protected")),
    "solicitor": _FILE - _set("household child_details third_party_data") | _set("financial immigration_status"),
    "ombudsman": _CORE | PERSONAL | _set("hate_strand tenancy_history"),
    "internal_team": _FILE - _set("child_details third_party_data") | {"financial"},
    **dict.fromkeys(_set("employer family_member"), _set("identity contact incident_narrative")),
    "third_party_reporter": _set("identity incident_narrative"),
    "parent": _OWN,
    "public": _set("identity court_outcome"),
    "researcher": _CORE | PERSONAL | {"hate_strand"},  # a correction of what they were once given (Art 19)
    "data_subject": _OWN | GENDER | _set("court_outcome safe_address financial immigration_status tenancy_history"),
}


class Case:
    """One question: each fact by its name, and what follows from them (`docs/law.md` 3)."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        self.facts = {"consent_categories": None, **facts}
        self.to, self.what_for = str(facts["recipient"]), str(facts["purpose"])
        self.pack, self.uncovered = _listed(facts, "categories"), _listed(facts, "protocol_uncovered")
        self.accused = self.subject_role in {"alleged_perpetrator", "proven_perpetrator"}
        self.teller = self.subject_role in TELLERS.values()
        self.child = int(str(self.subject_age)) < 18 or self.subject_role == "child"
        presumed = self.jurisdiction == "scotland" and int(str(self.subject_age)) >= 12
        self.competent = self.gillick == "competent" or (presumed and self.gillick != "not_competent")
        self.young = self.child and self.gillick == "not_competent"
        self.elsewhere = self.jurisdiction in {"scotland", "northern_ireland"}
        self.authority = self.controller_public_authority or self.jurisdiction == "scotland"
        self.lacks = self.capacity == "assessed_lacks" and not self.child
        self.doubted = self.capacity == "doubted" and not self.child
        self.asked = self.direction == "pull"
        self.correction = self.what_for == "rectification_notice"
        self.position = _position(self)
        self.agreed, self.against = self.position == "agreed", self.position in {"refused", "withdrawn"}
        self.high = self.risk in {"high", "immediate_danger"}
        factors = (self.high, self.coercion_suspected, self.others_at_risk, self.serious_crime, self.child_at_risk)
        self.override = any(factors)
        self.compelled = _compelled(self)
        self.danger = not self.compelled and self.risk == "immediate_danger" and self.to in RESCUERS
        self.safeguarding = _safeguarding(self)

    def __getattr__(self, name: str) -> object:
        return self.facts[name]

    def names(self, item: str) -> bool:
        """The consent names this category; where it lists none, that to special categories speaks."""
        if self.consent_categories is None:
            return bool(self.consent_covers_special) or item not in SPECIAL | _set("immigration_status safe_address")
        return item in _listed(self.facts, "consent_categories")


def _listed(facts: Mapping[str, object], name: str) -> frozenset[str]:
    listed = facts.get(name)
    return frozenset(map(str, listed)) if isinstance(listed, list | tuple) else frozenset()


def _position(q: Case) -> str:
    """Where the person stands: refused, withdrawn, agreed, unavailable (cannot be asked) or not given (4.3)."""
    account_alone = q.teller and q.to == "police"
    if q.consent == "refused" or (q.victim_wishes == "landlord_only" and not q.accused and q.consent != "withdrawn"):
        return "refused"
    if q.consent == "withdrawn":
        return "withdrawn" if q.victim_wishes == "refer" or q.accused or account_alone else "refused"
    own = q.consent == "given_explicit" and (q.competent if q.child else not q.lacks)
    parents = q.consent == "given_by_parent" and q.young
    if (own or parents) and q.consent_covers_this and q.consent_freely_given and not q.coercion_suspected:
        return "agreed"
    return "unavailable" if q.lacks or q.consent in {"unsafe_to_ask", "cannot_give"} else "not_given"


def _compelled(q: Case) -> bool:
    """A valid demand by whoever may make it, verified (4.1 step 3; 3.5)."""
    reaches: Mapping[object, frozenset[str]] = {
        "court_order": frozenset({q.to}) - WIDE,
        "sab_s45": PUBLIC_BODIES | {"coroner"},
        "asb_review_p7": _set("asb_review_panel local_authority police"),
        "coroner": _set("coroner"),
        "safeguarding_partner_16H": CHILDRENS | _set("local_authority police"),
    }
    runs = not q.elsewhere or q.demand == "court_order" or (q.demand == "coroner" and q.jurisdiction != "scotland")
    return bool(runs and q.requester_verified and q.to in reaches.get(q.demand, ()))


def _safeguarding(q: Case) -> str:
    """Whom this protects: a child or an adult at risk, or nobody (UK GDPR Annex 1 paras 6-7)."""
    to_childrens = q.to in CHILDRENS and q.what_for not in NO_WELFARE
    to_rescue = q.to in {"police", "ambulance"} and q.what_for in CHILDREN
    at_home = q.to in _set("marac fire local_authority social_care_adults") and q.what_for in HOME
    if q.child_at_risk and (to_childrens or to_rescue or at_home):
        return "child"
    stands = q.against and q.capacity != "assessed_lacks" and (q.child or not q.override)
    return "adult" if q.adult_at_risk and q.to in GUARDS and q.what_for in ADULTS and not stands else "none"


def oracle(facts: Mapping[str, object]) -> Answer:
    """Decide one question of which every fact is known."""
    q = Case(facts)
    if q.pack == {"depersonalised"}:
        return Answer("permit", q.pack, a6="not_personal_data", why=("tells of nobody",))
    removed = {item: reason for item in q.pack if (reason := _stays_behind(q, item))}
    kept, ground = frozenset(q.pack - removed.keys()), _ground(q)
    rows = [*_blocks(q, ground), (not ground, "deny", "no lawful basis fits"), (not kept, "deny", "nothing is left")]
    found = [(effect, because) for applies, effect, because in rows if applies]
    why = (*(because for _, because in found), *(f"{item}: {because}" for item, because in removed.items()))
    if "deny" in dict(found):
        return Answer("deny", why=why)
    outcome = "needs_authoriser" if found else "permit_redacted" if removed else "permit"
    return Answer(outcome, kept, frozenset(removed), ground, why)


# --- what stays behind: bars (step 2), need to know (4.6), conditions (4.5) ---


def _stays_behind(q: Case, item: str) -> str:
    if item == "depersonalised":
        return ""
    needed = [] if q.compelled else _not_needed(q, item)
    reasons = [*_barred(q, item), *needed, (_lacks_condition(q, item), "no Art 9 or 10 condition")]
    return next((because for applies, because in reasons if applies), "")


def _barred(q: Case, item: str) -> list[tuple[object, str]]:
    at_crime = q.to == "police" and q.what_for in OWN_ACTION | {"emergency"}
    in_terms = q.gra_specific_agreement and (q.danger or q.to in CARE | _set("police court coroner"))
    by_s22 = q.to == "data_subject" or (in_terms and (q.agreed or at_crime)) or (at_crime and not q.danger)
    if q.compelled:
        by_s22 = q.gra_specific_agreement or q.demand in {"court_order", "coroner"}
    needed = q.gra_specific_agreement if q.danger else q.compelled or q.to in CARE | {"police", "data_subject"}
    trans = item == "hate_strand" and q.strand_value in {"transgender", "transgender_identity"}
    spoken = q.compelled or q.danger or q.agreed or q.accused or q.to in CARE | {"police", "data_subject"}
    return [
        (q.compelled and q.demand == "asb_review_p7" and item in NOT_REVIEWED, "data protection law goes on applying"),
        (item == "legal_privileged", "privilege is not ours to give"),
        (item == "gra_protected" and not by_s22, "no exception of GRA 2004 s.22(4)"),
        (item == "trans_status" and not needed, "trans status tells gender history"),
        (trans and not spoken, "the strand alone would tell gender history"),
    ]


def _not_needed(q: Case, item: str) -> list[tuple[object, str]]:
    council, no_safe_address = q.to == "local_authority", item == "safe_address" and q.to != "data_subject"
    told_council = CRIME | _set("asb_case_review safeguarding_child safeguarding_adult")
    in_time = q.danger or not q.subject_living
    own_name = q.subject_role == TELLERS.get(item) and (q.agreed or (q.danger and not q.against))
    household = q.subject_role == "household_member"
    unasked = q.teller and not q.agreed and not q.against and q.safeguarding == "none" and not (in_time or q.correction)
    unasked = unasked and q.to not in LAWYERS | _set("data_subject internal_team")
    counselling = q.request == "vir_complete" and not q.danger and not q.elsewhere
    named = q.agreed and (q.names(item) or not q.subject_living)
    unverified = q.danger and q.asked and not q.requester_verified
    protects = (q.safeguarding != "none" or in_time) and q.to not in CHARITIES and not unverified
    evicted = _set("identity contact court_outcome tenancy_history")
    applicant = q.landlord == "MHP" and q.to == "internal_team" and q.what_for == "rehousing" and q.subject_living
    applicant = applicant and q.subject_role == "proven_perpetrator" and not q.subject_is_customer
    victims_side = q.to in LAWYERS | BOARDS | CARE | {"police", "coroner"}
    accused_mp = q.accused and q.to == "elected_representative"
    others = item in LIVING_OTHERS or (item == "hate_strand" and (q.accused or q.teller))
    routine = q.routine and q.to in UNDER_AGREEMENT and not (in_time or q.correction) and q.safeguarding == "none"
    return [
        (item not in MAY_HAVE.get(q.to, frozenset() if q.subject_living else _FILE), f"{q.to} does not need it (4.6)"),
        (others and not q.subject_living and not q.danger, "a living person's data"),
        (item in TELLERS and not own_name, "a name goes only with that person's own agreement"),
        (item in OF_THE_TELLER and q.teller and q.against and not in_time, "the account goes, the person does not"),
        (item in {"identity", "contact"} and unasked, "whoever spoke up was not asked"),
        (item == "safe_address" and household and q.to in _set("data_subject parent"), "the victim's"),
        (item == "counselling_record" and not counselling, "a victim information request or an order first"),
        (item == "immigration_status" and q.to != "data_subject" and not (q.agreed and q.names(item)), "not named"),
        (item == "child_details" and q.to == "fire" and not in_time, "only in danger"),
        (item == "safe_address" and q.to in _set("fire ambulance") and not in_time, "only in danger"),
        (no_safe_address and not (protects or (named and not unverified)), "neither protects nor is named"),
        (item == "safe_address" and q.accused, "the victim's"),
        (council and item == "alleged_perpetrator_identity" and q.what_for not in CRIME, "not for this task"),
        (council and item == "incident_narrative" and q.what_for not in told_council, "not for this task"),
        (item == "criminal_allegation" and q.to == "internal_team" and q.what_for not in OWN_ACTION, "for crime alone"),
        (item == "contact" and q.to == "other_landlord" and q.what_for != "rehousing", "the name alone"),
        (item in PERSONAL and q.to == "solicitor" and q.what_for == "legal_advice", "advice does not need it"),
        (applicant and item not in evicted, "MHP 6.3: the eviction alone"),
        (q.what_for == "perpetrator_support" and item in _ACCOUNT - HEALTH - _set("identity contact"), "the victim's"),
        (q.what_for == "prevent_radicalisation" and item in _set("religion race_ethnicity"), "faith is no risk"),
        (
            item == "hate_strand" and (q.accused or q.teller or household) and q.to in _set("data_subject parent"),
            "theirs",
        ),
        (item in _set("hate_strand incident_narrative") and accused_mp, "the victim's"),
        (item in VICTIMS and q.accused and not victims_side, "the victim's, in the accused's pack"),
        (routine and item in q.uncovered, "no clause of the agreement covers it"),
    ]


def _lacks_condition(q: Case, item: str) -> bool:
    """Whether an Art 9 or 10 condition is needed and none carries this category (4.5)."""
    weighed = item == "court_outcome" and q.to in _set("public other_landlord internal_team")
    own = q.to == "data_subject" and (item not in GENDER or q.what_for == "subject_access")
    if item not in SPECIAL | OFFENCE or weighed or own or not q.subject_living:
        return False
    return not (_consent_carries(q, item) or any((_special if item in SPECIAL else _offence)(q, item)))


def _consent_carries(q: Case, item: str) -> bool:
    """Explicit consent (9(2)(a), paras 29 and 24): never another's, never gender history unless in those terms."""
    victims = q.accused or q.teller or q.subject_role == "household_member"
    enquiry = q.to == "elected_representative" and q.what_for == "casework_enquiry" and q.asked and q.apd
    asked = q.position == "unavailable" or (q.agreed and q.consent_categories is None and q.consent_covers_special)
    if enquiry and asked and not victims and item in PERSONAL | {"hate_strand"}:
        return True
    if q.to == "parent" and q.gillick == "not_competent" and not q.correction:
        return True  # held anyway: what of the child's a parent is told is weighed (Sch 3)
    if item in OFFENCE:
        return q.agreed and q.accused
    in_terms = q.gra_specific_agreement if item == "gra_protected" else q.names(item)
    return bool(q.agreed and in_terms and not (item in OF_THE_VICTIM and victims))


def _special(q: Case, item: str) -> tuple[object, ...]:
    cannot = q.consent == "cannot_give" or (q.gillick == "not_competent" if q.child else q.lacks)
    prejudice = q.asking_would_prejudice
    reason18 = cannot or prejudice or q.danger or q.consent == "unsafe_to_ask" or q.coercion_suspected
    crime = q.what_for in CRIME | _set("emergency safeguarding_child safeguarding_adult")
    theirs = item in PERSONAL | {"hate_strand"}
    grievance = q.what_for in _set("case_management victim_support complaint_investigation")
    staff = q.to == "internal_team" and q.subject_role == "staff" and grievance
    ombudsman = q.to == "ombudsman" and q.what_for == "complaint_investigation"
    mate_crime = q.strand_value == "mate_crime" and q.what_for in ADULTS and not q.child and item in HEALTH
    return (
        q.apd and q.safeguarding != "none" and reason18 and q.to in RESCUERS | BOARDS | {"marac"},  # para 18
        q.to == "police" and ((prejudice and crime) or q.danger),  # para 10; 10(2): no policy document
        q.apd and q.to in PARTNERSHIPS and prejudice and q.what_for in CRIME,  # para 10
        q.apd and q.to == "internal_team" and prejudice and q.what_for in OWN_ACTION,  # para 10
        q.apd and q.safeguarding == "child" and q.to in CHILDRENS and q.protocol == "in_force" and not q.elsewhere,  # 6
        q.to in LAWYERS and q.what_for in LEGAL,  # 9(2)(f)
        q.compelled,  # 9(2)(f), para 6
        q.danger and item in HEALTH and (cannot or not q.against),  # 9(2)(c)
        q.apd and theirs and staff,  # para 1
        q.apd and theirs and ombudsman and (prejudice or q.position == "unavailable"),  # paras 11 and 12
        q.apd and mate_crime and reason18 and q.to in _set("police social_care_adults safeguarding_adults_board"),  # 19
    )


def _offence(q: Case, _: str) -> tuple[object, ...]:
    crime = q.what_for in CRIME | _set("emergency safeguarding_child safeguarding_adult")
    rescue = q.danger and q.to in CARE | {"ambulance"}
    review = q.to == "asb_review_panel" and q.what_for == "asb_case_review" and not q.elsewhere
    return (
        q.to == "police" and (crime or q.danger),  # para 10 by para 36; 10(2): no policy document
        q.apd and q.to in PARTNERSHIPS | {"local_authority"} and q.what_for in CRIME,  # para 10
        q.apd and q.to == "internal_team" and q.what_for in OWN_ACTION,  # para 10
        rescue and (q.apd or (q.consent == "cannot_give" and q.accused)),  # para 10; para 30
        q.apd and q.safeguarding != "none" and q.to in RESCUERS | BOARDS | {"marac"},  # para 18
        q.apd and review and _states_a_task(q),  # para 6
        q.to in LAWYERS and q.what_for in LEGAL,  # para 33
        q.compelled,
    )


# --- the lawful ground (4.4) ---


def _states_a_task(q: Case) -> object:
    return q.asked and q.request == "written_complete" and q.request_states_public_task


def _ground(q: Case) -> str:
    """The first ground that fits, in the order of 4.4; for a public authority (e) wherever (ea) or (f) is others'."""
    early = q.child and q.what_for in EARLY and q.to in CHILDRENS
    at_risk = q.adult_at_risk and q.to in GUARDS and q.what_for in ADULTS
    crime = q.to == "police" and q.what_for in CRIME | {"emergency"}
    crime = crime or (q.to in PARTNERSHIPS | _set("fire local_authority") and q.what_for in OWN_ACTION)
    crime = crime or (q.to == "marac" and q.high and q.what_for in _set("safeguarding_adult safeguarding_child"))
    tasked = q.to in STATUTORY - PARTNERSHIPS - _set("police ambulance") | {"housing_options"} and q.what_for in TASKS
    received = q.correction and q.to not in WIDE | _set("neighbour data_subject")
    access = q.what_for == "subject_access" and (q.to == "data_subject" or (q.to == "parent" and q.young))
    scots_landlords = q.jurisdiction == "scotland" and q.to == "other_landlord" and q.what_for == "crime_prevention"
    own = _own_interests(q)
    grounds = [
        (not q.subject_living, "outside_gdpr_deceased"),
        (q.compelled, "a6_legal_obligation"),
        (q.danger, "a6_vital"),
        (q.safeguarding != "none" or early or at_risk, "a6_rli_safeguarding"),
        (crime, "a6_rli_crime"),
        (q.to == "local_authority" and q.what_for == "prevent_radicalisation", "a6_rli_security"),
        ((received and q.stage == "sent") or access, "a6_legal_obligation"),
        (tasked and _states_a_task(q), "a6_rli_request"),
        (scots_landlords, "a6_public_task"),
        (own and q.authority, "a6_public_task"),
        (q.agreed and q.what_for in _agreed_purposes(q), "a6_consent"),
        (own, "a6_legit_interests"),
    ]
    ground = next((ground for applies, ground in grounds if applies), "")
    return "a6_public_task" if q.authority and ground.startswith("a6_rli") else ground


def _agreed_purposes(q: Case) -> frozenset[str]:
    gossip = q.subject_role == "alleged_perpetrator"
    moves = _set("case_management crime_prevention rehousing tenancy_reference victim_support")
    return {
        **dict.fromkeys(RESCUERS | _set("marac local_authority"), SUPPORT),
        **dict.fromkeys(CHARITIES | _set("housing_options school"), SUPPORT | {"crime_prevention"}),
        "support_charity": SUPPORT | _set("crime_prevention perpetrator_support"),
        "drug_alcohol_charity": _set("perpetrator_support"),
        "other_landlord": frozenset() if gossip else moves,
        "ombudsman": _set("complaint_investigation"),
        **dict.fromkeys(PRIVATE, frozenset() if q.accused else _set("casework_enquiry")),
        "elected_representative": _set("casework_enquiry"),
        "third_party_reporter": frozenset() if q.accused else _set("casework_enquiry feedback_to_reporter"),
    }.get(q.to, frozenset())


def _own_interests(q: Case) -> bool:
    """Art 6(1)(f), a balance recorded: claims and advice, contractors, internal work, nuisance, publicity."""
    proven, nobody = q.subject_role == "proven_perpetrator", frozenset[str]()
    referred = NUISANCE if q.direction == "push" else nobody
    purposes = {
        **dict.fromkeys(LAWYERS, LEGAL),
        **dict.fromkeys(CONTRACTED, _set("repairs_information target_hardening")),
        **dict.fromkeys(_set("local_authority jag citysafe asb_review_panel"), referred),
        "internal_team": WORK | EARLY | OWN_ACTION | {"safeguarding_adult"},
        "data_subject": WORK | _set("casework_enquiry feedback_to_reporter"),
        "other_landlord": _set("tenancy_reference crime_prevention") if proven else nobody,
        "parent": EARLY | _set("casework_enquiry victim_support") if q.young else nobody,
        "elected_representative": _set("casework_enquiry") if q.position == "unavailable" else nobody,
        "public": _set("publicity_of_outcome"),
    }
    return q.what_for in purposes.get(q.to, nobody)


# --- refusals and holds (steps 1b to 16) ---


def _blocks(q: Case, ground: str) -> Iterator[Row]:
    exposing = "sexual_offence_victim_identity" in q.pack or q.child
    yield q.to in WIDE and exposing, "deny", "would identify a child or a sexual offence victim to the public"
    yield q.what_for == "misdirected", "deny", "a breach and no disclosure"
    exposed = q.pack & (GENDER | VICTIMS | TELLERS.keys() | {"safe_address"})
    if q.compelled:
        wider = not q.necessary and not (q.risk == "immediate_danger" and q.to in RESCUERS)
        trusted = q.to in PUBLIC_BODIES | LAWYERS | {"coroner"}
        yield wider, "hold", "more than the demand's scope"
        private = q.to in _set("neighbour opposing_solicitor family_member employer")
        telling = q.pack & (PERSONAL | _set("contact household child_details counselling_record immigration_status"))
        yield private and telling, "hold", "what a demand by somebody private names is read by the DPO"
        yield exposed and not trusted, "hold", "a demand that would expose somebody is read by the DPO"
        return
    yield q.what_for == "immigration_control", "deny", "never for immigration control"
    if q.danger:
        return
    void = q.demand == "invalid_order" or not q.requester_verified
    yield q.demand != "none", "deny" if void else "hold", "the demand is not valid, verified and this recipient's"
    if not q.subject_living:
        yield not q.necessary or q.to in WIDE | NEVER_TO, "deny", "nothing about the dead for the public or the curious"
        yield True, "hold", "the dead: a person decides"
        return
    yield from _purpose(q)
    yield from _control(q, ground)
    yield from _permission(q)
    if q.safeguarding == "none" and not q.correction:
        yield from {"LMH": _lmh, "OHG": _ohg, "FAIRHIVE": _fairhive, "MHP": _mhp, "PCHA": _pcha}[str(q.landlord)](q)


def _purpose(q: Case) -> Iterator[Row]:
    """Purpose, recipient and request (steps 5 and 6), and where another place's law is not encoded."""
    corrected = q.correction and q.to == "researcher"
    never = q.to in NEVER_TO | {"researcher"} or q.what_for in _set("research statistics")
    proven, gossip = q.subject_role == "proven_perpetrator", q.subject_role == "alleged_perpetrator"
    rep, landlord, parent = (q.to == body for body in ("elected_representative", "other_landlord", "parent"))
    childs_parent = parent and q.gillick == "not_competent"
    weighed = landlord and (proven or q.jurisdiction == "scotland") and not q.agreed and not q.correction
    asbs139 = q.to in _set("police local_authority other_landlord") and q.what_for in NUISANCE | {"crime_prevention"}
    hani2 = q.to in _set("housing_options other_landlord")
    hani2 = hani2 and q.what_for in _set("crime_prevention rehousing tenancy_reference")
    encoded = (asbs139 if q.jurisdiction == "scotland" else hani2) and q.capacity in _set("presumed assessed_has")
    encoded = encoded or q.correction or q.what_for == "subject_access" or (q.agreed and q.to in CHARITIES)
    free = q.to in _set("data_subject public") or q.safeguarding != "none"
    of_victim = q.subject_role in _set("victim child") and q.what_for in OWN_ACTION | _set("intelligence emergency")
    vir = q.agreed or q.elsewhere or q.safeguarding != "none" or q.request == "vir_complete"
    yield never and not corrected, "deny", "not a recipient or purpose of personal data"
    yield q.to == "public", "hold" if proven else "deny", "publicity is a senior choice, and of the proven alone"
    not_accused = q.what_for == "perpetrator_support" and not q.accused and q.safeguarding == "none"
    yield not_accused, "deny", "a victim is no perpetrator to be referred"
    yield q.what_for == "prevent_radicalisation", "hold", "Prevent: the safeguarding lead decides"
    yield childs_parent and not q.correction, "hold", "the child's best interests are weighed (Sch 3)"
    yield parent and not childs_parent and not q.agreed and not q.correction, "deny", "no right of a parent's own"
    yield rep and q.accused and not q.agreed and not q.correction, "deny", "one resident's case opens no other's"
    yield rep and q.position == "unavailable" and not q.correction, "hold", "somebody else asked (Sch 1 para 24)"
    yield landlord and gossip, "deny", "gossip is no reference"
    yield weighed, "hold", "a reference is weighed"
    yield q.elsewhere and q.safeguarding == "none" and not encoded, "hold", "that law is not encoded"
    unknown_caller = (q.asked or q.to == "data_subject") and not q.requester_verified
    yield unknown_caller, "deny", "the requester was not verified"
    told = q.to in _set("family_member employer parent") and not q.agreed
    yield q.correction and told, "hold", "whether a private person had the error is looked up"
    incomplete = q.asked and not free and q.request not in _set("written_complete vir_complete")
    yield incomplete, "deny", "the request is incomplete"
    yield q.asked and q.to == "police" and of_victim and not vir, "deny", "no victim information request (PCSC s.44A)"


def _control(q: Case, ground: str) -> Iterator[Row]:
    """Agreements, accuracy, necessity, objection (steps 7 to 9), and the person's own request."""
    if q.to == "data_subject":
        yield q.coercion_suspected or q.prejudice_if_informed, "hold", "answering may do harm"
        return
    unsigned = q.to in CONTRACTED and q.contractor_agreement != "signed" and not q.correction
    ordinary = q.safeguarding == "none" and not q.correction
    out_of_force = ordinary and q.to in UNDER_AGREEMENT and q.protocol != "in_force"
    untested = q.reporter_type == "anonymous" and not q.allegation_validated and q.safeguarding != "child"
    opposed = q.objection_received and ground not in _set("a6_consent a6_legal_obligation")
    counselling = q.to == "police" and "counselling_record" in q.pack and q.request == "vir_complete"
    yield not (q.necessary and q.proportionate), "deny", "not necessary or not proportionate"
    yield unsigned, "deny" if q.contractor_agreement == "missing" else "hold", "no confidentiality agreement"
    yield out_of_force, "deny" if q.routine else "hold", "no agreement in force"
    yield untested, "deny", "anonymous and untested"
    yield opposed and q.safeguarding != "child" and not q.correction, "hold", "an objection is on file (Art 21)"
    yield counselling, "hold", "counselling records: presumption against (PCSC Act 2022 s.44D)"


def _permission(q: Case) -> Iterator[Row]:
    """What the person said, or cannot say (4.3)."""
    not_sought = (q.accused and q.what_for in CONDUCT) or q.correction
    if q.safeguarding == "child" or not_sought or q.to in _set("data_subject public internal_team"):
        return
    bodies = q.to in STATUTORY | VOLUNTARY
    scots_landlords = q.jurisdiction == "scotland" and q.to == "other_landlord" and q.what_for == "crime_prevention"
    voluntary = q.to in VOLUNTARY - CONTRACTED - _set("parent elected_representative") and not scots_landlords
    early = q.child and q.what_for in EARLY and q.to in CHILDRENS
    undecided = q.lacks and q.safeguarding == "none"
    yield q.doubted and bodies, "hold", "capacity is in doubt: ask for an assessment"
    yield undecided and bodies and q.to not in CONTRACTED, "hold", "best interests are a person's decision"
    yield q.position == "unavailable" and voluntary, "deny", "nobody to ask: statutory bodies only"
    yield early and q.position == "not_given", "hold", "early help waits for agreement or a person"
    if q.against and not (q.capacity == "assessed_lacks" and q.safeguarding == "adult"):
        account = q.teller and q.to == "police" and q.position == "refused"
        family = q.child and not q.child_at_risk and (q.gillick == "not_competent" or q.to in CHILDRENS)
        outweighed = q.position == "withdrawn" or q.override or family or q.doubted or undecided
        heard = q.to in LAWYERS or (q.to in STATUTORY and outweighed)
        yield not account, "hold" if heard else "deny", "the person refused: a person decides where much is at stake"


# --- the landlords' policies (docs/policies.md), where stricter than law ---


def _lmh(q: Case) -> Iterator[Row]:
    yield q.what_for == "community_notice", "deny", "LMH 4: letters and articles identify nobody"


def _ohg(q: Case) -> Iterator[Row]:
    investigation = q.to == "police" and q.what_for == "crime_investigation"
    excepted = q.agreed or investigation or q.child_at_risk or q.demand not in _set("none invalid_order")
    safe = q.position == "not_given" and not q.asking_would_prejudice and not q.accused and q.to not in REVIEWERS
    stands = q.against and not (q.accused or q.teller or q.to in REVIEWERS)
    bears = q.to in AGENCIES | REVIEWERS and not excepted and not stands
    unsigned = q.to == "managing_agent" and q.contractor_agreement != "signed"
    yield bears, "deny" if safe else "hold", "OHG 7: only with consent; the rest is for the data protection officer"
    yield unsigned, "deny", "OHG 6: only under a management agreement"


def _fairhive(q: Case) -> Iterator[Row]:
    accused = q.subject_role == "alleged_perpetrator"
    wishes = accused and q.victim_wishes == "landlord_only" and q.what_for != "perpetrator_support"
    partners = q.to in PARTNERSHIPS | _set("local_authority other_landlord")
    staff = q.subject_role == "staff" and not q.agreed
    yield wishes and q.to in AGENCIES, "hold", "Fairhive 3.3: the victim does not want to proceed"
    yield accused and not q.allegation_validated and partners, "hold", "Fairhive 3.9: partners act on grounds"
    yield staff and q.to in AGENCIES, "hold", "Fairhive 3.6: staff by their own procedure"


def _mhp(q: Case) -> Iterator[Row]:
    others = q.to in AGENCIES | REVIEWERS | _set("contractor solicitor researcher")
    untold = others and not q.agreed and not q.informed_already
    silent = q.what_for in CRIME | LEGAL | {"emergency"} or q.demand not in _set("none invalid_order")
    prejudice = q.prejudice_if_informed
    move = q.to == "internal_team" and q.what_for == "rehousing" and q.subject_role == "alleged_perpetrator"
    vulnerable = q.accused and (q.adult_at_risk or q.capacity in _set("assessed_lacks doubted"))
    proceedings = q.to in LAWYERS and q.what_for == "legal_proceedings"
    yield q.what_for == "reclassification", "deny", "MHP 4.11: never downgrade"
    yield q.to in CONTRACTED and q.contractor_agreement != "signed", "deny", "MHP 8.2: only once they signed"
    yield untold and q.routine, "hold" if prejudice else "deny", "MHP 8.2: routine sharing where people are told"
    yield untold and not q.routine and prejudice and not silent, "hold", "MHP 8.2: silence for crime and law alone"
    yield move and not (q.subject_is_customer and q.allegation_validated), "deny", "MHP 6.3, 6.4: on evidence alone"
    yield proceedings and vulnerable, "hold", "MHP 7.4: proceedings against somebody vulnerable wait"


def _pcha(q: Case) -> Iterator[Row]:
    survivor = not q.accused and q.subject_role != "staff"
    at_risk = q.high or q.child_at_risk or q.adult_at_risk
    safe = q.position == "not_given" and not q.asking_would_prejudice and q.to in AGENCIES
    unasked = survivor and not at_risk and not q.agreed and not q.against and q.to in AGENCIES | REVIEWERS
    unwilling = q.teller and not at_risk and q.against and q.to in AGENCIES
    untested = q.subject_is_customer and not q.allegation_validated
    by_others = untested and survivor and q.reporter_type == "third_party" and not q.agreed
    moves = survivor and q.to == "internal_team" and q.what_for in _set("rehousing target_hardening")
    stranger = not q.subject_is_customer
    injunction = stranger and survivor and q.to in LAWYERS and q.what_for == "legal_proceedings"
    yield unasked, "deny" if safe else "hold", "PCHA 3.5.2: explicit consent"
    yield unwilling, "hold", "PCHA 3.5.2: whoever spoke up said no"
    yield q.to == "third_party_reporter", "deny", "PCHA 3.2.3: no feedback"
    yield untested and q.subject_role == "alleged_perpetrator", "deny", "PCHA 3.2.5: look into it first"
    yield by_others and q.to in AGENCIES, "hold", "PCHA 3.2.4: the customer is asked discreetly first"
    yield q.subject_role == "staff" and q.to in AGENCIES, "hold", "PCHA 4.3: staff by the HR route"
    yield stranger and (q.to in _set("housing_options contractor") or moves), "deny", "PCHA 3.3.1: customers only"
    yield injunction, "hold", "PCHA 3.3.1: an injunction for somebody who is no customer"
