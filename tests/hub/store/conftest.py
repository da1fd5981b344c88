"""A migrated store with one case in it, on either database."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from hub.ids import Prefix, new_id
from hub.store import walls
from hub.store.tables import case_file, landlord
from hub.store.unit_of_work import Store
from tests.hub.store.stores import keyring
from tests.hubs import LMH
from tests.servers import owning, query_role

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    made = Store(migrated_url, keyring())
    with owning(migrated_url) as owner, owner.begin() as connection:
        walls.admit(connection, query_role(migrated_url), made.keys)
    with made.write(LMH) as tx:
        tx.connection.execute(
            insert(landlord).values(code="LMH", name="Harbour Example Homes", jurisdiction="england",
                                    public_authority=False)
        )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def case_id(store: Store) -> str:
    return add_case(store)


def add_case(store: Store) -> str:
    made = new_id(Prefix.CASE)
    with store.write(LMH) as tx:
        tx.connection.execute(insert(case_file).values(id=made, landlord="LMH", reference_index=made, opened_at=NOW))
    return made
