"""Ctrl-C comes before any line, and a disk fails when it likes: an act and its entry are both there or neither is."""

import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import pytest
from sqlalchemy import event

from hub.errors import Unavailable
from hub.store import commits
from hub.store.scope import EVERY
from hub.store.unit_of_work import Store, Writing
from tests.hub.store.stores import keyring
from tests.hub.store.test_commits import LINES, NUMBERED, Refusal, add, names, number
from tests.servers import lay

SECONDS = 20
"""After which somebody is stuck: far longer than anything here takes."""

Act: TypeAlias = Callable[[Writing], None]


class Driver(sqlite3.Connection):
    """SQLite's driver; something may happen in place of a statement, or right after it."""

    instead: dict[str, Callable[[], None]]
    after: dict[str, Callable[[], None]]

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as sqlite3 takes them
        with self._told(sql):
            return super().execute(sql, *parameters)

    def commit(self) -> None:
        with self._told("COMMIT"):
            super().commit()

    def rollback(self) -> None:
        with self._told("ROLLBACK"):
            super().rollback()

    @contextmanager
    def _told(self, sql: str) -> Iterator[None]:
        self.instead.get(sql, _nothing)()
        yield
        self.after.pop(sql, _nothing)()


def _nothing() -> None:
    pass


def fails() -> None:
    raise sqlite3.OperationalError("disk I/O error")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with two tables, and writers who look soon whether anybody is still there to commit for them."""
    monkeypatch.setattr(commits, "_LOOKS_AGAIN", 0.02)
    monkeypatch.setattr(commits, "_LONGEST", 60.0)
    monkeypatch.setattr(Driver, "instead", {}, raising=False)
    monkeypatch.setattr(Driver, "after", {}, raising=False)
    store = Store(f"sqlite:///{tmp_path / 'one.sqlite3'}", keyring())
    event.listen(store.engine, "do_connect", lambda _d, _r, _a, how: how.update(factory=Driver))
    lay(str(store.engine.url), LINES)
    lay(str(store.engine.url), NUMBERED)
    yield store
    store.close()


class Writer:
    """One who writes a line and leaves its entry to be numbered, in a thread of its own; and what it was told."""

    def __init__(
        self, store: Store, name: str, then: Act = lambda _tx: None, interrupt: "Interrupt | None" = None
    ) -> None:
        self.store, self.name, self.then, self.interrupt = store, name, then, interrupt
        self.told: BaseException | None = None
        self.is_at_it = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        before = sys.gettrace()
        try:
            if self.interrupt is not None:
                sys.settrace(self.interrupt.trace)
            write(self.store, self.name, self._act)
        except BaseException as problem:  # noqa: BLE001 - that is what it was told
            self.told = problem.with_traceback(None)  # what it holds is let go of
            self.told.__context__ = self.told.__cause__ = None
        finally:
            sys.settrace(before)

    def _act(self, tx: Writing) -> None:
        self.is_at_it.set()
        self.then(tx)

    def has_come(self) -> None:
        """Wait until it waits for its turn, or was interrupted on its way."""
        ends = time.monotonic() + SECONDS
        while not is_awaited(self.store) and self._thread.is_alive() and time.monotonic() < ends:
            time.sleep(0.001)

    def is_told(self) -> bool:
        self._thread.join(SECONDS)
        return not self._thread.is_alive()


def is_awaited(store: Store) -> bool:
    shared = store._commits
    assert isinstance(shared, commits.Shared)
    return bool(shared._awaiting)


def write(store: Store, name: str, then: Act = lambda _tx: None) -> None:
    with store.write(EVERY) as tx:
        add(tx, name)
        tx.leave(number, [name])
        then(tx)


def refuse(_tx: Writing) -> None:
    raise Refusal


def waiting_for(others: threading.Event) -> Act:
    def wait(_tx: Writing) -> None:
        others.wait(SECONDS)

    return wait


@dataclass
class Interrupt:
    """Before the nth line of the module that one thread runs."""

    nth: int
    line: str | None = None

    def trace(self, frame: FrameType, _event: str, _arg: object) -> Callable[..., Any] | None:
        return self._local if frame.f_code.co_filename == commits.__file__ else None

    def _local(self, frame: FrameType, what: str, _arg: object) -> Callable[..., Any]:
        self.nth -= what == "line"
        if what == "line" and self.nth == 0:
            self.line = f"{frame.f_code.co_name}, line {frame.f_lineno}"
            raise KeyboardInterrupt
        return self._local


def one_alone(store: Store, run: str, then: Act, interrupt: Interrupt) -> list[Writer]:
    return [Writer(store, run, then, interrupt)]


def the_last_of_three(store: Store, run: str, then: Act, interrupt: Interrupt) -> list[Writer]:
    """The second comes while the first is at it, the last while the second is."""
    second_came, last_came = threading.Event(), threading.Event()
    first = Writer(store, f"{run} first", waiting_for(second_came))
    first.is_at_it.wait(SECONDS)
    second = Writer(store, f"{run} second", waiting_for(last_came))
    second.has_come()
    second_came.set()
    second.is_at_it.wait(SECONDS)
    last = Writer(store, run, then, interrupt)
    last.has_come()
    last_came.set()
    return [first, second, last]


@pytest.mark.parametrize("then", [lambda _tx: None, refuse], ids=["done", "refused"])
@pytest.mark.parametrize("come", [one_alone, the_last_of_three])
def test_an_interrupt_before_any_line_parts_no_act_from_its_entry_and_leaves_nobody_stuck(
    store: Store, come: Callable[[Store, str, Act, Interrupt], list[Writer]], then: Act
) -> None:
    for nth in range(1, 1_000):
        interrupt = Interrupt(nth)
        writers = come(store, f"{nth}", then, interrupt)
        assert [one.name for one in writers if not one.is_told()] == [], f"stuck: {interrupt.line}"
        next_one = Writer(store, f"{nth} next")
        assert next_one.is_told(), f"stuck after it: {interrupt.line}"
        assert next_one.told is None, interrupt.line
        assert store.engine.pool.checkedout() == 0, interrupt.line  # type: ignore[attr-defined]
        are_there = names(store)
        assert sorted(names(store, NUMBERED)) == are_there, interrupt.line
        for one in writers:
            if not isinstance(one.told, KeyboardInterrupt):
                assert (one.told is None) == (one.name in are_there), interrupt.line
        if interrupt.line is None:
            return
    pytest.fail("as if it had a thousand lines")


def two_that_share(store: Store, then: Act, meanwhile: Callable[[], None] = _nothing) -> list[Writer]:
    """The second comes while the first is at it, and does that; `meanwhile`: before the first is done."""
    second = list[Writer]()

    def another_comes(_tx: Writing) -> None:
        second.append(Writer(store, "second", then))
        second[0].has_come()
        meanwhile()

    first = Writer(store, "first", another_comes)
    assert first.is_told()
    assert second[0].is_told()
    return [first, *second]


def told(writers: list[Writer]) -> list[type]:
    return [type(one.told) for one in writers]


def is_lost_to_both_and_the_next_write_works(store: Store, writers: list[Writer]) -> bool:
    Driver.instead = {}
    write(store, "next")
    return told(writers) == [Unavailable] * 2 and names(store) == names(store, NUMBERED) == ["next"]


def test_an_interrupt_while_a_commit_waits_for_the_disk_tells_nobody_that_it_is_not_there(store: Store) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    def is_interrupted_next(_tx: Writing) -> None:
        Driver.after["COMMIT"] = interrupt

    writers = two_that_share(store, is_interrupted_next)
    assert told(writers) == [type(None), KeyboardInterrupt]
    assert names(store) == names(store, NUMBERED) == ["first", "second"]


def test_a_real_ctrl_c_is_told_as_such_whether_the_act_is_there_or_not(store: Store) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        Driver.after["COMMIT"] = lambda: signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            write(store, "committed")
        with pytest.raises(KeyboardInterrupt):
            write(store, "undone", lambda _tx: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    write(store, "next")
    assert names(store) == names(store, NUMBERED) == ["committed", "next"]


def test_where_giving_the_connection_back_fails_all_are_told_and_the_next_write_works(store: Store) -> None:
    writers = two_that_share(store, lambda _tx: Driver.instead.update({"COMMIT": fails, "ROLLBACK": fails}))
    assert is_lost_to_both_and_the_next_write_works(store, writers)


def test_where_giving_the_connection_back_fails_what_was_committed_before_it_is_there(store: Store) -> None:
    writers = two_that_share(store, lambda _tx: Driver.instead.update({"ROLLBACK": fails}))
    assert told(writers) == [type(None)] * 2
    assert names(store) == names(store, NUMBERED) == ["first", "second"]


def test_what_one_did_and_cannot_be_undone_is_lost_to_all(store: Store) -> None:
    writers = two_that_share(store, refuse, lambda: Driver.instead.update({"ROLLBACK TO part": fails}))
    assert is_lost_to_both_and_the_next_write_works(store, writers)


@pytest.mark.parametrize("which", ["alone", "the second of two"])
def test_who_goes_on_after_sqlite_threw_all_away_is_not_kept(store: Store, which: str) -> None:
    def goes_on(tx: Writing) -> None:
        driver = tx.connection._connection.connection.driver_connection
        assert isinstance(driver, Driver)
        driver.execute("ROLLBACK")  # as SQLite does by itself on some errors of the disk

    if which == "alone":
        with pytest.raises(Unavailable):
            write(store, "one", goes_on)
        assert names(store) == names(store, NUMBERED) == []
    else:
        assert is_lost_to_both_and_the_next_write_works(store, two_that_share(store, goes_on))


def test_who_only_looks_whether_its_commit_is_made_is_not_waited_for(store: Store) -> None:
    awaited = list[bool]()

    def lets_the_first_look(_tx: Writing) -> None:
        time.sleep(0.2)
        awaited.append(is_awaited(store))

    assert told(two_that_share(store, lets_the_first_look)) == [type(None)] * 2
    assert awaited == [False]


def test_who_is_interrupted_in_a_query_keeps_nobody_from_writing_for_as_long_as_it_is_remembered(store: Store) -> None:
    """SQLAlchemy closes the connection then, and SQLite keeps the lock of one that is closed with a query open."""
    queries = list[sqlite3.Cursor]()

    def is_interrupted_in_a_query(tx: Writing) -> None:
        connection = tx.connection._connection
        queries.append(connection.connection.cursor().execute("SELECT 1 UNION SELECT 2"))
        connection.invalidate()
        raise KeyboardInterrupt

    assert told(two_that_share(store, is_interrupted_in_a_query)) == [Unavailable] * 2
    next_one = Writer(store, "next")
    assert next_one.is_told()
    assert names(store) == names(store, NUMBERED) == ["next"]


def test_who_writes_within_its_own_writing_loses_it_and_keeps_nobody_from_writing(store: Store) -> None:
    with pytest.raises(RuntimeError):
        write(store, "outer", lambda _tx: write(store, "inner"))
    next_one = Writer(store, "next")
    assert next_one.is_told()
    assert names(store) == names(store, NUMBERED) == ["inner", "next"]
