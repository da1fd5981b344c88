"""Times come back as the same instant in UTC, on both databases, and sort as they happened."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from hub.store.columns import CanonicalJson, Json, UtcDateTime
from hub.store.unit_of_work import Store
from tests.hubs import LMH
from tests.servers import lay

SEEN = Table(
    "seen_by_this_test", MetaData(), Column("n", Integer, primary_key=True), Column("at", UtcDateTime),
    Column("told", CanonicalJson),
)  # fmt: skip
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001 - zones are given
JSONS: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
# One table serves every example: each example begins by emptying it.
ONE_TABLE = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def seen(store: Store, migrated_url: str) -> Store:
    lay(migrated_url, SEEN)
    return store


def kept(store: Store, *rows: dict[str, object]) -> None:
    with store.write(LMH) as tx:
        tx.connection.execute(SEEN.delete())
        tx.connection.execute(insert(SEEN), list(rows))


@ONE_TABLE
@given(at=TIMES)
def test_a_time_comes_back_as_the_same_instant_in_utc(seen: Store, at: datetime) -> None:
    kept(seen, {"n": 1, "at": at})
    with seen.read(LMH) as tx:
        back = tx.connection.execute(select(SEEN.c.at)).scalar_one()
    assert back == at
    assert back.tzinfo is UTC


@ONE_TABLE
@given(one=TIMES, other=TIMES)
def test_the_database_orders_times_as_they_happened(seen: Store, one: datetime, other: datetime) -> None:
    kept(seen, {"n": 1, "at": one}, {"n": 2, "at": other})
    with seen.read(LMH) as tx:
        before = tx.connection.execute(select(SEEN.c.n).where(SEEN.c.at < other, SEEN.c.n == 1)).all()
        ordered = tx.connection.execute(select(SEEN.c.at).order_by(SEEN.c.at)).scalars().all()
    assert bool(before) is (one < other)
    assert list(ordered) == sorted((one, other))


def test_a_time_without_a_zone_is_refused(seen: Store) -> None:
    with pytest.raises(StatementError, match="no zone"):
        kept(seen, {"n": 1, "at": datetime(2026, 11, 20)})  # noqa: DTZ001 - what must be refused


@ONE_TABLE
@given(told=JSONS)
def test_json_comes_back_equal(seen: Store, told: Json) -> None:
    kept(seen, {"n": 1, "told": told})
    with seen.read(LMH) as tx:
        assert tx.connection.execute(select(SEEN.c.told)).scalar_one() == told
