"""The hub's own keys: private files or no hub; sealed content opens in its own place only."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import NotTrusted
from hub.keys import Key, KeyRing, Place, joined, keyed_digest, open_keys, seal, unseal, unseal_first
from hub.keys.seals import FIRST_SUITE, encrypt
from tests.hub.store.stores import keyring

FILES = ("kek", "signing.pem", "log.pem")
SECRET = bytes(range(32))
KEY = Key(1, SECRET)
HERE = Place("LMH", "sealed", "content", ("ref_1", "referral", "p1", "normal"))
words = st.text(max_size=12)
places = st.builds(Place, words, words, words, st.lists(words, max_size=4).map(tuple))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A key folder just made."""
    open_keys(tmp_path / "keys", create=True)
    return tmp_path / "keys"


def _refusal(folder: Path, *, create: bool = False) -> str:
    with pytest.raises(NotTrusted) as refused:
        open_keys(folder, create=create)
    return refused.value.code


def test_the_folder_is_0700_and_every_key_0600(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == dict.fromkeys(FILES, 0o600)


def test_a_second_start_opens_the_same_keys(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in FILES}
    first, second = open_keys(folder, create=True), open_keys(folder, create=False)
    assert first.roots.current.id == second.roots.current.id
    assert first.log_public_key() == second.log_public_key() != second.signing_public_key()
    assert {name: (folder / name).read_bytes() for name in FILES} == before


def test_two_hubs_starting_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def start() -> KeyRing:
        together.wait()
        return open_keys(tmp_path / "keys", create=True)

    with ThreadPoolExecutor(8) as at_once:
        opened = [started.result() for started in [at_once.submit(start) for _ in range(8)]]
    assert len({(keys.roots.current.id, keys.log_public_key(), keys.signing_public_key()) for keys in opened}) == 1
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
@pytest.mark.parametrize("create", [True, False])
def test_a_key_that_others_can_reach_is_refused(folder: Path, name: str, mode: int, create: bool) -> None:
    (folder / name).chmod(mode)
    assert _refusal(folder, create=create) == "KEY_EXPOSED"


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o710, 0o777])
def test_a_folder_that_others_can_enter_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    assert _refusal(folder) == "KEYS_FOLDER_EXPOSED"


@pytest.mark.parametrize("name", FILES)
def test_a_missing_key_is_never_made_again_behind_ones_back(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert _refusal(folder) == "KEY_MISSING"
    assert not (folder / name).exists()


@pytest.mark.parametrize("content", [b"", b"\x00" * 31, b"\x00" * 33, b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_key_is_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert _refusal(folder) == "KEY_DAMAGED"


def test_a_key_of_another_kind_is_refused(folder: Path) -> None:
    rsa = generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "log.pem").write_bytes(pem)
    assert _refusal(folder) == "KEY_DAMAGED"


def test_no_refusal_names_the_folder_or_shows_a_key(folder: Path) -> None:
    kek = (folder / "kek").read_bytes()
    (folder / "kek").chmod(0o644)
    with pytest.raises(NotTrusted) as refused:
        open_keys(folder, create=False)
    assert str(folder) not in refused.value.says
    assert kek.hex() not in refused.value.says


def test_a_key_ring_never_shows_its_keys(folder: Path) -> None:
    keys = open_keys(folder, create=False)
    assert repr(keys) == "KeyRing()"


@given(st.binary(max_size=300), places, st.integers(0, 2**32 - 1))
def test_what_was_sealed_opens_in_its_place(content: bytes, place: Place, version: int) -> None:
    key = Key(version, SECRET)
    sealed = seal(key, content, place)
    assert unseal(key, sealed, place) == content
    assert len(sealed) == 1 + 4 + 12 + len(content) + 16


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_sealed_value_with_any_bit_changed_does_not_open(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, content, HERE))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(NotTrusted):
        unseal(KEY, bytes(sealed), HERE)


@given(st.binary(max_size=60), st.data())
def test_a_sealed_value_cut_or_lengthened_does_not_open(content: bytes, data: st.DataObject) -> None:
    sealed = seal(KEY, content, HERE)
    shorter = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for other in (shorter, sealed + b"\x00"):
        with pytest.raises(NotTrusted):
            unseal(KEY, other, HERE)


@given(st.binary(max_size=60), places, places)
def test_a_sealed_value_moved_to_another_place_or_key_does_not_open(content: bytes, here: Place, there: Place) -> None:
    sealed = seal(KEY, content, here)
    if here != there:
        with pytest.raises(NotTrusted):
            unseal(KEY, sealed, there)
    with pytest.raises(NotTrusted):
        unseal(Key(1, SECRET[::-1]), sealed, here)


@given(st.binary(max_size=60), st.integers(0, 9), st.integers(0, 9))
def test_a_sealed_value_given_out_as_another_version_does_not_open(content: bytes, one: int, other: int) -> None:
    sealed = seal(Key(one, SECRET), content, HERE)
    renumbered = sealed[:1] + other.to_bytes(4) + sealed[5:]
    for key, value in ((Key(other, SECRET), sealed), (Key(other, SECRET), renumbered), (Key(one, SECRET), renumbered)):
        if one != other:
            with pytest.raises(NotTrusted):
                unseal(key, value, HERE)


@given(st.lists(words, max_size=5), st.lists(words, max_size=5))
def test_two_lists_of_words_are_never_bound_as_the_same_bytes(one: list[str], other: list[str]) -> None:
    assert (joined(one) == joined(other)) == (one == other)


@given(places, places, st.integers(0, 9), st.integers(0, 9))
def test_tenant_table_column_row_and_version_are_all_bound(one: Place, other: Place, v: int, w: int) -> None:
    assert (one.bound(v) == other.bound(w)) == ((one, v) == (other, w))


def test_the_same_content_is_never_sealed_to_the_same_bytes() -> None:
    assert len({seal(KEY, b"x", HERE) for _ in range(50)}) == 50


@given(st.binary(max_size=60), words)
def test_what_version_0001_sealed_is_still_read_and_only_as_such(content: bytes, context: str) -> None:
    first = FIRST_SUITE + encrypt(SECRET, content, context.encode())
    assert unseal_first(SECRET, first, context) == content
    with pytest.raises(NotTrusted):
        unseal(KEY, first, HERE)
    with pytest.raises(NotTrusted):
        unseal_first(SECRET, seal(KEY, content, HERE), context)
    with pytest.raises(NotTrusted):
        unseal_first(SECRET, first, context + "x")


def test_a_value_of_an_unknown_suite_is_refused_as_such() -> None:
    with pytest.raises(NotTrusted) as refused:
        unseal(KEY, b"\x09" + seal(KEY, b"x", HERE)[1:], HERE)
    assert refused.value.code == "SEAL_SUITE_UNKNOWN"


def test_a_secret_of_the_hub_itself_opens_in_its_own_place_and_hub_only() -> None:
    keys, stranger = keyring(), keyring()
    here, there = (Place("hub", "person", "totp", (person,)) for person in ("usr_1", "usr_2"))
    sealed = keys.seal_own(b"seed", here)
    assert keys.unseal_own(sealed, here) == b"seed"
    for ring, place in ((keys, there), (stranger, here)):
        with pytest.raises(NotTrusted):
            ring.unseal_own(sealed, place)


@given(words, words, words, words)
def test_an_index_finds_equal_texts_of_one_kind_and_tells_nothing_else(
    one: str, other: str, kind: str, another: str
) -> None:
    assert keyed_digest(SECRET, one, kind) == keyed_digest(SECRET, one, kind)
    assert keyed_digest(SECRET, one, kind) != keyed_digest(SECRET[::-1], one, kind)
    assert (keyed_digest(SECRET, one, kind) == keyed_digest(SECRET, other, kind)) == (one == other)
    assert (keyed_digest(SECRET, one, kind) == keyed_digest(SECRET, one, another)) == (kind == another)
