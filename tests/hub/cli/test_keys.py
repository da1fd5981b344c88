"""`concordat keys`, beside a hub that is at work."""

import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.cli import main
from hub.flow.checkpoint import lasting_key, verifier_key
from hub.flow.consult import read_referral
from hub.flow.refer import refer
from tests.cases import JAG, Case
from tests.hubs import somebody


@pytest.fixture
def data(embedded_hub: Hub) -> Path:
    return embedded_hub.settings.data_dir


def keys(data: Path, *words: str, **settings: str) -> Result:
    ours = {name: None for name in os.environ if name.startswith("CONCORDAT_")}
    return CliRunner().invoke(main, ["keys", *words], env=ours | {"CONCORDAT_DATA_DIR": str(data), **settings})


def test_show_prints_the_three_public_keys(embedded_hub: Hub, data: Path) -> None:
    shown = keys(data, "show").stdout.splitlines()
    assert shown == [
        f"messages {embedded_hub.message_key()}", f"log      {verifier_key(embedded_hub.house)}",
        f"lasting  {lasting_key(embedded_hub.house)}",
    ]  # fmt: skip


def test_every_key_is_changed_beside_a_running_hub_and_none_is_printed(embedded_hub: Hub, data: Path) -> None:
    officer, case = somebody(embedded_hub, Role.OFFICER), Case((JAG,))
    referral = refer(embedded_hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
    secrets = [(data / "keys" / "kek").read_bytes()]
    told = [keys(data, "status"), keys(data, "rotate", "--root"), keys(data, "rotate", "--landlord", "LMH"),
            keys(data, "reseal"), keys(data, "status"), keys(data, "prune", "--yes"), keys(data, "status")]  # fmt: skip
    secrets.append((data / "keys" / "kek").read_bytes())

    assert [done.exit_code for done in told] == [0] * len(told), [done.stderr for done in told]
    assert "earlier:" in told[4].stdout
    assert "earlier:" not in told[6].stdout
    assert all("Nothing is left to do." in told[number].stdout for number in (0, 4, 6))
    assert re.search(r"^LMH wrap 1: destroyed", told[6].stdout, re.MULTILINE)
    assert re.search(r"^LMH wrap 2: in force, .* [1-9][0-9]* data keys$", told[6].stdout, re.MULTILINE)
    assert re.search(r"^suite 2: [1-9][0-9]* values$", told[6].stdout, re.MULTILINE)
    everything = "".join(done.stdout + done.stderr for done in told)
    assert not any(secret.hex() in everything for secret in secrets)
    assert read_referral(embedded_hub.house, officer, referral).id == referral


def test_prune_asks_first(data: Path) -> None:
    keys(data, "rotate", "--root")
    assert keys(data, "prune").exit_code == 1
    assert len(list((data / "keys").glob("kek.*"))) == 1


@pytest.mark.parametrize(
    "words", [("rotate",), ("rotate", "--root", "--landlord", "LMH"), ("rotate", "--landlord", "X")]
)
def test_rotate_says_what_it_needs(data: Path, words: tuple[str, ...]) -> None:
    assert keys(data, *words).exit_code == 2


def test_a_root_key_that_is_not_ours_is_told_how_to_be_changed(data: Path) -> None:
    program = f"command:{sys.executable} -c 'print(\"{'ab' * 32}\")'"
    over = keys(data, "rotate", "--root", CONCORDAT_ROOT_KEY=program)
    assert over.exit_code == 0, over.stderr
    refused = keys(data, "rotate", "--root", CONCORDAT_ROOT_KEY=program)
    assert (refused.exit_code, "[ROOT_KEY_NOT_OURS]" in refused.stderr) == (1, True)
    assert "[ROOT_KEY_UNKNOWN]" in keys(data, "status").stderr  # with the file again, and without the command
    assert keys(data, "status", CONCORDAT_ROOT_KEY_BEFORE=program).exit_code == 0
