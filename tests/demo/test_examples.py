"""The examples are referrals and agreements that the hub takes, and say what they are to show."""

import re
from datetime import date
from pathlib import Path

import pytest

from hub.cli.demo.examples import Case, ExamplesRefused, examples_folder, read_cases
from hub.cli.demo.partners import AGENCIES
from hub.register.landlords import NAMES
from protocols.agreement import Agreement, ProtocolFact
from protocols.parse import parse_agreement

CASES = read_cases(examples_folder())
AGREEMENTS = sorted((examples_folder() / "agreements").glob("*.toml"))
EXAMPLE_DAYS = [date(2026, 11, 20), date(2028, 2, 29), date(2031, 12, 31)]


def agreement(path: Path) -> Agreement:
    return parse_agreement(path.read_text(encoding="utf-8"), path.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_example_is_in_the_readme(case: Case) -> None:
    readme = (examples_folder() / "README.md").read_text(encoding="utf-8")
    row = next(line for line in readme.splitlines() if line.startswith(f"| {case.number:02} "))
    for section in case.expected.policy:
        assert section.split()[-1] in row


def test_the_examples_come_from_all_five_landlords() -> None:
    assert {case.referral.landlord for case in CASES} == set(NAMES)


def test_the_examples_show_every_outcome() -> None:
    outcomes = {entry.outcome.value for case in CASES for entry in case.expected.recipients}
    assert outcomes == {"permit", "permit_redacted", "needs_authoriser", "deny"}


def test_every_agency_of_the_demo_is_asked_by_some_example() -> None:
    assert {ask.agency for case in CASES for ask in case.referral.asks} == set(AGENCIES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_telephone_numbers_and_postcodes_are_nobodys(case: Case) -> None:
    text = case.raw.decode()
    numbers = re.findall(r"\b0[0-9][0-9 ]{7,}\b", text)
    assert all(re.fullmatch(r"07700 900\d{3}|0151 496 0\d{3}|020 7946 0\d{3}", number) for number in numbers)
    assert all(code.startswith("ZZ") for code in re.findall(r'"postcode": "([^"]+)"', text))


@pytest.mark.parametrize("path", AGREEMENTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("day", EXAMPLE_DAYS, ids=str)
def test_every_agreement_is_in_force_for_all_five_landlords_and_its_agency(path: Path, day: date) -> None:
    made = agreement(path)
    assert made.status(day) is ProtocolFact.IN_FORCE
    assert {party.landlord for party in made.controllers} == set(NAMES)
    assert all(made.has_signed(party, day) for party in made.controllers)
    assert all(made.has_signed(party, day) for party in made.recipients)


def test_the_agreements_know_the_agencies_by_the_kind_that_the_demo_gives_them() -> None:
    known = {party.agency: party.kind.value for path in AGREEMENTS for party in agreement(path).recipients}
    assert known == {agency: said.kind for agency, said in AGENCIES.items() if said.kind != "third_party_reporter"}


@pytest.mark.parametrize("path", AGREEMENTS, ids=lambda path: path.stem)
def test_an_agreement_lets_its_agency_be_reached_in_the_way_of_the_demo(path: Path) -> None:
    made = agreement(path)
    for party in made.recipients:
        assert AGENCIES[party.agency].transport in made.security.transports


def test_an_example_without_its_expectation_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "referrals").mkdir()
    (tmp_path / "referrals" / "01-alone.json").write_bytes(CASES[0].raw)
    with pytest.raises(ExamplesRefused, match=r"01-alone\.expected\.toml"):
        read_cases(tmp_path)


def test_an_example_that_is_no_referral_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "referrals").mkdir()
    (tmp_path / "referrals" / "01-odd.json").write_text('{"landlord": "Somebody Secret"}')
    with pytest.raises(ExamplesRefused, match="01-odd: landlord") as refused:
        read_cases(tmp_path)
    assert "Secret" not in str(refused.value)


def test_a_folder_without_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExamplesRefused, match="no referral"):
        read_cases(tmp_path)
