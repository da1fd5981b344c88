"""The log as others mirror it: what is served file by file is what an export holds, and verifies like one."""

import io
import zipfile
from pathlib import Path

import pytest

from hub.access.roles import Role
from hub.audit import log, tiles
from hub.audit.cosignatures import cosigned_at, parse_cosigner
from hub.audit.verify import verify_export
from hub.bootstrap import Hub
from hub.errors import NotAllowed, NotFound
from hub.flow.checkpoint import checkpoint, entry_bundle, lasting_key, latest, tile, verifier_key
from hub.flow.export import export
from hub.store.scope import NOBODY
from tests.conftest import OpenHub
from tests.hubs import HandClock, lengthen_log, open_test_hub, somebody


def test_a_mirror_made_of_served_files_is_an_export_and_verifies(open_hub_here: OpenHub, tmp_path: Path) -> None:
    hub = open_hub_here()
    lengthen_log(hub, 700)
    dpo = somebody(hub, Role.DPO)
    with zipfile.ZipFile(io.BytesIO(export(hub.house, dpo))) as bundle:
        exported = {name: bundle.read(name) for name in bundle.namelist()}
    assert {name for name in exported if name.startswith("tile/1/")} == {"tile/1/000.p/2"}
    for name, content in exported.items():
        if name.startswith("tile/entries/"):
            served = entry_bundle(hub.house, dpo, name)
        elif name.startswith("tile/"):
            served = tile(hub.house, name)
        else:
            continue
        assert served == content, name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(served)
    (tmp_path / "checkpoint").write_text(latest(hub.house), encoding="utf-8")
    (size, _root), _leaves = verify_export(tmp_path, verifier_key(hub.house))
    assert size > 700


def test_what_a_checkpoint_covered_is_served_as_it_was_when_the_log_has_grown(embedded_hub: Hub) -> None:
    lengthen_log(embedded_hub, 300)
    checkpoint(embedded_hub.house)
    with embedded_hub.house.store.read(NOBODY) as tx:
        size = log.size(tx)
    path = tiles.tile_path(0, 1, size - 256)
    before = tile(embedded_hub.house, path)
    lengthen_log(embedded_hub, 300)
    with pytest.raises(NotFound, match="no checkpoint covers"):
        tile(embedded_hub.house, tiles.tile_path(0, 1))
    checkpoint(embedded_hub.house)
    assert tile(embedded_hub.house, path) == before
    assert tile(embedded_hub.house, tiles.tile_path(0, 1))[: len(before)] == before


@pytest.mark.parametrize(
    "path",
    ["tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/300", "tile/0/0", "tile/0/x000/001", "tile/64/000",
     "tile/00/000", "tile/-1/000", "tile/0/001/x001", "tile/0/" + "x999/" * 6 + "999", "tile/0/000/", "checkpoint",
     "tile/0/x999/x999/x999/x999/x999/999", "tile/63/000.p/1", "tile/8/000.p/1"],
)  # fmt: skip
def test_no_other_name_is_a_tile(embedded_hub: Hub, path: str) -> None:
    with pytest.raises(NotFound):
        tile(embedded_hub.house, path)


def test_hashes_are_for_anybody_and_entries_for_the_data_protection_officer(embedded_hub: Hub) -> None:
    assert len(tile(embedded_hub.house, "tile/0/000.p/1")) == 32
    with pytest.raises(NotFound):
        tile(embedded_hub.house, "tile/entries/000.p/1")
    for role in (Role.OFFICER, Role.ADMINISTRATOR, Role.SUPERVISOR):
        with pytest.raises(NotAllowed):
            entry_bundle(embedded_hub.house, somebody(embedded_hub, role), "tile/entries/000.p/1")
    with pytest.raises(NotFound):
        entry_bundle(embedded_hub.house, somebody(embedded_hub, Role.DPO), "tile/0/000.p/1")


def test_once_an_hour_and_in_every_export_a_checkpoint_is_signed_by_ml_dsa_as_well(tmp_path: Path) -> None:
    clock = HandClock()
    data = tmp_path / "data"
    hub = open_test_hub(data, f"sqlite:///{data / 'concordat.sqlite3'}", clock)
    try:
        theirs = parse_cosigner(lasting_key(hub.house))
        signed = [cosigned_at(latest(hub.house), theirs)]
        for minutes in (30, 29, 2, 30):
            clock.move(minutes=minutes)
            lengthen_log(hub, 1)
            signed.append(cosigned_at(checkpoint(hub.house), theirs))
        assert [at is not None for at in signed] == [True, False, False, True, False]
        with zipfile.ZipFile(io.BytesIO(export(hub.house, None))) as bundle:
            assert cosigned_at(bundle.read("checkpoint").decode(), theirs) == clock.at.replace(microsecond=0)
    finally:
        hub.house.store.close()
