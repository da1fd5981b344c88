"""The first wall: a statement reads and changes the rows of its scope, whatever its form, or it is refused."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    CursorResult,
    Executable,
    FromClause,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    column,
    create_engine,
    delete,
    except_,
    exists,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import StaticPool

from hub.store.narrowing import NotNarrowed, Parameters, narrow
from hub.store.scope import EVERY, NOBODY, Reach, Scope, of_agency, of_landlord

METADATA = MetaData()
PAPER = Table(
    "paper", METADATA, Column("id", Integer, primary_key=True), Column("landlord", String), Column("agency", String),
    Column("kind", String), Column("size", Integer),
)  # fmt: skip
NOTE = Table(
    "note", METADATA, Column("id", Integer, primary_key=True), Column("landlord", String), Column("paper", Integer),
    Column("kind", String),
)  # fmt: skip
PLACE = Table("place", METADATA, Column("name", String, primary_key=True), Column("kind", String))

Rows = Sequence[dict[str, Any]]
A, B = of_landlord("LMH"), of_landlord("OHG")
LANDLORDS, AGENCIES, KINDS, SIZES = ["LMH", "OHG", "MHP"], ["agy_a", "agy_b"], ["x", "y"], st.integers(0, 4)


@dataclass(frozen=True)
class Held:
    """The rows of a database; `of` gives what a scope should see of them, worked out in Python."""

    papers: Rows
    notes: Rows
    places: Rows

    def of(self, scope: Scope) -> "Held":
        def own(row: Mapping[str, Any]) -> bool:
            if scope.reach is Reach.EVERY:
                return True
            return row["landlord" if scope.reach is Reach.LANDLORD else "agency"] == scope.of

        in_agency = scope.reach is Reach.AGENCY
        return Held([row for row in self.papers if own(row)],
                    [] if in_agency else [row for row in self.notes if own(row)], self.places)  # fmt: skip


def _numbered(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[Rows]:
    rows = st.lists(st.fixed_dictionaries(dict(columns)), min_size=0, max_size=8)
    return rows.map(lambda given_: [{"id": number, **row} for number, row in enumerate(given_)])


HELD = st.builds(
    Held,
    _numbered(landlord=st.sampled_from(LANDLORDS), agency=st.sampled_from(AGENCIES), kind=st.sampled_from(KINDS),
              size=SIZES),
    _numbered(landlord=st.sampled_from(LANDLORDS), paper=st.integers(0, 7), kind=st.sampled_from(KINDS)),
    st.just([{"name": "here", "kind": "x"}, {"name": "there", "kind": "z"}]),
)  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A condition on a paper, as SQL and in Python; `depth` of queries in it does not matter."""

    sql: Callable[[FromClause], ColumnElement[bool]]
    holds: Callable[[Mapping[str, Any], Held], bool]


def _of_kind(kind: str) -> Condition:
    return Condition(lambda p: p.c.kind == kind, lambda row, _: row["kind"] == kind)


def _noted(kind: str) -> Condition:
    return Condition(
        lambda p: p.c.id.in_(select(NOTE.c.paper).where(NOTE.c.kind == kind)),
        lambda row, held: any(note["paper"] == row["id"] and note["kind"] == kind for note in held.notes),
    )


def _noted_by_alias(kind: str) -> Condition:
    def sql(p: FromClause) -> ColumnElement[bool]:
        other = NOTE.alias()
        return exists().where(other.c.paper == p.c.id, other.c.kind == kind)

    return Condition(sql, _noted(kind).holds)


def _largest() -> Condition:
    def sql(p: FromClause) -> ColumnElement[bool]:
        other = PAPER.alias("other")
        return p.c.size == select(func.max(other.c.size)).scalar_subquery()

    return Condition(sql, lambda row, held: row["size"] == max(paper["size"] for paper in held.papers))


def _as_many_of_its_kind(count: int) -> Condition:
    """A correlated query over the same table."""

    def sql(p: FromClause) -> ColumnElement[bool]:
        other = PAPER.alias()
        return select(func.count()).select_from(other).where(other.c.kind == p.c.kind).scalar_subquery() > count

    return Condition(sql, lambda row, held: sum(paper["kind"] == row["kind"] for paper in held.papers) > count)


def _in_place() -> Condition:
    """A query over a table that belongs to nobody."""
    return Condition(
        lambda p: p.c.kind.in_(select(PLACE.c.kind)),
        lambda row, held: row["kind"] in {place["kind"] for place in held.places},
    )


def _noted_on_largest(kind: str) -> Condition:
    """Queries within queries."""

    def sql(p: FromClause) -> ColumnElement[bool]:
        deep = PAPER.alias("deep")
        largest = select(func.max(deep.c.size)).scalar_subquery()
        inner = select(PAPER.c.id).where(PAPER.c.size == largest).subquery()
        return p.c.id.in_(select(NOTE.c.paper).join(inner, inner.c.id == NOTE.c.paper).where(NOTE.c.kind == kind))

    return Condition(sql, lambda row, held: _noted(kind).holds(row, held) and _largest().holds(row, held))


SIMPLE = st.one_of(
    st.sampled_from(KINDS).flatmap(lambda kind: st.sampled_from(
        [_of_kind(kind), _noted(kind), _noted_by_alias(kind), _noted_on_largest(kind)])),
    st.sampled_from([_largest(), _in_place()]), st.integers(0, 4).map(_as_many_of_its_kind),
)  # fmt: skip
TESTS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: Condition(
            lambda p: and_(two[0].sql(p), two[1].sql(p)), lambda r, h: two[0].holds(r, h) and two[1].holds(r, h))),
        st.tuples(inner, inner).map(lambda two: Condition(
            lambda p: or_(two[0].sql(p), two[1].sql(p)), lambda r, h: two[0].holds(r, h) or two[1].holds(r, h))),
        inner.map(lambda one: Condition(lambda p: not_(one.sql(p)), lambda r, h: not one.holds(r, h))),
    ),
    max_leaves=4,
)  # fmt: skip


def _plain(test: Condition) -> Select[Any]:
    return select(PAPER.c.id).where(test.sql(PAPER))


def _whole(test: Condition) -> Select[Any]:
    """Every column, the table named by the columns alone."""
    return select(PAPER).where(test.sql(PAPER)).order_by(PAPER.c.size, PAPER.c.id).limit(100)


def _alias(test: Condition) -> Select[Any]:
    named = PAPER.alias("named")
    return select(named.c.id).where(test.sql(named))


def _subquery(test: Condition) -> Select[Any]:
    inner = select(PAPER).where(test.sql(PAPER)).subquery()
    return select(inner.c.id).where(inner.c.size >= 0)


def _filtered_outside(test: Condition) -> Select[Any]:
    inner = select(PAPER).subquery("inner_one")
    return select(inner.c.id).where(test.sql(inner))


def _cte(test: Condition) -> Select[Any]:
    named = select(PAPER).where(test.sql(PAPER)).cte("chosen")
    again = named.alias()
    return select(named.c.id).join(again, again.c.id == named.c.id)


def _self_join(test: Condition) -> Select[Any]:
    other = PAPER.alias()
    return select(PAPER.c.id).join(other, other.c.id == PAPER.c.id).where(test.sql(other))


def _comma_join(test: Condition) -> Select[Any]:
    other = PAPER.alias()
    return select(PAPER.c.id).where(PAPER.c.id == other.c.id, test.sql(other))


def _grouped(test: Condition) -> Select[Any]:
    return select(PAPER.c.id).where(test.sql(PAPER)).group_by(PAPER.c.id).having(func.count() == 1)


def _in_a_column(test: Condition) -> Select[Any]:
    """The query stands in the columns that are asked for."""
    other = PAPER.alias()
    same = select(other.c.id).where(other.c.id == PAPER.c.id).scalar_subquery().label("id")
    return select(same).select_from(PAPER).where(test.sql(PAPER))


def _union(test: Condition) -> CompoundSelect[Any]:
    return union(_plain(test), _alias(test))


def _union_within(test: Condition) -> Select[Any]:
    nothing = except_(_plain(test), _alias(test)).subquery()
    both = union_all(_plain(test), select(nothing.c.id)).subquery()
    return select(both.c.id)


def _chosen(test: Condition) -> ColumnElement[bool]:
    """Chosen before the first row is changed: SQLite would ask again after each."""
    return PAPER.c.id.in_(_alias(test))


READINGS = [_plain, _whole, _alias, _subquery, _filtered_outside, _cte, _self_join, _comma_join, _grouped,
            _in_a_column, _union, _union_within]  # fmt: skip
SCOPES = st.sampled_from([EVERY, A, B, of_landlord("NOBODYS"), of_agency("agy_a")])


@pytest.fixture(scope="module")
def database() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def filled(database: Connection, held: Held) -> None:
    database.rollback()
    for each, rows in ((PAPER, held.papers), (NOTE, held.notes), (PLACE, held.places)):
        if rows:
            database.execute(insert(each), list(rows))


def ran(database: Connection, scope: Scope, statement: Executable, parameters: Parameters = None) -> CursorResult[Any]:
    return database.execute(*narrow(scope, statement, parameters))


@pytest.mark.parametrize("reading", READINGS)
@given(held=HELD, test=TESTS, scope=SCOPES)
def test_any_reading_gives_what_a_filter_over_the_rows_of_the_scope_gives(
    database: Connection, reading: Callable[[Condition], Executable], held: Held, test: Condition, scope: Scope
) -> None:
    filled(database, held)
    seen = held.of(scope)
    expected = sorted(row["id"] for row in seen.papers if test.holds(row, seen))
    for _ in range(2):  # the second time, its form is known
        assert sorted(ran(database, scope, reading(test)).scalars().all()) == expected


@given(held=HELD, test=TESTS, kind=st.sampled_from(KINDS))
def test_any_update_changes_the_rows_of_the_scope_alone(
    database: Connection, held: Held, test: Condition, kind: str
) -> None:
    filled(database, held)
    seen = held.of(A)
    changed = {row["id"] for row in seen.papers if test.holds(row, seen)}
    count = ran(database, A, update(PAPER).where(_chosen(test)).values(size=99, kind=kind)).rowcount
    assert count == len(changed)
    assert set(database.execute(select(PAPER.c.id).where(PAPER.c.size == 99)).scalars()) == changed


@given(held=HELD, test=TESTS)
def test_any_deletion_takes_rows_of_the_scope_alone(database: Connection, held: Held, test: Condition) -> None:
    filled(database, held)
    seen = held.of(A)
    gone = {row["id"] for row in seen.papers if test.holds(row, seen)}
    assert ran(database, A, delete(PAPER).where(_chosen(test))).rowcount == len(gone)
    assert set(database.execute(select(PAPER.c.id)).scalars()) == {row["id"] for row in held.papers} - gone


@given(held=HELD)
def test_a_value_that_is_asked_for_in_a_change_comes_from_the_scope(database: Connection, held: Held) -> None:
    filled(database, held)
    other = PAPER.alias()
    total = select(func.coalesce(func.sum(other.c.size), 0)).scalar_subquery()
    own = sum(row["size"] for row in held.of(A).papers)

    ran(database, A, insert(NOTE).values(id=1_000, paper=total, kind="x"))
    ran(database, A, insert(PLACE).values(name="sum", kind=total))
    ran(database, A, update(PAPER).values(size=1_000 + total))

    row = database.execute(select(NOTE).where(NOTE.c.id == 1_000)).one()
    assert (row.landlord, row.paper) == ("LMH", own)
    assert database.execute(select(PLACE.c.kind).where(PLACE.c.name == "sum")).scalar_one() == str(own)
    sizes = database.execute(select(PAPER.c.size).where(PAPER.c.landlord == "LMH").distinct()).scalars().all()
    assert sizes in ([], [1_000 + own])
    assert not database.execute(select(PAPER.c.id).where(PAPER.c.landlord != "LMH", PAPER.c.size >= 1_000)).all()


@given(held=HELD, several=st.booleans(), said=st.booleans())
def test_rows_that_are_added_belong_to_the_landlord_of_the_scope_said_or_not(
    database: Connection, held: Held, several: bool, said: bool
) -> None:
    filled(database, held)
    rows = [{"id": 100 + number, "kind": "new", **({"landlord": "LMH"} if said else {})} for number in range(2)]
    if several:
        ran(database, A, insert(PAPER), rows)
    else:
        for row in rows:
            ran(database, A, insert(PAPER).values(**row))
    added = database.execute(select(PAPER.c.landlord).where(PAPER.c.kind == "new")).scalars().all()
    assert added == ["LMH", "LMH"]


def _on_conflict(dialect: ModuleType) -> Executable:
    return dialect.insert(PAPER).values(id=1).on_conflict_do_update(index_elements=["id"], set_={"size": 1})


OTHER = PAPER.alias("a_paper")
_CHAIN = select(PAPER.c.id).cte("chain", recursive=True)
REFUSED: dict[str, Executable] = {
    "text": text("SELECT * FROM paper"),
    "text as a condition": select(PAPER).where(text("1 = 1")),
    "text as a table": text("SELECT id FROM paper").columns(column("id")).subquery().select(),
    "text as a column": select(literal_column("(SELECT max(size) FROM paper)")),
    "text in a query within": select(PLACE).where(PLACE.c.kind.in_(select(PAPER.c.kind).where(text("true")))),
    "a table out of the catalogue": select(table("paper", column("id"))),
    "an outer join": select(PLACE.c.name).outerjoin(PAPER, PAPER.c.kind == PLACE.c.kind),
    "an outer join from the other side": select(PAPER.c.id).outerjoin(PLACE, PAPER.c.kind == PLACE.c.kind),
    "a full join": select(PAPER.c.id).join(NOTE, NOTE.c.paper == PAPER.c.id, full=True),
    "an outer join within": select(select(PAPER.c.id).outerjoin(NOTE, NOTE.c.paper == PAPER.c.id).subquery()),
    "a recursive query": select(_CHAIN.union(select(PAPER.c.id).where(PAPER.c.id == _CHAIN.c.id))),
    "a change within a reading": select(delete(PAPER).returning(PAPER.c.id).cte()),
    "a change beside a reading": select(PLACE).add_cte(update(PAPER).values(size=1).cte("beside")),
    "an update from another table": update(PAPER).where(PAPER.c.id == NOTE.c.paper).values(size=1),
    "an update from an alias": update(PAPER).where(PAPER.c.id == OTHER.c.id).values(size=OTHER.c.size),
    "an update of a shared table from another": update(PLACE).where(PLACE.c.kind == PAPER.c.kind).values(kind="q"),
    "an update of an alias": update(OTHER).values(size=1),
    "an update that gives a row away": update(PAPER).values(landlord="OHG"),
    "an update that keeps the landlord": update(PAPER).values(landlord="LMH"),
    "a deletion using another table": delete(PAPER).where(PAPER.c.id == NOTE.c.paper),
    "an insert for another": insert(PAPER).values(id=1, landlord="OHG"),
    "an insert for an expression": insert(PAPER).values(id=1, landlord=func.lower("OHG")),
    "an insert for another, by the column": insert(PAPER).values({PAPER.c.landlord: "OHG"}),
    "an insert for a literal": insert(PAPER).values(id=1, landlord=literal("OHG")),
    "an insert of a list": insert(PAPER).values([{"id": 1}, {"id": 2}]),
    "an insert from a query": insert(PAPER).from_select(["id"], select(NOTE.c.id)),
    "an insert into an alias": insert(OTHER),
    "an overwriting insert, SQLite": _on_conflict(sqlite),
    "an overwriting insert, PostgreSQL": _on_conflict(postgresql),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("scope", [A, of_agency("agy_a"), NOBODY], ids=lambda scope: scope.reach.value)
def test_what_cannot_be_kept_within_a_scope_is_refused_each_time(name: str, scope: Scope) -> None:
    for _ in range(2):
        with pytest.raises((NotNarrowed, TypeError)):
            narrow(scope, REFUSED[name], None)


@pytest.mark.parametrize("statement", [insert(PAPER), update(PAPER)], ids=["insert", "update"])
@pytest.mark.parametrize("parameters", [{"id": 1, "landlord": "OHG"}, [{"id": 1}, {"id": 2, "landlord": "OHG"}]])
def test_a_landlord_among_the_parameters_is_refused_where_it_is_another(
    statement: Executable, parameters: Parameters
) -> None:
    with pytest.raises(NotNarrowed):
        narrow(A, statement, parameters)


@pytest.mark.parametrize("scope", [of_agency("agy_a"), NOBODY], ids=lambda scope: scope.reach.value)
@pytest.mark.parametrize("statement", [insert(PAPER), update(PAPER), delete(NOTE)], ids=["insert", "update", "delete"])
def test_rows_of_landlords_are_changed_in_the_scope_of_a_landlord_alone(scope: Scope, statement: Executable) -> None:
    with pytest.raises(NotNarrowed):
        narrow(scope, statement, {"id": 1})


def test_nobody_and_an_agency_without_rows_of_its_own_see_none(database: Connection) -> None:
    filled(database, Held([{"id": 1, "landlord": "LMH", "agency": "agy_a"}], [{"id": 1, "landlord": "LMH"}], []))
    for scope, of in ((NOBODY, PAPER), (NOBODY, NOTE), (of_agency("agy_b"), PAPER), (of_agency("agy_a"), NOTE)):
        assert ran(database, scope, select(of)).all() == []
    assert len(ran(database, of_agency("agy_a"), select(PAPER)).all()) == 1


def test_a_list_of_values_and_a_function_are_nobodys_rows(database: Connection) -> None:
    filled(database, Held([{"id": 1, "landlord": "LMH"}, {"id": 2, "landlord": "OHG"}], [], []))
    listed = func.json_each("[1, 2, 3]").table_valued("value", name="listed")
    assert ran(database, A, select(listed.c.value).join(PAPER, PAPER.c.id == listed.c.value)).scalars().all() == [1]
    assert ran(database, NOBODY, func.abs(-1)).scalar_one() == 1


def test_a_lateral_query_is_narrowed_inside() -> None:
    newest = select(NOTE.c.id).where(NOTE.c.paper == PAPER.c.id).limit(1).lateral("newest")
    statement, _ = narrow(A, select(PAPER.c.id, newest.c.id).join(newest, literal(True)), None)
    compiled = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[attr-defined]
    assert "note.landlord = " in compiled.partition("LATERAL (")[2].partition(")")[0]
    assert "paper.landlord = " in compiled.rpartition("WHERE")[2]


@pytest.mark.parametrize(("reach", "of"), [(Reach.LANDLORD, ""), (Reach.AGENCY, ""), (Reach.EVERY, "LMH")])
def test_a_scope_of_one_names_it_and_no_other_does(reach: Reach, of: str) -> None:
    with pytest.raises(ValueError, match="names it"):
        Scope(reach, of)
