"""The log as files: entry bundles and hash tiles (C2SP tlog-tiles). Pure: paths and bytes in, paths and bytes out."""

import re
from collections.abc import Iterable, Iterator, Sequence

from hub.audit.tree import root_of

TILE_WIDTH = 256
MAX_ENTRY_BYTES = 65_535
"""A bundle gives the length of each entry in 16 bits."""

_PATH = re.compile(r"tile/([0-9]|[1-5][0-9]|6[0-3]|entries)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_LAST_TILE = 2**47


def tile_path(level: int | None, index: int, width: int = TILE_WIDTH) -> str:
    """Name the file of one tile, or of one entry bundle when `level` is None.

    `index` counts tiles within the level; `width` is the number of hashes or entries, 1 to 256, fewer than 256 making
    it a partial tile. Index 1,234,067 is written x001/x234/067.
    """
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    kind = "entries" if level is None else str(level)
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return f"tile/{kind}/{'/'.join(parts)}{partial}"


def parse_path(path: str) -> tuple[int | None, int, int]:
    """Level (None for entries), index and width of the tile that a path names. Raises ValueError for any other path."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError("not the path of a tile")
    level = None if found[1] == "entries" else int(found[1])
    index = int("".join(part.removeprefix("x") for part in found[2].split("/")))
    width = int(found[3]) if found[3] else TILE_WIDTH
    if index > _LAST_TILE or tile_path(level, index, width) != path:
        raise ValueError("not the path of a tile")
    return level, index, width


def bundle(entries: Sequence[bytes]) -> bytes:
    """Join up to 256 entries, each behind its length as a big-endian 16-bit number.

    Raises ValueError for an entry of more than 65,535 bytes.
    """
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise ValueError(f"entry: longer than {MAX_ENTRY_BYTES} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def bundles(entries: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every entry bundle of a log that holds these entries. Errors: see `bundle`."""
    for index, chunk in enumerate(_chunks(entries)):
        yield tile_path(None, index, len(chunk)), bundle(chunk)


def hash_tiles(leaf_hashes: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every hash tile, of every level, of a tree with these leaf hashes.

    Level 0 holds the leaf hashes; above it each hash is the root of one full tile of the level below. A tile comes out
    as soon as it is full and the partial ones last, so no more than one tile a level is held.
    """
    filling: list[list[bytes]] = []
    counts: list[int] = []
    for leaf in leaf_hashes:
        level, arriving = 0, leaf
        while True:
            if level == len(filling):
                filling.append([])
                counts.append(0)
            filling[level].append(arriving)
            if len(filling[level]) < TILE_WIDTH:
                break
            full, filling[level] = filling[level], []
            yield tile_path(level, counts[level]), b"".join(full)
            counts[level] += 1
            level, arriving = level + 1, root_of(full)
    for level, rest in enumerate(filling):
        if rest:
            yield tile_path(level, counts[level], len(rest)), b"".join(rest)


def _chunks(entries: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    for entry in entries:
        chunk.append(entry)
        if len(chunk) == TILE_WIDTH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
