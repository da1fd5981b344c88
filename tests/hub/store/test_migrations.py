"""The migrations: from empty and step by step, they make exactly the tables of the code. On both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text

import hub.store.migrate
from hub.errors import NotTrusted
from hub.store import migrate
from hub.store.tables import audit_cosignature, metadata
from tests.conftest import OpenHub
from tests.servers import owning

_FOLDER = Path(hub.store.migrate.__file__).parent / "migrations"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with owning(database_url) as owner:
        yield owner


def revisions() -> list[str]:
    """Every revision, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_from_empty_they_make_the_tables_of_the_code_and_nothing_else(engine: Engine) -> None:
    assert tables(engine) == set()
    migrate.upgrade(engine)

    assert differences(engine) == []
    assert tables(engine) == set(metadata.tables)
    assert migrate.is_current(engine)


def test_step_by_step_they_lead_to_the_same(engine: Engine) -> None:
    for revision in revisions():
        assert not migrate.is_current(engine)
        migrate.upgrade(engine, revision)

    assert differences(engine) == []
    assert migrate.is_current(engine)


def test_a_cosignature_of_before_was_heard_when_it_says_but_never_in_time_to_come(engine: Engine) -> None:
    migrate.upgrade(engine, "0018")
    now = datetime.now(UTC)
    with engine.connect().execution_options(concordat_write=True) as connection, connection.begin():
        for size, at in enumerate((now - timedelta(days=9), now + timedelta(days=9))):
            connection.execute(text("INSERT INTO audit_cosignature VALUES (:size, 'police', 'line', :at)"),
                               {"size": size, "at": int(at.timestamp()) * 1_000_000})  # fmt: skip
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(audit_cosignature).order_by(audit_cosignature.c.size)).all()
    assert rows[0].heard_at == rows[0].cosigned_at == (now - timedelta(days=9)).replace(microsecond=0)
    assert now <= rows[1].heard_at <= datetime.now(UTC)


def test_a_second_time_they_change_nothing(engine: Engine) -> None:
    migrate.upgrade(engine)
    migrate.upgrade(engine)

    assert differences(engine) == []


def test_down_to_nothing_they_leave_nothing_and_up_again_they_make_all(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.connect().execution_options(concordat_write=True) as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert tables(engine) == set()

    migrate.upgrade(engine)

    assert differences(engine) == []


def test_a_hub_does_not_open_a_database_of_another_version(open_hub_here: OpenHub, migrated_url: str) -> None:
    open_hub_here()
    with owning(migrated_url) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'another'")
        assert not migrate.is_current(engine)
    with pytest.raises(NotTrusted) as refused:
        open_hub_here(create=False)
    assert refused.value.code == "SCHEMA_OUTDATED"


def test_the_check_sees_a_table_that_the_code_does_not_know(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE left_behind (id INTEGER PRIMARY KEY)")

    assert differences(engine)
