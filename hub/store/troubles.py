"""What the database's troubles mean: nothing was taken, and when to come back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, OperationalError, TimeoutError  # noqa: A004 - of the connection pool

from hub import metrics
from hub.errors import Unavailable
from hub.store.space import Space


@contextmanager
def telling_unavailable(space: Space) -> Iterator[None]:
    """Raise Unavailable for a database that is away, full, locked, or only reads; `space` is told of a full one."""
    try:
        yield
    except (OperationalError, TimeoutError, sqlite3.OperationalError) as problem:  # the last while one connects
        metrics.STORE_ERRORS.labels(type(problem).__name__).inc()
        if _is_full(getattr(problem, "orig", problem)):
            space.told_full()
            raise full() from problem
        raise away() from problem
    except DBAPIError as problem:
        metrics.STORE_ERRORS.labels(type(problem).__name__).inc()
        if problem.connection_invalidated or _only_reads(problem.orig):
            raise away() from problem
        raise


def is_of_the_store(problem: Exception) -> bool:
    """Whether it says that nothing can be made durable now, whatever it were; not that one value does not fit."""
    of_it = isinstance(problem, (Unavailable, DBAPIError, TimeoutError, sqlite3.Error))
    return of_it and not isinstance(problem, DataError)


def full() -> Unavailable:
    """The disk has no room."""
    says = "the disk of the hub's database has no room left, so nothing more is begun; nothing was taken"
    return Unavailable("STORE_FULL", says, after=60)


def _is_full(problem: BaseException | None) -> bool:
    """SQLITE_FULL; PostgreSQL's disk_full, of class 53."""
    code = getattr(problem, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or getattr(problem, "sqlstate", None) == "53100"


def _only_reads(problem: BaseException | None) -> bool:
    """PostgreSQL's read_only_sql_transaction: a standby, or a server that was told so."""
    return getattr(problem, "sqlstate", None) == "25006"


def away() -> Unavailable:
    """The database does not answer, or made nothing durable."""
    says = "the hub cannot store anything at the moment; nothing was taken"
    return Unavailable("STORE_UNAVAILABLE", says, after=5)
