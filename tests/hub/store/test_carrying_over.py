"""What counted before approvals were asked for goes on counting, and is said to be carried over."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from hub.register import agreements, documents
from hub.register.documents import Kind, in_date
from hub.register.standing import Stand, Step
from hub.store import migrate, walls
from hub.store.columns import UtcDateTime
from hub.store.unit_of_work import Store
from protocols.parse import write_agreement
from tests.cases import agreement
from tests.hub.store.stores import keyring
from tests.hub.store.test_migrations import _FOLDER
from tests.hubs import LMH
from tests.servers import owning, query_role

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MICROSECONDS = UtcDateTime().process_bind_param(NOW, None)  # type: ignore[arg-type]  # the dialect is not asked


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    with owning(database_url) as engine:
        yield engine


def _run(engine: Engine, statement: str, **values: object) -> None:
    with engine.connect().execution_options(concordat_write=True) as connection, connection.begin():
        connection.execute(text(statement), values)


def _before(engine: Engine) -> None:
    migrate.upgrade(engine, "0003")
    for code, review_by in (("LMH", MICROSECONDS), ("OHG", None)):
        _run(engine, "INSERT INTO landlord (code, name, jurisdiction, public_authority, apd_review_by) VALUES "
             "(:code, 'Example', 'england', :no, :review_by)", code=code, no=False, review_by=review_by)  # fmt: skip
    _run(engine, "INSERT INTO agreement (id, version, document, registered_at) VALUES (:id, 1, :document, :at)",
         id="agr_jag_example", document=write_agreement(agreement("agy_jag")), at=MICROSECONDS)  # fmt: skip


def test_versions_on_file_are_carried_over_and_so_is_the_date_of_the_policy_document(
    owner: Engine, database_url: str
) -> None:
    _before(owner)
    migrate.upgrade(owner)
    store = Store(database_url, keyring())
    with owner.begin() as connection:
        walls.admit(connection, query_role(database_url), store.keys)
    with store.read(LMH) as tx:
        (found,) = agreements.filed(tx, "LMH")
        kept = documents.listed(tx)
    store.close()
    assert [taken.step for taken in found.steps] == [Step.CARRIED_OVER]
    assert (found.standing.stand, found.added_by, found.counting()) == (Stand.APPROVED, "hub", agreement("agy_jag"))
    assert in_date(kept, Kind.APPROPRIATE_POLICY_DOCUMENT, None, datetime(2026, 11, 20, 11, tzinfo=UTC)) is True
    assert in_date(kept, Kind.APPROPRIATE_POLICY_DOCUMENT, None, NOW) is False
    assert len(kept) == 1


def test_going_back_keeps_the_date_of_the_policy_document(owner: Engine) -> None:
    _before(owner)
    migrate.upgrade(owner, "0004")
    with owner.connect().execution_options(concordat_write=True) as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(_FOLDER))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    with owner.connect() as connection:
        rows = connection.execute(text("SELECT code, apd_review_by FROM landlord ORDER BY code")).all()
    assert [tuple(row) for row in rows] == [("LMH", MICROSECONDS), ("OHG", None)]


def test_a_credential_that_worked_before_two_people_were_asked_for_counts_as_confirmed_when_issued(
    owner: Engine,
) -> None:
    migrate.upgrade(owner, "0007")
    _run(owner, "INSERT INTO credential (id, person, role, agency, token_hash, single_use, issued_at) VALUES "
         "('crd_1', 'usr_1', 'partner', 'agy_fire', 'x', :no, :at)", no=False, at=MICROSECONDS)  # fmt: skip
    migrate.upgrade(owner)
    with owner.connect() as connection:
        kept = connection.execute(text("SELECT made_by, confirmed_by, confirmed_at FROM credential")).one()
    assert tuple(kept) == (None, None, MICROSECONDS)
