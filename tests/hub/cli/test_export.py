"""`concordat export`: the log as a zip, or as a folder that is brought up to date and that anybody may serve."""

import os
import re
from pathlib import Path

from click.testing import CliRunner, Result

from hub.audit import log, verify
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.cli import main
from hub.store.scope import NOBODY


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
        with embedded_hub.house.store.write(NOBODY) as tx:
            facts = {"release": "test", "mode": "test", "size": 0}
            log.append(tx, [Entry(EntryKind.HUB_STARTED, embedded_hub.house.clock.now(), "hub", facts)] * more)
        key = re.findall(r"--key '(.+)'", export(embedded_hub, folder).stdout)[0]
        (size, _root), _leaves = verify.verify_export(folder, key)
        assert not older.exists() or verify.verify_consistency(older, folder, key)[0] == size
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"tile/0/000", "tile/0/001", "tile/1/000.p/2", "verify.py"} <= names
    assert not {name for name in names if name.endswith(".new")}
