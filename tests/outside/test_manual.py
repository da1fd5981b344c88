"""What docs/verify-it-yourself.md tells a stranger to do is done here, on a hub's own export and proofs."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.flow.checkpoint import checkpoint, verifier_key
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.export import export
from hub.flow.proof import prove_disclosure
from hub.flow.refer import refer
from tests.cases import POLICE, Case
from tests.hubs import open_test_hub, somebody

MANUAL = (Path(__file__).parents[2] / "docs" / "verify-it-yourself.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"^```(sh|python)\n(.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[tuple[Hub, Path]]:
    """Somebody with an export, the proofs of one disclosure, and the message that came."""
    data, folder = tmp_path / "data", tmp_path / "stranger"
    folder.mkdir()
    hub = open_test_hub(data, f"sqlite:///{data / 'concordat.sqlite3'}")
    officer, case = somebody(hub, Role.OFFICER), Case((POLICE,))
    sent = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    assert deliver_due(hub.house, "worker", 10) == 1
    checkpoint(hub.house)
    (seen,) = read_referral(hub.house, officer, sent.referral_id).disclosures
    police = somebody(hub, Role.PARTNER, "agy_police")
    (folder / "proofs.json").write_text(json.dumps([
        {"kind": json.loads(one.proof.entry)["kind"], "entry": base64.b64encode(one.proof.entry).decode(),
         "proof": one.proof.proof, "salt": one.salt.hex() if one.salt else None}
        for one in prove_disclosure(hub.house, police, seen.row.id)
    ]))  # fmt: skip
    shutil.copy(next(path for path in (tmp_path / "out").iterdir() if seen.row.id in path.name), folder / "message")
    (folder / "log.zip").write_bytes(export(hub.house, None))
    yield hub, folder
    hub.house.store.close()


def test_every_script_of_the_manual_runs_and_says_that_it_is_so(stranger: tuple[Hub, Path]) -> None:
    hub, folder = stranger
    told = [run(kind, script, folder, verifier_key(hub.house)) for kind, script in SCRIPTS]
    assert [done.returncode for done in told] == [0] * 4, [done.stderr for done in told]
    assert told[0].stdout.startswith("good: ")
    assert "Signature Verified Successfully" in told[1].stdout
    assert "entries lead to the root that was signed" in told[2].stdout
    assert "release.intended" in told[3].stdout
    assert "and these are the bytes that left" in told[3].stdout


def test_every_script_sees_what_it_looks_at_altered(stranger: tuple[Hub, Path]) -> None:
    hub, folder = stranger
    key = verifier_key(hub.house)
    assert run(*SCRIPTS[0], folder, key).returncode == 0
    text = (folder / "log" / "checkpoint").read_text("utf-8")
    (folder / "log" / "checkpoint").write_text(text.replace("\n", "x\n", 1), "utf-8")
    assert run(*SCRIPTS[1], folder, key).returncode != 0
    (bundle,) = (folder / "log" / "tile" / "entries").rglob("*.p/*")
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"]")
    assert run(*SCRIPTS[2], folder, key).returncode != 0
    (folder / "message").write_bytes((folder / "message").read_bytes() + b" ")
    assert run(*SCRIPTS[3], folder, key).returncode != 0


def run(kind: str, script: str, folder: Path, key: str) -> subprocess.CompletedProcess[str]:
    # `python3` is the one that these tests run under: it has what the manual asks for.
    binaries = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["sh", "-e", "-c", script] if kind == "sh" else [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, env={"KEY": key, "PATH": binaries, "LANG": "C.UTF-8"},
                          capture_output=True, text=True, check=False)  # fmt: skip
