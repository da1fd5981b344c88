"""How writings become durable: on SQLite several by one commit, on PostgreSQL each by its own.

SQLite lets one write at a time, and a commit waits for the disk. So whoever is done while others wait for their turn
leaves the commit to them: one by one they write in the same transaction, each behind a savepoint of its own, and the
last commits for all. Nobody is told before that commit is done: not that it is durable, and no refusal either, which
may rest on what another wrote. PostgreSQL gathers commits itself.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final, Protocol, TypeAlias, cast

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError

from hub.store.scope import NOBODY
from hub.store.scoped import Scoped
from hub.store.troubles import away

_LONGEST: Final = 0.01
"""Seconds after which a commit waits for no further writer: whoever wrote first is kept waiting no longer than that."""

_MOST: Final = 256
_LOOKS_AGAIN: Final = 0.25
"""Seconds after which who waits for a commit looks whether anybody is still there to make it."""

Finish: TypeAlias = Callable[[Scoped, Sequence[Any]], None]


class Leftover:
    """What is done once at the end of a commit, for all who share it: by what it is done, with what each left."""

    def __init__(self) -> None:
        """Nothing."""
        self._left: dict[Finish, list[Any]] = {}

    def __iter__(self) -> Iterator[tuple[Finish, list[Any]]]:
        """By what, and what."""
        return iter(self._left.items())

    def add(self, finish: Finish, left: Sequence[Any]) -> None:
        """Leave more, in order."""
        self._left.setdefault(finish, []).extend(left)

    def add_all(self, other: "Leftover") -> None:
        """Leave what another left, after what is here."""
        for finish, left in other:
            self.add(finish, left)

    def finish(self, connection: Scoped) -> None:
        """Do it."""
        for finish, left in self:
            finish(connection, left)


class Part:
    """What one writer does in a transaction that others may share."""

    def __init__(self, connection: Connection, before: Leftover | None = None, changed: Iterable[Table] = ()) -> None:
        """Made by `Commits` only."""
        self.connection = connection
        self.changed = set(changed)
        """The tables changed in this transaction, by whoever: nothing read from them is durable yet."""
        self.left = Leftover()
        self.before: Leftover | None = before
        """What those before left; none once this one has done it in their place."""

    def finish(self) -> None:
        """Do now what was left to the end, by this writer and those before it."""
        connection = Scoped(self.connection, NOBODY)
        if self.before is not None:
            self.before.finish(connection)
        self.left.finish(connection)
        self.before, self.left = None, Leftover()


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
        self._lock, self._counting = threading.Lock(), threading.Lock()
        self._awaiting = 0
        self._open: _Commit | None = None

    @contextmanager
    def part(self) -> Iterator[Part]:
        """As `Commits` says."""
        commit = None
        try:
            with self._turn():
                commit = self._open = self._open or _Commit(self._engine)
                try:
                    with commit.part() as part:
                        yield part
                finally:
                    if commit.is_over() or not self._awaiting:
                        self._make()
        finally:
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
        with self._counting:
            self._awaiting += 1
        try:
            self._lock.acquire()
        finally:
            with self._counting:
                self._awaiting -= 1
        try:
            yield
        finally:
            self._lock.release()

    def _make(self) -> None:
        commit, self._open = self._open, None
        if commit is not None:
            commit.make()

    def _wait_for(self, commit: "_Commit") -> None:
        while not commit.done.wait(_LOOKS_AGAIN):
            with self._turn():  # whoever was to make it was interrupted while it waited for its turn
                if self._open is commit:
                    self._make()
        commit.tell()


class _Commit:
    """One transaction, and those who wrote in it. Used by whoever has the turn, but for `done` and `tell`."""

    def __init__(self, engine: Engine) -> None:
        self.done = threading.Event()
        self._connection = engine.connect().execution_options(concordat_write=True)
        with ExitStack() as undoing:
            undoing.callback(self._connection.close)
            self._transaction = self._connection.begin()
            undoing.pop_all()
        self._driver = cast("sqlite3.Connection", self._connection.connection.driver_connection)
        self._began = time.monotonic()
        self._left, self._changed = Leftover(), frozenset[Table]()
        self._writers = 0
        self._is_durable = self._is_lost = False
        self._problem: Exception | None = None

    @contextmanager
    def part(self) -> Iterator[Part]:
        part = Part(self._connection, self._left, self._changed)
        is_first, is_whole = not self._writers, False
        if not is_first:
            self._driver.execute("SAVEPOINT part")
        cause: Exception | None = None
        try:
            yield part
            is_whole = True
        except (DBAPIError, sqlite3.Error) as problem:
            cause = problem
            raise
        finally:
            if is_whole:
                self._keep(part)
            elif not is_first:
                self._undo(cause)
            if not is_first and not self._is_lost:
                self._driver.execute("RELEASE part")

    def is_over(self) -> bool:
        """Whether nobody else may write in it."""
        is_late = time.monotonic() - self._began > _LONGEST
        return not self._writers or self._writers >= _MOST or is_late or self._is_lost

    def make(self) -> None:
        try:
            if self._writers and not self._is_lost:
                self._left.finish(Scoped(self._connection, NOBODY))
                self._transaction.commit()
                self._is_durable = True
        except (DBAPIError, sqlite3.Error) as problem:
            self._problem = problem
        finally:
            self._connection.close()  # what is not committed is undone
            self.done.set()

    def tell(self) -> None:
        """Raise why nothing of it is there, to each who wrote or read in it."""
        if self._writers and not self._is_durable:
            raise self._problem or away()

    def _keep(self, part: Part) -> None:
        self._writers += 1
        self._changed |= part.changed
        if part.before is None:
            self._left = part.left
        else:
            self._left.add_all(part.left)

    def _undo(self, cause: Exception | None) -> None:
        """Undo what this writer did. Where SQLite undid all of it by itself, as on a full disk, it is lost to all."""
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK TO part")
        else:
            self._is_lost, self._problem = True, cause
