"""A decision explained: the officer acts on it, the DPO checks it, the person is told without harm to anyone."""

import re
from dataclasses import fields, replace
from datetime import date
from types import MappingProxyType

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from consent.change import Actor, Change, what_would_change
from consent.decide import decide
from consent.decision import Decision, Reason
from consent.explain import Voice, explain
from consent.facts import parse_facts
from consent.rules import CLOCKS
from consent.withheld import Withheld
from consent.wording import AFTER, BEFORE, NAMES, OWN_KINDS, TO_ADULT, TO_CHILD, Letter, by_when, plain
from protocols.vocabulary import AgencyKind, Basis, Obligation, Outcome, Purpose
from protocols.vocabulary import DataCategory as D
from tests.consent.rulebook import DATA, TODAY, case, rules

CANARY = "zq-canary"

WITHHELD = (
    Withheld("witness.name", "name", "p2", D.WITNESS_IDENTITY, "NOT_AGREED", ("Policy 6",), f"{CANARY} did not agree."),
    Withheld("case.history", "case history", "", None, "NOT_NEEDED", ("UK GDPR Art 5(1)(c)",), "Not needed."),
)
CHANGES = (
    Change(MappingProxyType({"consent": "given_explicit"}), "explicit consent", (Actor.PERSON,), Outcome.PERMIT,
           (D.HEALTH,)),
    Change(MappingProxyType({}), "necessary established", (Actor.OFFICER,), None, (), "necessary",
           (("true", Outcome.PERMIT), ("false", Outcome.DENY))),
)  # fmt: skip
OF_OTHERS = (
    "witness", "alleg", "perpetrator", "suspect", "crime", "criminal", "offence", "gender", "immigration", "enquir",
    "investigat", "report", "accus", "complainant", "neighbour", "victim",
)  # fmt: skip


def _decision(
    outcome: Outcome = Outcome.PERMIT_REDACTED,
    obligations: tuple[Obligation, ...] = (Obligation.RECORD_RATIONALE, Obligation.SEEK_CONSENT),
    keep: tuple[D, ...] = (D.IDENTITY, D.CRIMINAL_ALLEGATION, D.WITNESS_IDENTITY, D.TRANS_STATUS),
    authoriser: str | None = None,
) -> Decision:
    reasons = (
        Reason("VALIDATED", None, ("LMH 4.2",), f"{CANARY} says so.", determining=False, rule="lmh.4.2", effect="hold"),
        Reason("A6", None, ("UK GDPR 6(1)(ea)",), "There is a ground.", rule="uk_gdpr.6ea", effect="basis"),
        Reason("NO_ART9:health", D.HEALTH, ("UK GDPR Art 9(1)",), "No condition fits."),
        Reason("P10_NOT_PREJUDICE", D.HEALTH, ("DPA 2018 Sch 1 para 10",), "Asking is safe, so ask first.",
               rule="dpa18.p10", effect="lacks"),
    )  # fmt: skip
    return Decision(
        outcome, keep=keep, remove=(D.HEALTH,), basis=(Basis.A6_RLI_CRIME, Basis.GW_CDA115), obligations=obligations,
        gaps=("allegation_validated",), reasons=reasons, remedy=("the person's explicit consent",),
        authoriser=authoriser, rules="sha256:abc", within="4 working hours" if authoriser else None,
        review_by=date(2026, 12, 18),
    )  # fmt: skip


def _say(decided: Decision, voice: Voice, recipient: AgencyKind | None = AgencyKind.POLICE) -> str:
    return explain(decided, voice, recipient=recipient, purpose=Purpose.CRIME_PREVENTION, withheld=WITHHELD)


# ---- The officer


def test_an_officer_reads_what_happens_why_and_what_to_do_next() -> None:
    text = explain(
        _decision(), Voice.OFFICER, recipient=AgencyKind.POLICE, purpose=Purpose.CRIME_PREVENTION, withheld=WITHHELD,
        changes=CHANGES,
    )  # fmt: skip
    assert text == (
        "Goes to the police for crime prevention, with parts taken out.\n"
        "Why:\n"
        "- There is a ground.\n"
        "Taken out:\n"
        "- health: Asking is safe, so ask first.\n"
        "Kept back from what you entered:\n"
        f"- name (p2): {CANARY} did not agree.\n"
        "- case history: Not needed.\n"
        "Not known yet, and needed:\n"
        "- allegation validated\n"
        "What to do:\n"
        "1. Find out what is not known yet, and decide again.\n"
        "2. Ask the person, where that is safe, whether they agree explicitly.\n"
        "What would lawfully change this:\n"
        "- explicit consent: then health may go too\n"
        "- necessary established (true: it may go; false: it does not go)\n"
        "The rules say of it:\n"
        "- the person's explicit consent"
    )


def test_without_proposals_an_officer_reads_the_remedies_of_the_rules() -> None:
    assert _say(_decision(), Voice.OFFICER).endswith(
        "What would lawfully change this:\n- the person's explicit consent"
    )


@pytest.mark.parametrize(
    ("authoriser", "named"),
    [
        ("data protection officer", "the data protection officer"),
        ("dpo", "the data protection officer"),
        ("HR lead, with the employee", "the HR lead, with the employee"),
        ("data protection officer; safeguarding lead", "the data protection officer, and the safeguarding lead"),
    ],
)
def test_an_officer_is_told_who_must_release_what_is_held_and_by_when(authoriser: str, named: str) -> None:
    lines = _say(_decision(Outcome.NEEDS_AUTHORISER, authoriser=authoriser), Voice.OFFICER).splitlines()
    assert lines[0] == f"Held: nothing goes to the police for crime prevention until it is released by {named}."
    assert f"3. Put it to {named}, within 4 working hours. Whoever wrote it may not release it." in lines


def test_what_an_officer_does_next_stands_in_the_order_in_which_it_is_done() -> None:
    owed = (Obligation.REVIEW_DATE, Obligation.INFORM_BEFORE, Obligation.VERIFY_REQUESTER, Obligation.INFORM_AFTER)
    text = _say(_decision(Outcome.NEEDS_AUTHORISER, owed, authoriser="dpo"), Voice.OFFICER)
    order = [
        "Check who is asking",
        "Put it to",
        "before it goes",
        "afterwards",
        "Decide this again by 18 December 2026",
    ]
    assert [text.index(step) for step in order] == sorted(text.index(step) for step in order)


def test_where_the_person_is_not_told_the_officer_reads_under_which_exemption() -> None:
    silent = replace(_decision(obligations=(Obligation.WITHHOLD_INFORM,)), exemptions=("DPA 2018 Sch 2 para 2",))
    assert "Do not tell the person. Record the exemption (DPA 2018 Sch 2 para 2)" in _say(silent, Voice.OFFICER)


def test_a_refusal_lists_nothing_as_taken_out_and_warns_of_going_round_it() -> None:
    refused = _say(_decision(Outcome.DENY), Voice.OFFICER)
    assert "Taken out" not in refused
    assert "may be an offence (Data Protection Act 2018 s.170)" in refused
    assert "s.170" not in _say(_decision(), Voice.OFFICER)


def test_what_is_refused_until_the_person_is_told_says_so() -> None:
    refused = _say(_decision(Outcome.DENY, (Obligation.INFORM_BEFORE,)), Voice.OFFICER)
    assert "Tell the person of this sharing first, then decide again." in refused


def test_an_officer_reads_two_reasons_and_how_many_more_there_are() -> None:
    reasons = tuple(Reason(f"R{number}", None, ("Act",), f"Reason {number}.") for number in range(5))
    text = _say(replace(_decision(Outcome.DENY), reasons=reasons), Voice.OFFICER)
    assert "- Reason 0.\n- Reason 1.\n- and 3 more, in the data protection officer's text.\n" in text
    assert "Reason 2" not in text


def test_what_is_only_unknown_is_no_reason_beside_one_that_is_known() -> None:
    unknown = Reason("FACT_UNKNOWN:risk", None, ("UK GDPR Art 5(2)",), "The fact risk is not known.")
    decided = _decision(Outcome.NEEDS_AUTHORISER, authoriser="dpo")
    both = replace(decided, reasons=(unknown, *decided.reasons))
    assert "The fact risk" not in _say(both, Voice.OFFICER)
    assert "The fact risk" in _say(replace(decided, reasons=(unknown,)), Voice.OFFICER)


def test_an_officer_reads_where_policy_asks_for_something_else() -> None:
    differs = Reason(
        "POLICY_OHG_7", None, ("OHG policy section 7",), "Policy says otherwise.", False, "ohg.7", "diverge"
    )
    text = _say(replace(_decision(), reasons=(*_decision().reasons, differs)), Voice.OFFICER)
    assert text.endswith("(this is logged):\n- Policy says otherwise.")


def test_an_unknown_recipient_and_purpose_are_left_open() -> None:
    assert explain(_decision(), Voice.OFFICER).startswith("Goes to the recipient for this purpose, with parts")
    assert explain(_decision(), Voice.DPO).startswith(
        "Outcome: permit_redacted (recipient not known, purpose not known)"
    )
    assert explain(_decision(), Voice.SUBJECT).startswith("We share some information about you with an organisation")


def test_every_clock_of_the_engine_reads_as_part_of_a_sentence() -> None:
    assert [by_when(clock) for clock in CLOCKS] == [
        "within 4 working hours", "the same day", "within 1 working day", "within the time for the request",
        "before publication",
    ]  # fmt: skip


def test_every_duty_is_told_once_or_done_by_the_hub_itself() -> None:
    own = {Obligation.RECORD_RATIONALE, Obligation.MINIMISE, Obligation.ONWARD_RESTRICTED,
           Obligation.RECHECK_AT_DISPATCH, Obligation.POLICY_DIVERGENCE_LOG}  # fmt: skip
    assert not set(BEFORE) & set(AFTER)
    assert set(BEFORE) | set(AFTER) == set(Obligation) - own


# ---- The data protection officer


def test_a_dpo_reads_every_reason_with_its_code_rule_effect_and_provision() -> None:
    text = _say(_decision(), Voice.DPO)
    for line in (
        "Outcome: permit_redacted (recipient police, purpose crime_prevention)",
        "Rules: sha256:abc",
        "Look again by: 2026-12-18",
        "- uk_gdpr.6ea",
        "- P10_NOT_PREJUDICE (health) by dpa18.p10 (lacks) [DPA 2018 Sch 1 para 10] Asking is safe, so ask first.",
        "- NO_ART9:health (health) by the engine [UK GDPR Art 9(1)] No condition fits.",
        "- gw_cda115: Crime and Disorder Act 1998 s.115",
        "- allegation_validated",
        "- case history: NOT_NEEDED [UK GDPR Art 5(1)(c)] Not needed.",
    ):
        assert line in text.splitlines()
    assert text.index("Deciding rules:") < text.index("Determining reasons:") < text.index("Other findings:")


def test_a_dpo_reads_rules_tried_clause_clock_exemptions_and_changes_where_they_are_given() -> None:
    decided = replace(_decision(Outcome.NEEDS_AUTHORISER, authoriser="dpo"), exemptions=("DPA 2018 Sch 2 para 2",))
    lines = explain(
        decided, Voice.DPO, changes=CHANGES, clause="LMH-police, clause 4.1", rules_tried=(300, 290)
    ).splitlines()
    for line in (
        "Rules tried: 300, of which 290 in force",
        "- LMH-police, clause 4.1",
        "- the data protection officer, within 4 working hours",
        "- DPA 2018 Sch 2 para 2",
        "- explicit consent [consent = given_explicit] by person: permit, restores health",
        "- necessary established [true = permit, false = deny] by officer: open",
    ):
        assert line in lines
    assert not any("Rules tried" in line or "clause" in line for line in _say(decided, Voice.DPO).splitlines())


def test_a_dpo_sees_where_law_and_policy_differ() -> None:
    diverging = _decision(obligations=(Obligation.POLICY_DIVERGENCE_LOG,))
    assert "Law and landlord's policy differ; logged:" in _say(diverging, Voice.DPO)
    assert "differ" not in _say(_decision(), Voice.DPO)


# ---- The person


kinds = st.lists(st.sampled_from(D), unique=True).map(tuple)
anything = st.builds(
    _decision, st.sampled_from(Outcome), st.lists(st.sampled_from(Obligation), unique=True).map(tuple), kinds
)


def _letter(decided: Decision, recipient: AgencyKind | None, *, child: bool) -> str:
    return explain(
        decided, Voice.SUBJECT, recipient=recipient, purpose=Purpose.CRIME_INVESTIGATION, withheld=WITHHELD,
        changes=CHANGES, child=child, clause=f"{CANARY} 4", rules_tried=(300, 290),
    )  # fmt: skip


@given(anything, st.sampled_from(AgencyKind), st.booleans())
def test_the_persons_text_reveals_no_reason_no_rule_and_nobody_else(
    decided: Decision, recipient: AgencyKind, child: bool
) -> None:
    text = _letter(decided, recipient, child=child)
    for secret in (CANARY, *(reason.says for reason in decided.reasons), *decided.determining, *decided.remedy):
        assert secret not in text
    assert not re.search(r"[A-Z]\d|[a-z]\.[a-z]|_|\bs\.\d|Art \d|\[", text)
    spoken = text.replace(plain(recipient), "").lower()
    assert not [word for word in OF_OTHERS if word in spoken]


@given(anything, st.sampled_from(AgencyKind), st.booleans())
def test_the_persons_text_names_no_kind_of_data_that_does_not_go(
    decided: Decision, recipient: AgencyKind, child: bool
) -> None:
    told = {OWN_KINDS[kind] for kind in decided.keep if kind in OWN_KINDS} if decided.releases else set()
    lines = _letter(decided, recipient, child=child).splitlines()
    listed = {line.removeprefix("- ") for line in lines if line.startswith("- ")}
    assert listed <= told
    rest = " ".join(line for line in lines if not line.startswith("- ")).replace(plain(recipient), "").lower()
    assert not [kind for kind in D if plain(kind) in rest]


@given(anything, st.sampled_from(AgencyKind))
def test_what_did_not_go_does_not_tell_who_asked(decided: Decision, recipient: AgencyKind) -> None:
    assume(not decided.releases)
    assume(recipient is not AgencyKind.DATA_SUBJECT)
    assert _letter(decided, recipient, child=False) == _letter(decided, None, child=False)


@given(anything, st.booleans())
def test_where_telling_would_do_harm_the_persons_text_neither_says_nor_denies(decided: Decision, child: bool) -> None:
    silent = {
        _letter(_decision(outcome, (*decided.obligations, Obligation.WITHHOLD_INFORM), decided.keep), to, child=child)
        for outcome in Outcome
        for to in (AgencyKind.POLICE, AgencyKind.SOCIAL_CARE_CHILDREN, AgencyKind.DATA_SUBJECT, None)
    }
    assert silent == {(TO_CHILD if child else TO_ADULT).nothing}
    assert not re.search("shared some|have not|told [a-z]+ some|police|decide", silent.pop())


def test_the_person_is_told_kindly_what_is_shared_and_what_they_can_do() -> None:
    lines = _say(_decision(), Voice.SUBJECT).splitlines()
    assert lines[0] == "We share some information about you with the police. They need it to do their part."
    assert {"- who you are", "- other private details about you"} <= set(lines)
    assert "It is your choice. You can change your mind." in lines[-2]
    assert "You can complain to us. You can also complain to the Information Commissioner." in lines[-1]


@pytest.mark.parametrize("outcome", [Outcome.DENY, Outcome.NEEDS_AUTHORISER])
def test_the_person_is_told_when_nothing_was_shared(outcome: Outcome) -> None:
    assert "We have not shared this information about you." in _say(_decision(outcome), Voice.SUBJECT)


def test_what_identifies_nobody_is_not_called_information_about_the_person() -> None:
    text = _say(_decision(Outcome.PERMIT, (), (D.DEPERSONALISED,)), Voice.SUBJECT)
    assert text.startswith("We share numbers that do not show who you are.")


def test_a_person_who_asked_for_their_own_data_is_answered_as_such() -> None:
    assert _say(_decision(), Voice.SUBJECT, AgencyKind.DATA_SUBJECT).startswith("Here is the information about you")
    held = _say(_decision(Outcome.NEEDS_AUTHORISER), Voice.SUBJECT, AgencyKind.DATA_SUBJECT)
    assert held.startswith("We cannot send you what you asked for yet.")


@pytest.mark.parametrize("letter", [TO_ADULT, TO_CHILD])
def test_every_letter_speaks_of_rights_and_of_the_commissioner_even_where_it_says_nothing(letter: Letter) -> None:
    for text in (letter.rights, letter.nothing):
        assert "Information Commissioner" in text
        assert "You can ask" in text


def _grade(text: str) -> float:
    """The school year in the United States that reads it (Flesch and Kincaid); vowel groups stand for syllables."""
    words = re.findall(r"[A-Za-z']+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower().removesuffix("e")))) for word in words)
    return 0.39 * len(words) / max(1, len(re.findall(r"[.:?!]", text))) + 11.8 * syllables / len(words) - 15.59


@pytest.mark.parametrize(("letter", "year"), [(TO_ADULT, 6.0), (TO_CHILD, 4.0)])
def test_the_letters_are_easy_to_read_and_a_childs_the_easier(letter: Letter, year: float) -> None:
    sentences = [getattr(letter, part.name) for part in fields(letter)]
    assert _grade(" ".join(sentences).replace("{recipient}", "them")) <= year
    longest = max(len(sentence.split()) for text in sentences for sentence in re.split(r"[.:?]\s", text))
    assert longest <= 16


def test_every_kind_of_recipient_has_a_name_people_use() -> None:
    assert set(AgencyKind) <= set(NAMES)


# ---- The worked examples


@pytest.mark.parametrize(
    "scenario",
    yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))["scenarios"],
    ids=lambda scenario: scenario["id"],
)
def test_a_worked_example_is_explained_in_each_voice(scenario: dict[str, dict[str, object]]) -> None:
    facts = parse_facts(case(**scenario["facts"]))
    decision = decide(facts, rules(), TODAY)
    recipient, purpose = AgencyKind(str(facts.get("recipient"))), Purpose(str(facts.get("purpose")))
    changes = what_would_change(facts, rules(), TODAY, decision)
    officer, dpo, subject = (
        explain(decision, voice, recipient=recipient, purpose=purpose, changes=changes) for voice in Voice
    )
    assert plain(recipient) in officer.splitlines()[0]
    assert all(change.says in officer and change.says in dpo for change in changes)
    assert all(reason.code in dpo and reason.rule in dpo for reason in decision.reasons)
    assert all(f"- {plain(kind)}: " in officer for kind in decision.remove)
    assert not any(reason.says in subject for reason in decision.reasons)
    untold = {Obligation.WITHHOLD_INFORM, Obligation.STOP_USE_NOTICE, Obligation.BREACH_ASSESS}
    withheld = untold & set(decision.obligations)
    assert subject == TO_ADULT.nothing if withheld else subject.endswith(TO_ADULT.rights)


@given(anything)
@settings(max_examples=50)
def test_no_text_has_empty_lists_or_unfilled_places(decided: Decision) -> None:
    for voice in Voice:
        text = _say(decided, voice)
        assert "{" not in text
        assert "None" not in text
        assert not re.search(r":\n(?![-1])", text)
