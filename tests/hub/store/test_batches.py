"""Rows inserted together: nobody can tell that they waited. Queries made once: within the scope, whoever asks."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Executable,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.pool import StaticPool

from hub.store.batches import Asked, touched
from hub.store.narrowing import NotNarrowed
from hub.store.scope import EVERY, NOBODY, Scope, of_agency, of_landlord
from hub.store.scoped import Scoped

METADATA = MetaData()
BOX = Table(
    "box", METADATA, Column("id", Integer, primary_key=True), Column("landlord", String), Column("kind", String)
)
LEAF = Table(
    "leaf", METADATA, Column("id", Integer, primary_key=True), Column("landlord", String),
    Column("box", Integer, ForeignKey("box.id")),
)  # fmt: skip
PLACE = Table("place", METADATA, Column("name", String, primary_key=True))
LMH, OHG = of_landlord("LMH"), of_landlord("OHG")


@pytest.fixture(scope="module")
def database() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    event.listen(engine, "connect", lambda raw, _entry: raw.execute("PRAGMA foreign_keys=ON"))
    METADATA.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def connection(database: Connection) -> Iterator[Connection]:
    for table in reversed(METADATA.sorted_tables):
        database.execute(delete(table))
    yield database
    database.rollback()


def stored(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """What the database holds, asked past every scope and with nothing inserted for it."""
    return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]


def test_what_waits_is_not_in_the_database_and_is_there_once_settled(connection: Connection) -> None:
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(BOX, [{"id": 1, "kind": "x"}])
    scoped.insert_with_others(BOX, [{"id": 2, "kind": "y"}])
    assert stored(connection, BOX) == []
    scoped.settle()
    assert [row["id"] for row in stored(connection, BOX)] == [1, 2]


def test_rows_that_refer_to_others_go_in_after_them_whatever_came_first(connection: Connection) -> None:
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(LEAF, [{"id": 1, "box": 1}])
    scoped.insert_with_others(BOX, [{"id": 1, "kind": "x"}])
    scoped.settle()
    assert [row["box"] for row in stored(connection, LEAF)] == [1]


def test_rows_with_different_columns_wait_together(connection: Connection) -> None:
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(BOX, [{"id": 1, "kind": "x"}, {"id": 2}, {"id": 3, "kind": "y"}])
    scoped.settle()
    assert [row["kind"] for row in stored(connection, BOX)] == ["x", None, "y"]


@pytest.mark.parametrize("statement", [
    select(BOX), select(func.count()).select_from(BOX), select(LEAF.c.id).join(BOX, BOX.c.id == LEAF.c.box),
    select(PLACE).where(PLACE.c.name.in_(select(BOX.c.kind))), select(BOX.alias("other").c.id),
    update(BOX).values(kind="z"), delete(BOX), insert(BOX).values(id=9), insert(LEAF).values(id=9, box=1),
])  # fmt: skip
def test_no_statement_can_tell_that_a_row_waited(connection: Connection, statement: Executable) -> None:
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(BOX, [{"id": 1, "kind": "x"}])
    scoped.execute(statement)
    if not isinstance(statement, type(delete(BOX))):
        assert 1 in [row["id"] for row in stored(connection, BOX)]
    assert all(row["id"] != 1 for row in stored(connection, BOX)) == isinstance(statement, type(delete(BOX)))


def test_a_statement_about_something_else_leaves_them_waiting(connection: Connection) -> None:
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(LEAF, [{"id": 1, "box": None}])
    scoped.execute(insert(PLACE).values(name="here"))
    scoped.execute(select(BOX))
    assert stored(connection, LEAF) == []


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["wait", "now", "count", "rename", "drop"]), st.integers(0, 5)), max_size=12
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_waiting_changes_nothing_that_can_be_seen(connection: Connection, steps: list[tuple[str, int]]) -> None:
    """The same steps, with every row inserted at once, and with those of "wait" inserted together."""
    seen = []
    for waits in (False, True):
        connection.execute(delete(BOX))
        scoped, told, number = Scoped(connection, LMH), list[object](), 0
        for step, which in steps:
            if step in {"wait", "now"}:
                number += 1
                row = {"id": number, "kind": f"k{which}"}
                if step == "wait" and waits:
                    scoped.insert_with_others(BOX, [row])
                else:
                    scoped.execute(insert(BOX).values(**row))
            elif step == "count":
                kind = func.coalesce(BOX.c.kind, "")
                told.append(scoped.execute(select(func.count()).where(kind == f"k{which}")).scalar_one())
            elif step == "rename":
                told.append(scoped.execute(update(BOX).where(BOX.c.kind == f"k{which}").values(kind="k0")).rowcount)
            else:
                told.append(scoped.execute(delete(BOX).where(BOX.c.kind == f"k{which}")).rowcount)
        scoped.settle()
        seen.append((told, stored(connection, BOX)))
    assert seen[0] == seen[1]


def test_rows_that_wait_belong_to_the_landlord_at_hand_and_no_other(connection: Connection) -> None:
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(BOX, [{"id": 1, "kind": "x"}])
    scoped.settle()
    assert stored(connection, BOX) == [{"id": 1, "landlord": "LMH", "kind": "x"}]
    scoped.insert_with_others(BOX, [{"id": 2, "landlord": "OHG", "kind": "x"}])
    with pytest.raises(NotNarrowed):
        scoped.settle()


def test_a_query_made_once_answers_each_scope_with_its_own_rows(connection: Connection) -> None:
    for number, landlord in enumerate(("LMH", "OHG", "LMH"), start=1):
        connection.execute(insert(BOX).values(id=number, landlord=landlord, kind="x"))
    asked = Asked(select(BOX.c.id).where(BOX.c.kind == bindparam("kind")).order_by(BOX.c.id))

    def found(scope: Scope) -> list[int]:
        return list(Scoped(connection, scope).execute(asked, {"kind": "x"}).scalars())

    for _ in range(2):
        assert found(LMH) == [1, 3]
        assert found(OHG) == [2]
        assert found(EVERY) == [1, 2, 3]
        assert found(NOBODY) == found(of_agency("agy_a")) == []


def test_a_query_made_once_sees_what_waits(connection: Connection) -> None:
    asked = Asked(select(BOX.c.id).where(BOX.c.kind == bindparam("kind")))
    scoped = Scoped(connection, LMH)
    scoped.insert_with_others(BOX, [{"id": 1, "kind": "x"}])
    assert scoped.execute(asked, {"kind": "x"}).scalars().all() == [1]


def test_what_a_statement_touches_names_every_table_in_it() -> None:
    assert touched(select(LEAF.c.id).where(LEAF.c.box.in_(select(BOX.c.id)))) == {LEAF, BOX}
    assert touched(insert(LEAF)) == {LEAF, BOX}
    assert touched(select(select(BOX).cte("one").c.id)) == {BOX}


def test_a_transaction_knows_what_it_changed(connection: Connection) -> None:
    scoped = Scoped(connection, LMH)
    scoped.execute(select(BOX))
    assert not scoped.changed
    scoped.insert_with_others(LEAF, [{"id": 1}])
    scoped.execute(update(BOX).values(kind="z"))
    assert scoped.changed == {LEAF, BOX}


def test_what_was_found_once_is_looked_for_again_where_this_transaction_changed_it(connection: Connection) -> None:
    scoped, looked = Scoped(connection, LMH), list[int]()

    def find() -> int:
        looked.append(len(looked))
        return len(looked)

    def found() -> int:
        return scoped.once("key", frozenset({BOX}), frozenset({LEAF}), find)

    assert found() == found() == 1
    scoped.execute(insert(PLACE).values(name="there"))
    scoped.insert_with_others(LEAF, [{"id": 1}])
    assert found() == 1
    scoped.execute(update(LEAF).values(box=None))
    assert found() == found() == 2
    scoped.insert_with_others(BOX, [{"id": 1}])
    assert found() == 3
    scoped.execute(delete(LEAF))
    scoped.execute(delete(BOX))
    assert found() == found() == 4
