"""Ids tell nothing and are told apart; references survive being read aloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.shape import is_id as is_log_id
from hub.ids import Prefix, is_id, is_reference, new_id, new_reference

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
references = st.builds(lambda _: new_reference(), st.integers())


@pytest.mark.parametrize("prefix", Prefix)
def test_an_id_is_of_its_own_kind_and_fits_the_log(prefix: Prefix) -> None:
    made = new_id(prefix)
    assert [other for other in Prefix if is_id(made, other)] == [prefix]
    assert is_log_id(made)


def test_prefixes_are_told_apart_by_three_letters() -> None:
    assert len({prefix.value for prefix in Prefix}) == len(Prefix)
    assert all(len(prefix) == 3 and prefix.isalpha() and prefix.islower() for prefix in Prefix)


def test_ids_do_not_repeat_share_no_beginning_and_do_not_grow_with_time() -> None:
    made = [new_id(Prefix.REFERRAL) for _ in range(2_000)]
    assert len(set(made)) == 2_000
    assert made != sorted(made)
    assert len({one[4:10] for one in made}) > 1_900


@pytest.mark.parametrize(
    "text", ["", "ref", "ref_", "ref_" + "0" * 25, "ref_" + "0" * 27, "ref_" + "O" * 26, "ref_" + "l" * 26,
             "REF_" + "0" * 26, "ref_" + "0" * 25 + "\n", "ref_" + "0" * 25 + "é", "xref_" + "0" * 26]
)  # fmt: skip
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not is_id(text, Prefix.REFERRAL)


def test_a_reference_has_the_shape_that_people_know() -> None:
    head, first, second, check = new_reference().split("-")
    assert (head, len(first), len(second), len(check)) == ("CC", 4, 4, 1)
    assert set(first + second + check) <= set(ALPHABET)


@given(references)
def test_a_reference_is_read_in_any_case_and_spacing_and_with_letters_for_digits(reference: str) -> None:
    spoken = reference.lower().replace("0", "o").replace("1", "l")
    assert is_reference(reference)
    assert is_reference(spoken)
    assert is_reference(reference.replace("-", ""))


@given(references, st.data())
def test_one_wrong_character_is_noticed(reference: str, data: st.DataObject) -> None:
    places = [place for place, character in enumerate(reference) if place > 2 and character != "-"]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != reference[place]]))
    assert not is_reference(reference[:place] + other + reference[place + 1 :])


@given(references, st.integers(0, 7))
def test_two_neighbours_swapped_are_noticed(reference: str, place: int) -> None:
    plain = list(reference.removeprefix("CC-").replace("-", ""))
    plain[place], plain[place + 1] = plain[place + 1], plain[place]
    swapped = "".join(plain)
    same = swapped == reference.removeprefix("CC-").replace("-", "")
    assert is_reference(swapped) == same


@given(st.text(max_size=15))
def test_any_text_at_all_may_be_asked_about(text: str) -> None:
    assert is_reference(text) in (True, False)
