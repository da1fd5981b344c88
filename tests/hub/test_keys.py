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
from hub.keys import KeyRing, open_keys, seal, unseal

FILES = ("kek", "signing.pem", "log.pem")
KEY = bytes(range(32))
contexts = st.text(max_size=40)


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
    assert first.kek == second.kek
    assert first.log_public_key() == second.log_public_key() != second.signing_public_key()
    assert {name: (folder / name).read_bytes() for name in FILES} == before


def test_two_hubs_starting_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def start() -> KeyRing:
        together.wait()
        return open_keys(tmp_path / "keys", create=True)

    with ThreadPoolExecutor(8) as at_once:
        opened = [started.result() for started in [at_once.submit(start) for _ in range(8)]]
    assert len({(keys.kek, keys.log_public_key(), keys.signing_public_key()) for keys in opened}) == 1
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


@given(st.binary(max_size=300), contexts)
def test_what_was_sealed_opens_in_its_place(content: bytes, context: str) -> None:
    sealed = seal(KEY, content, context)
    assert unseal(KEY, sealed, context) == content
    assert len(sealed) == 1 + 12 + len(content) + 16


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_sealed_value_with_any_bit_changed_does_not_open(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, content, "here"))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(NotTrusted):
        unseal(KEY, bytes(sealed), "here")


@given(st.binary(max_size=60), st.data())
def test_a_sealed_value_cut_or_lengthened_does_not_open(content: bytes, data: st.DataObject) -> None:
    sealed = seal(KEY, content, "here")
    shorter = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for other in (shorter, sealed + b"\x00"):
        with pytest.raises(NotTrusted):
            unseal(KEY, other, "here")


@given(st.binary(max_size=60), contexts, contexts)
def test_a_sealed_value_moved_to_another_place_or_key_does_not_open(content: bytes, here: str, there: str) -> None:
    sealed = seal(KEY, content, here)
    if here != there:
        with pytest.raises(NotTrusted):
            unseal(KEY, sealed, there)
    with pytest.raises(NotTrusted):
        unseal(KEY[::-1], sealed, here)


def test_the_same_content_is_never_sealed_to_the_same_bytes() -> None:
    assert len({seal(KEY, b"x", "here") for _ in range(50)}) == 50


def test_a_data_key_unwraps_in_its_own_place_only(folder: Path) -> None:
    keys = open_keys(folder, create=False)
    key, wrapped = keys.new_data_key("data_key|cas_1|p1")
    assert keys.unwrap(wrapped, "data_key|cas_1|p1") == key
    for elsewhere in ("data_key|cas_1|p2", "data_key|cas_2|p1", ""):
        with pytest.raises(NotTrusted):
            keys.unwrap(wrapped, elsewhere)


@given(st.text(max_size=30), st.text(max_size=30), contexts, contexts)
def test_an_index_finds_equal_texts_of_one_kind_and_tells_nothing_else(
    one: str, other: str, kind: str, another: str
) -> None:
    keys, strangers = (KeyRing(key, None, None) for key in (KEY, KEY[::-1]))  # type: ignore[arg-type]
    assert keys.index(one, kind) == keys.index(one, kind) != strangers.index(one, kind)
    assert (keys.index(one, kind) == keys.index(other, kind)) == (one == other)
    assert (keys.index(one, kind) == keys.index(one, another)) == (kind == another)
