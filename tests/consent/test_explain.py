"""A decision explained: the officer acts on it, the DPO checks it, the person is told without harm to anyone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.decision import Decision, Reason
from consent.explain import Voice, explain
from consent.withheld import Withheld
from consent.wording import NAMES, plain
from protocols.vocabulary import AgencyKind, Basis, Obligation, Outcome, Purpose
from protocols.vocabulary import DataCategory as D

CANARY = "zq-canary"

WITHHELD = (
    Withheld("witness.name", "name", "p2", D.WITNESS_IDENTITY, "NOT_AGREED", ("Policy 6",), f"{CANARY} did not agree."),
    Withheld("case.history", "case history", "", None, "NOT_NEEDED", ("UK GDPR Art 5(1)(c)",), "Not needed."),
)


def _decision(
    outcome: Outcome = Outcome.PERMIT_REDACTED,
    obligations: tuple[Obligation, ...] = (Obligation.RECORD_RATIONALE, Obligation.SEEK_CONSENT),
    keep: tuple[D, ...] = (D.IDENTITY, D.CRIMINAL_ALLEGATION, D.WITNESS_IDENTITY, D.TRANS_STATUS),
    authoriser: str | None = None,
) -> Decision:
    reasons = (
        Reason("VALIDATED", None, ("LMH 4.2",), f"{CANARY} says so.", determining=False),
        Reason("A6", None, ("UK GDPR 6(1)(ea)",), "There is a ground."),
        Reason("P10_NOT_PREJUDICE", D.HEALTH, ("DPA 2018 Sch 1 para 10",), "Asking is safe, so ask first."),
    )
    return Decision(
        outcome, keep=keep, remove=(D.HEALTH,), basis=(Basis.A6_RLI_CRIME, Basis.GW_CDA115), obligations=obligations,
        gaps=("allegation_validated",), reasons=reasons, remedy=("the person's explicit consent",),
        authoriser=authoriser, rules="sha256:abc",
    )  # fmt: skip


def _say(decided: Decision, voice: Voice, recipient: AgencyKind = AgencyKind.POLICE) -> str:
    return explain(decided, voice, recipient=recipient, purpose=Purpose.CRIME_PREVENTION, withheld=WITHHELD)


def test_an_officer_reads_what_happens_why_and_what_to_do_next() -> None:
    assert _say(_decision(), Voice.OFFICER) == (
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
        "- Ask the person, where that is safe, whether they agree explicitly.\n"
        "What would lawfully change this:\n"
        "- the person's explicit consent"
    )


def test_an_officer_is_told_who_must_release_what_is_held() -> None:
    held = _decision(Outcome.NEEDS_AUTHORISER, authoriser="dpo")
    first = _say(held, Voice.OFFICER).splitlines()[0]
    assert first == "Held: nothing goes to the police for crime prevention until the data protection officer decides."


def test_a_refusal_lists_nothing_as_taken_out_since_nothing_goes() -> None:
    assert "Taken out" not in _say(_decision(Outcome.DENY), Voice.OFFICER)


def test_a_dpo_reads_every_reason_with_its_code_and_provision() -> None:
    text = _say(_decision(), Voice.DPO)
    for line in (
        "Outcome: permit_redacted (recipient police, purpose crime_prevention)",
        "Rules: sha256:abc",
        "- P10_NOT_PREJUDICE (health) [DPA 2018 Sch 1 para 10] Asking is safe, so ask first.",
        "- gw_cda115: Crime and Disorder Act 1998 s.115",
        "- allegation_validated",
        "- case history: NOT_NEEDED [UK GDPR Art 5(1)(c)] Not needed.",
    ):
        assert line in text.splitlines()
    assert text.index("Determining reasons:") < text.index("P10_NOT_PREJUDICE") < text.index("Other findings:")


def test_a_dpo_sees_where_law_and_policy_differ() -> None:
    diverging = _decision(obligations=(Obligation.POLICY_DIVERGENCE_LOG,))
    assert "Law and landlord's policy differ; logged:" in _say(diverging, Voice.DPO)
    assert "differ" not in _say(_decision(), Voice.DPO)


anything = st.builds(
    _decision,
    st.sampled_from(Outcome),
    st.lists(st.sampled_from(Obligation), unique=True).map(tuple),
    st.lists(st.sampled_from(D), unique=True).map(tuple),
)


@given(anything, st.sampled_from(AgencyKind))
def test_the_persons_text_reveals_no_reason_and_nobody_else(decided: Decision, recipient: AgencyKind) -> None:
    text = _say(decided, Voice.SUBJECT, recipient).replace(plain(recipient), "").lower()
    assert CANARY not in text
    for word in ("witness", "alleg", "perpetrator", "suspect", "crime", "offence", "gender", "immigration", "p10"):
        assert word not in text


@given(anything)
def test_where_telling_would_do_harm_the_persons_text_neither_says_nor_denies(decided: Decision) -> None:
    silent = {
        _say(_decision(outcome, (*decided.obligations, Obligation.WITHHOLD_INFORM)), Voice.SUBJECT, recipient)
        for outcome in Outcome
        for recipient in (AgencyKind.POLICE, AgencyKind.SOCIAL_CARE_CHILDREN)
    }
    assert len(silent) == 1
    assert "police" not in silent.pop()


def test_the_person_is_told_kindly_what_is_shared_and_what_they_can_do() -> None:
    text = _say(_decision(), Voice.SUBJECT)
    assert (
        text.splitlines()[0] == "We share some information about you with the police, so that they can do their part."
    )
    assert "- who you are" in text.splitlines()
    assert "- other private details about you" in text.splitlines()
    assert "It is your choice, and you can change your mind." in text
    assert "You can complain to us, and to the Information Commissioner." in text


def test_every_kind_of_recipient_has_a_name_people_use() -> None:
    assert set(AgencyKind) <= set(NAMES)


@pytest.mark.parametrize("outcome", [Outcome.DENY, Outcome.NEEDS_AUTHORISER])
def test_the_person_is_told_when_nothing_was_shared(outcome: Outcome) -> None:
    assert "We have not shared information about you with the police." in _say(_decision(outcome), Voice.SUBJECT)
