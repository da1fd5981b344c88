import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.proofs import ProofError, verify_consistency, verify_inclusion
from hub.audit.tree import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash, root_at
from tests.hub.audit.test_tree import Store

STORE = Store(300)
sizes = st.integers(1, 300)


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(sizes, st.data())
def test_what_the_tree_proves_is_verified(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    root = root_at(size, STORE.get_node)
    verify_inclusion(leaf_hash(b"%d" % index), index, size, inclusion_proof(index, size, STORE.get_node), root)
    proof = consistency_proof(old, size, STORE.get_node)
    verify_consistency(old, size, proof, root_at(old, STORE.get_node), root)


@given(sizes, st.data())
def test_no_altered_inclusion_proof_is_verified(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, root = leaf_hash(b"%d" % index), root_at(size, STORE.get_node)
    proof = inclusion_proof(index, size, STORE.get_node)
    bit = data.draw(st.integers(0, 255))
    wrong: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (flip(leaf, bit), index, size, proof, root),
        (leaf, index, size, proof, flip(root, bit)),
        (leaf, index, size, [*proof, leaf], root),
        (leaf, size, size, proof, root),
        (leaf, -1, size, proof, root),
        *((leaf, index, size, [*proof[:at], flip(node, bit), *proof[at + 1 :]], root) for at, node in enumerate(proof)),
        *((leaf, index, size, proof[:at] + proof[at + 1 :], root) for at in range(len(proof))),
        *((leaf, index, size, [*proof[:at], node[:-1], *proof[at + 1 :]], root) for at, node in enumerate(proof)),
        *((leaf, other, size, proof, root) for other in range(size) if other != index),
    ]
    for case in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(*case)


@given(st.integers(2, 300), st.data())
def test_no_altered_consistency_proof_is_verified(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    old_root, root = root_at(old, STORE.get_node), root_at(size, STORE.get_node)
    proof = consistency_proof(old, size, STORE.get_node)
    bit = data.draw(st.integers(0, 255))
    wrong: list[tuple[int, int, list[bytes], bytes, bytes]] = [
        (old, size, proof, flip(old_root, bit), root),
        (old, size, proof, old_root, flip(root, bit)),
        (old, size, [*proof, root], old_root, root),
        (old, size, [], old_root, root),
        (size, old, proof, old_root, root),
        *((old, size, [*proof[:at], flip(node, bit), *proof[at + 1 :]], old_root, root)
          for at, node in enumerate(proof)),
        *((old, size, proof[:at] + proof[at + 1 :], old_root, root) for at in range(len(proof))),
        # Not the neighbouring sizes: a consistency proof binds roots, and two size pairs can share one shape.
        (0, size, proof, old_root, root),
        (size, size, proof, old_root, root),
    ]  # fmt: skip
    for case in wrong:
        with pytest.raises(ProofError):
            verify_consistency(*case)


@given(st.integers(2, 300), st.data())
def test_a_proof_too_long_or_too_short_is_called_so(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    leaf, root = leaf_hash(b"%d" % index), root_at(size, STORE.get_node)
    inclusion = inclusion_proof(index, size, STORE.get_node)
    consistency = consistency_proof(old, size, STORE.get_node)
    with pytest.raises(ProofError, match="too long"):
        verify_inclusion(leaf, index, size, [*inclusion, leaf], root)
    with pytest.raises(ProofError, match="too short"):
        verify_inclusion(leaf, index, size, inclusion[:-1], root)
    with pytest.raises(ProofError, match="too long"):
        verify_consistency(old, size, [*consistency, leaf], root_at(old, STORE.get_node), root)
    with pytest.raises(ProofError, match="too short"):
        verify_consistency(old, size, consistency[:-1], root_at(old, STORE.get_node), root)


def test_between_equal_sizes_only_equal_roots_are_consistent() -> None:
    root = root_at(7, STORE.get_node)
    verify_consistency(7, 7, [], root, root)
    with pytest.raises(ProofError, match="new root"):
        verify_consistency(7, 7, [], root, root_at(8, STORE.get_node))


def test_every_tree_begins_with_the_empty_one_and_with_no_other_of_size_nought() -> None:
    root = root_at(7, STORE.get_node)
    verify_consistency(0, 7, [], EMPTY_ROOT, root)
    with pytest.raises(ProofError, match="old root"):
        verify_consistency(0, 7, [], root, root)


def test_a_rewritten_log_is_not_consistent_with_the_one_before() -> None:
    from_the_start = Store(40)
    from_the_start.nodes[0, 3] = leaf_hash(b"rewritten")
    for level in range(1, 6):
        for at in range(40 >> level):
            left, right = from_the_start.nodes[level - 1, 2 * at], from_the_start.nodes[level - 1, 2 * at + 1]
            from_the_start.nodes[level, at] = leaf_hash(left + right)
    rewritten_root = root_at(40, from_the_start.get_node)
    for old in range(4, 40):
        with pytest.raises(ProofError):
            verify_consistency(old, 40, consistency_proof(old, 40, from_the_start.get_node),
                               root_at(old, STORE.get_node), rewritten_root)  # fmt: skip
