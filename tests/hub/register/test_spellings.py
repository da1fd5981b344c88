"""One way to reach somebody has one spelling, however it is written; two ways have two."""

import pytest

from hub.register.spellings import Kind, of_contact, of_home, of_name, within
from protocols.record import Address


@pytest.mark.parametrize(
    "written",
    ["07700 900123", "+44 7700 900123", "+44 (0)7700 900123", "0044 7700 900 123", "(07700) 900-123", "7700900123",
     "07700.900.123 (evenings)", "call 07700 900123", "０７７００ ９００１２３"],
)  # fmt: skip
def test_a_telephone_number_is_the_same_however_it_is_written(written: str) -> None:
    assert of_contact(written) == {(Kind.PHONE, "447700900123")}


@pytest.mark.parametrize(
    "written",
    ["sam.invented@mail.example", "Sam.Invented@MAIL.example", "mailto:sam.invented@mail.example",
     "sam.invented+flat2@mail.example", "Sam <sam.invented@mail.example>", "sam.invented@mail.example."],
)  # fmt: skip
def test_a_mail_address_is_the_same_however_it_is_written(written: str) -> None:
    assert of_contact(written) == {(Kind.EMAIL, "sam.invented@mail.example")}


def test_what_is_neither_is_known_by_its_letters() -> None:
    assert of_contact("@Sam_Invented") == of_contact("sam invented") == {(Kind.OTHER, "saminvented")}
    assert of_contact("@sam_other") != of_contact("@sam_invented")


def test_numbers_and_addresses_in_a_sentence_are_found_and_others_are_not() -> None:
    assert within("before 10, on 0151 496 0100 or a@b.example") == {
        (Kind.PHONE, "441514960100"), (Kind.EMAIL, "a@b.example"),
    }  # fmt: skip
    assert within("from 9 to 12, weekdays, flat 3") == frozenset()


HOME = Address(lines=("Flat 2, 14 High Street", "Liverpool"), postcode="L1 1AA")


@pytest.mark.parametrize(
    "same",
    [
        Address(lines=("FLAT 2", "14 High St.", "Liverpool"), postcode="L1 1AA"),
        Address(lines=("14 High Street", "Flat 2", "Liverpool, L1 1AA")),
        Address(lines=("2/14 High St",), postcode="L1 1AA"),
        Address(lines=("Apartment 2, 14, High Street",), postcode="L1 1AA"),
        Address(lines=("Flat 2, 14 High Street",)),
    ],
)
def test_a_home_is_found_however_it_is_written_and_whichever_side_lacks_the_postcode(same: Address) -> None:
    assert of_home(HOME) & of_home(same, looked_for=True)
    assert of_home(same) & of_home(HOME, looked_for=True)


@pytest.mark.parametrize(
    "other",
    [
        Address(lines=("Flat 3, 14 High Street", "Liverpool"), postcode="L1 1AA"),
        Address(lines=("Flat 2, 16 High Street", "Liverpool"), postcode="L1 1AA"),
        Address(lines=("Flat 2, 14 High Street", "Leeds"), postcode="LS1 1AA"),
        Address(lines=("14 High Street",)),
    ],
)
def test_another_home_is_not_taken_for_it(other: Address) -> None:
    assert not of_home(HOME) & of_home(other, looked_for=True)


def test_a_home_with_the_same_property_number_is_the_same_whatever_its_words() -> None:
    one, two = Address(lines=("The Lodge",), uprn="100031234567"), Address(lines=("Gate House",), uprn="100031234567")
    assert of_home(one) & of_home(two, looked_for=True)


def test_a_name_is_the_same_in_any_case_order_and_with_or_without_accents() -> None:
    assert of_name("Renée  O'Brien") == of_name("o'brien RENEE") != of_name("Rene O'Brien")


@pytest.mark.parametrize(
    "written",
    ["07700 900123 / 07700 900124", "07700 900124 07700 900123", "0151 496 0124 - 0770 0900 123",
     "after 17:00 07700 900123", "born 12/05/1990, 07700 900123", "12/05/1990 07700 900123",
     "07700\u2013900\u2013123", "0770\u200b0900123",
     "\u0660\u0667\u0667\u0660\u0660\u0669\u0660\u0660\u0661\u0662\u0663", "Mob07700900123", "07700 900123m"],
)  # fmt: skip
def test_a_number_is_found_beside_another_after_a_date_or_time_and_in_odd_type(written: str) -> None:
    assert (Kind.PHONE, "447700900123") in of_contact(written)


def test_blocks_that_share_a_postcode_are_told_apart_by_their_names() -> None:
    rose, lily = (Address(lines=("Flat 2", f"{name} Court"), postcode="L1 1AA") for name in ("Rose", "Lily"))
    assert of_home(rose) & of_home(rose, looked_for=True)
    assert not of_home(rose) & of_home(lily, looked_for=True)
