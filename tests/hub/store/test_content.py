"""Sealed content: it opens in its own place under its own key, and nowhere else, altered or not."""

import contextlib
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Table, and_, insert, select, update

from hub.errors import NotTrusted
from hub.ids import Prefix, new_id
from hub.keys import KeyRing
from hub.store import content, landlord_keys, rekeying
from hub.store.classes import DataClass
from hub.store.landlord_keys import Purpose
from hub.store.scope import EVERY, NOBODY, of_landlord
from hub.store.tables import case_file, data_key, landlord, landlord_key, sealed
from hub.store.unit_of_work import Reading, Store
from tests.hub.store.conftest import NOW, add_case
from tests.hub.store.stores import keyring
from tests.hubs import LMH

PART = "referral"
OHG = of_landlord("OHG")


def keep(store: Store, case_id: str, **pieces: bytes) -> str:
    owner = new_id(Prefix.REFERRAL)
    with store.write(LMH) as tx:
        content.keep(tx, case_id, owner, PART, pieces, NOW)
    return owner


def read(store: Store, case_id: str, owner: str) -> dict[str, bytes]:
    with store.read(EVERY) as tx:
        return content.read(tx, case_id, owner, PART)


def bytes_of(store: Store, owner: str, subject: str) -> bytes:
    with store.read(EVERY) as tx:
        return bytes(tx.connection.execute(
            select(sealed.c.content).where(sealed.c.owner == owner, sealed.c.subject == subject)
        ).scalar_one())  # fmt: skip


def overwrite(store: Store, owner: str, subject: str, value: bytes) -> None:
    with store.write(LMH) as tx:
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
    with store.write(LMH) as tx:
        wrapped = tx.connection.execute(
            select(data_key.c.wrapped).where(data_key.c.case_id == case_id)
        ).scalar_one()  # fmt: skip
        tx.connection.execute(update(data_key).where(data_key.c.case_id == other_case).values(wrapped=wrapped))
    with pytest.raises(NotTrusted):
        read(store, other_case, other)


def test_another_hubs_key_opens_nothing(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"what she said")
    stranger: KeyRing = keyring()
    other = Store(store.engine.url.render_as_string(hide_password=False), stranger)
    with pytest.raises(NotTrusted), other.read(LMH) as tx:  # PostgreSQL does not even let it in
        content.read(tx, case_id, owner, PART)
    other.close()


def test_after_erasing_one_person_the_others_are_still_read(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"hers", p2=b"his", case=b"both")
    with store.write(LMH) as tx:
        assert content.erase(tx, case_id, "p1") == 1
    assert read(store, case_id, owner) == {"p2": b"his", "case": b"both"}


def test_somebody_erased_who_comes_again_gets_a_new_key(store: Store, case_id: str) -> None:
    owner = keep(store, case_id, p1=b"hers")
    old = bytes_of(store, owner, "p1")
    with store.write(LMH) as tx:
        content.erase(tx, case_id, "p1")

    again = keep(store, case_id, p1=b"hers again")

    assert read(store, case_id, again) == {"p1": b"hers again"}
    overwrite(store, again, "p1", old)
    with pytest.raises(NotTrusted):
        read(store, case_id, again)


def test_each_class_of_a_person_is_erased_by_itself(store: Store, case_id: str) -> None:
    owner = new_id(Prefix.REFERRAL)
    whole = {kind: kind.value.encode() for kind in DataClass}
    with store.write(LMH) as tx:
        content.keep_classes(tx, case_id, owner, PART, {"p1": whole, "p2": whole}, NOW)
        assert content.keys_of(tx, case_id) == {(who, kind) for who in ("p1", "p2") for kind in DataClass}
    with store.write(LMH) as tx:
        assert content.erase(tx, case_id, "p1", DataClass.SPECIAL) == 1
    with store.read(LMH) as tx:
        found = content.read_classes(tx, case_id, [owner], PART)[owner]
        assert len(content.keys_of(tx, case_id)) == 5
    assert found == {"p1": {kind: whole[kind] for kind in (DataClass.NORMAL, DataClass.SEALED)}, "p2": whole}


def test_nothing_is_kept_where_no_landlord_is_at_hand(store: Store, case_id: str) -> None:
    for scope in (EVERY, NOBODY):
        with store.write(scope) as tx, pytest.raises(ValueError, match="for one landlord"):
            content.keep(tx, case_id, new_id(Prefix.REFERRAL), PART, {"p1": b"x"}, NOW)


@dataclass(frozen=True)
class Cell:
    """One wrapped key or sealed value: its table, and the names of its row."""

    table: Table
    column: str
    row: tuple[str, ...]

    def here(self) -> ColumnElement[bool]:
        return and_(*(key == name for key, name in zip(self.table.primary_key.columns, self.row, strict=True)))


def cells_of(store: Store, table: Table, column: str) -> list[Cell]:
    with store.read(EVERY) as tx:
        rows = tx.connection.execute(select(*table.primary_key.columns)).all()
    return [Cell(table, column, tuple(row)) for row in rows]


def everything(store: Store) -> dict[tuple[str, ...], bytes]:
    """Every piece of every landlord, opened."""
    with store.read(EVERY) as tx:
        places = tx.connection.execute(select(sealed.c.case_id, sealed.c.owner, sealed.c.part).distinct()).all()
        return {
            (place.owner, place.part, who, kind): piece
            for place in places
            for who, each in content.read_classes(tx, place.case_id, [place.owner], place.part)[place.owner].items()
            for kind, piece in each.items()
        }


@pytest.fixture
def two_landlords(store: Store) -> Store:
    """Two landlords with two cases each, several parts, people and classes; one landlord's key was rotated."""
    with store.write(OHG) as tx:
        tx.connection.execute(
            insert(landlord).values(code="OHG", name="Quayside Example Homes", jurisdiction="england",
                                    public_authority=False)
        )  # fmt: skip
    for scope in (LMH, OHG):
        for _ in range(2):
            with store.write(scope) as tx:
                case = new_id(Prefix.CASE)
                tx.connection.execute(insert(case_file).values(id=case, landlord=scope.of, reference_index=case,
                                                               opened_at=NOW))  # fmt: skip
                for part in ("referral", "note"):
                    each = {kind: f"{case}{part}{kind}".encode() for kind in DataClass}
                    content.keep_classes(tx, case, new_id(Prefix.REFERRAL), part, {"p1": each, "case": each}, NOW)
        with store.write(scope) as tx:
            landlord_keys.make_index(tx, scope.of, NOW)
    with store.write(LMH) as tx:
        landlord_keys.retire(tx, "LMH", Purpose.WRAP, 1, NOW)
        landlord_keys.make(tx, "LMH", Purpose.WRAP, 2, NOW)
    with store.write(LMH) as tx:
        assert rekeying.wrap_anew(tx, "LMH", 2, 3) == 3
    return store


CELLS = [(sealed, "content"), (data_key, "wrapped"), (landlord_key, "wrapped")]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), which=st.sampled_from(CELLS), swap=st.booleans())
def test_no_key_or_value_opens_in_another_row_tenant_class_or_version(
    two_landlords: Store, data: st.DataObject, which: tuple[Table, str], swap: bool
) -> None:
    """Whatever is moved, swapped or renumbered: what still opens is what was there, and the moved one does not."""
    store, (table, column) = two_landlords, which
    cells = cells_of(store, table, column)
    one, other = data.draw(st.lists(st.sampled_from(cells), min_size=2, max_size=2, unique=True))
    before = everything(store)
    with contextlib.suppress(Undone), store.write(EVERY) as tx:
        there, elsewhere = (
            tx.connection.execute(select(table.c[column]).where(cell.here())).scalar_one() for cell in (one, other)
        )
        tx.connection.execute(update(table).where(one.here()).values({column: elsewhere}))
        if swap:
            tx.connection.execute(update(table).where(other.here()).values({column: there}))
        tx.keys = unopened(store.keys)
        for cell in (one, other) if swap else (one,):
            with pytest.raises(NotTrusted):
                open_cell(tx, cell)
        raise Undone
    assert everything(store) == before


class Undone(Exception):
    """Leaves the database as it was."""


def unopened(keys: KeyRing) -> KeyRing:
    """The same keys in a process that has opened nothing yet."""
    return KeyRing(keys.roots, keys.signing, keys.log)


def open_cell(tx: Reading, cell: Cell) -> None:
    """Open one key or value as the hub does."""
    if cell.table is landlord_key:
        owner, purpose, version = cell.row
        row = tx.connection.execute(select(landlord_key).where(cell.here())).one()
        landlord_keys.opened(tx.keys, owner, purpose, int(version), root=row.root, wrapped=row.wrapped)
        return
    names = [column.name for column in cell.table.primary_key.columns]
    of_it = and_(*(sealed.c[name] == value for name, value in zip(names, cell.row, strict=True)))
    place = tx.connection.execute(select(sealed).where(of_it).limit(1)).one()
    content.read(tx, place.case_id, place.owner, place.part)


@pytest.mark.parametrize(("table", "column", "value"), [
    (sealed, "landlord", "OHG"), (data_key, "landlord", "OHG"), (data_key, "version", 2), (data_key, "key_version", 2),
    (sealed, "data_class", "sealed"), (sealed, "part", "note"), (data_key, "data_class", "special"),
])  # fmt: skip
def test_a_row_that_is_given_out_as_another_s_does_not_open(
    store: Store, case_id: str, table: Table, column: str, value: object
) -> None:
    """Also where both landlords have keys of both versions: the value itself says no, not a missing row."""
    with store.write(OHG) as tx:
        landlord_keys.make(tx, "OHG", Purpose.WRAP, 1, NOW)
    owner = keep(store, case_id, p1=b"hers")
    with store.write(LMH) as tx:
        landlord_keys.make(tx, "LMH", Purpose.WRAP, 2, NOW)
    with store.write(EVERY) as tx:
        tx.connection.execute(update(table).values({column: value}))
        if column == "data_class":  # the pair of key and value goes on matching
            tx.connection.execute(update(sealed if table is data_key else data_key).values({column: value}))
    part = "note" if column == "part" else PART
    with store.read(EVERY) as tx, pytest.raises(NotTrusted):
        content.read(tx, case_id, owner, part)
