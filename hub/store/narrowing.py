"""The first wall between tenants: every statement, kept within the scope of its transaction.

Whatever flows and rooms hand over is narrowed here, once, before it reaches either database, so that no query can
forget whose rows it may see. A statement of which we do not know what it reads is refused.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnClause,
    ColumnElement,
    CompoundSelect,
    Delete,
    FromClause,
    Insert,
    Join,
    Lateral,
    MetaData,
    Select,
    SelectBase,
    Subquery,
    Table,
    TableClause,
    TableValuedAlias,
    TextClause,
    TextualSelect,
    Update,
    UpdateBase,
    Values,
    false,
)
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import AliasedReturnsRows, FromGrouping
from sqlalchemy.sql.visitors import ExternallyTraversible, iterate, replacement_traverse

from hub.store.scope import Reach, Scope

Parameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
_Statement = TypeVar("_Statement", bound=ExternallyTraversible)


class NotNarrowed(ValueError):
    """A statement that cannot be kept within a scope: a defect of ours, never input."""


def is_tenanted(table: FromClause) -> bool:
    """Whether rows of this table belong to a landlord."""
    return isinstance(table, Table) and "landlord" in table.c


def narrow(scope: Scope, statement: Executable, parameters: Parameters) -> tuple[Executable, Parameters]:
    """The statement, and its parameters, as this scope may run it.

    Raises NotNarrowed for a statement that cannot be kept within the scope: a defect of ours, never input.
    """
    if scope.reach is Reach.EVERY:
        return statement, parameters
    if not isinstance(statement, Select | CompoundSelect | Insert | Update | Delete | FunctionElement):
        raise NotNarrowed("only select, insert, update and delete can be kept within a scope")
    tables = _plain_tables(statement)
    if isinstance(statement, Insert | Update | Delete):
        statement, parameters = _changing(scope, statement, parameters)
    if tables is None:
        statement = _narrow_inner(scope, statement)
    if isinstance(statement, Select):
        statement = _narrowed(scope, statement, tables)
    return statement, parameters


_PLANS: Final[dict[object, tuple[Table, ...] | None]] = {}
"""What `_examine` found, by the structure of the statement: code repeats few statements, with ever other values."""

_MOST_PLANS: Final = 5_000
_UNKNOWN: Final = (Table("unknown", MetaData()),)


def _plain_tables(statement: ClauseElement) -> tuple[Table, ...] | None:
    structure = statement._generate_cache_key()  # noqa: SLF001 - which SQLAlchemy keeps its own compiled forms by
    if structure is None:
        return _examine(statement)
    found = _PLANS.get(structure.key, _UNKNOWN)
    if found is _UNKNOWN:
        found = _examine(statement)
        if len(_PLANS) >= _MOST_PLANS:
            _PLANS.clear()
        _PLANS[structure.key] = found
    return found


def _examine(statement: ClauseElement) -> tuple[Table, ...] | None:
    """The tenanted tables of a statement that reads plain tables; None: it is narrowed piece by piece.

    Raises NotNarrowed for whatever hides from us which rows it reads or changes.
    """
    elements = list(iterate(statement))
    for element in elements:
        _refuse_hidden(element)
        if element is not statement and isinstance(element, UpdateBase):
            raise NotNarrowed("a statement that changes rows stands alone, not inside another")
    if isinstance(statement, Insert | Update | Delete):
        _refuse_reaching(statement, elements)
    if any(isinstance(element, SelectBase) and element is not statement for element in elements):
        return None
    if not isinstance(statement, Select):
        return ()
    found = [pair for source in statement.get_final_froms() for pair in _sources(source)]
    return tuple(table for table, _ in found) if all(table is source for table, source in found) else None


def _refuse_hidden(element: object) -> None:
    if isinstance(element, TextClause | TextualSelect):
        raise NotNarrowed("SQL as text cannot be kept within a scope")
    if isinstance(element, ColumnClause) and element.is_literal and element.name not in ("*", "1"):
        raise NotNarrowed("SQL as text cannot be kept within a scope")
    if isinstance(element, TableClause) and not isinstance(element, Table):
        raise NotNarrowed("a table that is not in the catalogue cannot be kept within a scope")
    if isinstance(element, CTE) and element.recursive:
        raise NotNarrowed("a recursive query cannot be kept within a scope")


def _refuse_reaching(statement: Insert | Update | Delete, elements: Sequence[object]) -> None:
    """Raise NotNarrowed for a change that reaches beyond the rows of its own table, or past their owner."""
    table = _own(statement)
    for element in _surface(statement):
        other = element.table if isinstance(element, ColumnClause) else element
        if isinstance(other, FromClause) and other is not table:
            raise NotNarrowed(f"{table.name} is changed by what stands in it alone; ask for the rest first")
    if not is_tenanted(table):
        return
    if any(getattr(element, "__visit_name__", "") == "on_conflict_do_update" for element in elements):
        raise NotNarrowed(f"which row of {table.name} is overwritten, and whose, is not known beforehand")
    if isinstance(statement, Insert) and (statement.select is not None or statement._multi_values):  # noqa: SLF001
        raise NotNarrowed(f"rows of {table.name} are handed over as parameters, so that each is seen")
    if isinstance(statement, Update) and "landlord" in _said(statement):
        raise NotNarrowed(f"a row of {table.name} stays with its landlord")


def _surface(element: ExternallyTraversible) -> Iterator[ExternallyTraversible]:
    """What stands in an element outside any query inside it."""
    for child in element.get_children():
        if not isinstance(child, SelectBase):
            yield child
            yield from _surface(child)


def _narrow_inner(scope: Scope, statement: _Statement) -> _Statement:
    """The statement with every query inside it narrowed."""

    def replace(element: ExternallyTraversible, **_: object) -> ExternallyTraversible | None:
        if element is statement or not isinstance(element, Select):
            return None
        return _narrowed(scope, _narrow_inner(scope, element), None)

    narrowed: Any = replacement_traverse(statement, {}, replace)
    return narrowed  # type: ignore[no-any-return]  # a copy, of the same kind


def _narrowed(scope: Scope, statement: Select[Any], tables: tuple[Table, ...] | None) -> Select[Any]:
    found: Iterable[tuple[Table, FromClause]]
    if tables is not None:
        found = ((table, table) for table in tables)
    else:
        found = [pair for source in statement.get_final_froms() for pair in _sources(source)]
    criteria = [_criterion(scope, table, source) for table, source in found]
    return statement.where(*criteria) if criteria else statement


def _sources(source: FromClause) -> Iterator[tuple[Table, FromClause]]:
    """The tenanted tables that a FROM element reads, each with the element through which its columns are named."""
    if isinstance(source, Join):
        inner = [*_sources(source.left), *_sources(source.right)]
        if (source.isouter or source.full) and inner:
            raise NotNarrowed("an outer join cannot be kept within a scope; ask twice")
        yield from inner
    elif isinstance(source, FromGrouping):
        yield from _sources(source.element)
    elif isinstance(source, Table):
        if is_tenanted(source):
            yield source, source
    elif isinstance(source, AliasedReturnsRows) and isinstance(source.element, Table):
        if is_tenanted(source.element):
            yield source.element, source
    elif not isinstance(source, Subquery | CTE | Lateral | Values | FunctionElement | TableValuedAlias):
        raise NotNarrowed("what this statement reads from is not known")


def _criterion(scope: Scope, table: Table, source: FromClause) -> ColumnElement[bool]:
    if scope.reach is Reach.LANDLORD:
        return source.c.landlord == scope.of
    if scope.reach is Reach.AGENCY and "agency" in table.c:
        return source.c.agency == scope.of
    return false()


def _changing(
    scope: Scope, statement: Insert | Update | Delete, parameters: Parameters
) -> tuple[Insert | Update | Delete, Parameters]:
    """A change of the landlord's own rows alone; rows that are added are the landlord's, said or not."""
    table = _own(statement)
    if not is_tenanted(table):
        return statement, parameters
    if scope.reach is not Reach.LANDLORD:
        raise NotNarrowed(f"{table.name} belongs to landlords, and this transaction is not of one")
    if isinstance(statement, Update | Delete):
        if any("landlord" in row for row in _rows(parameters)):
            raise NotNarrowed(f"a row of {table.name} stays with its landlord")
        return statement.where(table.c.landlord == scope.of), parameters
    said = _said(statement).get("landlord")
    if said is not None and (not isinstance(said, BindParameter) or said.value != scope.of):
        raise NotNarrowed(f"a row of another landlord is put into {table.name}")
    if any(row.get("landlord", scope.of) != scope.of for row in _rows(parameters)):
        raise NotNarrowed(f"a row of another landlord is put into {table.name}")
    if parameters is None:
        return statement.values(landlord=scope.of), None
    return statement, [{**row, "landlord": scope.of} for row in _rows(parameters)]


def _own(statement: Insert | Update | Delete) -> Table:
    if not isinstance(statement.table, Table):
        raise NotNarrowed("rows are changed by the table's own name")
    return statement.table


def _said(statement: Insert | Update) -> Mapping[str, object]:
    """The values that stand in the statement itself, by column."""
    values: Mapping[Any, object] = statement._values or {}  # noqa: SLF001 - SQLAlchemy shows it nowhere else
    return {getattr(column, "key", column): value for column, value in values.items()}


def _rows(parameters: Parameters) -> Sequence[Mapping[str, Any]]:
    if parameters is None:
        return ()
    return [parameters] if isinstance(parameters, Mapping) else parameters
