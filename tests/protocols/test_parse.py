"""A file is read whole or refused with every defect by line; what is written reads back."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols.agreement import Agreement, AgreementState
from protocols.parse import AgreementError, Defect, parse_agreement, write_agreement
from protocols.parse.lines import Place, key_lines
from tests.protocols.agreements import LIBRARY, agreement, agreements

TEMPLATES = sorted(LIBRARY.glob("*.toml"))
SOUND = write_agreement(agreement())


DEEP = ("a" + ".a" * 90_000 + " = 1", "n = {a" + ' . "a"' * 30_000 + " = 1}", "[a" + ".a" * 90_000 + "]")


def defects(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(AgreementError) as caught:
        parse_agreement(text, "police.toml")
    return [(defect.line, defect.field, defect.remedy) for defect in caught.value.defects]


def defects_if_any(text: str) -> tuple[Defect, ...]:
    try:
        parse_agreement(text, "a.toml")
    except AgreementError as error:
        return error.defects
    return ()


def line(text: str, start: str) -> int:
    """Line, from 1, of the first that begins so."""
    return next(number for number, each in enumerate(text.split("\n"), start=1) if each.startswith(start))


@given(agreements())
@example(agreement(title='a "quoted" \\n title\twith\x7f\x00\r marks'))
@example(agreement(title="two\n\nlines\r\n\\\n" + '"' * 6))
def test_what_is_written_reads_back_the_same(sound: Agreement) -> None:
    assert parse_agreement(write_agreement(sound), "x.toml") == sound


def test_the_library_has_the_ten_templates_that_the_register_offers() -> None:
    assert [path.stem for path in TEMPLATES] == [
        "adult_social_care", "childrens_social_care", "contractor_confidentiality", "fire", "housing_options",
        "jag_citysafe", "other_landlord", "police", "stop_hate_uk", "support_charity",
    ]  # fmt: skip


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_a_sound_draft_that_round_trips_and_names_nobody_real(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    template = parse_agreement(text, path.name)
    assert parse_agreement(write_agreement(template), path.name) == template
    assert template.state is AgreementState.DRAFT
    assert template.id == f"agr_example_{path.stem}"
    parties = [*template.controllers, *template.recipients]
    assert all("Example" in party.name for party in parties)
    assert all(contact.mailbox.endswith(".example") for contact in template.contacts)
    assert {contact.organisation for contact in template.contacts} == {party.name for party in parties}


def test_every_defect_is_found_with_its_line() -> None:
    text = (
        SOUND.replace("crime_investigation", "crime_investigaton", 1)
        .replace("2026-04-01", '"2026-04-01"')
        .replace("review_by", "reviewby")
        .replace("days = 365", "days = 0")
        .replace("dpo@", "DPO@")
    )
    assert [(at, field) for at, field, _ in defects(text)] == [
        (1, "review_by"),
        (line(text, "in_force_from"), "in_force_from"),
        (line(text, "reviewby"), "(unknown key)"),
        (line(text, "purposes"), "purposes[1]"),
        (line(text, "days"), "retention.days"),
        (line(text, "mailbox"), "contacts[1].mailbox"),
    ]


def test_the_error_reads_file_line_field_reason_remedy() -> None:
    text = SOUND.replace("days = 365", 'days = "long"')
    with pytest.raises(AgreementError) as caught:
        parse_agreement(text, "police.toml")
    at = line(text, "days")
    assert str(caught.value) == (
        f"police.toml:{at}: retention.days: is not a whole number; write digits alone, without quotes"
    )
    assert caught.value.file == "police.toml"
    assert caught.value.defects == (
        Defect(at, "retention.days", "is not a whole number", "write digits alone, without quotes"),
    )


def test_a_rule_between_fields_is_told_at_the_field_to_change() -> None:
    text = SOUND.replace("in_force_to = 2028-03-31", "in_force_to = 2026-03-31")
    assert defects(text) == [(line(text, "in_force_to"), "in_force_to", "give the last day in force")]


def test_a_missing_field_of_a_table_is_told_at_its_heading() -> None:
    text = SOUND.replace("days = 365\n", "")
    assert defects(text)[0][:2] == (line(text, "[retention]"), "retention.days")


def test_a_near_miss_is_answered_with_the_word_meant() -> None:
    assert [remedy for _, field, remedy in defects(SOUND.replace("heading", "heding")) if "unknown" in field] == [
        "did you mean heading?"
    ]
    assert defects(SOUND.replace('state = "in_force"', 'state = "inforce"'))[0][2] == "did you mean in_force?"
    far = defects(SOUND.replace('state = "in_force"', 'state = "zzz"'))[0][2]
    assert far == "use one of: draft, in_force, suspended, superseded"


@pytest.mark.parametrize(
    ("broken", "at"),
    [
        ("id = 1\nid = 2\n", 2),
        ("[security]\n[retention]\n[security]\n", 3),
        ("version = 1\nin_force_to = 2026-02-30\n", 2),
        ('version = 1\n\nid = "agr\n', 3),
        ('version = 1\ntitle = """\nnever\nclosed', 2),
        ("version = 1\npurposes = [\n1,\n", 2),
        ("version = tru\n", 1),
        ("just words\n", 1),
        ("\x00", 1),
    ],
)
def test_bad_toml_is_told_with_its_line(broken: str, at: int) -> None:
    found = defects(broken)
    assert [(each[0], each[1]) for each in found] == [(at, "(syntax)")]


@pytest.mark.parametrize("hostile", ["n = " + "9" * 5000, "n = " + "[" * 5000, "#" * 200_001, *DEEP])
def test_text_made_to_exhaust_the_reader_is_refused(hostile: str) -> None:
    assert len(defects(hostile)) == 1


def test_a_file_of_many_defects_lists_a_hundred() -> None:
    junk = "".join(f"key_{number} = 1\n" for number in range(500))
    assert len(defects(junk)) == 100


@pytest.mark.parametrize(
    "said",
    [
        'id = "Kestrel"\n',
        "Kestrel = 1\n",
        "Kestrel = 1\nKestrel = 2\n",
        "[Kestrel]\n[Kestrel]\n",
        "x = {Kestrel = 1, Kestrel = 2}",
        'state = "Kestrel"\n',
        "[security]\nKestrel = 1\n",
        "purposes = ['Kestrel']\n",
        "[Kestrel.Kestrel]\n[Kestrel]\nKestrel = 1",
        '[[contacts]]\nmailbox = "Kestrel@harbour.example"\n',
        'title = "Kestrel',
    ],
)
def test_an_error_never_repeats_what_the_file_says(said: str) -> None:
    with pytest.raises(AgreementError) as caught:
        parse_agreement(said, "a.toml")
    assert "kestrel" not in f"{caught.value}{caught.value.defects!r}".lower()
    assert caught.value.__context__ is None


@given(st.text())
def test_any_other_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(AgreementError):
        parse_agreement(text, "a.toml")


@given(st.data())
def test_a_sound_text_with_a_stretch_cut_out_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SOUND)))
    end = data.draw(st.integers(start, min(len(SOUND), start + 80)))
    text = SOUND[:start] + SOUND[end:]
    assert all(1 <= defect.line <= text.count("\n") + 1 for defect in defects_if_any(text))


def test_each_key_table_and_item_is_found_on_its_line() -> None:
    text = (
        "# heading = 1\n"
        'id = "x" # [not a table]\n'
        "list = [ # first comes below\n"
        "  1,\n"
        '  "a, ] b", 2,\n'
        "]\n"
        'prose = """\n'
        "[fake]\n"
        'fake = """" # " [ outside\n'
        "raw = '''\n"
        "[fake]'''\n"
        "[table]\n"
        'a."b c" = { inner = [1, 2] }\n'
        "[[many]]\n"
        "key = 1\n"
        "[many.deep]\n"
        "key = 2\n"
        "[[many]]\n"
        "key = [[1], [2, 3]]\n"
    )
    tomllib.loads(text)
    expected: dict[Place, int] = {
        ("id",): 2,
        ("list",): 3, ("list", 0): 4, ("list", 1): 5, ("list", 2): 5,
        ("prose",): 7, ("raw",): 10,
        ("table",): 12, ("table", "a", "b c"): 13,
        ("many", 0): 14, ("many", 0, "key"): 15, ("many", 0, "deep"): 16, ("many", 0, "deep", "key"): 17,
        ("many", 1): 18, ("many", 1, "key"): 19, ("many", 1, "key", 0): 19, ("many", 1, "key", 1): 19,
    }  # fmt: skip
    assert key_lines(text) == expected


def test_an_unsound_item_does_not_make_its_list_too_short() -> None:
    assert [field for _, field, _ in defects(SOUND.replace("dpo@", "DPO@"))] == ["contacts[1].mailbox"]
    assert defects(SOUND.replace('purposes = ["crime_investigation"]', "purposes = []", 1))[0][1] == "purposes"
