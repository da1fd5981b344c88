"""What recipients need: the shipped lists are sound, and a list that is not says where and why."""

from datetime import date

import pytest

from consent.needed import Need, Profile, ProfileError, Row, defects, load_profiles
from protocols.record import known_paths
from protocols.vocabulary import AgencyKind, Purpose
from tests.consent.shipped import shipped_profiles

SHIPPED = shipped_profiles()

A_LIST = """
id = "school"
version = "1"
effective_from = 2026-01-01
recipients = ["school"]
source = ["a source"]
[[need]]
paths = ["child.name"]
need = "minimal"
why = "which pupil"
"""


def _profile(recipient: AgencyKind = AgencyKind.SCHOOL, **needs: Row) -> Profile:
    rows = {path.replace("__", "."): row for path, row in needs.items()}
    return Profile("test", "1", frozenset({recipient}), rows)


@pytest.mark.parametrize("profile", SHIPPED.all, ids=lambda profile: profile.id)
def test_a_shipped_list_has_no_defect(profile: Profile) -> None:
    assert defects(profile) == []


@pytest.mark.parametrize("profile", SHIPPED.all, ids=lambda profile: profile.id)
def test_no_list_takes_gender_history_or_privileged_matter_but_the_persons_own(profile: Profile) -> None:
    takes = {path.partition(".")[2] for path in known_paths() if profile.takes(path, is_subject=False)}
    assert not takes & {"trans_status", "gra_protected", "legal_privileged", "immigration_status", "financial"}


@pytest.mark.parametrize("kind", [AgencyKind.PRESS, AgencyKind.PUBLIC, AgencyKind.EMPLOYER, AgencyKind.NEIGHBOUR,
                                  AgencyKind.FAMILY_MEMBER, AgencyKind.IMMIGRATION_ENFORCEMENT,
                                  AgencyKind.OPPOSING_SOLICITOR])  # fmt: skip
def test_a_recipient_without_a_list_needs_nothing(kind: AgencyKind) -> None:
    profile = SHIPPED.for_recipient(kind, Purpose.PUBLICITY)
    assert profile.recipients == {kind}
    assert not any(profile.takes(path, is_subject=True) for path in known_paths())


@pytest.mark.parametrize("kind", [AgencyKind.FIRE, AgencyKind.STOP_HATE_UK, AgencyKind.SUPPORT_CHARITY,
                                  AgencyKind.HOUSING_OPTIONS, AgencyKind.CONTRACTOR, AgencyKind.DRUG_ALCOHOL_CHARITY,
                                  AgencyKind.SCHOOL])  # fmt: skip
def test_who_is_said_to_have_done_it_is_not_for_those_who_support_or_repair(kind: AgencyKind) -> None:
    profile = SHIPPED.for_recipient(kind, Purpose.VICTIM_SUPPORT)
    taken = {path for path in known_paths() if profile.takes(path, is_subject=False)}
    assert not {path for path in taken if path.startswith("alleged.")}


@pytest.mark.parametrize("kind", [AgencyKind.FIRE, AgencyKind.HOUSING_OPTIONS, AgencyKind.CONTRACTOR,
                                  AgencyKind.OTHER_LANDLORD, AgencyKind.DRUG_ALCOHOL_CHARITY])  # fmt: skip
def test_the_story_and_the_strand_are_not_for_those_who_act_without_them(kind: AgencyKind) -> None:
    profile = SHIPPED.for_recipient(kind, Purpose.TARGET_HARDENING)
    for path in ("case.summary", "case.history", "case.strands", "incident.narrative"):
        assert not profile.takes(path, is_subject=False)


def test_a_person_referred_to_a_drugs_charity_is_taken_only_as_the_one_it_is_about() -> None:
    profile = SHIPPED.for_recipient(AgencyKind.DRUG_ALCOHOL_CHARITY, Purpose.PERPETRATOR_SUPPORT)
    for path in ("alleged.name", "alleged.contacts", "alleged.safe_contact", "alleged.health"):
        assert profile.takes(path, is_subject=True)
        assert not profile.takes(path, is_subject=False)


def test_a_list_for_the_purpose_goes_before_the_general_one() -> None:
    support = SHIPPED.for_recipient(AgencyKind.SUPPORT_CHARITY, Purpose.VICTIM_SUPPORT)
    other = SHIPPED.for_recipient(AgencyKind.SUPPORT_CHARITY, Purpose.PERPETRATOR_SUPPORT)
    assert (support.id, other.id) == ("support_charity", "perpetrator_support")


def test_a_list_for_the_purpose_goes_before_a_later_general_one() -> None:
    special = A_LIST.replace('id = "school"', 'id = "special"\npurposes = ["early_help"]')
    later = A_LIST.replace("2026-01-01", "2027-01-01")
    profiles = load_profiles({"needs/a.toml": special, "needs/b.toml": later})
    assert profiles.for_recipient(AgencyKind.SCHOOL, Purpose.EARLY_HELP).id == "special"
    assert profiles.for_recipient(AgencyKind.SCHOOL, Purpose.SAFEGUARDING_CHILD).id == "school"


def test_the_list_in_effect_on_the_day_is_used() -> None:
    later = A_LIST.replace('version = "1"', 'version = "2"').replace("2026-01-01", "2027-01-01")
    profiles = load_profiles({"needs/a.toml": A_LIST, "needs/b.toml": later})
    school, why = AgencyKind.SCHOOL, Purpose.SAFEGUARDING_CHILD
    assert profiles.for_recipient(school, why, date(2026, 6, 1)).version == "1"
    assert profiles.for_recipient(school, why, date(2027, 6, 1)).version == "2"
    assert profiles.for_recipient(school, why).version == "2"
    assert profiles.for_recipient(school, why, date(2025, 6, 1)).needs == {}


@pytest.mark.parametrize(("wrong", "right", "message"), [
    ('need = "minimal"', 'need = "perhaps"', r"needs/school\.toml: need\.0\.need: Input should be 'minimal'"),
    ('recipients = ["school"]', 'recipients = ["skool"]', r"needs/school\.toml: recipients\.0: "),
    ('why = "which pupil"', "", r"needs/school\.toml: need\.0\.why: Field required"),
    ('version = "1"', "version = 1", r"needs/school\.toml: version: Input should be a valid string"),
    ('"child.name"', '"child.name", "child.name"', r"needs/school\.toml: need\.0\.paths: child\.name is listed twice"),
    ("[[need]]", "[[need]", r"needs/school\.toml: not TOML: .*line 7"),
    ('id = "school"', 'id = "school"\nnotes = "x"', r"needs/school\.toml: notes: Extra inputs"),
])  # fmt: skip
def test_an_error_names_the_file_the_field_and_the_reason(wrong: str, right: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load_profiles({"needs/school.toml": A_LIST.replace(wrong, right)})


def test_two_lists_from_one_day_for_one_recipient_are_refused() -> None:
    with pytest.raises(ProfileError, match="school is already listed by school"):
        load_profiles({"needs/a.toml": A_LIST, "needs/b.toml": A_LIST})


def test_a_list_must_use_paths_that_exist() -> None:
    assert defects(_profile(child__nickname=Row(Need.ASKED, ""))) == ["child.nickname is no path of a record"]


@pytest.mark.parametrize("path", ["victim.contacts", "alleged.address", "child.protected_address"])
def test_a_number_or_an_address_must_not_be_taken_without_the_safe_contact_instruction(path: str) -> None:
    who = path.partition(".")[0]
    reach, safe = Row(Need.ASKED, ""), Row(Need.MINIMAL, "")
    alone = Profile("test", "1", frozenset({AgencyKind.SCHOOL}), {path: reach})
    never = Profile("test", "1", alone.recipients, {path: reach, f"{who}.safe_contact": Row(Need.NEVER, "")})
    narrower = Profile("test", "1", alone.recipients, {path: reach, f"{who}.safe_contact": Row(Need.ASKED, "", True)})
    for profile in (alone, never, narrower):
        assert defects(profile) == [f"{path} is taken without {who}.safe_contact"]
    assert defects(Profile("test", "1", alone.recipients, {path: reach, f"{who}.safe_contact": safe})) == []


def test_who_takes_a_narrative_must_take_the_summary_that_may_stand_for_it() -> None:
    assert defects(_profile(incident__narrative=Row(Need.ASKED, ""))) == ["incident.narrative is taken without summary"]


@pytest.mark.parametrize("path", ["witness__name", "reporter__name"])
def test_only_the_police_list_names_witnesses_and_reporters_and_only_as_optional(path: str) -> None:
    optional, asked = Row(Need.OPTIONAL, ""), Row(Need.ASKED, "")
    assert defects(_profile(AgencyKind.POLICE, **{path: optional})) == []
    for profile in (_profile(AgencyKind.POLICE, **{path: asked}), _profile(AgencyKind.JAG, **{path: optional})):
        assert defects(profile) == [f"{path.replace('__', '.')} would name somebody who may face reprisal"]
