"""One transaction, begun and ended in plain sight: `with store.write() as tx:` in a flow, and nowhere deeper.

Reading and writing are different types, so that a query room that writes cannot be given a reading.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError  # noqa: A004 - of the connection pool
from sqlalchemy.pool import ConnectionPoolEntry

from hub.errors import Unavailable
from hub.keys import KeyRing

_AUDIT_LOCK: Final = 0x636F6E63  # one number, known to every process of a hub: who holds it may number audit entries


_PATIENCE: Final = {
    "connect_timeout": 5,
    "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=120s",
}
"""How long PostgreSQL lets us wait for a connection, or for whoever holds a case; as long as SQLite's busy time-out."""


class Reading:
    """A consistent view of the store, and the keys to read its sealed content."""

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        """Made by `Store` only."""
        self.connection = connection
        self.keys = keys

    @property
    def is_sqlite(self) -> bool:
        """Whether one writer at a time is already certain."""
        return self.connection.dialect.name == "sqlite"


class Writing(Reading):
    """A transaction that changes something: all of it is durable when the block ends, or none of it."""

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        """Made by `Store` only."""
        super().__init__(connection, keys)
        self.data_keys: dict[tuple[str, str], bytes] = {}
        """Data keys opened in this transaction, by case and person; forgotten with it."""

    def lock_log(self) -> None:
        """Be the only one to number audit entries until this transaction ends. Take it last, hold it briefly."""
        if not self.is_sqlite:
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _AUDIT_LOCK})

    def insert_missing(self, table: Table, **values: object) -> bool:
        """Insert a row unless one like it is there, also one that another transaction is just adding; True if ours."""
        dialect = sqlite if self.is_sqlite else postgresql
        insert = dialect.insert(table).values(**values).on_conflict_do_nothing()
        return self.connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount == 1


class Store:
    """The database of one hub, and its keys."""

    def __init__(self, url: str, keys: KeyRing, pool_size: int = 10) -> None:
        """Connect lazily to `url`; nothing is created here (see `migrate`)."""
        self.engine = _engine(url, pool_size)
        self.keys = keys
        # SQLite has one writer; queueing here is fair and fast, queueing on its file lock is neither.
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._writer: threading.Lock | nullcontext[None] = threading.Lock() if is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """A reading of one moment, from first query to end. Raises Unavailable when the database does not answer."""
        with _telling_unavailable(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # where each query would otherwise see a moment of its own
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield Reading(connection, self.keys)

    @contextmanager
    def write(self) -> Iterator[Writing]:
        """A writing, committed at the end of the block; any exception leaves nothing behind.

        Raises Unavailable when it cannot be made durable (database away, disk full, lock not to be had).
        """
        with _telling_unavailable(), self._writer, self.engine.connect() as connection:
            begun = connection.execution_options(concordat_write=True)
            with begun.begin():
                yield Writing(begun, self.keys)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _telling_unavailable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, TimeoutError) as problem:
        raise _unavailable() from problem
    except DBAPIError as problem:
        if problem.connection_invalidated:
            raise _unavailable() from problem
        raise


def _unavailable() -> Unavailable:
    says = "the hub cannot store anything at the moment; nothing was taken"
    return Unavailable("STORE_UNAVAILABLE", says, after=5)


def _engine(url: str, pool_size: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            file = Path(parsed.database)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)  # SQLite gives its side files the mode of this one
        engine = create_engine(parsed, hide_parameters=True, pool_size=pool_size, max_overflow=pool_size)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed, hide_parameters=True, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True,
        connect_args=_PATIENCE,
    )  # fmt: skip


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "secure_delete=ON",
        "trusted_schema=OFF",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("concordat_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
