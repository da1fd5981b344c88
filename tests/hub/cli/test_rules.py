"""`concordat rules`: proves rules and refuses bad ones, tells what a change changes, exports them."""

import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consent.analyse.properties import digest_of
from hub.cli import main
from hub.decision.rulebook import read_properties

CONSENT = Path(__file__).parents[3] / "consent"
DAY = ("--as-at", "2026-11-20")


def concordat(*arguments: str, folder: Path) -> Result:
    with chdir(folder):
        return CliRunner().invoke(main, ["rules", *arguments])


@pytest.fixture
def rule_set(tmp_path: Path) -> Path:
    """A copy of the shipped rules that a test may spoil."""
    folder = tmp_path / "consent"
    for name in ("law", "policies", "properties"):
        shutil.copytree(CONSENT / name, folder / name)
    return folder


def spoil(folder: Path, name: str, was: str, now: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert was in text
    (folder / name).write_text(text.replace(was, now, 1), encoding="utf-8")


def prove_only(folder: Path, kept: str) -> None:
    """Leave one file of properties and the words of all: the others would take their time and tell nothing more."""
    for file in (folder / "properties").iterdir():
        if file.name not in {kept, "sets.toml"}:
            file.unlink()


def test_the_shipped_rules_are_the_ones_that_were_recorded_as_proved_and_are_proved_again(rule_set: Path) -> None:
    told = concordat("check", str(rule_set), "--record", folder=rule_set)
    assert told.exit_code == 0, told.stderr
    assert "BROKEN" not in told.stdout
    assert told.stdout.count("\nok") >= 41
    assert (rule_set / "proved.toml").read_text("utf-8") == (CONSENT / "proved.toml").read_text("utf-8")


def test_a_rule_set_that_breaks_a_property_is_refused_with_a_case_in_plain_words(rule_set: Path) -> None:
    spoil(rule_set, "law/common_law_confidence.toml", 'when = { agreement = "refused", recipient = ["@voluntary"] }',
          'when = { agreement = "refused", recipient = ["school"] }')  # fmt: skip
    prove_only(rule_set, "consent.toml")
    told = concordat("check", str(rule_set), *DAY, folder=rule_set)
    assert told.exit_code == 1
    assert "BROKEN" in told.stdout
    assert "for example: " in told.stdout
    assert "must not decide anything" in told.stderr
    assert not (rule_set / "proved.toml").exists()


def test_a_rule_that_can_never_apply_is_named(rule_set: Path) -> None:
    text = (rule_set / "law/housing_act_1996.toml").read_text(encoding="utf-8")
    dead = """
[[rule]]
id = "ha96.never"
stage = "accuracy"
effect = "deny"
when = { age_band = "adult", child = "yes", subject_role = "victim" }
cites = ["nothing"]
says = "An adult who is a child."
checked = "M"
"""
    (rule_set / "law/housing_act_1996.toml").write_text(text + dead, encoding="utf-8")
    prove_only(rule_set, "missing.toml")
    told = concordat("check", str(rule_set), *DAY, folder=rule_set)
    assert told.exit_code == 1
    assert "ha96.never can never apply." in told.stdout


def test_a_folder_without_rules_is_refused_in_one_sentence(tmp_path: Path) -> None:
    told = concordat("check", str(tmp_path), folder=tmp_path)
    assert told.exit_code == 1
    assert told.stderr.startswith("Error: the rules cannot be used")
    assert "Traceback" not in told.stderr


def test_a_change_is_told_by_kind_recipient_and_example(rule_set: Path) -> None:
    spoil(rule_set, "policies/mhp.toml", 'unless = { contractor_agreement = "signed", ',
          'unless = { contractor_agreement = ["signed", "missing"], ')  # fmt: skip
    told = concordat("diff", str(CONSENT), str(rule_set), *DAY, folder=rule_set)
    assert told.exit_code == 0, told.stderr
    assert "managing_agent" in told.stdout
    assert "for example: " in told.stdout


def test_the_same_rules_change_nothing(rule_set: Path) -> None:
    told = concordat("diff", str(CONSENT), str(rule_set), *DAY, folder=rule_set)
    assert told.stdout == "On 2026-11-20 every question gets the same answer.\n"


def test_the_rules_in_force_are_exported_for_cedar(tmp_path: Path) -> None:
    told = concordat("export", "--cedar", *DAY, folder=tmp_path)
    assert told.exit_code == 0, told.stderr
    assert "permit (" in told.stdout or "permit(" in told.stdout
    assert "mhp.8.2.contractor" in told.stdout


def test_a_hub_does_not_read_rules_that_break_a_property(tmp_path: Path) -> None:
    """The package is copied and spoilt; the command that reads it refuses, naming the property.

    Without the one property that takes as long as all others, and a record that is of the rest: only the rules are new.
    """
    package = tmp_path / "site"
    for name in ("hub", "consent", "connectors", "protocols"):
        shutil.copytree(CONSENT.parent / name, package / name)
    (package / "consent" / "properties" / "missing.toml").unlink()
    proved, left = digest_of(read_properties()), digest_of(read_properties(package / "consent"))
    spoil(package / "consent", "proved.toml", proved, left)
    spoil(
        package / "consent", "law/uk_gdpr_minimisation.toml", 'category = "legal_privileged"', 'category = "financial"'
    )
    told = subprocess.run(
        [sys.executable, "-m", "hub", "decide"], cwd=package, input="{}\n", capture_output=True, text=True, timeout=300,
        check=False, env={"PYTHONPATH": str(package), "PATH": ""},
    )  # fmt: skip
    assert told.returncode == 1
    assert "privileged.never" in told.stderr
    assert told.stdout == ""
