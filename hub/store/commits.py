"""How writings become durable: on SQLite several by one commit, on PostgreSQL each by its own.

SQLite lets one write at a time, and a commit waits for the disk. So whoever is done while others wait for their turn
leaves the commit to them: one by one they write in the same transaction, each behind a savepoint of its own, and the
last commits for all. Nobody is told before that commit is done: not that it is durable, and no refusal either, which
may rest on what another wrote. PostgreSQL gathers commits itself.

An interrupt (Ctrl-C) may come before any line. So a commit is broken whenever somebody is at it, until that is mended;
what ends a turn or a commit may be done twice, and is.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final, Protocol, cast

from sqlalchemy import Engine, Table, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from hub.store.parts import Leftover, Part
from hub.store.scope import NOBODY
from hub.store.scoped import Scoped
from hub.store.troubles import away

_LONGEST: Final = 0.01
"""Seconds after which a commit waits for no further writer: whoever wrote first is kept waiting no longer than that."""

_MOST: Final = 256
_LOOKS_AGAIN: Final = 0.25
"""Seconds after which who waits for a commit looks whether anybody is still there to make it."""


class Commits(Protocol):
    """Makes what writers do durable."""

    def part(self) -> AbstractContextManager[Part]:
        """Write, and be durable when the block ends; an exception undoes what the block did, and nothing else.

        Raises what the database says where the commit fails: nothing of it is there then.
        """
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Nobody of this process writes, and nothing waits for a commit."""
        ...


class EachItsOwn:
    """For a server that lets many write at once."""

    def __init__(self, engine: Engine) -> None:
        """Connects when asked to."""
        self._engine = engine

    @contextmanager
    def part(self) -> Iterator[Part]:
        """As `Commits` says."""
        with self._engine.connect() as connection, connection.begin():
            part = Part(connection)
            yield part
            part.finish()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Others may write: they do not wait for each other here."""
        yield


class Shared:
    """For SQLite: one turn after another, and one commit for those who came while it was not made."""

    def __init__(self, engine: Engine) -> None:
        """Connects when asked to. Its connections begin a writing where the option `concordat_write` says so."""
        self._engine = engine
        self._lock = threading.RLock()
        self._awaiting: set[object] = set()
        """Those who wait for their turn to write."""
        self._open: _Commit | None = None
        event.listen(engine, "invalidate", _undo_at_once)

    @contextmanager
    def part(self) -> Iterator[Part]:
        """As `Commits` says."""
        commit, who = None, object()
        try:
            self._awaiting.add(who)
            with self._turn():
                self._awaiting.discard(who)
                if self._open is not None and not self._open.is_whole:  # an interrupt kept it from being made
                    self._make()
                commit = self._open = self._open or _Commit(self._engine)
                try:
                    with commit.part() as part:
                        yield part
                finally:
                    if commit.is_over() or not self._awaiting:
                        self._make()
        finally:
            self._awaiting.discard(who)
            if commit is not None:
                self._wait_for(commit)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """As `Commits` says."""
        with self._turn():
            self._make()
            yield

    @contextmanager
    def _turn(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        finally:
            with suppress(RuntimeError):  # it is given back by now, unless an interrupt came right before that
                self._lock.release()

    def _make(self) -> None:
        if self._open is not None:
            self._open.make()
            self._open = None

    def _wait_for(self, commit: "_Commit") -> None:
        while not commit.done.wait(_LOOKS_AGAIN):
            with self._turn():  # whoever was to make it was interrupted
                commit.make()
        commit.tell()


def _undo_at_once(driver: DBAPIConnection, _entry: ConnectionPoolEntry, _problem: BaseException | None) -> None:
    """As SQLAlchemy closes it on an interrupt: SQLite would keep its lock for as long as a query of it is open."""
    with suppress(sqlite3.Error):
        driver.rollback()


class _Commit:
    """One transaction, and those who wrote in it. Used by whoever has the turn, but for `done` and `tell`."""

    def __init__(self, engine: Engine) -> None:
        self.done = threading.Event()
        self.is_whole = False
        """Whether it may be committed: somebody's part is kept, and nobody's is half there."""
        self._left, self._changed = Leftover(), frozenset[Table]()
        self._writers = 0
        self._is_durable = False
        self._problem: Exception | None = None
        self._began = time.monotonic()
        self._connection = engine.connect().execution_options(concordat_write=True)

    @property
    def _driver(self) -> sqlite3.Connection:
        """Raises once this has ended, or an interrupt had SQLAlchemy close it: others may use the connection then."""
        return cast("sqlite3.Connection", self._connection.connection.driver_connection)

    @contextmanager
    def part(self) -> Iterator[Part]:
        self.is_whole = False  # until this part is kept or undone, and for good if neither comes to its end
        if self._writers:
            self._driver.execute("SAVEPOINT part")
        else:
            self._connection.begin()
            self._began = time.monotonic()
        part = Part(self._connection, self._left, self._changed)
        try:
            yield part
        except BaseException as cause:
            if self._writers:
                self._undo(cause)
            raise
        self._keep(part)

    def is_over(self) -> bool:
        """Whether nobody else may write in it."""
        return not self.is_whole or self._writers >= _MOST or time.monotonic() - self._began > _LONGEST

    def make(self) -> None:
        """Commit if it is whole, and end; where an interrupt came between, again until it has ended."""
        may_be_committed, self.is_whole = self.is_whole, False  # which is tried once
        try:
            if may_be_committed:
                self._commit()
        except (DBAPIError, sqlite3.Error) as problem:
            self._problem = problem
        finally:
            with suppress(Exception):  # of a rollback: the pool has undone it then, or thrown its connection away
                self._connection.close()  # what is not committed is undone
            self.done.set()

    def tell(self) -> None:
        """Raise why nothing of it is there, to each who wrote or read in it."""
        if self._writers and not self._is_durable:
            raise self._problem or away()

    def _commit(self) -> None:
        """By the driver: SQLAlchemy would close it on an interrupt, and nobody could say whether it is durable."""
        self._left.finish(Scoped(self._connection, NOBODY))
        try:
            self._driver.execute("COMMIT")
            self._is_durable = True
        except sqlite3.Error:
            raise
        except BaseException:  # an interrupt waits for the disk as well
            self._is_durable = not self._driver.in_transaction
            raise
        self._connection.commit()  # nothing any more; but SQLAlchemy tells those who listen

    def _keep(self, part: Part) -> None:
        if not self._driver.in_transaction:  # SQLite undid all of it, and the block went on as if nothing were
            raise away()
        if self._writers:
            self._driver.execute("RELEASE part")
        if part.before is None:
            self._left = part.left
        else:
            self._left.add_all(part.left)
        self._changed |= part.changed
        self._writers += 1
        self.is_whole = True

    def _undo(self, cause: BaseException) -> None:
        """Undo what this writer did. Where that fails, as SQLite undid all on a full disk, it is lost to all."""
        try:
            self._driver.execute("ROLLBACK TO part")
            self._driver.execute("RELEASE part")
            self.is_whole = True
        except (SQLAlchemyError, sqlite3.Error):
            self._problem = cause if isinstance(cause, (DBAPIError, sqlite3.Error)) else None
