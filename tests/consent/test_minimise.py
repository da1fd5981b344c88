"""Only what is needed and kept leaves: stated over any record, any decision, any list of needs."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.decision import Decision
from consent.minimise import Minimised, MinimiseError, asked_categories, minimise
from consent.needed import Need, Profile, Row
from protocols.record import FreeText, Item, Mark, PersonRole, Referral, Summary, items, known_paths
from protocols.vocabulary import AgencyKind, Basis, Obligation, Outcome, Purpose
from protocols.vocabulary import DataCategory as D
from tests.consent.rulebook import ask
from tests.consent.shipped import decision, shipped_profiles, terms
from tests.protocols.referrals import full_referral, referrals

SHIPPED = shipped_profiles()
PATHS = sorted(known_paths())
ANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

kinds = st.frozensets(st.sampled_from(D))
many_kinds = kinds.map(lambda few: frozenset(D) - few) | kinds
recipients = st.sampled_from([kind for kind in AgencyKind if SHIPPED.for_recipient(kind, Purpose.STATISTICS).needs])
rows = st.builds(Row, st.sampled_from(Need), st.just(""), st.booleans())
TAKES_ALL = {path: Row(Need.ASKED, "") for path in PATHS}
made_up = st.dictionaries(st.sampled_from(PATHS), rows).map(lambda few: TAKES_ALL | few)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """A shipped list, or a made-up one that takes nearly everything and may be as careless as it likes."""
    kind = draw(recipients)
    if draw(st.booleans()):
        return SHIPPED.for_recipient(kind, Purpose.CRIME_PREVENTION)
    return Profile("made_up", "1", frozenset({kind}), draw(made_up))


def run(referral: Referral, decided: Decision, profile: Profile) -> Minimised:
    found, header = items(referral), terms(min(profile.recipients))
    return minimise(referral=referral, items=found, decision=decided, profile=profile, terms=header)


def shipped(kind: AgencyKind, purpose: Purpose = Purpose.CRIME_PREVENTION) -> Profile:
    return SHIPPED.for_recipient(kind, purpose)


def everything(kind: AgencyKind = AgencyKind.POLICE, **needs: Row) -> Profile:
    rows = TAKES_ALL | {path.replace("__", "."): row for path, row in needs.items()}
    return Profile("everything", "1", frozenset({kind}), rows)


def keys(minimised: Minimised) -> set[tuple[str, str]]:
    return {(item.path, item.of) for item in minimised.disclosure.items}


def words_of(text: str) -> set[str]:
    return set(re.findall(r"zq\d{5}x", text))


def lost_words(found: tuple[Item, ...], kept: frozenset[D]) -> set[str]:
    return {
        word for item in found for span in item.spans for word in words_of(span.text)
        if not item.categories | span.categories <= kept
    }  # fmt: skip


def changed(referral: Referral, **record: object) -> Referral:
    return referral.model_copy(update={"record": referral.record.model_copy(update=record)})


def with_narrative(text: FreeText, referral: Referral | None = None) -> Referral:
    referral = referral or full_referral()
    incident = referral.record.incidents[0].model_copy(update={"narrative": text})
    return changed(referral, incidents=(incident,), summaries=())


def narrative_sent(minimised: Minimised) -> str:
    [item] = minimised.disclosure.of_path("incident.narrative")
    return item.value


@given(referrals(), many_kinds, kinds, profiles())
@ANY
def test_no_word_of_a_category_that_is_not_kept_leaves(
    referral: Referral, keep: frozenset[D], remove: frozenset[D], profile: Profile
) -> None:
    minimised = run(referral, decision(keep, remove), profile)
    lost = lost_words(items(referral), keep - remove)
    assert not lost & words_of(minimised.disclosure.model_dump_json(exclude={"reply_to"}))


@given(referrals(), many_kinds, profiles())
@ANY
def test_only_what_the_recipient_needs_leaves(referral: Referral, keep: frozenset[D], profile: Profile) -> None:
    for item in run(referral, decision(keep), profile).disclosure.items:
        assert profile.takes(item.path, is_subject=item.about == referral.subject)
        assert set(item.categories) <= keep


@given(referrals(), many_kinds, kinds, profiles())
@ANY
def test_every_item_either_goes_or_is_withheld_with_a_reason_and_none_of_its_words(
    referral: Referral, keep: frozenset[D], remove: frozenset[D], profile: Profile
) -> None:
    minimised = run(referral, decision(keep, remove), profile)
    withheld = {(entry.path, entry.of) for entry in minimised.withheld}
    for item in items(referral):
        assert (item.path, item.of) in keys(minimised) | withheld
    assert all(entry.code and entry.cites and entry.says for entry in minimised.withheld)
    assert not words_of(repr(minimised.withheld))


@given(referrals(), many_kinds, kinds, profiles())
@ANY
def test_keeping_fewer_categories_never_sends_more(
    referral: Referral, keep: frozenset[D], fewer: frozenset[D], profile: Profile
) -> None:
    more, less = run(referral, decision(keep), profile), run(referral, decision(keep & fewer), profile)
    assert keys(less) <= keys(more)
    sent = words_of(less.disclosure.model_dump_json())
    assert sent <= words_of(more.disclosure.model_dump_json())


@given(referrals(), many_kinds, profiles())
@ANY
def test_a_number_or_address_never_leaves_without_the_safe_contact_instruction(
    referral: Referral, keep: frozenset[D], profile: Profile
) -> None:
    sent = run(referral, decision(keep), profile).disclosure.items
    safe = {item.about for item in sent if item.path.endswith(".safe_contact")}
    for item in sent:
        if item.path.endswith((".contacts", ".address", ".protected_address")) and item.about is not None:
            assert item.about in safe or referral.record.person(item.about).safe_contact is None


@given(referrals(), kinds, kinds, profiles())
@ANY
def test_the_same_decision_gives_the_same_disclosure_in_whatever_order_it_names_the_kinds(
    referral: Referral, keep: frozenset[D], remove: frozenset[D], profile: Profile
) -> None:
    once = run(referral, decision(sorted(keep), sorted(remove)), profile)
    again = run(referral, decision(sorted(keep, reverse=True), sorted(remove, reverse=True)), profile)
    assert once.disclosure == again.disclosure


@given(referrals(), profiles(), kinds)
@ANY
def test_all_that_is_asked_about_is_enough_to_decide_on_every_item_needed(
    referral: Referral, profile: Profile, remove: frozenset[D]
) -> None:
    recipient = min(profile.recipients)
    asked = asked_categories(referral=referral, items=items(referral), profile=profile, recipient=recipient)
    minimised = run(referral, decision(asked, remove), profile)
    assert "NOT_DECIDED" not in {entry.code for entry in minimised.withheld}


def test_a_denial_makes_no_disclosure() -> None:
    with pytest.raises(MinimiseError, match="outcome is deny"):
        run(full_referral(), decision(outcome=Outcome.DENY), everything())


@pytest.mark.parametrize(("recipient", "profile"), [
    (AgencyKind.POLICE, everything(AgencyKind.FIRE)),
    (AgencyKind.SUPPORT_CHARITY, shipped(AgencyKind.SUPPORT_CHARITY, Purpose.PERPETRATOR_SUPPORT)),
])  # fmt: skip
def test_a_list_for_another_recipient_or_purpose_makes_no_disclosure(recipient: AgencyKind, profile: Profile) -> None:
    referral, header = full_referral(), terms(recipient)
    with pytest.raises(MinimiseError, match="profile is not the list"):
        minimise(referral=referral, items=items(referral), decision=decision(), profile=profile, terms=header)


def test_a_kind_of_data_the_decision_does_not_name_stays() -> None:
    minimised = run(full_referral(), decision(set(D) - {D.HATE_STRAND}), shipped(AgencyKind.POLICE))
    assert not minimised.disclosure.of_path("case.strands")
    [entry] = [entry for entry in minimised.withheld if entry.path == "case.strands"]
    assert (entry.code, entry.category) == ("NOT_DECIDED", D.HATE_STRAND)


def test_what_the_decision_removes_is_withheld_for_the_decisions_own_reason() -> None:
    minimised = run(full_referral(), decision(remove=[D.HATE_STRAND]), shipped(AgencyKind.POLICE))
    [entry] = [entry for entry in minimised.withheld if entry.path == "case.strands"]
    assert (entry.code, entry.cites, entry.says) == ("NO_HATE_STRAND", ("Act s.0",), "No ground for 0.")


def test_a_marked_passage_is_cut_and_the_rest_of_the_text_goes() -> None:
    text = FreeText(text="He shouted. She has asthma. He left.", screened=True,
                    marks=(Mark(quote="She has asthma.", categories=(D.HEALTH,)),))  # fmt: skip
    minimised = run(with_narrative(text), decision(remove=[D.HEALTH]), shipped(AgencyKind.POLICE))
    assert narrative_sent(minimised) == "He shouted. [withheld] He left."
    assert ("incident.narrative", "NO_HEALTH") in {(entry.path, entry.code) for entry in minimised.withheld}
    whole = run(with_narrative(text), decision(), shipped(AgencyKind.POLICE))
    assert narrative_sent(whole) == text.text
    assert D.HEALTH in whole.disclosure.of_path("incident.narrative")[0].categories
    assert D.HEALTH not in minimised.disclosure.of_path("incident.narrative")[0].categories


def test_passages_side_by_side_are_cut_as_one() -> None:
    text = FreeText(text="say AB end", screened=True, marks=(
        Mark(quote="A", categories=(D.HEALTH,)), Mark(quote="B", categories=(D.RELIGION,))))  # fmt: skip
    minimised = run(with_narrative(text), decision(remove=[D.HEALTH, D.RELIGION]), shipped(AgencyKind.POLICE))
    assert narrative_sent(minimised) == "say [withheld] end"


def test_a_text_of_which_no_word_is_left_does_not_go() -> None:
    text = FreeText(text="She has asthma.", screened=True, marks=(
        Mark(quote="She has asthma", categories=(D.HEALTH,)),))  # fmt: skip
    minimised = run(with_narrative(text), decision(remove=[D.HEALTH]), shipped(AgencyKind.POLICE))
    assert not minimised.disclosure.of_path("incident.narrative")


def test_a_text_nobody_screened_stays_when_anything_flagged_may_not_go() -> None:
    referral = with_narrative(FreeText(text="Something happened."))
    assert not run(referral, decision(remove=[D.IMMIGRATION_STATUS]), everything()).disclosure.of_path(
        "incident.narrative"
    )
    assert narrative_sent(run(referral, decision(), everything())) == "Something happened."


def test_a_summary_written_for_the_recipient_takes_the_place_of_every_narrative() -> None:
    summaries = tuple(
        Summary(written_for=kind, text=f"for {kind.value}") for kind in (AgencyKind.POLICE, AgencyKind.JAG)
    )
    referral = changed(full_referral(), summaries=summaries)
    minimised = run(referral, decision(), everything())
    assert [item.value for item in minimised.disclosure.of_path("summary")] == ["for police"]
    for path in ("case.summary", "case.history", "incident.narrative"):
        assert not minimised.disclosure.of_path(path)
        assert {entry.code for entry in minimised.withheld if entry.path == path} == {"REPLACED_BY_SUMMARY"}
    assert [entry.code for entry in minimised.withheld if entry.path == "summary"] == ["WRITTEN_FOR_ANOTHER"]


def test_a_summary_that_may_not_go_does_not_let_the_narrative_out() -> None:
    summary = Summary(written_for=AgencyKind.POLICE, text="short", reveals=(D.FINANCIAL,))
    referral = with_narrative(FreeText(text="It happened.", screened=True))
    minimised = run(changed(referral, summaries=(summary,)), decision(remove=[D.FINANCIAL]), everything())
    assert not minimised.disclosure.of_path("summary")
    assert not minimised.disclosure.of_path("incident.narrative")


def test_a_text_that_a_summary_replaces_is_not_asked_about() -> None:
    text = FreeText(text="Money.", screened=True, marks=(Mark(quote="Money", categories=(D.FINANCIAL,)),))
    referral, police = with_narrative(text), shipped(AgencyKind.POLICE)
    summary = Summary(written_for=AgencyKind.POLICE, text="short")
    for about, asked in ((referral, True), (changed(referral, summaries=(summary,)), False)):
        screened = tuple(item for item in items(about) if item.path in ("incident.narrative", "summary"))
        kinds_asked = asked_categories(
            referral=about, items=screened, profile=police, recipient=AgencyKind.POLICE
        )  # fmt: skip
        assert (D.FINANCIAL in kinds_asked) is asked


def test_a_name_that_goes_for_one_person_is_not_cut_where_another_shares_it() -> None:
    text = FreeText(text="Sam Fictional was hit.", screened=True)
    referral = with_narrative(text)
    people = tuple(person.model_copy(update={"name": "Sam Fictional"}) for person in referral.record.people)
    minimised = run(
        changed(referral, people=people), decision(remove=[D.WITNESS_IDENTITY]), shipped(AgencyKind.POLICE)
    )  # fmt: skip
    assert narrative_sent(minimised) == text.text


def test_a_name_that_stays_is_cut_from_the_texts_that_go() -> None:
    referral = with_narrative(FreeText(text="placeholder", screened=True))
    people = tuple(
        person.model_copy(update={"name": "Sam Fictional"}) if person.role is PersonRole.WITNESS else person
        for person in referral.record.people
    )
    text = FreeText(text="SAM  FICTIONAL saw it. Samuel did not.", screened=True)
    referral = with_narrative(text, changed(referral, people=people))
    minimised = run(referral, decision(remove=[D.WITNESS_IDENTITY]), shipped(AgencyKind.POLICE))
    assert narrative_sent(minimised) == "[withheld] saw it. Samuel did not."
    assert ("incident.narrative", "NAMED_IN_TEXT") in {(entry.path, entry.code) for entry in minimised.withheld}
    assert narrative_sent(run(referral, decision(), everything())) == text.text


def test_where_somebody_fled_to_is_cut_from_the_texts_that_go() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["people"] = sent["record"]["people"][:1]
    sent["record"]["people"][0]["address"] = {"lines": ["4 Safe Row"], "postcode": "L1 0AA", "protected": True}
    narrative = {"text": "Moved to 4 safe row, L10AA.", "screened": True}
    sent["record"]["incidents"] = [sent["record"]["incidents"][0] | {"narrative": narrative, "place": "4 Safe Row"}]
    sent["record"]["summaries"] = []
    referral = Referral.model_validate(sent | {"subject": "p0"})
    minimised = run(referral, decision(remove=[D.SAFE_ADDRESS]), shipped(AgencyKind.POLICE))
    assert narrative_sent(minimised) == "Moved to [withheld], [withheld]."
    assert not minimised.disclosure.of_path("incident.place")
    assert "Safe Row" not in minimised.disclosure.model_dump_json()


def test_a_protected_address_goes_only_where_it_is_kept_by_name() -> None:
    sent = json.loads(full_referral().model_dump_json())
    sent["record"]["people"][0]["address"]["protected"] = True
    referral, police = Referral.model_validate(sent), shipped(AgencyKind.POLICE)
    assert run(referral, decision(), police).disclosure.of_path("victim.protected_address")
    assert not run(referral, decision(remove=[D.SAFE_ADDRESS]), police).disclosure.of_path("victim.protected_address")


def test_a_number_stays_when_the_way_to_use_it_safely_may_not_go() -> None:
    careless = everything(victim__safe_contact=Row(Need.NEVER, ""))
    minimised = run(full_referral(), decision(), careless)
    assert not minimised.disclosure.of_path("victim.contacts")
    codes = {entry.path: entry.code for entry in minimised.withheld}
    assert (codes["victim.contacts"], codes["victim.safe_contact"]) == ("SAFE_CONTACT_STAYS", "NOT_NEEDED")


def test_what_is_only_welcome_goes_by_explicit_consent_where_it_is_special() -> None:
    police = shipped(AgencyKind.POLICE)
    by_necessity = run(full_referral(), decision(basis=(Basis.A9_P10,)), police)
    by_consent = run(full_referral(), decision(basis=(Basis.A9_EXPLICIT_CONSENT,)), police)
    assert not by_necessity.disclosure.of_path("victim.race_ethnicity")
    assert by_consent.disclosure.of_path("victim.race_ethnicity")
    assert "OPTIONAL_WITHOUT_CONSENT" in {entry.code for entry in by_necessity.withheld}


def test_where_nothing_about_a_person_may_go_nothing_goes() -> None:
    minimised = run(full_referral(), decision(keep=[]), everything())
    assert minimised.disclosure.items == ()
    assert "NOTHING_PERSONAL" in {entry.code for entry in minimised.withheld}


def test_a_recipient_without_a_list_gets_nothing() -> None:
    assert run(full_referral(), decision(), shipped(AgencyKind.PRESS)).disclosure.items == ()


@pytest.mark.parametrize("role", [PersonRole.CHILD, PersonRole.STAFF, PersonRole.ALLEGED_PERPETRATOR])
def test_a_referral_may_be_about_a_child_a_colleague_or_the_alleged_perpetrator(role: PersonRole) -> None:
    minimised = run(full_referral(role), decision(), shipped(AgencyKind.POLICE))
    prefix = {PersonRole.ALLEGED_PERPETRATOR: "alleged"}.get(role, role.value)
    for field in ("name", "date_of_birth", "contacts", "safe_contact"):
        assert minimised.disclosure.of_path(f"{prefix}.{field}")


def test_a_drugs_charity_gets_the_person_who_agreed_and_nothing_of_the_victim() -> None:
    charity = shipped(AgencyKind.DRUG_ALCOHOL_CHARITY, Purpose.PERPETRATOR_SUPPORT)
    referral = changed(full_referral(PersonRole.ALLEGED_PERPETRATOR), summaries=())
    paths = {item.path for item in run(referral, decision(), charity).disclosure.items}
    assert {"alleged.name", "alleged.contacts", "alleged.safe_contact", "alleged.health"} <= paths
    assert not {path for path in paths if not path.startswith("alleged.")}


def test_a_fire_service_learns_of_the_threat_and_not_by_whom_or_why() -> None:
    sent = run(full_referral(), decision(), shipped(AgencyKind.FIRE)).disclosure
    assert sent.of_path("fire.threat")
    assert not {item.path for item in sent.items if item.path.startswith(("alleged.", "witness.", "case.s"))}


def test_the_duties_that_bind_the_recipient_travel_in_plain_words() -> None:
    duties = (Obligation.RECORD_RATIONALE, Obligation.ONWARD_RESTRICTED, Obligation.WITHHOLD_INFORM)
    handling = run(full_referral(), decision(obligations=duties), shipped(AgencyKind.POLICE)).disclosure.handling
    assert handling == (
        "Read the safe contact instruction before any call, message, letter or visit, and follow it.",
        "Do not pass this on, or use it for another purpose, without asking us first.",
        "Do not tell the person that this was shared. Ask us before you do.",
    )


# ---- What a hostile reader tries


def with_people(referral: Referral, **by_role: dict[str, object]) -> Referral:
    """The referral with fields of each person of a role changed, as sent by a case system."""
    sent = json.loads(referral.model_dump_json())
    for person in sent["record"]["people"]:
        person.update(by_role.get(person["role"], {}))
    return Referral.model_validate(sent)


def told(text: str, profile: Profile, remove: list[D], **by_role: dict[str, object]) -> str:
    referral = with_people(with_narrative(FreeText(text=text, screened=True)), **by_role)
    return narrative_sent(run(referral, decision(remove=remove), profile))


def test_a_first_name_or_surname_that_stays_is_cut_where_it_is_written_as_a_name() -> None:
    text = "May saw it. Mrs Fictional rang. FICTIONAL's door may stick."
    cut = told(text, shipped(AgencyKind.POLICE), [D.WITNESS_IDENTITY], witness={"name": "Ms May Fictional"})
    assert cut == "[withheld] saw it. Mrs [withheld] rang. [withheld]'s door may stick."


def test_a_surname_shared_with_somebody_who_goes_is_not_cut() -> None:
    cut = told("Amina Vale and Tariq Vale.", shipped(AgencyKind.POLICE), [D.WITNESS_IDENTITY],
               victim={"name": "Amina Vale"}, witness={"name": "Tariq Vale"})  # fmt: skip
    assert cut == "Amina Vale and [withheld]."


@pytest.mark.parametrize("written", ["07700 900123", "07700900123", "+44 7700 900 123", "+44 (0)7700-900123"])
def test_a_number_that_stays_is_cut_however_it_is_grouped(written: str) -> None:
    cut = told(f"Ring {written} now.", shipped(AgencyKind.POLICE), [D.WITNESS_IDENTITY],
               witness={"contacts": [{"channel": "phone", "value": "07700900123"}]})  # fmt: skip
    assert cut == "Ring [withheld] now."


def test_every_line_of_a_safe_address_is_cut_and_the_town_with_it() -> None:
    refuge = {"lines": ["Flat 2", "Rose Lane", "Chester"], "postcode": "CH1 9ZZ", "protected": True}
    cut = told("Fled to Chester, off Rose Lane.", shipped(AgencyKind.POLICE),
               [D.SAFE_ADDRESS], victim={"address": refuge})  # fmt: skip
    assert cut == "Fled to [withheld], off [withheld]."


def test_a_home_that_stays_is_cut_from_the_account() -> None:
    home = {"lines": ["12 Sample Road", "Liverpool"], "postcode": "L1 9ZZ", "protected": False}
    cut = told("Paint at 12 Sample Road, Liverpool.", shipped(AgencyKind.STOP_HATE_UK), [], victim={"address": home})
    assert cut == "Paint at [withheld], Liverpool."


def test_a_statement_that_stays_and_the_school_are_cut_from_the_account() -> None:
    statement = {"category": "counselling_record", "value": "Seen by Dr Sample weekly", "said_by": "victim"}
    cut = told("Seen by Dr Sample weekly. Goes to Sample High.", shipped(AgencyKind.STOP_HATE_UK), [],
               victim={"statements": [statement]}, child={"school": "Sample High"})  # fmt: skip
    assert cut == "[withheld]. Goes to [withheld]."


def test_who_must_never_know_stays_in_the_instruction_though_the_accused_is_named_nowhere_else() -> None:
    safe = {"may_call": True, "may_leave_message": False, "may_write": False, "never_tell": "Kyle Sample"}
    referral = with_people(
        with_narrative(FreeText(text="Kyle Sample shouted.", screened=True)),
        victim={"safe_contact": safe}, alleged_perpetrator={"name": "Kyle Sample"},
    )  # fmt: skip
    sent = run(referral, decision(remove=[D.ALLEGED_PERPETRATOR_IDENTITY]), shipped(AgencyKind.STOP_HATE_UK))
    assert narrative_sent(sent) == "[withheld] shouted."
    [instruction] = sent.disclosure.of_path("victim.safe_contact")
    assert "must never know: Kyle Sample" in instruction.value


def test_the_accuseds_own_instruction_names_no_victim() -> None:
    safe = {"may_call": True, "may_leave_message": False, "may_write": False, "never_tell": "Amina Vale, his wife"}
    referral = with_people(
        full_referral(PersonRole.ALLEGED_PERPETRATOR), victim={"name": "Amina Vale"},
        alleged_perpetrator={"safe_contact": safe},
    )  # fmt: skip
    charity = shipped(AgencyKind.DRUG_ALCOHOL_CHARITY, Purpose.PERPETRATOR_SUPPORT)
    assert "Amina" not in run(referral, decision(), charity).disclosure.model_dump_json()


def test_one_witness_does_not_agree_for_another() -> None:
    referral = full_referral(PersonRole.WITNESS)
    minimised = run(referral, decision(), everything())
    assert minimised.disclosure.of_path("witness.name")
    assert not minimised.disclosure.of_path("reporter.name")
    assert "TELLER_NOT_ASKED" in {entry.code for entry in minimised.withheld}


def test_a_list_of_agencies_does_not_out_somebody_at_a_meeting() -> None:
    kept = set(D) - {D.TRANS_STATUS, D.GRA_PROTECTED}
    meeting = run(full_referral(), decision(kept), shipped(AgencyKind.JAG))
    assert not meeting.disclosure.of_path("case.other_agencies")
    assert not meeting.disclosure.of_path("case.actions_taken")
    assert run(full_referral(), decision(kept), shipped(AgencyKind.SOCIAL_CARE_ADULTS)).disclosure.of_path(
        "case.other_agencies"
    )


def through(referral: Referral, recipient: AgencyKind, purpose: Purpose, **facts: object) -> Minimised:
    """As in the house: asked, decided by the law as shipped, minimised."""
    profile, found = SHIPPED.for_recipient(recipient, purpose), items(referral)
    asked = asked_categories(referral=referral, items=found, profile=profile, recipient=recipient)
    decided = ask(recipient=recipient.value, purpose=purpose.value, categories=list(asked), **facts)
    header = terms(recipient, purpose)
    return minimise(referral=referral, items=found, decision=decided, profile=profile, terms=header)


def paths_of(minimised: Minimised) -> set[str]:
    return {item.path for item in minimised.disclosure.items}


def test_nobody_agrees_for_another_persons_health_faith_or_origin() -> None:
    referral = full_referral(PersonRole.ALLEGED_PERPETRATOR)
    sent = paths_of(through(referral, AgencyKind.POLICE, Purpose.CRIME_INVESTIGATION,
                            subject_role="alleged_perpetrator", consent="given_explicit"))  # fmt: skip
    assert "victim.name" in sent
    assert not sent & {"victim.health", "victim.disability", "victim.race_ethnicity", "victim.religion",
                       "victim.communication_needs", "incident.injuries"}  # fmt: skip
    own = paths_of(through(full_referral(), AgencyKind.POLICE, Purpose.CRIME_INVESTIGATION, consent="given_explicit"))
    assert {"victim.health", "victim.race_ethnicity", "incident.injuries"} <= own


def test_a_victim_does_not_agree_for_the_health_of_the_accused() -> None:
    sent = paths_of(through(full_referral(), AgencyKind.SOCIAL_CARE_ADULTS, Purpose.SAFEGUARDING_ADULT,
                            consent="given_explicit"))  # fmt: skip
    assert "victim.health" in sent
    assert not sent & {"alleged.health", "alleged.mental_health", "alleged.care_needs"}


def test_a_parents_health_still_reaches_those_who_must_enquire_into_harm_to_a_child() -> None:
    sent = paths_of(through(full_referral(PersonRole.CHILD), AgencyKind.SOCIAL_CARE_CHILDREN,
                            Purpose.SAFEGUARDING_CHILD, subject_role="child", subject_age=15, gillick="competent",
                            consent="given_explicit", child_at_risk=True))  # fmt: skip
    assert {"parent.health", "child.health"} <= sent


def test_the_accused_who_asks_for_their_own_data_gets_nothing_of_the_victim() -> None:
    referral = full_referral(PersonRole.ALLEGED_PERPETRATOR)
    sent = through(referral, AgencyKind.DATA_SUBJECT, Purpose.SUBJECT_ACCESS, subject_role="alleged_perpetrator",
                   direction="pull", request="written_complete")  # fmt: skip
    assert {path.partition(".")[0] for path in paths_of(sent)} == {"alleged"}


@pytest.mark.parametrize(("recipient", "purpose"), [
    (AgencyKind.DRUG_ALCOHOL_CHARITY, Purpose.PERPETRATOR_SUPPORT),
    (AgencyKind.SUPPORT_CHARITY, Purpose.PERPETRATOR_SUPPORT),
    (AgencyKind.ELECTED_REPRESENTATIVE, Purpose.CASEWORK_ENQUIRY),
    (AgencyKind.HOUSING_OPTIONS, Purpose.REHOUSING),
])  # fmt: skip
def test_whoever_helps_the_accused_gets_nothing_of_the_victim(recipient: AgencyKind, purpose: Purpose) -> None:
    referral = changed(full_referral(PersonRole.ALLEGED_PERPETRATOR), summaries=())
    sent = paths_of(through(referral, recipient, purpose, subject_role="alleged_perpetrator", consent="given_explicit",
                            direction="pull", request="written_complete"))  # fmt: skip
    assert "alleged.name" in sent or recipient is AgencyKind.HOUSING_OPTIONS
    assert not {path for path in sent if path.startswith(("victim.", "witness.", "reporter.", "case.", "incident."))}
