"""The servers that some tests need: where they are, whether they answer, and a fresh database on one of them.

On PostgreSQL every test queries as a role that is neither superuser nor owner of anything, as a hub does; only what a
hub's administrator would do as the owner (migrate, look at the files) is done `as_owner`.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import psycopg
from kombu.connection import Connection
from kombu.exceptions import OperationalError as BrokerAway
from sqlalchemy import Engine, Table, create_engine, make_url, text

from hub.store.unit_of_work import Store
from tests.hub.store.stores import keyring

POSTGRES_URL: Final = os.environ.get(
    "CONCORDAT_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
RABBITMQ_URL: Final = os.environ.get("CONCORDAT_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
REQUIRED: Final = os.environ.get("CONCORDAT_TEST_REQUIRE_SERVICES") == "1"
SERVERS: Final = {
    "postgresql": ("PostgreSQL", "CONCORDAT_TEST_POSTGRES_URL"),
    "rabbitmq": ("RabbitMQ", "CONCORDAT_TEST_RABBITMQ_URL"),
}
"""Name, and the variable that says where it is, of each server by the marker of the tests that need it."""


@cache
def why_away(marker: str) -> str | None:
    """Why the server of that marker cannot be used, in one line without its address's password; None when it can."""
    try:
        return _postgres_away() if marker == "postgresql" else _rabbitmq_away()
    except (OSError, psycopg.Error, BrokerAway) as problem:
        return f"does not let us in ({type(problem).__name__})"


def _postgres_away() -> str | None:
    url = make_url(POSTGRES_URL).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, connect_timeout=3) as connection:
        row = connection.execute(
            "SELECT rolsuper OR (rolcreatedb AND rolcreaterole AND rolbypassrls) FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchone()
    return None if row and row[0] else "its role may not create databases and roles and see all rows of a test"


def _rabbitmq_away() -> str | None:
    with Connection(RABBITMQ_URL, connect_timeout=3) as connection:
        connection.connect()
    return None


@contextmanager
def fresh_database(server_url: str = POSTGRES_URL, template: str | None = None) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of one's own, for a role of one's own that may query there once it was
    migrated; both are dropped afterwards, whoever is still in it. `template`: of which it is a copy instead."""
    name, password = f"concordat_test_{secrets.token_hex(6)}", secrets.token_hex(16)
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            copied = f" TEMPLATE {make_url(template).database}" if template else ""
            connection.execute(text(f"CREATE DATABASE {name}{copied}"))
            connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
            connection.execute(text(f"GRANT {name} TO CURRENT_USER"))  # whoever ends its sessions must be a member
        yield server.url.set(username=name, password=password, database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE IF EXISTS {name}"))
        server.dispose()


def copy_over(url: str, template: str) -> None:
    """Have an empty `fresh_database` be a copy of another one, in which nobody is; one with tables stays as it is."""
    name, from_name = make_url(url).database, make_url(template).database
    with owning(url) as owner, owner.connect() as connection:
        if connection.scalar(text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")):
            return
    server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {from_name}"))
    server.dispose()


def as_owner(url: str, server_url: str = POSTGRES_URL) -> str:
    """The same database, for the role that made it and sees all that is in it."""
    if not url.startswith("postgresql"):
        return url
    return make_url(server_url).set(database=make_url(url).database).render_as_string(hide_password=False)


def query_role(url: str) -> str | None:
    """The role that a URL of `fresh_database` is for."""
    return make_url(url).username


@contextmanager
def owning(url: str) -> Iterator[Engine]:
    """An engine for what only the owner may do."""
    store = Store(as_owner(url), keyring())
    yield store.engine
    store.close()


def lay(url: str, table: Table) -> None:
    """Make a table of this test's own, which everybody may use."""
    with owning(url) as owner:
        table.create(owner)
        if owner.dialect.name == "postgresql":
            with owner.begin() as connection:
                connection.execute(text(f"GRANT ALL ON {table.name} TO PUBLIC"))


@contextmanager
def fresh_queue() -> Iterator[str]:
    """The name of a RabbitMQ queue of one's own; queue and exchange are deleted afterwards."""
    name = f"concordat_test_{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        with Connection(RABBITMQ_URL) as connection, connection.channel() as channel:
            channel.queue_delete(name)
            channel.exchange_delete(name)
