"""Keys of landlords: made once, however many begin at once; an index that finds what was indexed and nothing else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.keys import KeyRing
from hub.store import landlord_keys
from hub.store.landlord_keys import HUB, Purpose
from hub.store.scope import EVERY, NOBODY
from hub.store.unit_of_work import Store
from tests.hub.store.conftest import NOW
from tests.hubs import LMH


def other_process(store: Store) -> Store:
    """A store on the same database, whose process has opened no key yet."""
    keys = KeyRing(store.keys.roots, store.keys.signing, store.keys.log)
    return Store(store.engine.url.render_as_string(hide_password=False), keys)


def test_many_who_need_a_first_key_at_once_get_the_same(store: Store) -> None:
    stores = [other_process(store) for _ in range(4)]

    def first(one: Store) -> tuple[bytes, bytes]:
        with one.write(LMH) as tx:
            return landlord_keys.wrapping(tx, "LMH", NOW).secret, landlord_keys.own(tx, NOW).secret

    with ThreadPoolExecutor(4) as at_once:
        assert len(set(at_once.map(first, stores))) == 1
    for one in stores:
        one.close()


def test_a_landlord_s_keys_are_its_own_and_of_one_use(store: Store) -> None:
    with store.write(LMH) as tx:
        made = {
            landlord_keys.make(tx, owner, purpose, 1, NOW).secret
            for owner in ("LMH", "OHG", HUB)
            for purpose in Purpose
        }
    assert len(made) == 6


def test_a_key_that_was_rolled_back_is_forgotten_with_its_transaction(store: Store) -> None:
    lost = []

    def stopped() -> None:
        with store.write(LMH) as tx:
            landlord_keys.make_index(tx, "LMH", NOW)
            lost.append(landlord_keys.index(tx, "LMH", "LMH/2026/0001", "case|LMH"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    other = other_process(store)
    with other.write(LMH) as tx:
        landlord_keys.make_index(tx, "LMH", NOW)
        found = landlord_keys.index(tx, "LMH", "LMH/2026/0001", "case|LMH")
    with store.read(EVERY) as seen:
        assert landlord_keys.index(seen, "LMH", "LMH/2026/0001", "case|LMH") == found
    assert [found] != lost
    other.close()


def test_before_a_landlord_has_an_index_key_nothing_is_found(store: Store) -> None:
    with store.read(NOBODY) as tx:
        assert len({landlord_keys.index(tx, "LMH", "LMH/2026/0001", "case|LMH") for _ in range(3)}) == 3


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=20), other=st.text(max_size=20))
def test_an_index_is_one_landlord_s_and_finds_equal_words(store: Store, words: str, other: str) -> None:
    with store.write(LMH) as tx:
        for owner in ("LMH", "OHG"):
            landlord_keys.make_index(tx, owner, NOW)
    with store.read(EVERY) as tx:
        digest = landlord_keys.index(tx, "LMH", words, "case")
        assert digest != landlord_keys.index(tx, "OHG", words, "case")
        assert digest != landlord_keys.index(tx, "LMH", words, "request")
        assert (digest == landlord_keys.index(tx, "LMH", other, "case")) == (words == other)
