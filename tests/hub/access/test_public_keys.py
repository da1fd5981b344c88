"""Keys of machines: one spelling each, none that is private, of another kind, or weak."""

import base64

import pytest

from hub.access.public_keys import PublicKey, read_certificate, read_jwk
from hub.errors import BadInput
from tests.hub.access.machinery import P256, Ed25519, b64
from tests.protocols.test_weak_keys import WEAK


@pytest.mark.parametrize("raw", WEAK, ids=bytes.hex)
def test_a_weak_key_is_refused_and_verifies_nothing_even_where_it_got_in(raw: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        read_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64(raw)})
    assert refused.value.code in ("KEY_WEAK", "KEY_UNUSABLE")
    # R is the neutral element and S is 0: under four of these keys that is a good signature of anything.
    fixed = (1).to_bytes(32, "little") + bytes(32)
    got_in = PublicKey(f'{{"crv":"Ed25519","kty":"OKP","x":"{b64(raw)}"}}', "")
    assert not any(got_in.made_ed25519(fixed, bytes([number])) for number in range(40))


@pytest.mark.parametrize("pair", [Ed25519(), P256()], ids=["Ed25519", "P-256"])
def test_a_sound_key_is_read_however_its_parts_are_ordered_and_whatever_else_is_said(pair: Ed25519 | P256) -> None:
    key = read_jwk(pair.jwk)
    again = read_jwk(dict(reversed(pair.jwk.items())) | {"kid": "x", "use": "sig", "alg": pair.algorithm})
    assert key == again
    assert not key.is_weak


def test_the_fingerprint_is_the_thumbprint_that_every_library_makes() -> None:
    pair = Ed25519()
    key = read_jwk(pair.jwk)
    assert key.jwk.thumbprint() == base64.urlsafe_b64encode(bytes.fromhex(key.fingerprint)).rstrip(b"=").decode()


def _changed(**parts: str | None) -> dict[str, str]:
    return {name: value for name, value in (Ed25519().jwk | parts).items() if value is not None}


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        (_changed(d=b64(bytes(32))), "KEY_IS_PRIVATE"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "KEY_IS_PRIVATE"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "KEY_UNUSABLE"),
        (_changed(crv="Ed448"), "KEY_UNUSABLE"),
        (_changed(crv="X25519"), "KEY_UNUSABLE"),
        (P256().jwk | {"crv": "P-384"}, "KEY_UNUSABLE"),
        (P256().jwk | {"y": b64(bytes(32))}, "KEY_UNUSABLE"),
        (_changed(x=None), "KEY_UNUSABLE"),
        (_changed(x=""), "KEY_UNUSABLE"),
        (_changed(x="!!!"), "KEY_UNUSABLE"),
        (_changed(x=b64(bytes(31))), "KEY_UNUSABLE"),
        (_changed(x=Ed25519().jwk["x"] + "="), "KEY_UNUSABLE"),
        (_changed(x="é" * 43), "KEY_UNUSABLE"),
        ({}, "KEY_UNUSABLE"),
    ],
)
def test_a_key_that_is_private_or_of_another_kind_is_refused_and_not_repeated(jwk: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_jwk(jwk)
    assert refused.value.code == code
    assert not any(len(value) > 8 and value in refused.value.says for value in jwk.values())


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "é" * 50])
def test_what_is_no_certificate_is_refused(pem: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_certificate(pem)
    assert refused.value.code == "CERTIFICATE_UNUSABLE"
