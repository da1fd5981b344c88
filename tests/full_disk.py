"""A disk that is really full: `python -m tests.full_disk sqlite|postgresql`, in a mount namespace of its own.

    unshare --mount env CONCORDAT_DISK_FLOOR_MB=0 python -m tests.full_disk sqlite

A small file system in memory, mounted for this process alone, holds the hub and its database. A file beside them fills
it to the last byte, again and again with some room more: what is refused leaves nothing behind, what was accepted is
there, and once there is room again everything goes on without a restart.
"""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select, text

from hub.access.roles import Actor, Role
from hub.audit import log
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.errors import Unavailable
from hub.flow.deliver import deliver_due
from hub.flow.refer import refer
from hub.store.scope import EVERY, NOBODY
from hub.store.tables import disclosure, referral
from tests import logs
from tests.cases import JAG, POLICE, Case
from tests.hubs import migrate_as_owner, open_test_hub, somebody
from tests.journeys.waiting import until
from tests.kills.servers import OwnPostgres
from tests.servers import fresh_database

_MIB = 1024 * 1024
SIZES = {"sqlite": 24, "postgresql": 160}
"""MiB of the disk; a new PostgreSQL cluster takes some forty, and sixteen for each piece of its write-ahead log."""

LEFT = (0, 40 * 1024, 400 * 1024)
"""Bytes that are left free, one after another: it runs full at another place each time."""

_ASKS = (POLICE, JAG)


class FullDisk:
    """A disk, and a file that fills it."""

    def __init__(self, folder: Path, size: int) -> None:
        """Mount it; it is gone with the namespace."""
        self.folder = folder
        self._ballast = folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=0755", "tmpfs", str(folder)], check=True)

    def fill(self, left: int) -> None:
        """Leave so many bytes and no more."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 65_536) == 65_536:
                    pass
            except OSError:
                pass
            file.truncate(max(0, file.tell() - left))

    def empty(self) -> None:
        """Take the file away."""
        self._ballast.unlink()


def _send(hub: Hub, officer: Actor, *, danger: bool) -> str:
    case = Case(_ASKS)
    raw = case.raw().replace(b'"medium"', b'"immediate_danger"') if danger else case.raw()
    return refer(hub.house, officer, raw, f"key-{case.tag}").referral_id


def course(disk: FullDisk, hub: Hub) -> None:
    """Fill it and empty it. Raises AssertionError for anything that was lost, left half done, or did not go on."""
    officer = somebody(hub, Role.OFFICER)
    accepted = [_send(hub, officer, danger=True) for _ in range(2)]
    for left in LEFT:
        disk.fill(left)
        codes: list[str] = []
        while len(codes) < 3:
            try:
                # Danger, for it is tried whatever is known of the disk.
                accepted.append(_send(hub, officer, danger=True))
            except Unavailable as problem:
                codes.append(problem.code)
        assert "STORE_FULL" in codes, codes
        with pytest.raises(Unavailable, match="no room"):
            _send(hub, officer, danger=False)
        with hub.house.store.read(EVERY) as tx:
            assert set(tx.connection.execute(select(referral.c.id)).scalars()) == set(accepted)
        disk.empty()
        accepted.append(_send(hub, officer, danger=True))
    until(lambda: not hub.house.store.space.is_short(), "the hub sees by itself that there is room")
    accepted.append(_send(hub, officer, danger=False))
    _check(disk, hub, accepted)


def _check(disk: FullDisk, hub: Hub, accepted: list[str]) -> None:
    """Exactly what was accepted is there, whole and logged, and goes."""
    house = hub.house
    with house.store.read(NOBODY) as tx:
        log.check_head(tx)
    entries = logs.entries(house.store)
    logged = [entry.facts["referral"] for entry in entries if entry.kind is EntryKind.REFERRAL_ACCEPTED]
    assert sorted(map(str, logged)) == sorted(accepted)
    with house.store.read(EVERY) as tx:
        rows = tx.connection.execute(select(disclosure.c.referral_id, disclosure.c.id)).all()
    assert sorted(row.referral_id for row in rows) == sorted(accepted * len(_ASKS))
    if house.store.engine.dialect.name == "sqlite":
        with house.store.engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
    while deliver_due(house, "after", 1_000):
        pass
    packs = [path.name for path in (disk.folder / "out").iterdir()]
    assert len(packs) == len(rows)
    assert all(any(row.id in name for name in packs) for row in rows)


def _on_sqlite(disk: FullDisk) -> None:
    hub = open_test_hub(disk.folder / "data", f"sqlite:///{disk.folder / 'data' / 'concordat.sqlite3'}")
    course(disk, hub)
    hub.house.store.close()


def _on_postgresql(disk: FullDisk) -> None:
    tempfile.tempdir = str(disk.folder)  # where the cluster makes its folder
    with ExitStack() as ending:
        server = OwnPostgres()
        ending.callback(server.stop)
        url = ending.enter_context(fresh_database(server.url))
        data = disk.folder / "data"
        data.mkdir(mode=0o700)
        migrate_as_owner(data, url, server.url)
        hub = open_test_hub(data, url, create=False)
        course(disk, hub)
        hub.house.store.close()


def main(kind: str) -> None:
    """The whole course on one kind of database."""
    with tempfile.TemporaryDirectory() as folder:
        disk = FullDisk(Path(folder), SIZES[kind])
        try:
            _on_sqlite(disk) if kind == "sqlite" else _on_postgresql(disk)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
    sys.stdout.write(f"full disk, {kind}: nothing lost, nothing half done\n")


if __name__ == "__main__":
    main(sys.argv[1])
