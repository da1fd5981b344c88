"""Transactions: all or nothing, a consistent view while reading, one writer at a time where there must be one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, func, insert, select

from hub.errors import Unavailable
from hub.store.scope import EVERY
from hub.store.unit_of_work import Reading, Store, Writing
from tests.hub.store.stores import keyring
from tests.servers import lay

LINES = Table("lines_of_this_test", MetaData(), Column("name", String(30), primary_key=True))


@pytest.fixture
def store(store: Store, migrated_url: str) -> Store:
    """The migrated store, with one table more."""
    lay(migrated_url, LINES)
    return store


def add(tx: Writing, name: str) -> None:
    tx.connection.execute(insert(LINES).values(name=name))


def count(tx: Reading) -> int:
    return int(tx.connection.execute(select(func.count()).select_from(LINES)).scalar_one())


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    def write_and_fail() -> None:
        with store.write(EVERY) as tx:
            add(tx, "one")
            add(tx, "two")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    with store.read(EVERY) as tx:
        assert count(tx) == 0


def test_a_transaction_that_ends_is_there_for_another_store_at_once(store: Store, migrated_url: str) -> None:
    with store.write(EVERY) as tx:
        add(tx, "one")
    other = Store(migrated_url, store.keys)
    with other.read(EVERY) as tx:
        assert count(tx) == 1
    other.close()


def test_a_reading_does_not_see_what_is_not_committed_yet(store: Store) -> None:
    with store.write(EVERY) as tx:
        add(tx, "one")
        with store.read(EVERY) as reading:
            assert count(reading) == 0
    with store.read(EVERY) as reading:
        assert count(reading) == 1


def test_a_reading_sees_one_moment_from_its_first_query_to_its_end(store: Store) -> None:
    with store.read(EVERY) as reading:
        assert count(reading) == 0
        with store.write(EVERY) as tx:
            add(tx, "one")
        assert count(reading) == 0


def test_writers_in_many_threads_lose_no_row(store: Store) -> None:
    start = threading.Barrier(4)

    def write_ten(worker: int) -> None:
        start.wait()
        for number in range(10):
            with store.write(EVERY) as tx:
                add(tx, f"{worker}_{number}")

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(write_ten, range(4)))

    with store.read(EVERY) as tx:
        assert count(tx) == 40


def test_who_holds_the_log_holds_it_alone_until_the_transaction_ends(store: Store) -> None:
    order: list[str] = []
    holding, may_go = threading.Event(), threading.Event()

    def first() -> None:
        with store.write(EVERY) as tx:
            tx.lock_log()
            holding.set()
            may_go.wait(30)
            order.append("first")

    def second() -> None:
        holding.wait(30)
        with store.write(EVERY) as tx:
            tx.lock_log()
            order.append("second")

    with ThreadPoolExecutor(2) as workers:
        ends = [workers.submit(first), workers.submit(second)]
        holding.wait(30)
        may_go.set()
        for end in ends:
            end.result(timeout=60)
    assert order == ["first", "second"]


def test_whoever_stops_something_waits_for_releases_that_rely_on_it_and_they_do_not_wait_for_each_other(
    store: Store,
) -> None:
    order: list[str] = []
    releasing, may_go = threading.Barrier(3 if store.engine.dialect.name == "postgresql" else 2), threading.Event()

    def release() -> None:
        with store.write(EVERY) as tx:
            tx.hold_registers()
            releasing.wait(30)  # on PostgreSQL two at once: neither waits for the other
            may_go.wait(30)
            order.append("released")

    def stop() -> None:
        with store.write(EVERY) as tx:
            tx.hold_registers(to_stop=True)
            order.append("stopped")

    several = releasing.parties - 1
    with ThreadPoolExecutor(3) as workers:
        ends = [workers.submit(release) for _ in range(several)]
        releasing.wait(30)
        ends.append(workers.submit(stop))
        time.sleep(0.3)
        may_go.set()
        for end in ends:
            end.result(timeout=60)
    assert order == ["released"] * several + ["stopped"]


def test_of_two_equal_rows_at_once_one_is_inserted_and_the_other_is_told_so(store: Store) -> None:
    start = threading.Barrier(2)

    def insert_it(_number: int) -> bool:
        start.wait()
        with store.write(EVERY) as tx:
            return tx.insert_missing(LINES, name="same")

    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(insert_it, range(2))) == [False, True]


def test_a_database_that_is_not_there_is_unavailable_and_says_nothing_of_its_address() -> None:
    away = Store("postgresql+psycopg://who:secret@127.0.0.1:1/concordat", keyring())
    with pytest.raises(Unavailable) as told, away.write(EVERY):
        raise AssertionError("nothing can be written here")
    assert "secret" not in str(told.value)
    away.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'one.sqlite3'}", keyring())


def test_sqlite_is_durable_and_forgets_what_was_deleted(embedded: Store) -> None:
    with embedded.engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    embedded.close()
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
