"""The Makefile and `.ci/run`: every target explains itself, and a machine that lacks something is told what."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.deployment.checkout import ROOT, text


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A Python that is what the test says it is; the test writes its answers."""
    program = tmp_path / "stand-in"
    program.touch(mode=0o700)
    return program


def test_make_alone_lists_what_can_be_made() -> None:
    listed = make()
    assert listed.returncode == 0
    for target in ("setup", "demo", "test", "up", "lint", "bench"):
        assert f"make {target} " in listed.stdout


def test_every_target_says_what_it_is_for() -> None:
    source = text("Makefile")
    phony = re.search(r"^\.PHONY: (.*)$", source, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^([a-z]+):.*## \S", source, re.MULTILINE))


def test_a_python_that_is_too_old_is_refused_in_one_sentence(stand_in: Path, tmp_path: Path) -> None:
    stand_in.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit\nexit 1\n')
    refused = make("setup", f"PYTHON={stand_in}", f"VENV={tmp_path}/venv")
    assert refused.returncode != 0
    assert "needs Python 3.11 or newer" in refused.stderr
    assert "Python 3.9.2" in refused.stderr


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = make("setup", f"PYTHON={tmp_path}/absent", f"VENV={tmp_path}/venv")
    assert refused.returncode != 0
    assert f"'{tmp_path}/absent' is not here" in refused.stderr


def test_a_python_without_environments_is_told_the_package(stand_in: Path, tmp_path: Path) -> None:
    stand_in.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    refused = make("setup", f"PYTHON={stand_in}", f"VENV={tmp_path}/venv")
    assert refused.returncode != 0
    assert "python3-venv" in refused.stderr


def test_the_demo_needs_no_development_tool() -> None:
    planned = make("--dry-run", "--always-make", "demo").stdout
    assert "requirements/run.txt" in planned
    assert "requirements/dev.txt" not in planned


def test_nothing_is_installed_from_an_index_without_its_hash() -> None:
    planned = make("--dry-run", "--always-make", "setup").stdout
    installs = [line for line in planned.splitlines() if "pip install" in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation -e ." in line for line in installs)


def test_ci_is_a_program_that_demands_the_services_and_runs_the_suite() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    source = script.read_text()
    assert "make test" in source
    assert "CONCORDAT_TEST_REQUIRE_SERVICES=1" in source
