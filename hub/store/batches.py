"""Fewer and cheaper statements: queries made once, and rows that are inserted together with others like them.

What rows wait is known to nobody else: they go in before any statement that could tell, and before the commit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, cast

from sqlalchemy import ColumnClause, Insert, Select, Table, TextClause, TextualSelect, insert
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.visitors import iterate

from hub.store.narrowing import narrow
from hub.store.scope import Scope

_MOST: Final = 5_000
_MOST_SCOPES: Final = 200


class Asked:
    """A query made once and asked often, its values named by `bindparam`: narrowed once for each scope as well."""

    def __init__(self, statement: Select[Any]) -> None:
        """For a query whose parts never change."""
        self._statement = statement
        self._narrowed: dict[Scope, Executable] = {}
        self.touches = touched(statement)

    def within(self, scope: Scope) -> Executable:
        """The query as this scope may ask it. Raises NotNarrowed as `narrow` does."""
        found = self._narrowed.get(scope)
        if found is None:
            found, _ = narrow(scope, self._statement, None)
            if len(self._narrowed) >= _MOST_SCOPES:
                self._narrowed.clear()
            self._narrowed[scope] = found
        return found


class Waiting:
    """Rows that are to be inserted, by table, each table's in the order in which they came."""

    def __init__(self) -> None:
        """None yet."""
        self._rows: dict[Table, list[Mapping[str, Any]]] = {}

    def __bool__(self) -> bool:
        """Whether any wait."""
        return bool(self._rows)

    def add(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Let these wait as well."""
        self._rows.setdefault(table, []).extend(rows)

    def concern(self, tables: frozenset[Table] | None) -> bool:
        """Whether a statement that touches these tables could tell that rows are missing; None: it may."""
        return tables is None or not tables.isdisjoint(self._rows)

    def insert(self, execute: Callable[[Insert, Sequence[Mapping[str, Any]]], object]) -> None:
        """Hand every row over, those first that others refer to; afterwards none waits."""
        waiting, self._rows = self._rows, {}
        for table, rows in sorted(waiting.items(), key=lambda entry: _place(entry[0])):
            for _, alike in groupby(rows, key=frozenset):
                execute(_insert_into(table), list(alike))


_INSERTS: Final[dict[Table, Insert]] = {}
_PLACES: Final[dict[Table, int]] = {}
_TOUCHED: Final[dict[object, frozenset[Table]]] = {}


def touched(statement: Executable) -> frozenset[Table] | None:
    """The tables that a statement reads or changes, and those that what it changes refers to; None: not known."""
    # The structure of a statement, by which SQLAlchemy keeps its own compiled forms.
    element = cast("ClauseElement", statement)
    structure = element._generate_cache_key()  # noqa: SLF001
    if structure is None:
        return None
    found = _TOUCHED.get(structure.key)
    if found is None:
        elements = list(iterate(element))
        if any(isinstance(part, TextClause | TextualSelect) for part in elements):
            return None
        named = {part.table if isinstance(part, ColumnClause) else part for part in elements}
        found = frozenset(each for each in named if isinstance(each, Table))
        if isinstance(statement, UpdateBase):
            found |= {key.column.table for table in found for key in table.foreign_keys}
        if len(_TOUCHED) >= _MOST:
            _TOUCHED.clear()
        _TOUCHED[structure.key] = found
    return found


def _place(table: Table) -> int:
    """After all tables to which its rows may refer."""
    if table not in _PLACES:
        _PLACES.update((each, place) for place, each in enumerate(table.metadata.sorted_tables))
    return _PLACES[table]


def _insert_into(table: Table) -> Insert:
    if table not in _INSERTS:
        _INSERTS[table] = insert(table)
    return _INSERTS[table]
