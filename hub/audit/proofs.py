"""Verifying proofs against roots (RFC 9162 sections 2.1.3.2 and 2.1.4.2). Knows nothing of how a proof was made."""

from collections.abc import Sequence

from hub.audit.tree import EMPTY_ROOT, node_hash


class ProofError(ValueError):
    """A proof does not prove what it is said to prove. The sentence says what is wrong with it."""


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Verify that the leaf is number `index` (from 0) of the tree of `size` leaves with this `root`.

    Returns when it is; raises ProofError when the index is outside the tree, the proof has a hash too few, too many or
    of the wrong length, or it leads to another root.
    """
    if not 0 <= index < size:
        raise ProofError(f"index {index}: outside a tree of size {size}")
    _check_lengths(proof)
    here, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("proof: too long for this index and size")
        if here & 1 or here == last:
            computed = node_hash(sibling, computed)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise ProofError("proof: too short for this index and size")
    if computed != root:
        raise ProofError("root: the leaf and the proof lead to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Verify that the tree of size `old` with `old_root` is the beginning of the tree of size `new` with `new_root`.

    Returns when it is; raises ProofError otherwise. Every tree begins with the empty one, so for `old` 0 the proof is
    empty and only the old root can be wrong.
    """
    if not 0 <= old <= new:
        raise ProofError(f"size {old}: not the size of an earlier state of a tree of size {new}")
    _check_lengths(proof)
    if old in (0, new):
        _verify_trivial(old, new, proof, old_root, new_root)
        return
    # An old tree that is one complete node is its own first hash, and is left out of the proof.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise ProofError("proof: too short for these sizes")
    computed_old, computed_new = _climb(old, new, path)
    if computed_old != old_root:
        raise ProofError("old root: the proof leads to another one")
    if computed_new != new_root:
        raise ProofError("new root: the proof leads to another one")


def _climb(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Rebuild both roots from a consistency proof that starts with the largest node the two trees share."""
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    computed_old = computed_new = path[0]
    for node in path[1:]:
        if last == 0:
            raise ProofError("proof: too long for these sizes")
        if here & 1 or here == last:
            computed_old, computed_new = node_hash(node, computed_old), node_hash(node, computed_new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            computed_new = node_hash(computed_new, node)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise ProofError("proof: too short for these sizes")
    return computed_old, computed_new


def _verify_trivial(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    if proof:
        raise ProofError("proof: must be empty for these sizes")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("old root: not the root of an empty tree")
    if old == new and old_root != new_root:
        raise ProofError("new root: differs from the old root at the same size")


def _check_lengths(proof: Sequence[bytes]) -> None:
    if any(len(node) != 32 for node in proof):
        raise ProofError("proof: every hash must be 32 bytes long")
