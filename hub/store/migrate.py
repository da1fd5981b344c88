"""Bring a database to the schema this version expects, from empty or from any earlier one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from hub.errors import NotTrusted

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x636F6E64


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run what is missing up to `revision`, in one transaction; two hubs starting at once take turns.

    Raises NotTrusted, and changes nothing, where rows would be left that name others that are not there.
    """
    with (
        engine.connect().execution_options(concordat_write=True) as connection,
        _tables_made_anew(connection),
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise NotTrusted("MIGRATION_BROKEN", "the migration would leave rows that name others that are not there")


@contextmanager
def _tables_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, and does not let go of one that others name.

    It heeds this outside of a transaction alone; before the end of ours all names are checked.
    """
    driver = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
    if driver is not None:
        driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        if driver is not None:
            driver.execute("PRAGMA foreign_keys=ON")


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest()


@cache
def newest() -> str | None:
    """The revision that this version expects."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config
