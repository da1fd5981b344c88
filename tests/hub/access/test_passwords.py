"""Passwords: what is refused, what is kept, and that nobody's takes as long as somebody's."""

import unicodedata
from contextlib import suppress
from statistics import median
from time import perf_counter

import pytest

from hub.access import passwords
from hub.errors import BadInput

GOOD = "violet kettle under harbour"


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password12345", "P@ssw0rd!2026", "passwordpassword", "Liverpool2026!", "123456789012",
        "qwertyuiop[]12", "qwertyuiopas", "aaaaaaaaaaaa", "abababababab", "Welcome-Welcome-1", "iloveyou123456",
        "98765432109876", "officer.example", "Officer.Example99", "concordat2026", "abcdefghijkl", "L1verpool-Everton",
        "correcthorsebatterystaple",
    ],
)  # fmt: skip
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(BadInput) as refused:
        passwords.check_new(password, "officer.example@homes.invalid")
    assert refused.value.code == "PASSWORD_WELL_KNOWN"
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x7#Lm2pQ9vRt",
        "zwölf Zeichen sind es",
        "lighthouse keeper",
        "correct horse battery staple",
        "x" * 7 + "Qjwoeirz" * 31,
    ],
)
def test_a_long_password_needs_no_odd_characters(password: str) -> None:
    passwords.check_new(password, "officer.example@homes.invalid")


@pytest.mark.parametrize("length", [0, 1, 11, 257, 1024])
def test_a_password_has_twelve_to_256_characters(length: int) -> None:
    with pytest.raises(BadInput) as refused:
        passwords.check_new(("kettle violet " * 80)[:length], "officer@homes.example")
    assert refused.value.code == "PASSWORD_LENGTH"


def test_no_password_makes_the_check_take_long() -> None:
    began = perf_counter()
    for password in ("1" * 255 + "x", "a1" * 127 + "x!", "password" * 31 + "x", "abc" * 85 + "Z", "0o" * 128,
                     "7357089." * 31 + "q", "homes" * 51 + "q"):  # fmt: skip
        with suppress(BadInput):
            passwords.check_new(password, "o0o0o0o0@homes.homeshomes")
    assert perf_counter() - began < 2


def test_what_is_kept_is_argon2id_with_a_salt_of_its_own_and_at_least_46_mib() -> None:
    first, second = passwords.hash_password(GOOD), passwords.hash_password(GOOD)
    assert first != second
    _, algorithm, _, parameters, *_ = first.split("$")
    assert algorithm == "argon2id"
    cost = dict(part.split("=") for part in parameters.split(","))
    assert int(cost["m"]) >= 46 * 1024
    assert (cost["t"], cost["p"]) == ("1", "1")
    assert passwords.matches(GOOD, first)
    assert not passwords.matches(GOOD + " ", first)
    assert not passwords.matches(GOOD, None)


def test_a_password_is_the_same_however_the_keyboard_composes_its_letters() -> None:
    kept = passwords.hash_password(unicodedata.normalize("NFD", "zwölf Zeichen sind es"))
    assert passwords.matches(unicodedata.normalize("NFC", "zwölf Zeichen sind es"), kept)


def test_checking_nobodys_password_takes_as_long_as_somebodys() -> None:
    kept = passwords.hash_password(GOOD)
    passwords.matches("warm up", None)
    taken: dict[str | None, list[float]] = {kept: [], None: []}
    for _ in range(20):
        for phc, times in taken.items():
            began = perf_counter()
            passwords.matches("something else", phc)
            times.append(perf_counter() - began)
    assert 1 / 3 < median(taken[kept]) / median(taken[None]) < 3
