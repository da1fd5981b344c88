"""The demonstration itself, as a person starts it."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.demo.examples import examples_folder

pytestmark = pytest.mark.timeout(180)


def play(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "demo", *words], capture_output=True, text=True, timeout=150, check=False
    )


def test_the_demonstration_plays_and_every_expectation_holds(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    played = play("--keep", str(kept))
    assert "NOT SO" not in played.stdout
    assert played.returncode == 0, played.stdout[-3_000:] + played.stderr[-3_000:]
    assert "kill -9" in played.stdout
    assert (kept / "log.zip").exists()
    assert not (kept / "data").stat().st_mode & 0o077


def test_an_expectation_that_does_not_hold_is_named_and_ends_with_1(tmp_path: Path) -> None:
    examples = tmp_path / "examples"
    (examples / "referrals").mkdir(parents=True)
    shutil.copytree(examples_folder() / "agreements", examples / "agreements")
    for path in (examples_folder() / "referrals").glob("05-*"):
        shutil.copy(path, examples / "referrals")
    expected = next((examples / "referrals").glob("*.expected.toml"))
    expected.write_text(expected.read_text().replace("Fairhive policy 3.10", "Fairhive policy 99.9"))
    played = play("--examples", str(examples))
    assert played.returncode == 1
    assert played.stdout.count("NOT SO") == 1
    assert "cites Fairhive policy 99.9" in " ".join(played.stdout.split())


def test_examples_that_cannot_be_read_end_with_1_before_anything_starts(tmp_path: Path) -> None:
    played = play("--examples", str(tmp_path))
    assert played.returncode == 1
    assert "there is no referral among the examples" in played.stdout


def test_a_folder_that_holds_something_is_not_played_in(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    played = play("--keep", str(tmp_path))
    assert played.returncode == 2
    assert "not empty" in played.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopping_it_closes_everything_and_removes_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "demo"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    with process.stdout as told:
        while "The hub runs at" not in told.readline():
            assert process.poll() is None
        process.send_signal(how)
        told.read()
    assert process.wait(60) == 1
    assert list(tmp_path.iterdir()) == []
