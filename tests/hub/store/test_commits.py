"""Writers of SQLite who share a commit: each keeps or loses its own, and nobody is told before it is durable."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, event, func, insert, select

from hub.errors import Unavailable
from hub.store import landlord_keys, migrate
from hub.store.landlord_keys import Purpose
from hub.store.scope import EVERY
from hub.store.scoped import Scoped
from hub.store.unit_of_work import Store, Writing
from tests.hub.store.stores import keyring
from tests.servers import lay

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINES = Table("lines_of_this_test", MetaData(), Column("name", String(30), primary_key=True))
NUMBERED = Table(
    "numbered_in_this_test", LINES.metadata, Column("n", Integer, primary_key=True), Column("name", String)
)


class Refusal(Exception):
    """Whatever a writer may find wrong."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A migrated store with two tables more."""
    store = Store(f"sqlite:///{tmp_path / 'one.sqlite3'}", keyring(), pool_size=70)
    migrate.upgrade(store.engine)
    lay(str(store.engine.url), LINES)
    lay(str(store.engine.url), NUMBERED)
    yield store
    store.close()


class Together:
    """Writers that come one after another while the first is still at it, so that they share its commit."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.commits = 0
        self._threads = ThreadPoolExecutor(80)
        event.listen(store.engine, "commit", self._note)

    def _note(self, _connection: object) -> None:
        self.commits += 1

    def write(self, *acts: Callable[[Writing], None]) -> list[Future[None]]:
        """Let each act be a writer's, in this order; all of them are done or refused when this returns."""
        here, may_go = threading.Event(), threading.Event()

        def first(tx: Writing) -> None:
            here.set()
            may_go.wait(30)
            acts[0](tx)

        told = [self._threads.submit(self._write, first)]
        here.wait(30)
        for act in acts[1:]:
            told.append(self._threads.submit(self._write, act))
            time.sleep(0.05)  # so that they queue in this order
        may_go.set()
        for one in told:
            one.exception(timeout=60)
        return told

    def _write(self, act: Callable[[Writing], None]) -> None:
        with self.store.write(EVERY) as tx:
            act(tx)


@pytest.fixture
def together(store: Store, monkeypatch: pytest.MonkeyPatch) -> Together:
    """The store, patient enough for slow machines: what shares a commit is not left to how fast they are."""
    monkeypatch.setattr("hub.store.commits._LONGEST", 60.0)
    return Together(store)


def adding(name: str) -> Callable[[Writing], None]:
    return lambda tx: add(tx, name)


def add(tx: Writing, name: str) -> None:
    tx.connection.execute(insert(LINES).values(name=name))


def refused(tx: Writing) -> None:
    tx.leave(number, ["refused"])
    raise Refusal


def names(store: Store, table: Table = LINES) -> list[str]:
    with store.read(EVERY) as tx:
        return list(tx.connection.execute(select(table.c.name).order_by(*table.primary_key)).scalars())


def number(connection: Scoped, left: Sequence[Any]) -> None:
    """As the log numbers its entries: after those that are there."""
    size = connection.execute(select(func.count()).select_from(NUMBERED)).scalar_one()
    if left:
        connection.execute(insert(NUMBERED), [{"n": size + n, "name": name} for n, name in enumerate(left)])


def numbering(name: str, then: Callable[[Writing], None] = lambda _tx: None) -> Callable[[Writing], None]:
    def act(tx: Writing) -> None:
        tx.leave(number, [name])
        then(tx)

    return act


def test_those_who_wait_for_their_turn_share_one_commit(together: Together) -> None:
    told = together.write(*(adding(f"{n:02}") for n in range(40)))
    assert [one.exception() for one in told] == [None] * 40
    assert together.commits == 1
    assert names(together.store) == [f"{n:02}" for n in range(40)]


def test_who_writes_alone_waits_for_nobody(store: Store) -> None:
    writers = Together(store)
    writers.write(adding("one"))
    writers.write(adding("two"))
    assert writers.commits == 2
    assert names(store) == ["one", "two"]


def test_of_those_who_share_a_commit_each_loses_its_own_alone(together: Together) -> None:
    told = together.write(adding("a"), refused, adding("b"), refused, adding("c"))
    assert [type(one.exception()) for one in told] == [type(None), Refusal, type(None), Refusal, type(None)]
    assert names(together.store) == ["a", "b", "c"]


def test_where_the_first_is_refused_the_others_are_kept(together: Together) -> None:
    told = together.write(refused, adding("a"), adding("b"))
    assert [type(one.exception()) for one in told] == [Refusal, type(None), type(None)]
    assert names(together.store) == ["a", "b"]


def test_nobody_is_told_before_what_they_wrote_is_durable(together: Together) -> None:
    """The first is done, and the second still at it: the first is not told, and nobody sees what it wrote."""
    seen: list[object] = []
    told: list[Future[None]] = []

    def second(_tx: Writing) -> None:
        time.sleep(0.2)
        seen.append(first.done())
        seen.append(names(together.store))

    here, may_go = threading.Event(), threading.Event()

    def begin(tx: Writing) -> None:
        here.set()
        may_go.wait(30)
        add(tx, "first")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(together._write, begin)
        here.wait(30)
        told = [first, threads.submit(together._write, second)]
        time.sleep(0.1)
        may_go.set()
        for one in told:
            one.result(timeout=60)
    assert seen == [False, []]
    assert names(together.store) == ["first"]


def test_where_the_commit_fails_all_are_told_also_who_was_refused_for_what_another_wrote(together: Together) -> None:
    def fails(connection: Scoped, _left: Sequence[Any]) -> None:
        connection.execute(select(Table("not_there", MetaData(), Column("one", Integer))))

    def finds(tx: Writing) -> None:
        if tx.connection.execute(select(LINES)).first() is not None:
            raise Refusal

    told = together.write(adding("a"), lambda tx: tx.leave(fails, [1]), finds)
    assert [type(one.exception()) for one in told] == [Unavailable] * 3
    assert names(together.store) == []
    together.write(adding("again"))
    assert names(together.store) == ["again"]


def test_a_full_disk_takes_all_who_shared_the_commit_and_none_of_those_after_it(together: Together) -> None:
    (pages,) = together.store.engine.connect().exec_driver_sql("PRAGMA page_count").one()

    def cramp(tx: Writing) -> None:
        tx.connection._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        add(tx, "small")

    def fill(tx: Writing) -> None:
        tx.connection.execute(insert(LINES), [{"name": f"{n:030}"} for n in range(5_000)])

    def widen(tx: Writing) -> None:
        tx.connection._connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    told = together.write(cramp, fill, adding("other"))
    full = told[1].exception()
    assert isinstance(full, Unavailable)
    assert full.code == "STORE_FULL"
    # SQLite keeps or throws away the rest as it sees fit; whoever was told that it is durable finds it.
    kept = {name for name, one in zip(("small", "other"), (told[0], told[2]), strict=True) if one.exception() is None}
    assert set(names(together.store)) == kept
    together.write(widen)
    together.write(adding("again"))
    assert "again" in names(together.store)


def test_where_sqlite_threw_the_whole_away_all_who_shared_it_are_told(together: Together) -> None:
    def thrown_away(tx: Writing) -> None:
        driver = tx.connection._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("ROLLBACK")  # as SQLite does by itself on some errors of the disk
        raise Refusal

    told = together.write(adding("a"), thrown_away, adding("b"))
    assert [type(one.exception()) for one in told] == [Unavailable, Unavailable, type(None)]
    assert names(together.store) == ["b"]


def test_what_is_left_to_the_end_is_done_once_for_all_who_are_kept(together: Together) -> None:
    done: list[list[str]] = []

    def once(connection: Scoped, left: Sequence[Any]) -> None:
        done.append(list(left))
        number(connection, left)

    def leaving(name: str) -> Callable[[Writing], None]:
        return lambda tx: tx.leave(once, [name])

    def refused_then(tx: Writing) -> None:
        tx.leave(once, ["refused"])
        raise Refusal

    together.write(leaving("a"), refused_then, leaving("b"))
    assert done == [["a", "b"]]
    assert names(together.store, NUMBERED) == ["a", "b"]


def test_what_one_does_at_once_for_those_before_it_and_then_loses_is_done_at_the_end_after_all(
    together: Together,
) -> None:
    def at_once(tx: Writing) -> None:
        tx.finish()

    def lost(tx: Writing) -> None:
        tx.finish()
        raise Refusal

    together.write(
        numbering("a"), numbering("lost", lost), numbering("b"), numbering("c", at_once), numbering("d"),
    )  # fmt: skip
    assert names(together.store, NUMBERED) == ["a", "b", "c", "d"]


def test_a_key_that_was_made_in_a_commit_that_failed_is_not_remembered_by_who_shared_it(together: Together) -> None:
    def makes(tx: Writing) -> None:
        landlord_keys.make_index(tx, "LMH", NOW)

    def uses(tx: Writing) -> None:
        landlord_keys.index(tx, "LMH", "words", "case")

    def fails(connection: Scoped, _left: Sequence[Any]) -> None:
        connection.execute(select(Table("not_there", MetaData(), Column("one", Integer))))

    told = together.write(makes, uses, lambda tx: tx.leave(fails, [1]))
    assert [type(one.exception()) for one in told] == [Unavailable] * 3
    assert "LMH" not in together.store.keys.indexing
    with together.store.write(EVERY) as tx:
        makes(tx)
    with together.store.read(EVERY) as later:
        kept = landlord_keys.in_force(later, "LMH", Purpose.INDEX)
        landlord_keys.index(later, "LMH", "words", "case")
    assert kept is not None
    assert together.store.keys.indexing["LMH"] == kept.secret


def test_a_commit_is_made_where_whoever_was_to_make_it_never_came(together: Together) -> None:
    shared = together.store._commits
    assert hasattr(shared, "_awaiting")
    shared._awaiting.add("nobody")  # somebody was interrupted on the way to its turn
    (told,) = together.write(adding("a"))
    assert told.exception() is None
    assert names(together.store) == ["a"]


def test_nobody_waits_for_one_commit_after_another_while_others_keep_coming(store: Store) -> None:
    """Bounded by time: who is done is told though others never stop writing."""
    stop = threading.Event()
    most: list[float] = []

    def write_on(worker: int) -> None:
        for n in range(100_000):
            if stop.is_set():
                return
            began = time.monotonic()
            with store.write(EVERY) as tx:
                add(tx, f"{worker}_{n}")
                time.sleep(0.005)
            most.append(time.monotonic() - began)

    with ThreadPoolExecutor(4) as threads:
        for worker in range(4):
            threads.submit(write_on, worker)
        time.sleep(1.5)
        stop.set()
    assert len(names(store)) == len(most)
    assert len(most) > 40


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["keep", "refuse", "finish", "finish and refuse"]), min_size=1, max_size=6),
                min_size=2, max_size=6))  # fmt: skip
def test_whatever_writers_do_at_once_what_is_there_is_what_they_were_told(
    tmp_path_factory: pytest.TempPathFactory, scripts: list[list[str]]
) -> None:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('any') / 'one.sqlite3'}", keyring(), pool_size=20)
    lay(str(store.engine.url), LINES)
    lay(str(store.engine.url), NUMBERED)
    kept: list[str] = []
    start = threading.Barrier(len(scripts))

    def run(worker: int, script: list[str]) -> None:
        start.wait(30)
        for n, act in enumerate(script):
            name = f"{worker}_{n}"
            try:
                with store.write(EVERY) as tx:
                    add(tx, name)
                    tx.leave(number, [name])
                    if "finish" in act:
                        tx.finish()
                    if "refuse" in act:
                        refused(tx)
            except Refusal:
                continue
            kept.append(name)

    with ThreadPoolExecutor(len(scripts)) as threads:
        for told in [threads.submit(run, worker, script) for worker, script in enumerate(scripts)]:
            told.result(timeout=60)
    assert names(store) == sorted(kept)
    assert sorted(names(store, NUMBERED)) == sorted(kept)
    with store.read(EVERY) as tx:
        numbers = list(tx.connection.execute(select(NUMBERED.c.n).order_by(NUMBERED.c.n)).scalars())
    assert numbers == list(range(len(kept)))
    store.close()
