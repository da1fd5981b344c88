"""Copies and restoring: an old copy joined with the newest keys brings back all but whom was erased since."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, make_url, select
from sqlalchemy.engine.interfaces import DBAPICursor

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub, open_hub
from hub.cli import main
from hub.errors import NotFound, Unavailable
from hub.flow.checkpoint import checkpoint, verifier_key
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.erase import erase
from hub.flow.export import export
from hub.flow.refer import refer
from hub.flow.retain import run
from hub.intake import referrals
from hub.register.erasures import ErasureGround
from hub.settings import Settings
from hub.store import backup, content, migrate
from hub.store.scope import EVERY
from hub.store.tables import data_key, disclosure, landlord_key, sealed
from hub.store.unit_of_work import Store
from tests import logs
from tests.cases import FIRE, JAG, Case
from tests.hubs import lengthen_log, open_test_hub, somebody
from tests.journeys.people import entries_of, verify
from tests.servers import as_owner, fresh_database

GROUND = ErasureGround.OBJECTION
ROOT = Path(__file__).parents[3]


def command(hub: Hub, *words: str) -> Result:
    return CliRunner().invoke(main, list(words), env={"CONCORDAT_DATA_DIR": str(hub.settings.data_dir)})


def told(hub: Hub, officer: Actor) -> tuple[str, str]:
    case = Case((JAG, FIRE))
    referral = refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
    with hub.house.store.read(EVERY) as tx:
        return referral, referrals.landlord_and_case(tx, referral)[1]


def database(hub: Hub) -> Path:
    return Path(hub.settings.database.removeprefix("sqlite:///"))


@contextmanager
def without_database(hub: Hub) -> Iterator[Hub]:
    """The hub stopped, and its database gone; open again afterwards."""
    hub.house.store.close()
    for path in database(hub).parent.glob(database(hub).name + "*"):
        path.unlink()
    yield hub


def opened(hub: Hub) -> Hub:
    return open_hub(Settings(data_dir=hub.settings.data_dir), create=False)


def check_restored(hub: Hub, officer: Actor, *, gone: tuple[str, str], there: tuple[str, str], folder: Path) -> None:
    """The erased are gone for good, everybody else is there, and the log verifies and says who was erased."""
    with pytest.raises(NotFound):
        read_referral(hub.house, officer, gone[0])
    with hub.house.store.read(EVERY) as tx:
        kept = content.read_classes(tx, gone[1], [gone[0]], referrals.PART).get(gone[0], {})
        rows = tx.connection.execute(
            select(func.count()).select_from(sealed).where(sealed.c.case_id == gone[1], sealed.c.subject == "p1")
        ).scalar_one()
        states = tx.connection.execute(select(disclosure.c.state).where(disclosure.c.case_id == gone[1])).scalars()
        assert set(states) == {"cancelled"}
    assert set(kept) == {"p2", "p3"}
    assert rows == 0
    assert len(read_referral(hub.house, officer, there[0]).disclosures) == 2
    checkpoint(hub.house)
    packed = export(hub.house, None)
    assert verify(packed, verifier_key(hub.house), folder).returncode == 0
    assert [entry["kind"] for entry in entries_of(packed)].count("subject.erased") == 1


def test_an_old_copy_with_the_newest_keys_brings_back_all_but_the_erased(embedded_hub: Hub, tmp_path: Path) -> None:
    hub = embedded_hub
    officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, Role.DPO)
    gone, there = told(hub, officer), told(hub, officer)
    assert command(hub, "backup", str(tmp_path / "monday")).exit_code == 0
    erase(hub.house, dpo, gone[0], "p1", GROUND)
    told(hub, officer)  # a case that the copy of the content does not know
    assert command(hub, "backup", str(tmp_path / "tuesday")).exit_code == 0

    with without_database(hub):
        done = command(hub, "restore", str(tmp_path / "monday/content.sqlite3"), str(tmp_path / "tuesday/keys.sqlite3"))
    assert done.exit_code == 0, done.output
    assert "1 erasures since were repeated" in done.output
    assert "The log ends after" in done.output
    assert database(hub).stat().st_mode & 0o777 == 0o600

    restored = opened(hub)
    check_restored(restored, officer, gone=gone, there=there, folder=tmp_path)
    assert deliver_due(restored.house, "w1", 10) == 1  # of the other case; the fire service fetches its own
    restored.house.store.close()


def test_even_with_the_old_keys_nothing_needs_them_the_copy_of_the_content_holds_no_key(
    embedded_hub: Hub, tmp_path: Path
) -> None:
    hub = embedded_hub
    told(hub, somebody(hub, Role.OFFICER))
    command(hub, "backup", str(tmp_path / "copy"))
    with hub.house.store.read(EVERY) as tx:
        keys = [
            bytes(key) for column in (data_key.c.wrapped, landlord_key.c.wrapped)
            for key in tx.connection.execute(select(column)).scalars()
        ]  # fmt: skip
        pieces = [bytes(piece) for piece in tx.connection.execute(select(sealed.c.content)).scalars()]
    of_content, of_keys = ((tmp_path / "copy" / name).read_bytes() for name in ("content.sqlite3", "keys.sqlite3"))
    assert len(keys) > 10
    assert not [key for key in keys if key[5:29] in of_content]
    assert all(key[5:29] in of_keys for key in keys)
    assert not [piece for piece in pieces if piece[5:29] in of_keys]
    assert all(piece[5:29] in of_content for piece in pieces)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "copy").iterdir()} == {0o600}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"content.sqlite3", "keys.sqlite3"}


def test_a_copy_restored_at_once_is_the_database_that_was_but_for_the_entry_that_says_so(
    embedded_hub: Hub, tmp_path: Path
) -> None:
    hub = embedded_hub
    told(hub, somebody(hub, Role.OFFICER))
    command(hub, "backup", str(tmp_path / "copy"))
    before = rows(database(hub))
    with without_database(hub):
        done = command(hub, "restore", str(tmp_path / "copy/content.sqlite3"), str(tmp_path / "copy/keys.sqlite3"))
    assert done.output == "Restored. 0 erasures since were repeated.\n"
    check_same(database(hub), before)


def check_same(file: Path, before: dict[str, list[object]]) -> None:
    """All is as it was, and the log has one entry more."""
    after = rows(file)
    assert {name for name in after if after[name] != before[name]} <= {"audit_entry", "audit_head", "audit_node"}
    (more,) = set(after["audit_entry"]) - set(before["audit_entry"])
    assert "backup.restored" in str(more)
    assert set(before["audit_entry"]) < set(after["audit_entry"])
    assert set(before["audit_node"]) <= set(after["audit_node"])


def test_a_copy_holds_the_entry_that_it_was_begun_and_the_log_tells_what_was_restored(
    embedded_hub: Hub, tmp_path: Path
) -> None:
    hub = embedded_hub
    size = logs.size(hub.house.store)
    assert command(hub, "backup", str(tmp_path / "monday")).exit_code == 0
    assert logs.size(hub.house.store) == size + 1
    told(hub, somebody(hub, Role.OFFICER))
    assert command(hub, "backup", str(tmp_path / "tuesday")).exit_code == 0
    known = logs.size(hub.house.store)
    with without_database(hub):
        done = command(hub, "restore", str(tmp_path / "monday/content.sqlite3"), str(tmp_path / "tuesday/keys.sqlite3"))
    assert done.exit_code == 0, done.output
    restored = opened(hub)
    begun, since = logs.entries(restored.house.store)[size:]
    assert (begun.kind, dict(begun.facts)) == (EntryKind.BACKUP_BEGUN, {"size": size})
    assert (since.kind, dict(since.facts)) == (EntryKind.BACKUP_RESTORED, {"size": size + 1, "known": known})
    packed = export(restored.house, None)
    assert verify(packed, verifier_key(restored.house), tmp_path).returncode == 0
    restored.house.store.close()


def test_no_copy_and_no_restored_database_is_there_without_its_entry(
    embedded_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = embedded_hub
    files = [str(tmp_path / "copy" / name) for name in ("content.sqlite3", "keys.sqlite3")]

    def full(*_: object) -> None:
        raise Unavailable("STORE_FULL", "the disk is full", after=1)

    with monkeypatch.context() as patched:
        patched.setattr("hub.flow.back_up.log.append", full)
        assert "[STORE_FULL]" in command(hub, "backup", str(tmp_path / "copy")).output
    assert not (tmp_path / "copy").exists()
    assert command(hub, "backup", str(tmp_path / "copy")).exit_code == 0
    with without_database(hub):
        with monkeypatch.context() as patched:
            patched.setattr("hub.flow.back_up.log.append", full)
            assert "[STORE_FULL]" in command(hub, "restore", *files).output
        assert not list(database(hub).parent.glob("concordat.sqlite3*"))
        assert command(hub, "restore", *files).exit_code == 0


def rows(file: Path) -> dict[str, list[object]]:
    connection = sqlite3.connect(file)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}  # noqa: S608
    connection.close()
    return found  # type: ignore[return-value]


def test_keys_older_than_the_content_are_refused(embedded_hub: Hub, tmp_path: Path) -> None:
    hub = embedded_hub
    command(hub, "backup", str(tmp_path / "monday"))
    told(hub, somebody(hub, Role.OFFICER))
    command(hub, "backup", str(tmp_path / "tuesday"))
    with without_database(hub):
        done = command(hub, "restore", str(tmp_path / "tuesday/content.sqlite3"), str(tmp_path / "monday/keys.sqlite3"))
        assert done.exit_code == 1
        assert "[KEYS_OLDER]" in done.output
        assert not list(database(hub).parent.glob("concordat.sqlite3*"))


def test_nothing_is_written_over_neither_a_database_nor_a_copy(embedded_hub: Hub, tmp_path: Path) -> None:
    hub = embedded_hub
    assert command(hub, "backup", str(tmp_path / "copy")).exit_code == 0
    assert "[COPY_THERE]" in command(hub, "backup", str(tmp_path / "copy")).output
    files = [str(tmp_path / "copy" / name) for name in ("content.sqlite3", "keys.sqlite3")]
    assert "[DATABASE_THERE]" in command(hub, "restore", *files).output


@pytest.mark.parametrize("at", [1, 7, 30])
def test_a_copy_that_fails_leaves_nothing_and_the_next_one_into_that_folder_is_whole(
    embedded_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    hub, to, filled, fill = embedded_hub, tmp_path / "copy", list[str](), backup._fill
    told(hub, somebody(hub, Role.OFFICER))

    def filling(connection: DBAPICursor, table: str, rows: str) -> None:
        filled.append(table)
        if len(filled) == at:
            raise sqlite3.OperationalError("database or disk is full")
        fill(connection, table, rows)

    with monkeypatch.context() as patched:
        patched.setattr(backup, "_fill", filling)
        assert "[COPY_NOT_MADE]" in command(hub, "backup", str(to)).output
    assert not list(to.iterdir())
    assert command(hub, "backup", str(to)).exit_code == 0
    before = rows(database(hub))
    with without_database(hub):
        assert command(hub, "restore", str(to / "content.sqlite3"), str(to / "keys.sqlite3")).exit_code == 0
    check_same(database(hub), before)


def test_a_disk_that_is_full_just_before_the_copy_is_whole_gives_no_copy(embedded_hub: Hub, tmp_path: Path) -> None:
    """SQLite writes everything beside the file, and only at the end into it. Here there is room for the first alone.

    On a disk in memory, mounted for one process alone.
    """
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no disk of its own could be filled: nobody may mount anything here")
    lengthen_log(embedded_hub, 3_000)
    assert command(embedded_hub, "backup", str(tmp_path / "whole")).exit_code == 0
    size = int((tmp_path / "whole/content.sqlite3").stat().st_size * 1.35)
    disk = tmp_path / "disk"
    disk.mkdir()
    script = """
        mount -t tmpfs -o size="$1" tmpfs "$2" || exit 77
        "$3" -m hub backup "$2/copy"
        echo "ended $?"
        ls -A "$2/copy"
    """
    tried = subprocess.run(
        [*alone, "sh", "-c", script, "sh", str(size), str(disk), sys.executable], cwd=ROOT, text=True,
        capture_output=True, check=False, env=os.environ | {"CONCORDAT_DATA_DIR": str(embedded_hub.settings.data_dir)},
    )  # fmt: skip
    if tried.returncode == 77:
        pytest.skip("no disk of its own could be mounted")
    assert "[COPY_NOT_MADE]" in tried.stderr
    assert "Traceback" not in tried.stderr
    assert tried.stdout == "ended 1\n"


def test_a_copy_that_was_killed_has_not_the_name_of_one_and_is_told_of(embedded_hub: Hub, tmp_path: Path) -> None:
    """kill -9 before either file has its name."""
    for nth in (0, 1):
        to = tmp_path / str(nth)
        writer = get_context("fork").Process(target=_killed_at, args=(embedded_hub, to, nth))
        writer.start()
        writer.join(60)
        assert writer.exitcode == -signal.SIGKILL
        assert {path.name for path in to.iterdir()} == {"unfinished"} | ({"content.sqlite3"} if nth else set())
        told_of = command(embedded_hub, "backup", str(to)).output
        assert "[COPY_THERE]" in told_of
        assert "'unfinished', to be deleted" in told_of


def _killed_at(hub: Hub, to: Path, nth: int) -> None:
    rename, left = Path.rename, [nth]

    def renaming(path: Path, target: Path) -> Path:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return rename(path, target)

    Path.rename = renaming  # type: ignore[assignment, method-assign]
    backup.copy(Store(hub.settings.database, hub.house.keys), to)


def test_a_copy_without_a_row_is_refused_in_a_sentence(embedded_hub: Hub, tmp_path: Path) -> None:
    """What a backup left that ran before copies came by their names at the end: tables, and nothing in them."""
    hub = embedded_hub
    command(hub, "backup", str(tmp_path / "copy"))
    half = Store(f"sqlite:///{tmp_path / 'half.sqlite3'}", hub.house.keys)
    migrate.upgrade(half.engine)
    half.close()
    (tmp_path / "empty.sqlite3").touch()
    with without_database(hub):
        for files in (("half.sqlite3", "empty.sqlite3"), ("half.sqlite3", "copy/keys.sqlite3")):
            done = command(hub, "restore", *(str(tmp_path / name) for name in files))
            assert done.exit_code == 1
            assert "begun and never finished; take another [COPY_DAMAGED]" in done.output
            assert not list(database(hub).parent.glob("concordat.sqlite3*"))


def test_a_file_that_is_no_copy_is_refused_and_leaves_nothing(embedded_hub: Hub, tmp_path: Path) -> None:
    hub = embedded_hub
    command(hub, "backup", str(tmp_path / "copy"))
    (tmp_path / "words").write_text("no database at all\n" * 400)
    with without_database(hub):
        for files in (("words", "copy/keys.sqlite3"), ("copy/content.sqlite3", "words")):
            done = command(hub, "restore", *(str(tmp_path / name) for name in files))
            assert "[COPY_DAMAGED]" in done.output
            assert not list(database(hub).parent.glob("concordat.sqlite3*"))


@pytest.mark.postgresql
@pytest.mark.skipif(not (shutil.which("pg_dump") and shutil.which("psql")), reason="pg_dump and psql are not installed")
def test_on_postgresql_the_two_dumps_of_the_manual_do_the_same(tmp_path: Path) -> None:
    with fresh_database() as url, fresh_database() as other:
        hub = open_test_hub(tmp_path / "data", url)
        officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, Role.DPO)
        gone, there = told(hub, officer), told(hub, officer)
        dump(url, tmp_path / "content.sql", 0)
        erase(hub.house, dpo, gone[0], "p1", GROUND)
        told(hub, officer)
        dump(url, tmp_path / "keys.sql", 1)
        hub.house.store.close()
        assert "COPY public.data_key " not in (tmp_path / "content.sql").read_text()
        for name in ("content.sql", "keys.sql"):
            psql(other, tmp_path / name)

        restored = open_test_hub(tmp_path / "data", other)

        assert len(run(restored.house, dry_run=False).repeated) == 1
        check_restored(restored, officer, gone=gone, there=there, folder=tmp_path)
        restored.house.store.close()


MANUAL = ROOT / "docs" / "backups.md"


def dump(url: str, file: Path, number: int) -> None:
    """One of the two commands of docs/backups.md, as it stands there."""
    lines = [line.strip() for line in MANUAL.read_text().replace("\\\n", " ").splitlines()]
    words = [line for line in lines if line.startswith("pg_dump")][number].partition(">")[0].split()
    with file.open("wb") as out:
        subprocess.run(words, env=reaching(url), stdout=out, check=True)


def psql(url: str, file: Path) -> None:
    subprocess.run(["psql", "--quiet", "--file", str(file)], env=reaching(url), check=True, capture_output=True)


def reaching(url: str) -> dict[str, str]:
    """The variables by which the programs of PostgreSQL find the database, for a role that no policy holds."""
    found = make_url(as_owner(url))
    given = {"PGHOST": found.host, "PGPORT": found.port, "PGUSER": found.username, "PGPASSWORD": found.password,
             "PGDATABASE": found.database}  # fmt: skip
    return os.environ | {name: str(value) for name, value in given.items() if value is not None}
