"""A name that is on file is found in whatever signs it was typed, and another name is not taken for it."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.register.spellings import of_name


@pytest.mark.parametrize(
    "sign",
    ["\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060", "\ufeff", "\u034f", "\u180b", "\ufe0f",
     "\U000e0100", "\U000e0061", "\u0301", "\u0335", "\u0338", "\u20dd", "\u115f", "\u3164", "\uffa0"],
)  # fmt: skip
def test_a_name_is_found_with_a_sign_in_it_that_nobody_sees_or_that_stands_on_a_letter(sign: str) -> None:
    assert of_name(f"A{sign}da") == of_name(f"{sign}Ada") == of_name(f"Ada{sign}") == of_name("Ada")


@pytest.mark.parametrize(
    "apostrophe",
    ["'", "`", "\u00b4", "\u02b9", "\u02ba", "\u02bb", "\u02bc", "\u02bd", "\u02be", "\u02bf", "\u02c8", "\u02ca",
     "\u02cb", "\u02ee", "\u2018", "\u2019", "\u201b", "\u2032", "\ua78b", "\ua78c", "\uff07"],
)  # fmt: skip
def test_a_name_is_found_with_whatever_apostrophe_it_is_typed(apostrophe: str) -> None:
    assert of_name(f"O{apostrophe}Brien") == of_name("O'Brien") == of_name("O’Brien")
    assert of_name(f"D{apostrophe}ARCY") == of_name("d'Arcy")
    assert of_name(f"O{apostrophe}Brien") != of_name("OBrien")


@pytest.mark.parametrize(
    ("on_file", "sought"),
    [("Łańa", "Lana"), ("Søren", "Soren"), ("Đan", "Dan"), ("Ðan", "Dan"), ("Ɖan", "Dan"), ("Ħamrun", "Hamrun"),
     ("Işık", "IŞIK"), ("Işık", "Isik"), ("İpek", "ipek"), ("Þóra", "Thora"), ("Ægir", "AEGIR"),
     ("Œuvrard", "oeuvrard"), ("Ŧuro", "Turo"), ("Ŋaara", "Naara"), ("Ɓala", "Bala"), ("Ɗanjuma", "Danjuma"),
     ("Ƙasim", "Kasim"), ("Ƴar", "Yar"), ("Strauß", "STRAUSS"), ("STRAUẞ", "Strauss"), ("Ǿrsted", "Orsted"),
     ("Ａｄａ", "Ada"), ("O\u0338rsted", "Ørsted"), ("ŉaba", "'naba"), ("Kaʻahumanu", "Ka'ahumanu"), ("ʿAlī", "Ali"),
     ("Ólafur Łoś", "LOS, olafur"), ("Anna-Maria Novák", "novak anna maria")],
)  # fmt: skip
def test_a_name_is_found_by_its_plain_letters(on_file: str, sought: str) -> None:
    assert of_name(on_file) == of_name(sought) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Lana", "Lena"), ("Dan", "Than"), ("Þan", "Tan"), ("Ðan", "Than"), ("Søren", "Soeren"), ("Jörg", "Joerg"),
     ("Ægir", "Agir"), ("Œuvrard", "Ouvrard"), ("Strauß", "Straus"), ("Åse", "Aase"), ("Işık", "Işk"), ("Ian", "lan"),
     ("Bernie", "Bemie"), ("0lga", "Olga"), ("Ada", "\u0410da"), ("O'Brien", "OBrien"), ("Ka'ahumanu", "Kaahumanu"),
     ("Anna-Maria", "Annamaria"), ("Dr Ada Lane", "Ada Lane"), ("Ada Lane", "Ada Lane Lane"), ("Ada II", "Ada"),
     ("Bill", "William"), ("Ana", "Anna"),
     ("\u092e\u0947\u0939\u0930", "\u092e\u0939\u0930"), ("\u0930\u093e\u092e", "\u092e\u093e\u0930")],
)  # fmt: skip
def test_another_name_and_another_spelling_stay_apart(one: str, other: str) -> None:
    assert of_name(one) != of_name(other)


@pytest.mark.parametrize("empty", ["", " ", "'", "\u02bc", "\u200b", "\u0301", "\u3164", "--"])
def test_what_holds_no_letter_and_no_digit_is_no_name(empty: str) -> None:
    assert of_name(empty) == ""


def _has_one_capital(letter: str) -> bool:
    """All but old Greek letters with an iota beneath: that is a mark in small letters, and a letter in capitals."""
    return "\u0345" not in unicodedata.normalize("NFD", letter)


in_names = st.sampled_from("aIıİiſsßẞłŁøØđÐðþÞæŒœŋħŉǆ'`ʼʻꞋ’-_ .0０\u0301\u034f\u200d\u1160ΣςσЙйﬁー한")
texts = st.text(in_names | st.characters(exclude_categories=["Cs"]), max_size=20)


@given(texts)
def test_folding_a_name_twice_is_folding_it_once(name: str) -> None:
    assert of_name(of_name(name)) == of_name(name)


signs = st.characters(categories=["Cf", "Me"]) | st.characters(categories=["Mn"]).filter(unicodedata.combining)


@given(texts, signs, st.integers(0, 20))
@example("Ada", "\u2060", 1)
@example("Ada", "\u034f", 2)
@example("O\u02bcBrien", "\ufe0f", 2)
def test_a_mark_or_an_invisible_sign_anywhere_in_a_name_changes_nothing(name: str, sign: str, at: int) -> None:
    assert of_name(name[:at] + sign + name[at:]) == of_name(name)


@given(st.text(in_names | st.characters(exclude_categories=["Cs"]).filter(_has_one_capital), max_size=20))
def test_whether_its_letters_are_capitals_changes_nothing(name: str) -> None:
    for written in (name.upper(), name.lower(), name.title(), name.swapcase(), unicodedata.normalize("NFC", name)):
        assert of_name(written) == of_name(name)


@given(st.permutations(["Łańa", "O\u02bcBrien", "Maria"]))
def test_the_order_of_its_words_changes_nothing(words: list[str]) -> None:
    assert of_name(" ".join(words)) == of_name("lana maria o'brien")
