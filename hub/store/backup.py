"""Backups of the embedded database as two files: the content, which may be kept long, and the keys, which may not.

An old copy of the content joined with the newest keys brings back all but what was erased since. No key is ever
written into the file of the content, not even for a moment. The keys are wrapped: without the key folder they are
worth nothing.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.util import CommandError
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DatabaseError, OperationalError

from hub.errors import Conflict, NotTrusted, Unavailable
from hub.keys import KeyRing
from hub.store import migrate
from hub.store.tables import metadata
from hub.store.unit_of_work import Store

CONTENT, KEYS = "content.sqlite3", "keys.sqlite3"

KEY_TABLES: Final = ("landlord_key", "data_key")
"""In the keys' file alone."""

_WITH_KEYS: Final = (*KEY_TABLES, "erasure", "audit_head", "alembic_version")
"""Who was erased, and how long the log is, go with the keys too: an older copy of the content does not know it."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How many entries the log of the restored content has, and how many it had when the keys were copied."""

    entries: int
    entries_known: int


def copy(store: Store, folder: Path) -> tuple[Path, Path]:
    """Copy one moment of the database into two new files of mode 0600; the hub may go on working.

    They have their names once both are whole and on the disk; where that fails, neither is there. Raises Conflict where
    either is there already, or was begun; Unavailable where they cannot be written whole.
    """
    try:
        return _copied(store, folder)
    except (OSError, sqlite3.OperationalError, OperationalError) as problem:
        says = (
            "the copy could not be made whole, as where a disk has no room or a folder may not be written; none was "
            "left there; make room, or name another folder"
        )
        raise Unavailable("COPY_NOT_MADE", says, after=60) from problem


def _copied(store: Store, folder: Path) -> tuple[Path, Path]:
    content, keys = folder / CONTENT, folder / KEYS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _begun(folder / "unfinished") as unfinished:
        if content.exists() or keys.exists():
            raise Conflict("COPY_THERE", "there is a copy in that folder already; name a new folder")
        _write(store, unfinished / CONTENT, unfinished / KEYS)
        for path in (unfinished / CONTENT, unfinished / KEYS):
            _sync(path)
        try:
            (unfinished / CONTENT).rename(content)
            (unfinished / KEYS).rename(keys)
            _sync(folder)
        except OSError:
            for path in (content, keys):
                path.unlink(missing_ok=True)
            raise
    return content, keys


@contextmanager
def _begun(folder: Path) -> Iterator[Path]:
    """A new folder that goes at the end with all that is in it. Raises Conflict where one is there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        says = (
            "another run is at work in that folder, or was killed there and left a folder 'unfinished', to be deleted; "
            "name a new folder"
        )
        raise Conflict("COPY_THERE", says) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _write(store: Store, content: Path, keys: Path) -> None:
    keys.touch(mode=0o600)
    with closing(Store(f"sqlite:///{content}", store.keys)) as empty:
        migrate.upgrade(empty.engine)
    with _attached(store, content=content, keys=keys) as connection:
        connection.execute("BEGIN")
        for table in (table.name for table in metadata.sorted_tables if table.name not in KEY_TABLES):
            _fill(connection, f"content.{table}", f"main.{table}")
        for table in _WITH_KEYS:  # without what they name: it stands in the other file
            connection.execute(f"CREATE TABLE keys.{table} AS SELECT * FROM main.{table}")  # noqa: S608  # nosec B608
        connection.execute("COMMIT")
        # Closing would fold the log into the one file as well, but say nothing where the disk has no room for that.
        connection.execute("PRAGMA content.wal_checkpoint(TRUNCATE)")


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk itself."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def join(content: Path, keys: Path, database: Path, ring: KeyRing, record: Callable[[Store, Joined], None]) -> Joined:
    """Make a database of this version of a copy of the content and of newer keys.

    `record` puts it on record in there before it is the database. Raises Conflict where a database is there, or the
    keys are older than the content; NotTrusted for a file that is no copy. Nothing is left behind then.
    """
    if database.exists():
        raise Conflict("DATABASE_THERE", "there is a database already; stop the hub and move it away first")
    made, newest = (database.with_name(f"{database.name}.{part}.part") for part in ("content", "keys"))
    try:
        for source, path in ((content, made), (keys, newest)):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            shutil.copyfile(source, path)
        found = _joined(made, newest, ring, record)
        made.rename(database)
    except (sqlite3.DatabaseError, DatabaseError, CommandError):
        says = (
            "one of the files is no copy that 'concordat backup' of this version or an earlier one made, or is damaged"
        )
        raise NotTrusted("COPY_DAMAGED", says) from None
    finally:
        for path in (made, newest):
            for side in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + side).unlink(missing_ok=True)
    return found


def _joined(content: Path, keys: Path, ring: KeyRing, record: Callable[[Store, Joined], None]) -> Joined:
    store = Store(f"sqlite:///{content}", ring)
    try:
        with _attached(store, keys=keys) as connection:
            then, known = (_only(connection, f"SELECT size FROM {name}.audit_head") for name in ("main", "keys"))  # noqa: S608  # nosec B608
            version = str(_only(connection, "SELECT version_num FROM keys.alembic_version"))
        if known < then:
            raise Conflict("KEYS_OLDER", "these keys are older than the content; take the newest copy of the keys, or "
                           "whoever was erased since would be back")  # fmt: skip
        migrate.upgrade(store.engine, version)
        with _attached(store, keys=keys) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table in KEY_TABLES:  # a migration may have made some of its own
                connection.execute(f"DELETE FROM main.{table}")  # noqa: S608  # nosec B608
            _fill(connection, "main.landlord_key", "keys.landlord_key")
            _fill(connection, "main.data_key", "keys.data_key WHERE case_id IN (SELECT id FROM main.case_file)")
            _fill(connection, "main.erasure", "keys.erasure WHERE id NOT IN (SELECT id FROM main.erasure)")
            connection.execute("COMMIT")
        migrate.upgrade(store.engine)
        found = Joined(then, known)
        record(store, found)
    finally:
        store.close()  # the last connection folds its log into the one file
    return found


@contextmanager
def _attached(store: Store, **files: Path) -> Iterator[DBAPICursor]:
    """A connection of the database with other files beside it; nobody else gets it afterwards."""
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        for name, path in files.items():
            cursor.execute(f"ATTACH DATABASE ? AS {name}", (str(path),))
        yield cursor
    finally:
        connection.invalidate()


def _fill(connection: DBAPICursor, table: str, rows: str) -> None:
    """Put rows into a table that has the same columns, and perhaps more."""
    schema, _, name = rows.partition(" ")[0].partition(".")
    connection.execute("SELECT name FROM pragma_table_info(?, ?)", (name, schema))
    columns = ", ".join(f'"{column.replace(chr(34), 2 * chr(34))}"' for (column,) in connection.fetchall())
    connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows}")  # noqa: S608  # nosec B608


def _only(connection: DBAPICursor, question: str) -> Any:  # noqa: ANN401 - one value of any column
    """The one value that every whole copy has there. Raises NotTrusted where there is none."""
    connection.execute(question)
    row = connection.fetchone()
    if row is None:
        raise NotTrusted("COPY_DAMAGED", "one of the files is a copy that was begun and never finished; take another")
    return row[0]
