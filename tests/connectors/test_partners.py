import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.contract import Message
from connectors.partners.document import document
from connectors.partners.event import event
from connectors.partners.page import page
from connectors.partners.sections import OTHER, Profile, arrange
from connectors.registry import PARTNERS
from protocols.disclosure import DisclosedItem, Disclosure, Earlier, Notice
from protocols.vocabulary import AgencyKind
from tests.connectors.conftest import GRAFFITI, disclosure, item

PROFILES = [profile for profiles in PARTNERS.values() for profile in profiles]
(POLICE,) = PARTNERS["police"]
(JAG,) = PARTNERS["jag_citysafe"]
(PLAIN,) = PARTNERS["plain"]
FORMS = [document, event, page]


def police_text(*items: DisclosedItem) -> str:
    return document(POLICE, disclosure(*items)).body.decode()


def envelope(message: Message) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(message.body))


def test_the_police_are_told_of_danger_and_safe_contact_before_anything_else() -> None:
    headings = [section.heading for section in arrange(POLICE, disclosure(*GRAFFITI))]
    assert headings == [
        "Is anyone in danger now",
        "How to make contact safely",
        "What happened",
        "Why it is thought to be hate",
        "Victim",
        "Person thought responsible",
        OTHER,
    ]


def test_an_item_that_no_section_knows_is_told_all_the_same() -> None:
    (section,) = arrange(POLICE, disclosure(item("zodiac.sign", "of a later version", "")))
    assert section.heading == "Other information allowed to you"
    assert [line.value for line in section.lines] == ["of a later version"]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.title)
def test_the_safe_contact_instruction_stands_directly_before_the_first_way_of_reaching_somebody(
    profile: Profile,
) -> None:
    reach = item("victim.contacts", "mobile: 07700 900123")
    home = item("victim.address", "1 Old Hall Street")
    safe = item("victim.safe_contact", "DO NOT leave a message")
    for section in arrange(profile, disclosure(reach, home, item("victim.name", "Amara"), safe)):
        paths = [line.path for line in section.lines]
        reaching = [place for place, path in enumerate(paths) if path in {"victim.contacts", "victim.address"}]
        if reaching:
            assert paths[reaching[0] - 1] == "victim.safe_contact"


def test_a_number_without_an_instruction_comes_with_a_warning_in_its_place() -> None:
    text = police_text(item("victim.contacts", "mobile: 07700 900123"))
    warning = "   Safe contact instruction: NONE IS HELD. Ask the sender before you call, write or visit.\n"
    assert warning + "   Contacts: mobile: 07700 900123" in text


def test_no_warning_is_given_for_the_person_complained_of() -> None:
    assert "NONE IS HELD" not in police_text(item("alleged.address", "2 Old Hall Street", "p2"))


def test_one_persons_instruction_is_not_put_beside_another_persons_number() -> None:
    told = arrange(POLICE, disclosure(item("victim.safe_contact", "A"), item("witness.contacts", "B", "p3")))
    witness = next(section for section in told if section.heading == "Witnesses and who told us")
    assert [(line.path, line.of) for line in witness.lines] == [("", "p3"), ("witness.contacts", "p3")]


def test_a_document_says_why_it_may_be_told_and_how_it_is_to_be_handled() -> None:
    text = police_text(*GRAFFITI)
    for said in (
        "Our reference: CC-7K2M-94TX-Q",
        "Urgency: URGENT",
        "From: LMH",
        "Purpose: crime investigation",
        "UK GDPR 6(1)(ea) + Annex 1 para 5",
        "Agreement: agr_merton_vale_2026",
        "Handling: Do not pass on without asking.",
        "Reply to: hate-crime-team@lmh.example",
        "Valid until: 2026-12-20 21:00 UTC",
    ):
        assert said in text


def test_a_value_cannot_pass_for_a_heading_or_a_header_line_of_a_document() -> None:
    lines = police_text(*GRAFFITI).splitlines()
    assert [line for line in lines if line.startswith("Our reference:")] == ["Our reference: CC-7K2M-94TX-Q"]
    assert "      | 2. VICTIM" in lines


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r", "\x1c"])
def test_no_kind_of_line_break_lets_a_value_begin_a_line_of_ours(separator: str) -> None:
    text = police_text(item("incident.narrative", f"a{separator}Our reference: CC-FAKE", "incident 1"))
    assert [line for line in text.splitlines() if line.startswith("Our reference:")] == [
        "Our reference: CC-7K2M-94TX-Q"
    ]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_tells_the_category_under_which_an_item_is_guarded(form: type) -> None:
    assert b"trans_status" not in form(POLICE, disclosure(*GRAFFITI)).body.lower()


def test_an_event_is_a_cloudevent_that_names_the_disclosure_and_its_sender() -> None:
    said = envelope(event(POLICE, disclosure(*GRAFFITI)))
    data = said.pop("data")
    assert said == {
        "specversion": "1.0",
        "type": "uk.concordat.disclosure.v1",
        "id": "dsc_0123456789abcdefghjkmnpqrs",
        "source": "urn:concordat:controller:lmh",
        "subject": "CC-7K2M-94TX-Q",
        "time": "2026-11-20T21:00:00Z",
        "datacontenttype": "application/json",
    }
    assert isinstance(data, dict)
    assert data["header"]["basis"][0] == {"code": "a6_rli_crime", "citation": "UK GDPR 6(1)(ea) + Annex 1 para 5"}
    assert data["sections"][0] == {
        "heading": "Is anyone in danger now",
        "items": [{"path": "risk.level", "title": "level", "of": "", "value": "high"}],
    }


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_value_adds_a_tag_or_an_attribute_to_a_meeting_pack(value: str) -> None:
    def tags(told: str) -> object:
        parser = _Tags()
        parser.feed(page(JAG, disclosure(item("summary", told), recipient=AgencyKind.JAG)).body.decode())
        return parser.tags

    assert tags(value) == tags("plain")


def test_a_meeting_pack_has_no_script_and_fetches_nothing() -> None:
    parser = _Tags()
    html = page(JAG, disclosure(*GRAFFITI, recipient=AgencyKind.JAG)).body.decode()
    parser.feed(html)
    assert {"script", "link", "img", "iframe"} & {tag for tag, _ in parser.tags} == set()
    assert not [name for _, attributes in parser.tags for name, _ in attributes if name in {"src", "href", "onload"}]
    assert "default-src 'none'" in html


def test_a_meeting_pack_opens_with_the_agenda_line() -> None:
    first, second = arrange(JAG, disclosure(item("victim.name", "Amara"), item("summary", "story", "jag")))
    assert (first.heading, second.heading) == ("Agenda line: search your records on this alone", "The case")


text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
paths = st.sampled_from(
    ["victim.name", "victim.contacts", "victim.safe_contact", "summary", "risk.level", "x.y", "alleged.address"]
)
items = st.lists(st.builds(item, paths, text, st.sampled_from(["", "p1", "p2"])), max_size=8)


@given(items=items, profile=st.sampled_from(PROFILES))
def test_every_item_is_told_and_nothing_is_invented(items: list[DisclosedItem], profile: Profile) -> None:
    told = arrange(profile, disclosure(*items))
    lines = {(line.path, line.of, line.value) for section in told for line in section.lines if line.path}
    assert lines == {(one.path, one.of, one.value) for one in items}


@given(items=items, profile=st.sampled_from(PROFILES), form=st.sampled_from(FORMS))
def test_paths_are_those_told_and_names_hold_references_alone(
    items: list[DisclosedItem], profile: Profile, form: type
) -> None:
    message: Message = form(profile, disclosure(*items))
    assert message.paths == {one.path for one in items}
    assert message.subject == "Disclosure CC-7K2M-94TX-Q"
    assert message.filename.rpartition(".")[0] == "CC-7K2M-94TX-Q_dsc_0123456789abcdefghjkmnpqrs"


@given(reference=text)
def test_whatever_a_reference_holds_the_file_name_is_safe_and_the_subject_one_line(reference: str) -> None:
    message = event(PLAIN, disclosure(reference=reference))
    assert re.fullmatch(r"[A-Za-z0-9-]+_dsc_[0-9a-z]{26}\.json", message.filename)
    assert len(message.subject.splitlines()) == 1


def test_bytes_do_not_depend_on_the_process_or_its_hash_seed() -> None:
    program = (
        "from tests.connectors.conftest import *\n"
        "from tests.connectors.test_partners import *\n"
        "import hashlib\n"
        "for form in FORMS: print(hashlib.sha256(form(POLICE, disclosure(*GRAFFITI)).body).hexdigest())\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(seen) == 1
    assert len(seen.pop().split()) == len(FORMS)


def test_every_kind_of_agency_has_one_profile_at_most_beside_the_fallback() -> None:
    kinds = [kind for profile in PROFILES if profile is not PLAIN for kind in profile.recipients]
    assert len(kinds) == len(set(kinds))
    assert PLAIN.recipients == set(AgencyKind)


EARLIER = Earlier(id="dsc_0123456789abcdefghjkmnpqrt", reference="CC-7K2M-94TX-Q")


def follow_up(notice: Notice, *items: DisclosedItem) -> Disclosure:
    told = disclosure(*items, reference="CC-7K2M-94TX-Q/2")
    return Disclosure.model_validate({**dict(told), "notice": notice, "about": EARLIER})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.title)
def test_a_bare_notice_names_the_earlier_one_and_what_to_do_and_tells_of_nobody(
    form: Callable[[Profile, Disclosure], Message], profile: Profile
) -> None:
    for notice, asks in (("withdrawn", "Stop using it"), ("corrected", "Do not rely on it")):
        message = form(profile, follow_up(cast("Notice", notice)))
        text = message.body.decode()
        assert (EARLIER.id in text, EARLIER.reference in text, asks in text) == (True, True, True)
        assert f"CONFIDENTIAL: {profile.title}" not in text
        assert not [note for note in profile.notices if note in text]
        assert message.paths == frozenset()
    assert envelope(event(profile, follow_up("withdrawn")))["type"] == "uk.concordat.notice.v1"


@pytest.mark.parametrize("form", FORMS)
def test_a_corrected_disclosure_is_an_ordinary_one_that_says_whose_place_it_takes(
    form: Callable[[Profile, Disclosure], Message],
) -> None:
    plain, corrected = form(POLICE, disclosure(*GRAFFITI)), form(POLICE, follow_up("corrected", *GRAFFITI))
    assert corrected.paths == plain.paths
    assert (b"Put this in its place" in corrected.body, b"earlier" in plain.body) == (True, False)
    assert envelope(event(POLICE, follow_up("corrected", *GRAFFITI)))["type"] == "uk.concordat.disclosure.v1"


def test_a_notice_is_about_something_and_a_withdrawal_brings_nothing_with_it() -> None:
    for wrong in ({"notice": "withdrawn"}, {"about": EARLIER}, {"notice": "withdrawn", "about": EARLIER}):
        with pytest.raises(ValidationError):
            Disclosure.model_validate({**dict(disclosure(*GRAFFITI)), **wrong})
