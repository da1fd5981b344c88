import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.note import (
    Checkpoint,
    NoteError,
    checkpoint_text,
    open_checkpoint,
    parse_proof_file,
    parse_vkey,
    proof_file,
    sign_checkpoint,
    vkey,
)
from tests.hub.audit.sample import KEY, ORIGIN, OTHER_KEY, VKEY, signed_for_another_log, spelt_otherwise

CHECKPOINT = Checkpoint(ORIGIN, 1234, bytes(range(32)))
SIGNED = sign_checkpoint(CHECKPOINT, ORIGIN, KEY)

# The key and the signed note that the signed-note specification prints.
PUBLISHED_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
WITNESS_LINE = "— witness.example AAAAAAAAAAAAAAAA\n"


def test_the_published_key_is_read_and_written_back() -> None:
    known = parse_vkey(PUBLISHED_VKEY)
    assert known.name == "example.com/foo"
    assert vkey(known.name, known.key) == PUBLISHED_VKEY


def test_the_published_signature_is_verified_before_the_text_is_read() -> None:
    with pytest.raises(NoteError, match="must give origin, size and root"):
        open_checkpoint(PUBLISHED_NOTE, PUBLISHED_VKEY)
    with pytest.raises(NoteError, match="signature by this key is wrong"):
        open_checkpoint(PUBLISHED_NOTE.replace("example message", "altered message"), PUBLISHED_VKEY)


def test_a_signed_checkpoint_opens_with_its_key() -> None:
    assert open_checkpoint(SIGNED, VKEY) == CHECKPOINT
    assert SIGNED.startswith(checkpoint_text(CHECKPOINT) + "\n— ")


def test_an_empty_log_has_a_checkpoint_too() -> None:
    empty = Checkpoint(ORIGIN, 0, bytes(32))
    assert open_checkpoint(sign_checkpoint(empty, ORIGIN, KEY), VKEY) == empty


def test_signatures_by_witnesses_are_passed_over() -> None:
    assert open_checkpoint(SIGNED + WITNESS_LINE, VKEY) == CHECKPOINT


@given(st.binary(min_size=32, max_size=32))
def test_every_key_survives_being_written_down_even_with_a_plus_inside(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert parse_vkey(vkey(ORIGIN, public)).key.public_bytes_raw() == public.public_bytes_raw()


@pytest.mark.parametrize("bit", range(8 * len(SIGNED.encode())))
def test_no_flipped_bit_of_a_signed_checkpoint_passes(bit: int) -> None:
    altered = bytearray(SIGNED.encode())
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises((NoteError, UnicodeDecodeError)):
        open_checkpoint(altered.decode(), VKEY)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (sign_checkpoint(CHECKPOINT, ORIGIN, OTHER_KEY), "not signed by this key"),
        (checkpoint_text(CHECKPOINT), "must be text, a blank line"),
        (checkpoint_text(CHECKPOINT) + "\n" + WITNESS_LINE, "not signed by this key"),
        (SIGNED.replace("1234", "01234"), "signature by this key is wrong"),
        (SIGNED + "a stray line\n", "malformed"),
        (SIGNED + WITNESS_LINE * 64, "more than 64 signatures"),
        (signed_for_another_log(), "not the log that this key signs for"),
        (spelt_otherwise(SIGNED), "not base64 in its canonical form"),
        (SIGNED[:-1], "must be text, a blank line"),
        ("", "must be text, a blank line"),
    ],
)
def test_a_note_that_the_key_did_not_sign_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        open_checkpoint(text, VKEY)


def test_a_key_signs_only_for_the_log_it_is_named_after() -> None:
    with pytest.raises(NoteError, match="named after"):
        sign_checkpoint(CHECKPOINT, "another.example/audit", KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name+00000000",
        "name+00000000+not base64",
        VKEY.replace("hub.", "hug."),
        VKEY[:-4],
        "name with space+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        PUBLISHED_VKEY.replace("+Aek", "+Bek"),
    ],
)
def test_a_damaged_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError, match=r"^key"):
        parse_vkey(text)


@pytest.mark.parametrize(
    "checkpoint",
    [Checkpoint("", 1, bytes(32)), Checkpoint("two\nlines", 1, bytes(32)), Checkpoint(ORIGIN, -1, bytes(32)),
     Checkpoint(ORIGIN, 1, bytes(31))],
)  # fmt: skip
def test_what_cannot_stand_in_a_checkpoint_is_not_signed(checkpoint: Checkpoint) -> None:
    with pytest.raises(NoteError):
        checkpoint_text(checkpoint)


@given(st.integers(0, 2**60), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_a_proof_file_gives_back_what_was_put_in(index: int, proof: list[bytes]) -> None:
    found = parse_proof_file(proof_file(index, proof, SIGNED))
    assert (found.index, list(found.proof), found.checkpoint_text) == (index, proof, SIGNED)


def test_extra_data_in_a_proof_file_is_passed_over() -> None:
    with_extra = proof_file(7, [bytes(32)], SIGNED).replace("index", "extra YWJj\nindex", 1)
    assert parse_proof_file(with_extra) == parse_proof_file(proof_file(7, [bytes(32)], SIGNED))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\n\n" + SIGNED,
        "c2sp.org/tlog-proof@v2\nindex 1\n\n" + SIGNED,
        "c2sp.org/tlog-proof@v1\nindex 01\n\n" + SIGNED,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" + SIGNED,
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\n" + SIGNED,
        proof_file(1, [bytes(32)] * 64, SIGNED),
    ],
)
def test_a_malformed_proof_file_is_refused(text: str) -> None:
    with pytest.raises(NoteError, match="proof file"):
        parse_proof_file(text)
