"""Cases written down from the law and the policies by readers who look for harm; each is decided as they expect."""

from datetime import date
from typing import NotRequired, TypedDict

import pytest
import yaml

from consent.decide import decide
from consent.facts import parse_facts
from protocols.vocabulary import Basis
from tests.consent.rulebook import DATA, TODAY, case, rules


class Case(TypedDict):
    id: str
    law: str
    facts: dict[str, object]
    outcome: str
    remove: NotRequired[list[str]]
    basis: NotRequired[list[str]]
    duties: NotRequired[list[str]]
    codes: NotRequired[list[str]]
    gaps: NotRequired[list[str]]
    never: NotRequired[list[str]]
    authoriser: NotRequired[str]
    within: NotRequired[str]
    exempt: NotRequired[list[str]]
    as_at: NotRequired[date]


CASES: list[Case] = yaml.safe_load((DATA / "cases.yaml").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("expected", CASES, ids=lambda expected: expected["id"])
def test_a_case_is_decided_as_the_law_has_it(expected: Case) -> None:
    decision = decide(parse_facts(case(**expected["facts"])), rules(), expected.get("as_at", TODAY))
    codes = {reason.code for reason in decision.reasons}
    tokens = {*decision.basis, *decision.obligations, *codes}
    assert decision.outcome.value == expected["outcome"], sorted(codes)
    assert set(decision.remove) == set(expected.get("remove", []))
    assert set(expected.get("basis", [])) <= set(decision.basis)
    assert {"record_rationale", *expected.get("duties", [])} <= set(decision.obligations)
    assert set(expected.get("codes", [])) <= codes
    assert set(expected.get("gaps", [])) <= set(decision.gaps)
    assert not tokens & set(expected.get("never", []))
    assert decision.authoriser == expected.get("authoriser", decision.authoriser)
    assert decision.within == expected.get("within", decision.within)
    assert set(expected.get("exempt", decision.exemptions)) == set(decision.exemptions)
    assert all(reason.cites for reason in decision.reasons)


def test_no_two_cases_share_a_name_and_each_says_where_it_follows_from() -> None:
    assert len({entry["id"] for entry in CASES}) == len(CASES)
    assert all(entry["law"] for entry in CASES)
    assert all(set(entry) <= set(Case.__annotations__) for entry in CASES)


def test_no_rule_gives_the_emergency_interest_for_one_household() -> None:
    assert Basis.A6_RLI_EMERGENCY not in {rule.gives for rule in rules().rules}


def test_every_rule_that_waits_for_a_person_says_who_and_by_when() -> None:
    for rule in rules().rules:
        if rule.effect == "hold" and rule.file.startswith("law/"):
            assert rule.authoriser, rule.id
            assert rule.within, rule.id
