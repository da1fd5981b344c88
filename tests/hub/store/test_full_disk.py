"""A disk that is really full: a small one in memory, mounted for one process alone. On PostgreSQL by the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ALONE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]


def _why_not() -> str | None:
    try:
        tried = subprocess.run([*ALONE, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return "unshare is not installed"
    return None if tried.returncode == 0 else "nobody may mount anything here"


def test_a_disk_that_runs_full_loses_nothing_and_once_there_is_room_everything_goes_on() -> None:
    why = _why_not()
    if why is not None:
        pytest.skip(f"no disk of its own could be filled: {why}")
    ran = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.full_disk", "sqlite"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"CONCORDAT_DISK_FLOOR_MB": "0", "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "nothing lost, nothing half done" in ran.stdout
