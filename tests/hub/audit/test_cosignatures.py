import base64
import hashlib
import struct
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit.cosignatures import CosigningKey, cosign, cosigned_at, cosigner_line, parse_cosigner
from hub.audit.note import NoteError, open_checkpoint, parse_vkey
from hub.audit.signed_note import divide, key_line
from tests.hub.audit.sample import KEY, VKEY, checkpoint_of, entries
from tests.protocols.test_weak_keys import WEAK

NAME = "witness.police.example/1"
AT = datetime(2026, 3, 1, 10, 0, 7, 900_000, tzinfo=UTC)
NOTE = checkpoint_of(entries(5))
BODY = divide(NOTE)[0]
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(7, 39)))
ML_DSA = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
EACH = pytest.mark.parametrize("key", [ED25519, ML_DSA], ids=["ed25519", "ml_dsa_44"])


@EACH
def test_a_cosignature_says_who_saw_a_checkpoint_and_when_and_the_logs_own_signature_stays_good(
    key: CosigningKey,
) -> None:
    theirs = parse_cosigner(cosigner_line(NAME, key.public_key()))
    text = NOTE + cosign(BODY, NAME, key, AT)
    assert cosigned_at(text, theirs) == AT.replace(microsecond=0)
    assert cosigned_at(NOTE, theirs) is None
    assert open_checkpoint(text, VKEY).size == 5


def test_an_ed25519_cosignature_is_made_as_the_specification_says() -> None:
    """By hand, from the text of C2SP tlog-cosignature."""
    public = ED25519.public_key().public_bytes_raw()
    key_id = hashlib.sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    seconds = int(AT.timestamp())
    signature = ED25519.sign(f"cosignature/v1\ntime {seconds}\n{BODY}".encode())
    encoded = base64.b64encode(key_id + struct.pack(">Q", seconds) + signature).decode()
    assert cosign(BODY, NAME, ED25519, AT) == f"— {NAME} {encoded}\n"


def test_an_ml_dsa_cosignature_covers_the_names_the_time_and_the_tree() -> None:
    """By hand, as above: a hedged signature is never the same twice, so ours is verified over bytes made here."""
    origin, size, root = BODY.splitlines()
    seconds = int(AT.timestamp())
    message = b"subtree/v1\n\0" + b"".join((
        struct.pack(">B", len(NAME)), NAME.encode(), struct.pack(">Q", seconds), struct.pack(">B", len(origin)),
        origin.encode(), struct.pack(">QQ", 0, int(size)), base64.b64decode(root),
    ))  # fmt: skip
    line = cosign(BODY, NAME, ML_DSA, AT)
    raw = base64.b64decode(line.split(" ")[2])
    public = ML_DSA.public_key()
    assert raw[:4] == hashlib.sha256(NAME.encode() + b"\n\x06" + public.public_bytes_raw()).digest()[:4]
    assert struct.unpack(">Q", raw[4:12]) == (seconds,)
    public.verify(raw[12:], message)


@EACH
def test_a_line_that_is_changed_anywhere_is_refused_or_no_longer_theirs(key: CosigningKey) -> None:
    theirs = parse_cosigner(cosigner_line(NAME, key.public_key()))
    line = cosign(BODY, NAME, key, AT)
    raw = base64.b64decode(line.split(" ")[2])
    for at in range(0, len(raw), max(1, len(raw) // 80)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        text = f"{NOTE}— {NAME} {base64.b64encode(changed).decode()}\n"
        if at < 4:
            assert cosigned_at(text, theirs) is None
        else:
            with pytest.raises(NoteError):
                cosigned_at(text, theirs)
    for cut in (raw[:4], raw[:12], raw[:-1], raw + b"\0"):
        with pytest.raises(NoteError):
            cosigned_at(f"{NOTE}— {NAME} {base64.b64encode(cut).decode()}\n", theirs)


@EACH
def test_a_cosignature_is_good_for_no_other_checkpoint_and_no_other_name(key: CosigningKey) -> None:
    line = cosign(BODY, NAME, key, AT)
    theirs = parse_cosigner(cosigner_line(NAME, key.public_key()))
    with pytest.raises(NoteError):
        cosigned_at(checkpoint_of(entries(6)) + line, theirs)
    other = parse_cosigner(cosigner_line("witness.other.example/1", key.public_key()))
    assert cosigned_at(NOTE + line, other) is None


def test_the_latest_of_several_lines_of_one_witness_counts() -> None:
    theirs = parse_cosigner(cosigner_line(NAME, ED25519.public_key()))
    later = AT + timedelta(hours=1)
    text = NOTE + cosign(BODY, NAME, ED25519, later) + cosign(BODY, NAME, ED25519, AT)
    assert cosigned_at(text, theirs) == later.replace(microsecond=0)


@pytest.mark.parametrize(
    "key",
    ["nothing", "a+b", VKEY, key_line("w", 0x04, bytes(31)), key_line("w", 0x06, bytes(32)), key_line("w", 0x02, b"x"),
     cosigner_line("w", KEY.public_key()).replace("w+", "v+")],
)  # fmt: skip
def test_no_other_key_passes_for_a_cosigners(key: str) -> None:
    with pytest.raises(NoteError):
        parse_cosigner(key)


@pytest.mark.parametrize("raw", WEAK)
def test_a_key_under_which_anybody_can_sign_is_nobodys(raw: bytes) -> None:
    with pytest.raises(NoteError, match="anybody can sign"):
        parse_cosigner(key_line("w", 0x04, raw))
    with pytest.raises(NoteError, match="anybody can sign"):
        parse_vkey(key_line("log", 0x01, raw))


def test_ml_dsa_is_made_over_no_text_with_lines_that_it_would_not_cover() -> None:
    with pytest.raises(NoteError, match="lines beside"):
        cosign(f"{BODY}more\n", NAME, ML_DSA, AT)
    assert cosign(f"{BODY}more\n", NAME, ED25519, AT)
