"""The write-ahead log beside an SQLite database is emptied once nobody reads what stands in it."""

from pathlib import Path

from sqlalchemy import select

from hub.bootstrap import Hub
from hub.store.scope import NOBODY
from hub.store.tables import landlord
from tests.hubs import put_in_force


def beside(hub: Hub) -> int:
    """How many bytes stand in the write-ahead log."""
    file = Path(hub.settings.database.removeprefix("sqlite:///") + "-wal")
    return file.stat().st_size if file.exists() else 0


def test_it_is_emptied_and_writing_goes_on(embedded_hub: Hub) -> None:
    assert beside(embedded_hub) > 0
    assert embedded_hub.house.store.scrub()
    assert beside(embedded_hub) == 0
    put_in_force(embedded_hub)
    assert beside(embedded_hub) > 0


def test_a_long_reading_is_not_disturbed_and_it_is_said_that_something_is_left(embedded_hub: Hub) -> None:
    store = embedded_hub.house.store
    with store.read(NOBODY) as tx:
        before = tx.connection.execute(select(landlord)).all()
        put_in_force(embedded_hub)
        assert not store.scrub()
        assert tx.connection.execute(select(landlord)).all() == before
    assert store.scrub()
    assert beside(embedded_hub) == 0
