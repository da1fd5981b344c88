"""The worked examples: outcome, removals, bases and duties as expected, from the encoded law alone."""

import pytest
import yaml

from tests.consent.rulebook import DATA, ask

SCENARIOS = yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))["scenarios"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["id"])
def test_a_worked_example_comes_out_as_expected(scenario: dict[str, dict[str, object]]) -> None:
    decision = ask(**scenario["facts"])
    expected = {name: set(value) for name, value in scenario["expected"].items() if isinstance(value, list)}
    assert decision.outcome == scenario["expected"]["outcome"]
    assert set(decision.remove) == expected["remove"]
    assert expected["obligations"] <= set(decision.obligations)
    article_6 = {token for token in expected["basis"] if token.startswith("a6_")}
    assert not article_6 or article_6 & set(decision.basis)
    assert expected["basis"] - article_6 <= set(decision.basis)
    assert decision.remedy or "remedy" not in scenario["expected"]
