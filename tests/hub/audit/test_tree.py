import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from hub.audit import tree
from hub.audit.proofs import verify_consistency
from hub.audit.tree import EMPTY_FRONTIER, EMPTY_ROOT, Coordinate

# The leaves and roots that Certificate Transparency implementations share for RFC 6962.
PUBLISHED_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
PUBLISHED_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Store:
    """Keeps what a store keeps, one row for each complete node, and counts the reads."""

    def __init__(self, size: int) -> None:
        self.nodes: dict[Coordinate, bytes] = {}
        self.frontier = EMPTY_FRONTIER
        self.reads = 0
        for index in range(size):
            leaf = tree.leaf_hash(b"%d" % index)
            self.frontier, completed = tree.append(self.frontier, leaf)
            for level, at, node in [(0, index, leaf), *completed]:
                assert (level, at) not in self.nodes
                self.nodes[level, at] = node

    def get_node(self, level: int, index: int) -> bytes:
        self.reads += 1
        return self.nodes[level, index]


def peer(size: int) -> InmemoryTree:
    other = InmemoryTree(algorithm="sha256")
    for index in range(size):
        other.append_entry(b"%d" % index)
    return other


sizes = st.integers(1, 300)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_equal_the_published_vectors(size: int) -> None:
    assert tree.root_of(map(tree.leaf_hash, PUBLISHED_LEAVES[:size])).hex() == PUBLISHED_ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.root(EMPTY_FRONTIER) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(sizes)
def test_the_root_equals_that_of_another_implementation(size: int) -> None:
    assert tree.root(Store(size).frontier) == peer(size).get_root()


@given(sizes, st.data())
def test_every_past_root_can_be_read_from_complete_nodes(size: int, data: st.DataObject) -> None:
    past = data.draw(st.integers(0, size))
    store = Store(size)
    assert tree.root_at(past, store.get_node) == peer(size).get_root(past)
    assert tree.frontier_at(past, store.get_node) == Store(past).frontier
    assert tree.leaf_count(tree.frontier_at(past, store.get_node)) == past


@given(sizes, st.data())
def test_inclusion_proofs_equal_those_of_another_implementation(size: int, data: st.DataObject) -> None:
    past = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, past - 1))
    theirs = peer(size).prove_inclusion(index + 1, past).path
    assert [tree.leaf_hash(b"%d" % index), *tree.inclusion_proof(index, past, Store(size).get_node)] == theirs


def by_definition(old: int, leaves: list[bytes], old_is_known: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) as RFC 9162 section 2.1.4.1 defines it. (pymerkle divides the old tree otherwise.)"""
    if old == len(leaves):
        return [] if old_is_known else [tree.root_of(leaves)]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    if old <= left:
        return [*by_definition(old, leaves[:left], old_is_known), tree.root_of(leaves[left:])]
    return [*by_definition(old - left, leaves[left:], False), tree.root_of(leaves[:left])]


@given(sizes, st.data())
def test_consistency_proofs_equal_the_definition(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    leaves = [tree.leaf_hash(b"%d" % index) for index in range(size)]
    assert tree.consistency_proof(old, size, Store(size).get_node) == by_definition(old, leaves)


@given(sizes, st.data())
def test_consistency_proofs_join_the_roots_of_another_implementation(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = tree.consistency_proof(old, size, Store(size).get_node)
    verify_consistency(old, size, proof, peer(size).get_root(old), peer(size).get_root())


@given(st.integers(1, 2**40), st.data())
def test_no_proof_reads_more_than_twice_the_height_of_the_tree(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    height = (size - 1).bit_length()
    assert sum(map(len, tree.inclusion_path(index, size))) <= 2 * height
    assert sum(map(len, tree.consistency_path(old, size))) <= 2 * height + 1


@given(st.integers(1, 2**40), st.data())
def test_a_proof_names_only_complete_nodes(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    steps = tree.inclusion_path(index, size) + tree.consistency_path(old, size)
    assert all((at + 1) << level <= size for step in steps for level, at in step)


@given(sizes)
def test_a_store_that_keeps_completed_nodes_has_every_one_of_them(size: int) -> None:
    every = {(level, at) for level in range(10) for at in range(size >> level)}
    assert Store(size).nodes.keys() == every


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        tree.inclusion_path(index, size)


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_larger_tree_is_no_earlier_state(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="not the size of an earlier state"):
        tree.consistency_path(old, new)
