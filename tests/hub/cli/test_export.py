"""`concordat export`: the log as a zip, or as a folder that is brought up to date and that anybody may serve."""

import fcntl
import os
import re
import shutil
import signal
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

import pytest
from click.testing import CliRunner, Result

from hub.audit import verify
from hub.bootstrap import Hub
from hub.cli import main
from hub.cli.data import _unpack
from hub.errors import Conflict
from hub.flow.checkpoint import verifier_key
from hub.flow.export import export as packed
from tests.hubs import lengthen_log


def run_export(hub: Hub, target: Path) -> Result:
    ours = {name: None for name in os.environ if name.startswith("CONCORDAT_")}
    return CliRunner().invoke(
        main, ["export", str(target)], env=ours | {"CONCORDAT_DATA_DIR": str(hub.settings.data_dir)}
    )


def export(hub: Hub, target: Path) -> Result:
    done = run_export(hub, target)
    assert done.exit_code == 0, done.output
    return done


def test_the_sentence_that_it_ends_with_is_the_command_that_verifies(embedded_hub: Hub, tmp_path: Path) -> None:
    told = re.search(r"concordat verify (\S+) --key '(.+)'", export(embedded_hub, tmp_path / "log.zip").stdout)
    assert told is not None
    assert verify.main([told[1], "--key", told[2]]) == 0


def test_a_folder_is_brought_up_to_date_again_and_again_and_verifies_each_time(
    embedded_hub: Hub, tmp_path: Path
) -> None:
    folder, older = tmp_path / "mirror", tmp_path / "older"
    folder.mkdir()
    for more in (1, 100, 200, 300):
        if (folder / "checkpoint").exists():
            older.write_bytes((folder / "checkpoint").read_bytes())
        lengthen_log(embedded_hub, more)
        key = re.findall(r"--key '(.+)'", export(embedded_hub, folder).stdout)[0]
        (size, _root), _leaves = verify.verify_export(folder, key)
        assert not older.exists() or verify.verify_consistency(older, folder, key)[0] == size
    names = names_in(folder)
    assert {"tile/0/000", "tile/0/001", "tile/1/000.p/2", "verify.py"} <= names
    assert {name for name in names if "/" not in name} == {"checkpoint", "verify.py"}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def packed_log(hub: Hub, more: int) -> bytes:
    """An export of the log, made longer before."""
    lengthen_log(hub, more)
    return packed(hub.house, None)


def test_who_has_read_a_checkpoint_finds_all_of_it_until_its_last_tile_is_full(embedded_hub: Hub, mirror: Path) -> None:
    key, sizes, read = verifier_key(embedded_hub.house), list[int](), set[str]()
    for more in (1, 3, 100, 300, 1):
        _unpack(packed_log(embedded_hub, more), mirror)
        sizes.append(verify.verify_export(mirror, key)[0][0])
        read |= {path for kind in ("entries", "0") for path, _, _ in verify.tiles(kind, sizes[-1])}
        for path in read:
            full = path.partition(".p/")[0]
            assert (full if full in names_in(mirror) else path) in names_in(mirror)
    assert {f"tile/{kind}/001.p/{size % 256}" for kind in ("entries", "0") for size in sizes[-2:]} <= names_in(mirror)
    assert not [name for name in names_in(mirror) if name.startswith(("tile/0/000.p", "tile/entries/000.p"))]


def test_of_two_runs_on_one_mirror_the_second_is_refused_and_the_first_goes_on(
    embedded_hub: Hub, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins wherever the first is about to put a file into its place."""
    key, first = verifier_key(embedded_hub.house), packed_log(embedded_hub, 300)
    second = packed_log(embedded_hub, 300)
    refused, replace = list[str](), Path.replace

    def replacing(path: Path, target: Path) -> Path:
        with pytest.raises(Conflict) as refusal:
            _unpack(second, mirror)
        refused.append(refusal.value.code)
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replacing)
        _unpack(first, mirror)
    assert set(refused) == {"MIRROR_BUSY"}
    size = verify.verify_export(mirror, key)[0][0]
    _unpack(second, mirror)
    assert verify.verify_export(mirror, key)[0][0] == size + 301
    assert {name for name in names_in(mirror) if "/" not in name} == {"checkpoint", "verify.py"}


def test_a_lock_that_was_taken_away_while_one_waited_for_it_is_no_lock(
    embedded_hub: Hub, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening it and locking it the run before ended, and perhaps the next one began."""
    log, flock = packed_log(embedded_hub, 1), fcntl.flock
    for has_next in (False, True):

        def ended(held: TextIO, how: int, has_next: bool = has_next) -> None:
            flock(held, how)
            (mirror / "lock").unlink()
            if has_next:
                (mirror / "lock").touch()

        with monkeypatch.context() as patched:
            patched.setattr(fcntl, "flock", ended)
            with pytest.raises(Conflict, match="another run writes"):
                _unpack(log, mirror)
    assert names_in(mirror) == {"lock"}
    _unpack(log, mirror)
    assert "lock" not in names_in(mirror)


def test_an_older_checkpoint_never_takes_the_place_of_a_newer_one(embedded_hub: Hub, mirror: Path) -> None:
    older, newer = packed_log(embedded_hub, 3), packed_log(embedded_hub, 3)
    _unpack(newer, mirror)
    before = {name: (mirror / name).read_bytes() for name in names_in(mirror)}
    with pytest.raises(Conflict, match="a longer log"):
        _unpack(older, mirror)
    assert {name: (mirror / name).read_bytes() for name in names_in(mirror)} == before
    _unpack(newer, mirror)


@pytest.mark.parametrize("content", [b"", b"\xff", b"half a checkpoint\n7"])
def test_a_checkpoint_that_cannot_be_read_is_put_right(embedded_hub: Hub, mirror: Path, content: bytes) -> None:
    (mirror / "checkpoint").write_bytes(content)
    _unpack(packed_log(embedded_hub, 3), mirror)
    verify.verify_export(mirror, verifier_key(embedded_hub.house))


def test_the_command_says_plainly_that_another_run_writes_to_the_mirror(embedded_hub: Hub, mirror: Path) -> None:
    with (mirror / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run_export(embedded_hub, mirror)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: another run writes to that mirror; wait")
    assert names_in(mirror) == {"lock"}
    # Nobody holds it now, as after a run that was killed.
    assert run_export(embedded_hub, mirror).exit_code == 0


def test_a_mirror_whose_writer_is_killed_at_any_file_holds_what_its_checkpoint_covers_and_the_next_ends_it(
    embedded_hub: Hub, tmp_path: Path
) -> None:
    """kill -9 before each file comes to its place, in turn, while the log grows by whole tiles."""
    before, after, folder = tmp_path / "before", tmp_path / "after.zip", tmp_path / "mirror"
    before.mkdir()
    lengthen_log(embedded_hub, 250)
    key = re.findall(r"--key '(.+)'", export(embedded_hub, before).stdout)[0]
    lengthen_log(embedded_hub, 300)
    export(embedded_hub, after)
    kills, is_over = 0, False
    while not is_over:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(before, folder)
        writer = get_context("fork").Process(target=_killed_at, args=(after.read_bytes(), folder, kills))
        writer.start()
        writer.join(60)
        is_over = writer.exitcode == 0
        kills += not is_over
        assert writer.exitcode in (0, -signal.SIGKILL)
        assert "not covered by the checkpoint" in _verdict(folder, key)  # more than that, and nothing less or else
        _unpack(after.read_bytes(), folder)
        assert verify.verify_export(folder, key)[0] == verify.verify_export(after, key)[0]
        assert {name for name in names_in(folder) if "/" not in name} == {"checkpoint", "verify.py"}
    assert kills > 5


def _verdict(folder: Path, key: str) -> str:
    try:
        verify.verify_export(folder, key)
    except verify.Bad as why:
        return str(why)
    return "all of it, and nothing that is not covered by the checkpoint"


def _killed_at(packed: bytes, folder: Path, nth: int) -> None:
    replace, left = Path.replace, [nth]

    def replacing(path: Path, target: Path) -> Path:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return replace(path, target)

    Path.replace = replacing  # type: ignore[assignment, method-assign]
    _unpack(packed, folder)
