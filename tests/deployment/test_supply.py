"""What `make supply` looks for, it finds: a vulnerable version, a package nobody looked up, a secret, unsafe code."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tests.deployment.checkout import ROOT

_spec = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
assert _spec is not None
assert _spec.loader is not None
_program = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_program)
audit, is_affected, locked = _program.audit, _program.is_affected, _program.locked

Snapshot = dict[str, Any]
RUN = ROOT / "requirements" / "run.txt"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    kept: Snapshot = json.loads((ROOT / "requirements" / "advisories.json").read_text(encoding="utf-8"))
    return kept


def test_every_locked_package_is_looked_up_and_none_is_known_to_be_vulnerable(snapshot: Snapshot) -> None:
    packages = locked(RUN) | locked(ROOT / "requirements" / "dev.txt")

    assert audit(packages, snapshot) == (len(packages), [])


def test_a_version_known_to_be_vulnerable_is_told_with_its_advisory(snapshot: Snapshot) -> None:
    audited, faults = audit(locked(RUN) | {"fastapi": Version("0.65.1")}, snapshot)

    assert audited == len(locked(RUN))
    assert "fastapi 0.65.1: PYSEC-2021-100" in faults
    assert all(fault.startswith("fastapi ") for fault in faults)


def test_a_package_that_the_source_does_not_know_is_missing_from_the_count(snapshot: Snapshot) -> None:
    packages = locked(RUN) | {"new-package": Version("1.0")}

    assert audit(packages, snapshot)[0] == len(packages) - 1


@pytest.mark.parametrize(("version", "affected"), [
    ("0.9", False), ("1.0", True), ("1.4.9", True), ("1.5", False), ("2.0", True), ("2.3", True), ("2.4", False),
])  # fmt: skip
def test_a_range_begins_where_it_was_introduced_and_ends_where_it_was_fixed_or_last_affected(
    version: str, affected: bool
) -> None:
    ranges = [[{"introduced": "1.0"}, {"fixed": "1.5"}], [{"introduced": "2.0"}, {"last_affected": "2.3"}]]

    assert is_affected(Version(version), {"versions": [], "ranges": ranges}) is affected


def test_a_version_listed_by_itself_is_affected() -> None:
    assert is_affected(Version("3.1"), {"versions": ["3.1"], "ranges": []})
    assert not is_affected(Version("3.2"), {"versions": ["3.1"], "ranges": []})


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    out = tmp_path / "sbom.cdx.json"
    _run("cyclonedx-py", "requirements", str(RUN), "--output-reproducible", "--validate", "--output-file", str(out))
    told = {
        component["name"]: component["externalReferences"][0]["hashes"]
        for component in json.loads(out.read_text(encoding="utf-8"))["components"]
    }

    assert set(locked(RUN)) <= set(told)
    assert all(told.values())


def test_a_secret_in_a_file_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "settings.py"
    planted.write_text("-----BEGIN " + "PRIVATE KEY-----\n", encoding="utf-8")
    found = subprocess.run([_tool("detect-secrets-hook"), str(planted)], capture_output=True, check=False, cwd=tmp_path)

    assert found.returncode == 1
    planted.write_text("nothing = 1\n", encoding="utf-8")
    _run("detect-secrets-hook", str(planted))


def test_unsafe_code_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "unsafe.py"
    planted.write_text("import subprocess\nsubprocess.run(input(), shell=True)\n", encoding="utf-8")
    arguments = ["--quiet", str(planted), "--severity-level", "medium", "--confidence-level", "medium"]

    assert subprocess.run([_tool("bandit"), *arguments], capture_output=True, check=False).returncode == 1


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _run(name: str, *arguments: str) -> None:
    subprocess.run([_tool(name), *arguments], check=True, capture_output=True)
