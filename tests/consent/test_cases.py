"""Cases written down from the law and the policies by readers who look for harm; each is decided as they expect."""

from typing import NotRequired, TypedDict

import pytest
import yaml

from tests.consent.rulebook import DATA, ask


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


CASES: list[Case] = yaml.safe_load((DATA / "cases.yaml").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_is_decided_as_the_law_has_it(case: Case) -> None:
    decision = ask(**case["facts"])
    codes = {reason.code for reason in decision.reasons}
    tokens = {*decision.basis, *decision.obligations, *codes}
    assert decision.outcome.value == case["outcome"], sorted(codes)
    assert set(decision.remove) == set(case.get("remove", []))
    assert set(case.get("basis", [])) <= set(decision.basis)
    assert {"record_rationale", *case.get("duties", [])} <= set(decision.obligations)
    assert set(case.get("codes", [])) <= codes
    assert set(case.get("gaps", [])) <= set(decision.gaps)
    assert not tokens & set(case.get("never", []))
    assert all(reason.cites for reason in decision.reasons)


def test_no_two_cases_share_a_name_and_each_says_where_it_follows_from() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["law"] for case in CASES)
    assert all(set(case) <= set(Case.__annotations__) for case in CASES)
