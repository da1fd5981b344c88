"""`concordat export`: the log as a zip, or as a folder that is brought up to date and that anybody may serve."""

import os
import re
import shutil
import signal
from multiprocessing import get_context
from pathlib import Path

from click.testing import CliRunner, Result

from hub.audit import verify
from hub.bootstrap import Hub
from hub.cli import main
from hub.cli.data import _unpack
from tests.hubs import lengthen_log


def export(hub: Hub, target: Path) -> Result:
    ours = {name: None for name in os.environ if name.startswith("CONCORDAT_")}
    done = CliRunner().invoke(
        main, ["export", str(target)], env=ours | {"CONCORDAT_DATA_DIR": str(hub.settings.data_dir)}
    )
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
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"tile/0/000", "tile/0/001", "tile/1/000.p/2", "verify.py"} <= names
    assert "unfinished" not in names


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
        assert not (folder / "unfinished").exists()
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
