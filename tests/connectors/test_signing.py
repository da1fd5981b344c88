import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing import SignatureError, load_public_key, public_key_text, read_public_key, sign, verify

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    """Addition on the twisted Edwards curve of RFC 8032, 5.1."""
    (x1, y1), (x2, y2) = one, two
    k = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def square_root(value: int) -> int | None:
    root = pow(value, (P + 3) // 8, P)
    for candidate in (root, root * pow(2, (P - 1) // 4, P) % P):
        if candidate * candidate % P == value % P:
            return candidate
    return None


def a_point_of_order_eight() -> tuple[int, int]:
    """The first curve point, multiplied by the prime order, that is left with order eight."""
    order = 2**252 + 27742317777372353535851937790883648493
    for y in range(2, 100):
        x = square_root((y * y - 1) * pow(D * y * y + 1, -1, P))
        if x is None:
            continue
        found, addend, left = (0, 1), (x, y), order
        while left:
            found = add(found, addend) if left & 1 else found
            addend, left = add(addend, addend), left >> 1
        if add(add(found, found), add(found, found)) != (0, 1):
            return found
    raise AssertionError("no point of order eight among the first hundred")


def small_order_encodings() -> set[bytes]:
    """All 32-byte strings whose y, reduced, is that of one of the eight torsion points, with either sign bit."""
    generator = a_point_of_order_eight()
    points = [(0, 1)]
    while len(points) < 8:
        points.append(add(points[-1], generator))
    ys = {y + extra for _, y in points for extra in (0, P) if y + extra < 2**255}
    return {(y | sign_bit << 255).to_bytes(32, "little") for y in ys for sign_bit in (0, 1)}


def test_there_are_fourteen_encodings_of_small_order_and_each_is_refused() -> None:
    encodings = small_order_encodings()
    assert len(encodings) == 14
    for raw in encodings:
        with pytest.raises(SignatureError) as refused:
            load_public_key(raw)
        assert refused.value.code == "key_of_small_order"


def test_a_forgery_that_holds_for_any_message_under_a_key_of_small_order_is_refused() -> None:
    identity = (1).to_bytes(32, "little")
    forged = base64.b64encode(identity + bytes(32)).decode()
    headers = {"webhook-id": "a", "webhook-timestamp": str(int(NOW.timestamp())), "webhook-signature": f"v1a,{forged}"}
    with pytest.raises(SignatureError) as refused:
        verify(identity, headers, b"anything at all", NOW)
    assert refused.value.code == "key_of_small_order"


@given(st.binary(max_size=200), st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True))
def test_what_is_signed_verifies_and_names_its_message(body: bytes, message_id: str) -> None:
    assert verify(PUBLIC, sign(KEY, message_id, NOW, body), body, NOW) == message_id


@given(st.binary(min_size=1, max_size=60), st.data())
def test_one_altered_bit_anywhere_fails(body: bytes, data: st.DataObject) -> None:
    headers = sign(KEY, "dsc_1", NOW, body)
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    altered = bytearray(body)
    altered[place // 8] ^= 1 << place % 8
    with pytest.raises(SignatureError):
        verify(PUBLIC, headers, bytes(altered), NOW)
    with pytest.raises(SignatureError):
        verify(PUBLIC, headers | {"webhook-id": "dsc_2"}, body, NOW)
    with pytest.raises(SignatureError):
        verify(PUBLIC, headers | {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, body, NOW)


@pytest.mark.parametrize(("seconds", "is_good"), [(-300, True), (300, True), (-301, False), (301, False)])
def test_five_minutes_either_way_is_the_limit(seconds: int, is_good: bool) -> None:
    headers = sign(KEY, "dsc_1", NOW, b"body")
    if is_good:
        assert verify(PUBLIC, headers, b"body", NOW + timedelta(seconds=seconds)) == "dsc_1"
    else:
        with pytest.raises(SignatureError) as refused:
            verify(PUBLIC, headers, b"body", NOW + timedelta(seconds=seconds))
        assert refused.value.code == "out_of_time"


def test_while_a_key_is_changed_one_good_signature_among_several_is_enough() -> None:
    headers = sign(KEY, "dsc_1", NOW, b"body")
    other = sign(Ed25519PrivateKey.generate(), "dsc_1", NOW, b"body")["webhook-signature"]
    both = headers | {"webhook-signature": f"v1,abc {other} {headers['webhook-signature']}"}
    assert verify(PUBLIC, both, b"body", NOW) == "dsc_1"


def test_a_signature_of_the_shared_secret_kind_is_never_enough() -> None:
    headers = sign(KEY, "dsc_1", NOW, b"body")
    relabelled = headers["webhook-signature"].replace("v1a,", "v1,")
    with pytest.raises(SignatureError):
        verify(PUBLIC, headers | {"webhook-signature": relabelled}, b"body", NOW)


header_values = st.one_of(
    st.text(), st.sampled_from(["v1a,", "v1a,====", "v1a," + "A" * 88, "v1a,é", "٣", "9" * 400, " " * 50, ","])
)


@given(
    public_key=st.one_of(st.binary(max_size=40), st.just(PUBLIC)),
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), header_values, max_size=3
    ),
    body=st.binary(max_size=50),
)
def test_hostile_input_raises_a_signature_error_and_nothing_else(
    public_key: bytes, headers: dict[str, str], body: bytes
) -> None:
    good = {"webhook-id": "a", "webhook-timestamp": str(int(NOW.timestamp()))}
    for tried in (headers, good | headers):
        with pytest.raises(SignatureError):
            verify(public_key, tried, body, NOW)


@given(st.text())
def test_a_public_key_that_is_not_one_raises_a_signature_error(written: str) -> None:
    for tried in (written, "whpk_" + written):
        with pytest.raises(SignatureError):
            read_public_key(tried)


def test_a_public_key_is_written_and_read_back() -> None:
    assert read_public_key(public_key_text(KEY.public_key())) == PUBLIC


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\n", "é", "x" * 121])
def test_an_id_that_could_blur_what_is_signed_is_not_signed(message_id: str) -> None:
    with pytest.raises(SignatureError):
        sign(KEY, message_id, NOW, b"")


def test_a_time_without_its_zone_is_not_signed() -> None:
    with pytest.raises(SignatureError):
        sign(KEY, "dsc_1", datetime(2026, 11, 20, 21, 0), b"")  # noqa: DTZ001  # that is the question
