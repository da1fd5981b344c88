"""Where a hub leaves anything: each place as named pieces of bytes, by the means that whoever snoops would have."""

import os
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
from kombu.connection import Connection
from sqlalchemy import Engine, create_engine, inspect, make_url, text

from tests.servers import POSTGRES_URL, RABBITMQ_URL

Piece = tuple[str, bytes]


def files(folder: Path, what: str = "file") -> Iterator[Piece]:
    """Every file below a folder as it lies on the disk: pages in use, free pages, write-ahead log, temporary files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{what} {path.relative_to(folder)}", path.read_bytes()
        yield f"name of {what}", path.name.encode()


def rows(url: str) -> Iterator[Piece]:
    """Every value of every row, as the database gives it to whoever may read everything."""
    engine = create_engine(as_owner(url))
    try:
        with engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 - names that it told itself
                    yield f"table {table}", b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
    finally:
        engine.dispose()


def as_owner(url: str) -> str:
    """On PostgreSQL the tests' own superuser, whom no row-level security holds."""
    if url.startswith("sqlite"):
        return url
    return make_url(POSTGRES_URL).set(database=make_url(url).database).render_as_string(hide_password=False)


class PostgresFiles:
    """What PostgreSQL leaves on its disk for one database: its files, and the write-ahead log since this was made."""

    def __init__(self, url: str) -> None:
        """Remember where the log stands. `readable` is false where the server's folder cannot be read from here."""
        self._engine: Engine = create_engine(as_owner(url), isolation_level="AUTOCOMMIT")
        self._folder = Path(self._ask("SHOW data_directory"))
        self._since = self._ask("SELECT pg_walfile_name(pg_current_wal_lsn())")
        self._oid = self._ask("SELECT oid FROM pg_database WHERE datname = current_database()")
        self.readable = os.access(self._folder, os.R_OK | os.X_OK)

    def _ask(self, question: str) -> str:
        with self._engine.connect() as connection:
            return str(connection.execute(text(question)).scalar_one())

    def pages(self) -> Iterator[Piece]:
        """The files of this database's tables and indexes, once everything in memory was written to them."""
        with self._engine.connect() as connection:
            connection.execute(text("CHECKPOINT"))
        for path in sorted((self._folder / "base" / self._oid).iterdir()):
            yield f"page file {path.name}", path.read_bytes()

    def write_ahead_log(self) -> Iterator[Piece]:
        """The segments from where it stood on."""
        now = self._ask("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        for path in sorted((self._folder / "pg_wal").iterdir()):
            if path.is_file() and self._since <= path.name <= now:
                yield f"write-ahead log {path.name}", path.read_bytes()

    def server_log(self) -> Iterator[Piece]:
        """What the server itself wrote into its log file, where it keeps one."""
        for folder in (self._folder / "log", Path("/var/log/postgresql")):
            for path in sorted(folder.glob("*.log")) if folder.is_dir() and os.access(folder, os.R_OK) else ():
                yield f"server log {path.name}", path.read_bytes()

    def close(self) -> None:
        """Let go."""
        self._engine.dispose()


def messages(queue: str) -> tuple[list[Piece], list[Piece]]:
    """What waits in a queue: bodies, by task; headers and properties. All go back into it when the channel closes."""
    bodies, around = list[Piece](), list[Piece]()
    with Connection(RABBITMQ_URL) as connection, connection.channel() as channel:
        while (message := channel.basic_get(queue)) is not None:
            body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
            bodies.append((f"message {message.headers.get('task')}", body))
            around.append(("message around", repr((message.headers, message.properties)).encode()))
    return bodies, around


def mail(received: list[tuple[str, bytes]], agency: str) -> Iterator[Piece]:
    """Emails as a relay sees them. Of one to the agency's own mailbox the body is left out, and nothing else.

    That body is the disclosure, decided and meant for the agency; how it travels is the transport's own matter. Its
    headers, subject and structure are read by everybody on the way, as is all of every other email.
    """
    for message_id, raw in received:
        email = message_from_bytes(raw, policy=default)
        said = [f"{name}: {value}" for name, value in email.items()]
        said += [f"{name}: {value}" for part in email.walk() for name, value in part.items()]
        yield "headers of mail", "\n".join([message_id, *said]).encode()
        if str(email["To"]) != agency:
            yield "mail", raw


def response(answer: httpx.Response) -> Piece:
    """All that somebody is told: status, headers, body."""
    said = f"{answer.status_code} {answer.reason_phrase}\n{answer.headers.raw}\n".encode()
    return f"answer to {answer.request.method} {answer.request.url.path}", said + answer.content


def wait_until_quiet(folder: Path, seconds: float = 1.0) -> None:
    """Let what is on its way reach the disk."""
    before = None
    for _ in range(20):
        now = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if now == before:
            return
        before = now
        time.sleep(seconds)
