"""`concordat agencies`: list, show what is pinned, suspend, and end it by the word of two."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.cli import main
from hub.flow import enrol, vouch
from hub.flow.vouch import AgencyView
from tests.members import member


@pytest.fixture
def run(embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line beside that hub."""
    monkeypatch.setenv("CONCORDAT_DATA_DIR", str(embedded_hub.settings.data_dir))
    return CliRunner()


def _said(run: CliRunner, *words: str) -> str:
    done = run.invoke(main, ["agencies", *words])
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def _police(hub: Hub) -> AgencyView:
    return next(view for view in vouch.list_agencies(hub.house) if view.agency.id == "agy_police")


def test_agencies_are_listed_suspended_and_back_in_use_by_the_word_of_two(
    run: CliRunner, embedded_hub: Hub, tmp_path: Path
) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        file.write_text(member(embedded_hub, Role.ADMINISTRATOR).sign_in().token)
    made = [enrol.enrol(embedded_hub.house, None, role=Role.ADMINISTRATOR, landlord=None, agency=None) for _ in files]
    assert "agy_police  police  -  " in _said(run, "list")
    assert _said(run, "suspend", "agy_police", "--reason", "breach") == "Suspended. Packs taken back: 0."
    assert "agy_police  police  agency_suspended  " in _said(run, "list")
    for number, token in enumerate(made):  # whoever makes tokens is not two people by making two
        (tmp_path / f"made_{number}").write_text(token.token)
        words = ["agencies", "resume", "agy_police", "--token", str(tmp_path / f"made_{number}")]
        assert "STEP_UP_NEEDED" in run.invoke(main, words).stderr
    assert _said(run, "resume", "agy_police", "--token", str(files[0])) == "Noted. Another person must say so too."
    assert run.invoke(main, ["agencies", "resume", "agy_police", "--token", str(files[0])]).exit_code == 1
    assert _said(run, "resume", "agy_police", "--token", str(files[1])) == "In use again."


def test_doors_are_shown_with_what_two_compare_and_an_unknown_agency_is_said_to_be_unknown(
    run: CliRunner, embedded_hub: Hub
) -> None:
    (door,) = _police(embedded_hub).pins
    assert _said(run, "keys", "agy_police") == f"{door.id}  door  in_force  {door.fingerprint}"
    for words in (("keys", "agy_nobody"), ("suspend", "agy_nobody", "--reason", "breach")):
        refused = run.invoke(main, ["agencies", *words])
        assert (refused.exit_code, "Error: " in refused.stderr) == (1, True)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"cct_nobody"])
def test_what_is_no_token_is_refused_in_one_sentence(
    run: CliRunner, embedded_hub: Hub, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    pin = _police(embedded_hub).pins[0]
    refused = run.invoke(
        main, ["agencies", "confirm", "agy_police", pin.id, pin.fingerprint, "--token", str(tmp_path / "token")]
    )
    assert (refused.exit_code, "NOT_SIGNED_IN" in refused.stderr) == (1, True)
