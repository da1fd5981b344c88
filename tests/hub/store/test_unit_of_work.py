"""Transactions: all or nothing, a consistent view while reading, one writer at a time where there must be one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, func, insert, select

from hub.errors import Unavailable
from hub.store.unit_of_work import Reading, Store, Writing
from tests.hub.store.stores import keyring

LINES = Table("lines_of_this_test", MetaData(), Column("name", String(30), primary_key=True))


@pytest.fixture
def store(store: Store) -> Store:
    """The migrated store, with one table more."""
    with store.write() as tx:
        LINES.create(tx.connection)
    return store


def add(tx: Writing, name: str) -> None:
    tx.connection.execute(insert(LINES).values(name=name))


def count(tx: Reading) -> int:
    return int(tx.connection.execute(select(func.count()).select_from(LINES)).scalar_one())


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    def write_and_fail() -> None:
        with store.write() as tx:
            add(tx, "one")
            add(tx, "two")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    with store.read() as tx:
        assert count(tx) == 0


def test_a_transaction_that_ends_is_there_for_another_store_at_once(store: Store, database_url: str) -> None:
    with store.write() as tx:
        add(tx, "one")
    other = Store(database_url, keyring())
    with other.read() as tx:
        assert count(tx) == 1
    other.close()


def test_a_reading_does_not_see_what_is_not_committed_yet(store: Store) -> None:
    with store.write() as tx:
        add(tx, "one")
        with store.read() as reading:
            assert count(reading) == 0
    with store.read() as reading:
        assert count(reading) == 1


def test_a_reading_sees_one_moment_from_its_first_query_to_its_end(store: Store) -> None:
    with store.read() as reading:
        assert count(reading) == 0
        with store.write() as tx:
            add(tx, "one")
        assert count(reading) == 0


def test_writers_in_many_threads_lose_no_row(store: Store) -> None:
    start = threading.Barrier(4)

    def write_ten(worker: int) -> None:
        start.wait()
        for number in range(10):
            with store.write() as tx:
                add(tx, f"{worker}_{number}")

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(write_ten, range(4)))

    with store.read() as tx:
        assert count(tx) == 40


def test_who_holds_the_log_holds_it_alone_until_the_transaction_ends(store: Store) -> None:
    order: list[str] = []
    holding, may_go = threading.Event(), threading.Event()

    def first() -> None:
        with store.write() as tx:
            tx.lock_log()
            holding.set()
            may_go.wait(30)
            order.append("first")

    def second() -> None:
        holding.wait(30)
        with store.write() as tx:
            tx.lock_log()
            order.append("second")

    with ThreadPoolExecutor(2) as workers:
        ends = [workers.submit(first), workers.submit(second)]
        holding.wait(30)
        may_go.set()
        for end in ends:
            end.result(timeout=60)
    assert order == ["first", "second"]


def test_of_two_equal_rows_at_once_one_is_inserted_and_the_other_is_told_so(store: Store) -> None:
    start = threading.Barrier(2)

    def insert_it(_number: int) -> bool:
        start.wait()
        with store.write() as tx:
            return tx.insert_missing(LINES, name="same")

    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(insert_it, range(2))) == [False, True]


def test_a_database_that_is_not_there_is_unavailable_and_says_nothing_of_its_address() -> None:
    away = Store("postgresql+psycopg://who:secret@127.0.0.1:1/concordat", keyring())
    with pytest.raises(Unavailable) as told, away.write():
        raise AssertionError("nothing can be written here")
    assert "secret" not in str(told.value)
    away.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'one.sqlite3'}", keyring())


def test_sqlite_is_durable_and_forgets_what_was_deleted(embedded: Store) -> None:
    with embedded.read() as tx:
        told = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    embedded.close()
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
