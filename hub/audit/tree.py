"""The Merkle tree of the audit log (RFC 6962 section 2.1, RFC 9162 section 2.1), as pure arithmetic.

A *node* is named by ``(level, index)``: it covers the leaves ``index * 2**level`` up to ``(index + 1) * 2**level``.
Only *complete* nodes, those whose leaves all exist, are ever stored, because they never change again. Whatever
depends on the size of the tree, the root above all, is folded from complete nodes when it is asked for.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

Coordinate = tuple[int, int]
"""(level, index) of a complete node; level 0 is a leaf hash."""

Node = tuple[int, int, bytes]
"""(level, index, hash) of a complete node."""

Frontier = tuple[tuple[int, bytes], ...]
"""The complete nodes that cover a tree from left to right, as (level, hash), levels strictly falling."""

Step = tuple[Coordinate, ...]
"""One hash of a proof: the complete nodes, left to right, that `fold` turns into it."""

GetNode = Callable[[int, int], bytes]
"""Reads the hash of a complete node by level and index."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
EMPTY_FRONTIER: Frontier = ()


def leaf_hash(data: bytes) -> bytes:
    """Hash one entry. The 0x00 in front keeps an entry from passing for a node (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into the node above them (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Fold the hashes of neighbouring complete nodes, largest first, into the hash of all their leaves."""
    if not hashes:
        return EMPTY_ROOT
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


def leaf_count(frontier: Frontier) -> int:
    """Count the leaves that a frontier covers."""
    return sum(1 << level for level, _ in frontier)


def append(frontier: Frontier, leaf: bytes) -> tuple[Frontier, list[Node]]:
    """Add one leaf hash at the right.

    Returns the new frontier and the nodes at level 1 and above that this leaf completed, lowest first. A store that
    keeps those nodes and the leaf hashes can answer every proof. One append completes less than one node on average.
    """
    index, level, completed = leaf_count(frontier), 0, leaf
    kept, nodes = list(frontier), list[Node]()
    while kept and kept[-1][0] == level:
        completed = node_hash(kept.pop()[1], completed)
        level, index = level + 1, index >> 1
        nodes.append((level, index, completed))
    return (*kept, (level, completed)), nodes


def root(frontier: Frontier) -> bytes:
    """The root hash of the tree that a frontier covers."""
    return fold([node for _, node in frontier])


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root hash of a tree of these leaf hashes."""
    frontier = EMPTY_FRONTIER
    for leaf in leaves:
        frontier, _ = append(frontier, leaf)
    return root(frontier)


def cover(start: int, end: int) -> Step:
    """Name the complete nodes that cover leaves `start` to `end` (exclusive), largest first.

    `start` must lie on the boundary of a node that would cover them all, as it does for every range in a proof.
    """
    nodes = list[Coordinate]()
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return tuple(nodes)


def _split(width: int) -> int:
    """The largest power of two below `width`: where RFC 9162 divides a tree in two."""
    return 1 << (width - 1).bit_length() - 1


def inclusion_path(index: int, size: int) -> list[Step]:
    """Name the nodes of an inclusion proof, from the leaf's sibling up to the root's child (RFC 9162 section 2.1.3.1).

    Raises ValueError when the tree of that size has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index}: a tree of size {size} has no such leaf")
    # Below where its way up parts from that of the last leaf, every sibling is one complete node; there, the sibling is
    # what is left of the tree to the right; above, only siblings to the left remain.
    parts = (index ^ (size - 1)).bit_length()
    path: list[Step] = [((level, index >> level ^ 1),) for level in range(parts - 1)]
    if parts:
        level = parts - 1
        path.append(cover((index >> level ^ 1) << level, size))
    above = index >> parts
    while above:
        if above & 1:
            path.append(((parts, above - 1),))
        above >>= 1
        parts += 1
    return path


def consistency_path(old: int, new: int) -> list[Step]:
    """Name the nodes of a proof that the tree of size `old` begins the tree of size `new` (RFC 9162 section 2.1.4.1).

    Empty when `old` is 0 or equals `new`: there is nothing to prove that the roots do not say. Raises ValueError when
    `old` is negative or larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"size {old}: not the size of an earlier state of a tree of size {new}")
    if old in (0, new):
        return []
    start, end, path = 0, new, list[Step]()
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(cover(middle, end))
            end = middle
        else:
            path.append(cover(start, middle))
            start = middle
    # Where the old tree is itself one complete node from the left edge, its root is already in the verifier's hands.
    if start > 0:
        path.append(cover(start, end))
    return path[::-1]


def _read(step: Step, get_node: GetNode) -> bytes:
    if len(step) == 1:
        return get_node(*step[0])
    return fold([get_node(level, index) for level, index in step])


def inclusion_proof(index: int, size: int, get_node: GetNode) -> list[bytes]:
    """Prove that leaf `index` is in the tree of `size`, in at most 2 log2(size) reads. Errors: see `inclusion_path`."""
    return [_read(step, get_node) for step in inclusion_path(index, size)]


def consistency_proof(old: int, new: int, get_node: GetNode) -> list[bytes]:
    """Prove that the tree of size `old` begins the tree of size `new`. Errors: see `consistency_path`."""
    return [_read(step, get_node) for step in consistency_path(old, new)]


def root_at(size: int, get_node: GetNode) -> bytes:
    """The root hash that the tree had at `size`, in at most log2(size) reads."""
    return _read(cover(0, size), get_node)


def frontier_at(size: int, get_node: GetNode) -> Frontier:
    """The frontier of the tree at `size`, for a writer that starts again from what a store holds."""
    return tuple((level, get_node(level, index)) for level, index in cover(0, size))
