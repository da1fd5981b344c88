"""`concordat agreements` and `concordat documents`, on a hub's own machine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli import main
from hub.ids import Prefix, new_id
from protocols.parse import write_agreement
from tests.cases import agreement

Run = Callable[..., Result]
SECOND = "agr_jag_example@2"


@pytest.fixture
def run(embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CONCORDAT_DATA_DIR", str(embedded_hub.settings.data_dir))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def second(tmp_path: Path) -> Path:
    path = tmp_path / "jag.toml"
    path.write_text(write_agreement(agreement("agy_jag").model_copy(update={"version": 2})), encoding="utf-8")
    return path


def people() -> list[str]:
    return ["--person", new_id(Prefix.PERSON), "--person", new_id(Prefix.PERSON)]


def test_a_version_is_checked_added_approved_suspended_and_resumed(run: Run, second: Path) -> None:
    assert run("agreements", "check", second).output.startswith(f"jag.toml: {SECOND}, in_force")
    assert run("agreements", "add", second).output.strip() == SECOND
    assert f"LMH {SECOND} draft (0 of 2 approved)" in run("agreements", "list").output
    one = run("agreements", "approve", SECOND, "--landlord", "LMH", "--person", new_id(Prefix.PERSON))
    assert "draft (1 of 2 approved)" in one.output
    two = run("agreements", "approve", SECOND, "--landlord", "LMH", "--person", new_id(Prefix.PERSON))
    assert f"LMH {SECOND} in_force" in two.output
    stopped = run("agreements", "suspend", SECOND, "--landlord", "LMH", "--person", new_id(Prefix.PERSON))
    assert f"{SECOND} suspended" in stopped.output
    assert f"{SECOND} in_force" in run("agreements", "resume", SECOND, "--landlord", "LMH", *people()).output
    ended = run("agreements", "withdraw", SECOND, "--landlord", "LMH", "--person", new_id(Prefix.PERSON))
    assert f"{SECOND} withdrawn" in ended.output


def test_one_person_named_twice_is_one_and_nothing_is_recorded(run: Run, second: Path) -> None:
    run("agreements", "add", second)
    one = ["--person", new_id(Prefix.PERSON)]
    refused = run("agreements", "approve", SECOND, "--landlord", "LMH", *one, *one)
    assert (refused.exit_code, "APPROVED_BEFORE" in refused.output) == (1, True)
    assert "draft (0 of 2 approved)" in run("agreements", "list", "--landlord", "LMH").output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("agreements", "approve", "agr_no_such@1", "--landlord", "LMH", "--person", new_id(Prefix.PERSON)),
         "NOT_FOUND"),
        (("agreements", "approve", "agr_jag_example@1", "--landlord", "LMH", "--person", "me"), "PERSON_UNKNOWN"),
        (("agreements", "approve", "agr_jag_example@1", "--landlord", "LMH", *people()), "AGREEMENT_STANDS_OTHERWISE"),
        (("agreements", "suspend", "agr_jag_example@1", "--landlord", "LMH", *people(), "--evidence", "x"),
         "DIGEST_WRONG"),
        (("documents", "add", "LMH", "data_protection_impact_assessment", "2020-01-01"), "DOCUMENT_DATES"),
        (("documents", "add", "LMH", "appropriate_policy_document", "2089-01-01", "--digest", "x"), "DIGEST_WRONG"),
        (("documents", "withdraw", "LMH", "doc_x"), "NOT_FOUND"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why_in_one_sentence(run: Run, words: tuple[str, ...], code: str) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert code in done.output
    assert "Traceback" not in done.output


def test_a_file_with_a_defect_is_told_by_line_and_the_rest_is_checked(run: Run, second: Path) -> None:
    broken = second.with_name("broken.toml")
    broken.write_text(second.read_text(encoding="utf-8").replace('"in_force"', '"Qanaryzq"'), encoding="utf-8")
    done = run("agreements", "check", broken, second)
    assert done.exit_code == 1
    assert "broken.toml:" in done.output
    assert "Qanaryzq" not in done.output
    assert f"jag.toml: {SECOND}" in done.output
    assert run("agreements", "add", broken).exit_code == 1


def test_what_runs_out_is_told_in_time(run: Run, second: Path) -> None:
    soon = agreement("agy_jag").model_copy(update={"version": 2, "review_by": agreement("agy_jag").in_force_from})
    second.write_text(write_agreement(soon), encoding="utf-8")
    assert run("agreements", "expiring").output == ""
    run("agreements", "add", second)
    run("agreements", "approve", SECOND, "--landlord", "LMH", *people())
    (told,) = run("agreements", "expiring", "--within", "0").output.splitlines()
    assert told.startswith(f"LMH {SECOND} in_force")


def test_the_report_names_what_no_agreement_covers(run: Run) -> None:
    done = run("agreements", "report", "LMH")
    assert done.exit_code == 3
    assert "covered      jag for crime_prevention, agy_jag [LMH policy section 4]" in done.output
    assert "NOT COVERED  school for crime_prevention, -: no agency of this kind" in done.output
    assert "NOT COVERED  police for crime_prevention, agy_police: purpose_outside" in done.output


def test_documents_are_recorded_listed_and_withdrawn(run: Run) -> None:
    made = run("documents", "add", "OHG", "legitimate_interests_assessment", "2089-01-01", "--about", "research")
    assert made.exit_code == 0, made.output
    listed = run("documents", "list", "OHG").output
    assert f"{made.output.strip()} legitimate_interests_assessment 1 research" in listed
    assert run("documents", "withdraw", "OHG", made.output.strip()).exit_code == 0
    assert run("documents", "list", "OHG").output.strip().endswith("2089-01-01 withdrawn")
