"""A connection on which each statement sees the rows of one scope alone."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, Insert, Table
from sqlalchemy.sql.dml import UpdateBase

from hub.store.batches import Asked, Waiting, touched
from hub.store.narrowing import Parameters, narrow
from hub.store.scope import Scope

T = TypeVar("T")


class Scoped:
    """A connection on which each statement sees the rows of one scope alone."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        """Made by `Store` only."""
        self._connection, self._scope = connection, scope
        self._waiting = Waiting()
        self.changed: set[Table] = set()
        """The tables that this transaction changed, or would once what waits is inserted."""
        self._found: dict[Hashable, tuple[frozenset[Table], frozenset[Table], object]] = {}

    @property
    def engine(self) -> Engine:
        """The engine behind it: one for each database that a process has open."""
        return self._connection.engine

    @property
    def dialect(self) -> Dialect:
        """The dialect of the database behind it."""
        return self._connection.dialect

    def execute(
        self, statement: Executable | Asked, parameters: Parameters = None, *,
        execution_options: Mapping[str, object] | None = None,
    ) -> CursorResult[Any]:  # fmt: skip
        """Run a statement, narrowed to the scope."""
        if isinstance(statement, Asked):
            if self._waiting and self._waiting.concern(statement.touches):
                self.settle()
            return self._connection.execute(statement.within(self._scope), parameters)
        if self._waiting and self._waiting.concern(touched(statement)):
            self.settle()
        return self._run(statement, parameters, execution_options)

    def insert_with_others(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows that nothing asks for at once, together with others: before a statement that could tell."""
        self._note(table, adds=True)
        self._waiting.add(table, rows)

    def once(self, key: Hashable, grows: frozenset[Table], stays: frozenset[Table], read: Callable[[], T]) -> T:
        """What `read` finds, found once under that key for as long as this transaction changes nothing about it.

        Anew after any change of a table that `grows`, and after an update or deletion in one that `stays`.
        """
        if key not in self._found:
            self._found[key] = grows, stays, read()
        return cast("T", self._found[key][2])

    def settle(self) -> None:
        """Insert what waits."""
        self._waiting.insert(self._run)

    def _run(
        self, statement: Executable, parameters: Parameters, execution_options: Mapping[str, object] | None = None
    ) -> CursorResult[Any]:
        if isinstance(statement, UpdateBase) and isinstance(statement.table, Table):
            self._note(statement.table, adds=isinstance(statement, Insert))
        narrowed, given = narrow(self._scope, statement, parameters)
        return self._connection.execute(narrowed, given, execution_options=execution_options)

    def _note(self, table: Table, *, adds: bool) -> None:
        self.changed.add(table)
        self._found = {
            key: found for key, found in self._found.items()
            if table not in found[0] and (adds or table not in found[1])
        }  # fmt: skip
