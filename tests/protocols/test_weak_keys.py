"""Weak keys: why there is a list, and that it is whole. The list itself is derived from the curve in plain integers."""

import secrets

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.weak_keys import is_weak
from tests.connectors.test_signing import small_order_encodings

WEAK = sorted(small_order_encodings())


def _good_for(raw: bytes, messages: int = 60) -> int:
    """For how many random messages one signature that nobody made with a private key is good under this key."""
    key, forged, good = Ed25519PublicKey.from_public_bytes(raw), (1).to_bytes(32, "little") + bytes(32), 0
    for _ in range(messages):
        try:
            key.verify(forged, secrets.token_bytes(40))
        except InvalidSignature:
            continue
        good += 1
    return good


@pytest.mark.parametrize("raw", WEAK, ids=bytes.hex)
def test_the_library_takes_each_of_the_fourteen_and_a_forgery_under_it_and_we_do_not(raw: bytes) -> None:
    assert len(WEAK) == 14
    assert _good_for(raw) > 0
    assert is_weak(raw)


@given(st.binary(min_size=32, max_size=32) | st.sampled_from(WEAK))
def test_no_other_key_is_called_weak(raw: bytes) -> None:
    assert is_weak(raw) == (raw in WEAK)
