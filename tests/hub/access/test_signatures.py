"""Signed requests: what a signature must cover, when it is good, and that no change of the request survives it."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.public_keys import read_jwk
from hub.access.signatures import TOLERANCE, Refused, Request, check, content_digest, read
from tests.hub.access.machinery import HUB, Ed25519, b64, signed

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PAIR, OTHER = Ed25519(), Ed25519()
BODY = b'{"partner_reference": "FRS/2026/1"}'
PATH = "/v1/feed?after=0&limit=100"
SPEAKING = {"On-Behalf-Of": "usr_00000000000000000000000000", "Idempotency-Key": "2026-11-20-0001"}


def request(pair: Ed25519 = PAIR, **options: object) -> Request:
    """A request of a machine, signed."""
    body = options.get("body", BODY)
    assert isinstance(body, bytes)
    headers = signed("m/k", pair, "POST", PATH, NOW, **({"body": BODY, "headers": SPEAKING} | options))  # type: ignore[arg-type]
    return Request("POST", HUB + PATH, {name.lower(): value for name, value in headers.items()}, body)


def is_good(one: Request, now: datetime = NOW) -> bool:
    try:
        check(read(one, now), read_jwk(PAIR.jwk))
    except Refused:
        return False
    return True


def why(one: Request, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as refused:
        read(one, now)
    return refused.value.why


def test_the_example_of_the_standard_is_good() -> None:
    """RFC 9421 appendix B.2.6, whose signature base is given; our reader asks for more to be covered than it does."""
    key = read_jwk({"kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"})
    base = (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        '"content-type": application/json\n"content-length": 18\n"@signature-params": ("date" "@method" "@path" '
        '"@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
    )
    signature = base64.b64decode(
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )
    assert key.made_ed25519(signature, base.encode())
    assert not key.made_ed25519(signature, base.encode() + b" ")


def test_a_signed_request_is_good_once_read_and_tells_its_key_and_nonce() -> None:
    one = request(nonce="n" * 32)
    found = read(one, NOW)
    assert (found.key, found.nonce, found.good_until) == ("m/k", "n" * 32, NOW + TOLERANCE)
    assert is_good(one)


def test_a_request_without_a_body_needs_no_digest() -> None:
    headers = signed("m/k", PAIR, "GET", PATH, NOW)
    assert is_good(Request("GET", HUB + PATH, {name.lower(): value for name, value in headers.items()}, b""))


def test_another_key_did_not_sign_it() -> None:
    assert not is_good(request(OTHER))


CHANGES: dict[str, Callable[[Request], Request]] = {
    "the method": lambda one: replace(one, method="PUT"),
    "the path": lambda one: replace(one, target_uri=one.target_uri.replace("feed", "food")),
    "the query": lambda one: replace(one, target_uri=one.target_uri.replace("after=0", "after=9")),
    "the hub": lambda one: replace(one, target_uri=one.target_uri.replace("localhost", "hub.example")),
    "the body": lambda one: replace(one, body=one.body + b" "),
    "no body": lambda one: replace(one, body=b""),
    "body and digest": lambda one: replace(
        one, body=b"{}", headers={**one.headers, "content-digest": content_digest(b"{}")}
    ),
    "who it is for": lambda one: replace(one, headers={**one.headers, "on-behalf-of": "usr_1" + "0" * 25}),
    "its key": lambda one: replace(one, headers={**one.headers, "idempotency-key": "another-key"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_no_change_of_what_it_covers_survives(what: str) -> None:
    assert not is_good(CHANGES[what](request()))


@given(st.integers(0, 63), st.integers(0, 7))
def test_no_flipped_bit_of_a_signature_survives(byte: int, bit: int) -> None:
    one = request()
    raw = bytearray(base64.b64decode(one.headers["signature"].removeprefix("sig1=:").removesuffix(":")))
    raw[byte] ^= 1 << bit
    flipped = f"sig1=:{base64.b64encode(raw).decode()}:"
    assert not is_good(replace(one, headers={**one.headers, "signature": flipped}))


@pytest.mark.parametrize("name", ["@method", "@target-uri", "content-digest", "on-behalf-of", "idempotency-key"])
def test_what_must_be_covered_is_covered_or_the_request_is_refused(name: str) -> None:
    assert why(request(leave_out=(name,))) == "signature_covers_too_little"


@pytest.mark.parametrize("name", ["on-behalf-of", "idempotency-key"])
def test_a_header_that_is_added_later_is_refused(name: str) -> None:
    one = request(headers={})
    assert is_good(one)
    assert why(replace(one, headers={**one.headers, name: "added"})) == "signature_covers_too_little"


@pytest.mark.parametrize(("seconds", "good"), [(-300, True), (-301, False), (300, True), (301, False), (0, True)])
def test_it_is_good_for_five_minutes_either_way(seconds: int, good: bool) -> None:
    assert is_good(request(), NOW + timedelta(seconds=seconds)) is good


def test_a_signature_that_says_when_it_expires_is_good_until_then() -> None:
    one = request(expires=int(NOW.timestamp()) + 60)
    assert is_good(one, NOW + timedelta(seconds=59))
    assert not is_good(one, NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    "parameters",
    [{"alg": "hmac-sha256"}, {"alg": "rsa-pss-sha512"}, {"nonce": "short"}, {"unknown": "x"}, {"created": "1"},
     {"created": 10**11}],
)  # fmt: skip
def test_a_parameter_that_says_something_else_is_refused(parameters: dict[str, str | int]) -> None:
    one = request(**parameters)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        read(one, NOW)


_INPUT = request().headers["signature-input"]


@pytest.mark.parametrize(
    "written",
    ["", "sig1", "sig1=", _INPUT + ", sig2=()", _INPUT.replace(" ", "  ", 1), _INPUT.replace('" "', '"  "'),
     _INPUT.replace("sig1", "sig2"), _INPUT + ";created=1", _INPUT.replace('"@method"', '"@method";req'),
     _INPUT.replace('"@method"', '"@method" "@method"'), _INPUT.replace('"@method"', '"@method" "cookie"'),
     _INPUT.upper(), "x" * 100_000, _INPUT.replace("created=", "created=-")],
)  # fmt: skip
def test_what_is_written_in_another_way_is_refused(written: str) -> None:
    one = request()
    assert not is_good(replace(one, headers={**one.headers, "signature-input": written}))


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=100))
def test_whatever_is_written_it_is_refused_and_never_fails_otherwise(written: str, signature: str, digest: str) -> None:
    one = request()
    headers = {"signature-input": written, "signature": signature, "content-digest": digest}
    assert not is_good(replace(one, headers=headers))
    assert not is_good(replace(one, headers={**one.headers, "content-digest": digest}))


@pytest.mark.parametrize("body", [BODY, b"", bytes(1000)])
def test_the_digest_is_that_of_the_standard(body: bytes) -> None:
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert content_digest(body).count(":") == 2
    assert b64(b"\xff") == "_w"
