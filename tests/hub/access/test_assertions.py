"""Client assertions: for us alone, of now, signed under a registered key by one of two algorithms."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.assertions import check, read
from hub.access.public_keys import PublicKey, read_jwk
from hub.access.signatures import Refused
from tests.hub.access.machinery import P256, TOKEN_ENDPOINT, Ed25519, Pair, assertion, b64

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MACHINE = "mch_00000000000000000000000000"
PAIRS: dict[str, Pair] = {"EdDSA": Ed25519(), "Ed25519": Ed25519(algorithm="Ed25519"), "ES256": P256()}
AT = int(NOW.timestamp())


def is_good(text: str, *pairs: Pair, now: datetime = NOW) -> bool:
    try:
        check(read(text, TOKEN_ENDPOINT, now), [read_jwk(pair.jwk) for pair in pairs])
    except Refused:
        return False
    return True


@pytest.mark.parametrize("name", PAIRS)
def test_an_assertion_under_a_registered_key_is_good_and_under_another_is_not(name: str) -> None:
    pair, other = PAIRS[name], type(PAIRS[name])()
    text = assertion(MACHINE, pair, NOW)
    assert is_good(text, other, pair)
    assert not is_good(text, other)
    assert not is_good(text)
    found = read(text, TOKEN_ENDPOINT, NOW)
    assert (found.machine, found.good_until) == (MACHINE, NOW + timedelta(seconds=240))
    assert check(found, [read_jwk(other.jwk), read_jwk(pair.jwk)]) == read_jwk(pair.jwk)


@pytest.mark.parametrize(
    "instead",
    [
        {"aud": "https://other.example/v1/token"}, {"aud": [TOKEN_ENDPOINT, "https://other.example"]}, {"aud": []},
        {"aud": None}, {"aud": ""}, {"iss": "mch_other"}, {"sub": "mch_other"}, {"iss": None}, {"sub": None},
        {"jti": None}, {"jti": "short"}, {"jti": 7}, {"jti": "x" * 201}, {"iat": None}, {"exp": None},
        {"exp": AT}, {"exp": AT - 1}, {"exp": AT + 301}, {"iat": AT + 31, "exp": AT + 100}, {"iat": AT - 400},
        {"exp": "soon"}, {"exp": float("inf")}, {"exp": 2**63}, {"exp": True}, {"nbf": AT + 60}, {"iat": -1},
    ],
    ids=str,
)  # fmt: skip
def test_an_assertion_for_another_or_of_another_time_is_refused(instead: dict[str, Any]) -> None:
    pair = PAIRS["EdDSA"]
    assert is_good(assertion(MACHINE, pair, NOW), pair)
    assert not is_good(assertion(MACHINE, pair, NOW, **instead), pair)


def test_one_audience_in_a_list_is_the_same_as_alone() -> None:
    pair = PAIRS["ES256"]
    assert is_good(assertion(MACHINE, pair, NOW, aud=[TOKEN_ENDPOINT]), pair)


def test_it_is_good_until_it_ends() -> None:
    pair = PAIRS["EdDSA"]
    text = assertion(MACHINE, pair, NOW)
    assert is_good(text, pair, now=NOW + timedelta(seconds=239.9))
    assert not is_good(text, pair, now=NOW + timedelta(seconds=240))


def _claims() -> bytes:
    return base64.urlsafe_b64decode(assertion(MACHINE, PAIRS["EdDSA"], NOW).split(".")[1] + "==")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", "Ed448", "", "eddsa", None])
def test_no_other_algorithm_is_taken(algorithm: str | None) -> None:
    pair = PAIRS["EdDSA"]
    assert not is_good(assertion(MACHINE, pair, NOW, header={"alg": algorithm}), pair)


def test_a_public_key_is_no_shared_secret() -> None:
    pair = PAIRS["EdDSA"]
    secret = json.dumps(pair.jwk).encode()
    content = f"{b64(json.dumps({'alg': 'HS256'}).encode())}.{b64(_claims())}"
    made = hmac.new(secret, content.encode(), hashlib.sha256).digest()
    assert not is_good(f"{content}.{b64(made)}", pair)
    unsigned = b64(json.dumps({"alg": "none"}).encode())
    assert not is_good(f"{unsigned}.{b64(_claims())}.", pair)


@pytest.mark.parametrize("header", [{"crit": ["x"], "x": 1}, {"jwk": Ed25519().jwk}, {"b64": False, "crit": ["b64"]}])
def test_a_header_asks_for_nothing_that_would_change_how_it_is_checked(header: dict[str, Any]) -> None:
    pair, attacker = PAIRS["EdDSA"], Ed25519()
    shown = {"jwk": attacker.jwk} if "jwk" in header else header
    assert not is_good(assertion(MACHINE, attacker, NOW, header=shown), pair)
    if "crit" in header:
        assert not is_good(assertion(MACHINE, pair, NOW, header=shown), pair)


@given(st.text(max_size=300))
def test_whatever_is_sent_it_is_refused_and_never_fails_otherwise(text: str) -> None:
    assert not is_good(text, PAIRS["EdDSA"])
    assert not is_good(f"{text}.{b64(_claims())}.{text}", PAIRS["EdDSA"])


def test_a_weak_key_that_got_in_signs_no_assertion() -> None:
    weak = PublicKey(f'{{"crv":"Ed25519","kty":"OKP","x":"{b64((1).to_bytes(32, "little"))}"}}', "")
    fixed = b64((1).to_bytes(32, "little") + bytes(32))
    content = assertion(MACHINE, PAIRS["EdDSA"], NOW).rpartition(".")[0]
    with pytest.raises(Refused):
        check(read(f"{content}.{fixed}", TOKEN_ENDPOINT, NOW), [weak])
