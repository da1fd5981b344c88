import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.tiles import bundle, bundles, hash_tiles, tile_path
from hub.audit.tree import leaf_hash, root_of


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 0, 1, "tile/0/000.p/1"),
        (2, 999, 256, "tile/2/999"),
        (1, 1000, 17, "tile/1/x001/000.p/17"),
        (None, 1234067, 256, "tile/entries/x001/x234/067"),
        (None, 1_000_000_000, 255, "tile/entries/x001/x000/x000/000.p/255"),
    ],
)
def test_a_tile_is_named_as_the_specification_shows(level: int | None, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path


def test_a_log_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    tiles = dict(hash_tiles(b"%032d" % index for index in range(70_000)))
    widths = {path: len(content) // 32 for path, content in tiles.items()}
    assert sum(width == 256 and path.startswith("tile/0/") for path, width in widths.items()) == 273
    partial_and_above = {path: width for path, width in widths.items() if ".p/" in path or path[5] != "0"}
    assert partial_and_above == {
        "tile/0/273.p/112": 112, "tile/1/000": 256, "tile/1/001.p/17": 17, "tile/2/000.p/1": 1,
    }  # fmt: skip


def test_a_log_of_256_has_a_full_tile_and_one_hash_above() -> None:
    leaves = [leaf_hash(b"%d" % index) for index in range(256)]
    assert dict(hash_tiles(leaves)) == {"tile/0/000": b"".join(leaves), "tile/1/000.p/1": root_of(leaves)}


@given(st.lists(st.binary(max_size=40), max_size=600))
def test_bundles_hold_every_entry_once_and_in_order(entries: list[bytes]) -> None:
    found: list[bytes] = []
    for _, content in bundles(entries):
        at = 0
        while at < len(content):
            length = int.from_bytes(content[at : at + 2], "big")
            found.append(content[at + 2 : at + 2 + length])
            at += 2 + length
    assert found == entries


def test_an_empty_log_has_no_tiles() -> None:
    assert not [*bundles([]), *hash_tiles([])]


def test_an_entry_too_long_for_its_length_is_refused() -> None:
    assert len(bundle([b"x" * 65_535])) == 65_537
    with pytest.raises(ValueError, match="longer than 65535 bytes"):
        bundle([b"x" * 65_536])
