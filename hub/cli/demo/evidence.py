"""The last scene: the audit log is exported, verified offline by a process of its own, and altered by one byte."""

import subprocess
import sys
import zipfile
from pathlib import Path

from hub.access.roles import Role
from hub.cli.demo.stage import Stage


def play_log(stage: Stage) -> None:
    """The export verifies; a copy with one bit of one entry changed does not."""
    stage.screen.scene("The audit log proves it")
    landlord = stage.cases[0].referral.landlord
    officer = stage.seat(Role.DPO, landlord)
    export, key = stage.folder / "log.zip", officer.log_key()
    with stage.screen.working("exporting and verifying"):
        export.write_bytes(officer.export_log())
        is_good, says = verify(export, key)
        stage.screen.say(f"concordat verify: {says}")
        stage.screen.say(f"the log's key: {key} (docs/verify-it-yourself.md)")
        stage.checks.that("the export of the log verifies", holds=is_good)
        altered = alter_one_byte(export, stage.folder / "altered")
        is_good, says = verify(altered, key)
    stage.screen.say(f"One byte of a copy altered: {says}")
    stage.checks.that("a copy with one byte altered does not verify", holds=not is_good and says.startswith("bad:"))
    words = b"".join(zipfile.ZipFile(export).read(name) for name in zipfile.ZipFile(export).namelist())
    names = {person.name for case in stage.cases for person in case.referral.record.people if person.name}
    told = [name for name in names if name.encode() in words]
    stage.checks.that("no entry of the log names anybody", holds=not told)


def verify(export: Path, key: str) -> tuple[bool, str]:
    """Run `concordat verify` as a stranger would: whether it ended well, and its one sentence."""
    done = subprocess.run(  # noqa: S603  # our own program, with arguments of ours
        [sys.executable, "-m", "hub", "verify", str(export), "--key", key],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode == 0, done.stdout.strip()


def alter_one_byte(export: Path, folder: Path) -> Path:
    """Unpack the export, and change the lowest bit of one byte in the middle of the entries."""
    with zipfile.ZipFile(export) as bundle:
        bundle.extractall(folder)
    entries = min(path for path in (folder / "tile" / "entries").rglob("*") if path.is_file())
    content = bytearray(entries.read_bytes())
    content[len(content) // 2] ^= 1
    entries.write_bytes(content)
    return folder
