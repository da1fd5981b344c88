"""Sealed content: it opens in its own place under its own key, and nowhere else, altered or not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from hub.errors import NotTrusted
from hub.ids import Prefix, new_id
from hub.keys import KeyRing
from hub.store import content
from hub.store.tables import data_key, sealed
from hub.store.unit_of_work import Reading, Store
from tests.hub.store.conftest import NOW, add_case
from tests.hub.store.stores import keyring

PART = "referral"


def keep(store: Store, case_id: str, **pieces: bytes) -> str:
    owner = new_id(Prefix.REFERRAL)
    with store.write() as tx:
        content.keep(tx, case_id, owner, PART, pieces, NOW)
    return owner


def read(store: Store, case_id: str, owner: str) -> dict[str, bytes]:
    with store.read() as tx:
        return content.read(tx, case_id, owner, PART)


def bytes_of(store: Store, owner: str, subject: str) -> bytes:
    with store.read() as tx:
        return bytes(tx.connection.execute(
            select(sealed.c.content).where(sealed.c.owner == owner, sealed.c.subject == subject)
        ).scalar_one())  # fmt: skip


def overwrite(store: Store, owner: str, subject: str, value: bytes) -> None:
    with store.write() as tx:
        tx.connection.execute(
            update(sealed).where(sealed.c.owner == owner, sealed.c.subject == subject).values(content=value)
        )


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.dictionaries(st.sampled_from(["p1", "p2", "case"]), st.binary(max_size=2_000), min_size=1))
def test_what_was_kept_is_read_again_person_by_person(store: Store, case_id: str, pieces: dict[str, bytes]) -> None:
    assert read(store, case_id, keep(store, case_id, **pieces)) == pieces


def test_what_is_kept_cannot_be_read_in_the_database(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"Zebedeeqz" * 50)
    assert b"Zebedee" not in bytes_of(store, owner, "p1")


def test_the_same_words_twice_do_not_look_alike(store: Store, case_id: str) -> None:
    one, other = keep(store, case_id, p1=b"the same"), keep(store, case_id, p1=b"the same")
    assert bytes_of(store, one, "p1") != bytes_of(store, other, "p1")


def test_a_piece_moved_to_another_row_of_the_same_person_is_refused(store: Store, case_id: str) -> None:
    one, other = keep(store, case_id, p1=b"one"), keep(store, case_id, p1=b"other")
    overwrite(store, other, "p1", bytes_of(store, one, "p1"))
    with pytest.raises(NotTrusted):
        read(store, case_id, other)


def test_a_piece_moved_to_another_person_is_refused(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"one", p2=b"other")
    overwrite(store, owner, "p2", bytes_of(store, owner, "p1"))
    with pytest.raises(NotTrusted):
        read(store, case_id, owner)


@pytest.mark.parametrize("place", [0, 1, 12, 13, -16, -1])
def test_a_piece_with_one_bit_changed_is_refused(store: Store, case_id: str, place: int) -> None:
    owner = keep(store, case_id, p1=b"what she said")
    altered = bytearray(bytes_of(store, owner, "p1"))
    altered[place] ^= 1
    overwrite(store, owner, "p1", bytes(altered))
    with pytest.raises(NotTrusted):
        read(store, case_id, owner)


def test_a_piece_cut_short_is_refused(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"what she said")
    for length in (0, 1, 5, 13, 28):
        overwrite(store, owner, "p1", bytes_of(store, owner, "p1")[:length])
        with pytest.raises(NotTrusted):
            read(store, case_id, owner)


def test_a_data_key_moved_to_another_case_opens_nothing(store: Store, case_id: str) -> None:
    other_case = add_case(store)
    keep(store, case_id, p1=b"one")
    other = keep(store, other_case, p1=b"other")
    with store.write() as tx:
        wrapped = tx.connection.execute(
            select(data_key.c.wrapped).where(data_key.c.case_id == case_id)
        ).scalar_one()  # fmt: skip
        tx.connection.execute(update(data_key).where(data_key.c.case_id == other_case).values(wrapped=wrapped))
    with pytest.raises(NotTrusted):
        read(store, other_case, other)


def test_another_hubs_key_opens_nothing(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"what she said")
    stranger: KeyRing = keyring()
    with store.read() as tx, pytest.raises(NotTrusted):
        content.read(Reading(tx.connection, stranger), case_id, owner, PART)


def test_after_erasing_one_person_the_others_are_still_read(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"hers", p2=b"his", case=b"both")
    with store.write() as tx:
        assert content.erase(tx, case_id, "p1") == 1
    assert read(store, case_id, owner) == {"p2": b"his", "case": b"both"}


def test_somebody_erased_who_comes_again_gets_a_new_key(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"hers")
    old = bytes_of(store, owner, "p1")
    with store.write() as tx:
        content.erase(tx, case_id, "p1")

    again = keep(store, case_id, p1=b"hers again")

    assert read(store, case_id, again) == {"p1": b"hers again"}
    overwrite(store, again, "p1", old)
    with pytest.raises(NotTrusted):
        read(store, case_id, again)
