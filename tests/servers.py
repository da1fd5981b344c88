"""The servers that some tests need: where they are, whether they answer, and a fresh database on one of them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import psycopg
from kombu.connection import Connection
from kombu.exceptions import OperationalError as BrokerAway
from sqlalchemy import create_engine, make_url, text

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
        row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return None if row and row[0] else "its role may not create databases"


def _rabbitmq_away() -> str | None:
    with Connection(RABBITMQ_URL, connect_timeout=3) as connection:
        connection.connect()
    return None


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database of one's own; it is dropped afterwards, whoever is still in it."""
    name = f"concordat_test_{secrets.token_hex(6)}"
    server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        server.dispose()


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
