"""One transaction, begun and ended in plain sight: `with store.write(scope) as tx:` in a flow, and nowhere deeper.

Reading and writing are different types, so that a query room that writes cannot be given a reading.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from hub.keys import Key, KeyRing
from hub.store.afterwards import Afterwards
from hub.store.commits import Commits, EachItsOwn, Shared
from hub.store.parts import Finish, Part
from hub.store.scope import Scope
from hub.store.scoped import Scoped
from hub.store.space import Space
from hub.store.troubles import telling_unavailable
from hub.store.walls import Gate, Passage

_AUDIT_LOCK: Final = 0x636F6E63  # one number, known to every process of a hub: who holds it may number audit entries
_FEEDS_LOCK: Final = 0x636F6E66  # likewise: who holds it may add to the feeds, which their readers follow by position
_REGISTERS_LOCK: Final = 0x636F6E65  # likewise: who holds it alone may stop an agreement, a document or an agency


_PATIENCE: Final = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=120s",
}
"""How long PostgreSQL lets us wait for a connection, for a server that is gone without a word, or for whoever holds a
case; the last as long as SQLite's busy time-out."""

_POOL_SECONDS: Final = 10
"""How long one waits for a connection that others use; those in front of it wait no longer than `_PATIENCE` says."""


_SCRUB_WAITS_MS: Final = 2_000


class Reading:
    """A consistent view of the store within one scope, and the keys to read its sealed content."""

    def __init__(self, connection: Connection, keys: KeyRing, scope: Scope) -> None:
        """Made by `Store` only."""
        self.connection = Scoped(connection, scope)
        self.keys = keys
        self.scope = scope
        self.opened: set[str] = set()
        """Cases that this very transaction opened: nothing about them is on file that it did not put there."""

    @property
    def is_sqlite(self) -> bool:
        """Whether one writer at a time is already certain."""
        return self.connection.dialect.name == "sqlite"


class Writing(Reading):
    """A transaction that changes something: all of it is durable when the block ends, or none of it."""

    def __init__(self, part: Part, keys: KeyRing, scope: Scope, afterwards: Afterwards, passage: Passage) -> None:
        """Made by `Store` only."""
        super().__init__(part.connection, keys, scope)
        self.connection.changed = part.changed
        self.afterwards = afterwards
        self._part, self._passage = part, passage
        self.data_keys: dict[tuple[str, ...], Key] = {}
        """Data keys opened in this transaction, by case, person and class; forgotten with it."""

    @contextmanager
    def within(self, scope: Scope) -> Iterator["Writing"]:
        """The same transaction seeing one landlord's rows alone, for a journey that serves several in one commit."""
        self.connection.settle()
        self._passage.enter(scope)
        narrower = Writing(self._part, self.keys, scope, self.afterwards, self._passage)
        narrower.data_keys, narrower.opened = self.data_keys, self.opened
        yield narrower
        narrower.connection.settle()
        self._passage.enter(self.scope)

    def hold_registers(self, *, to_stop: bool = False) -> None:
        """What counts stays so until this transaction ends; `to_stop`: wait for whoever relies on it, and be alone.

        A release that read an agreement as counting is committed before its suspension is, or reads it as suspended.
        Take it first: before the case, before the log.
        """
        if not self.is_sqlite:
            lock = func.pg_advisory_xact_lock if to_stop else func.pg_advisory_xact_lock_shared
            self.connection.execute(select(lock(_REGISTERS_LOCK)))

    def lock_log(self) -> None:
        """Be the only one to number audit entries until this transaction ends. Take it last, hold it briefly."""
        self._be_alone(_AUDIT_LOCK)

    def lock_feeds(self) -> None:
        """Be the only one to add to the feeds until this transaction ends: who reads on from a position misses none."""
        self._be_alone(_FEEDS_LOCK)

    def leave(self, finish: Finish, left: Sequence[Any]) -> None:
        """Have something done at the end, right before the commit: once, for all who share it."""
        self._part.left.add(finish, left)

    def finish(self) -> None:
        """Have it done now: of this transaction, and of those before it that share its commit."""
        self.connection.settle()
        self._part.finish()

    def insert_missing(self, table: Table, **values: object) -> bool:
        """Insert a row unless one like it is there, also one that another transaction is just adding; True if ours."""
        dialect = sqlite if self.is_sqlite else postgresql
        insert = dialect.insert(table).values(**values).on_conflict_do_nothing()
        return self.connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount == 1

    def _be_alone(self, lock: int) -> None:
        self.connection.settle()  # others wait from here on
        if not self.is_sqlite:
            self.connection.execute(select(func.pg_advisory_xact_lock(lock)))


class Store:
    """The database of one hub, and its keys."""

    def __init__(self, url: str, keys: KeyRing, pool_size: int = 10, least_free: int = 0) -> None:
        """Connect lazily to `url`; nothing is created here (see `migrate`). `least_free`: bytes, see `Space`."""
        self.engine = _engine(url, pool_size)
        self.space = Space(_folder_of(url), least_free)
        self.keys = keys
        self._gate = Gate(keys)
        # SQLite has one writer; queueing here is fair and fast, queueing on its file lock is neither.
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._commits: Commits = Shared(self.engine) if is_sqlite else EachItsOwn(self.engine)

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Reading]:
        """A reading of one moment within a scope, from first query to end.

        Raises Unavailable when the database does not answer, and NotTrusted when it does not take the scope.
        """
        with telling_unavailable(self.space), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # where each query would otherwise see a moment of its own
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                self._gate.enter(connection, scope)
                yield Reading(connection, self.keys, scope)

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Writing]:
        """A writing within a scope, committed at the end of the block; any exception leaves nothing behind.

        Raises Unavailable when it cannot be made durable (database away, disk full, lock not to be had), and
        NotTrusted when the database does not take the scope.
        """
        with Afterwards() as afterwards, telling_unavailable(self.space), self._commits.part() as part:
            tx = Writing(part, self.keys, scope, afterwards, self._gate.enter(part.connection, scope))
            yield tx
            tx.connection.settle()

    def scrub(self) -> bool:
        """Leave nothing of what was deleted in the write-ahead log; False where a long reading keeps it for now.

        SQLite: with `secure_delete` the pages hold nothing any more, but the log beside them does until it is emptied.
        PostgreSQL keeps deleted rows until VACUUM, as the server is set to do (docs/retention.md).
        """
        if self.engine.dialect.name != "sqlite":
            return True
        with telling_unavailable(self.space), self._commits.alone():
            connection = self.engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA busy_timeout={_SCRUB_WAITS_MS}")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = cursor.fetchone()
            finally:
                connection.invalidate()  # with its own patience; the next one is made with that of the others
        return row is not None and row[0] == 0

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def _folder_of(url: str) -> Path | None:
    """The folder of a database that is a file here."""
    parsed = make_url(url)
    return Path(parsed.database).parent if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _engine(url: str, pool_size: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            file = Path(parsed.database)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)  # SQLite gives its side files the mode of this one
        engine = create_engine(
            parsed, hide_parameters=True, pool_size=pool_size, max_overflow=pool_size, pool_timeout=_POOL_SECONDS
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed, hide_parameters=True, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True,
        pool_timeout=_POOL_SECONDS, connect_args=_PATIENCE,
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
