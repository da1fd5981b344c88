import ast
import base64
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit import verify
from hub.audit.cosignatures import cosign, cosigner_line
from hub.audit.entry import canonical_bytes
from hub.audit.note import proof_file
from hub.audit.signed_note import divide
from hub.audit.tiles import tile_path
from hub.audit.tree import EMPTY_FRONTIER, Coordinate, append, inclusion_proof, leaf_hash, root_of
from tests.hub.audit.sample import (
    OTHER_KEY,
    START,
    VKEY,
    Files,
    an_entry,
    checkpoint_of,
    entries,
    export,
    signed_for_another_log,
    spelt_otherwise,
    write,
)
from tests.hub.audit.tampering import uncaught

SOURCE = Path(verify.__file__)
LOGGED = entries(300)

Tamper = Callable[[list[bytes]], list[bytes]]


def bad_place(files: Files, folder: Path) -> str:
    """What the verifier says is wrong with these files; fails when it says that nothing is."""
    folder.mkdir()
    try:
        with pytest.raises(verify.Bad) as refusal:
            verify.verify_export(write(folder, files), VKEY)
    finally:
        shutil.rmtree(folder)
    return str(refusal.value)


def in_a_zip(files: Files, path: Path, below: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(below + name), content, method)
    return path


def receipt(logged: list[bytes], index: int) -> str:
    nodes: dict[Coordinate, bytes] = {}
    frontier = EMPTY_FRONTIER
    for at, entry in enumerate(logged):
        frontier, completed = append(frontier, leaf_hash(entry))
        nodes |= {(0, at): leaf_hash(entry)} | {(level, place): node for level, place, node in completed}
    proof = inclusion_proof(index, len(logged), lambda level, place: nodes[level, place])
    return proof_file(index, proof, checkpoint_of(logged))


@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 300, 513])
@pytest.mark.parametrize("with_hashes", [True, False])
def test_an_untouched_export_is_good(tmp_path: Path, count: int, with_hashes: bool) -> None:
    checkpoint, leaves = verify.verify_export(write(tmp_path, export(entries(count), with_hashes=with_hashes)), VKEY)
    assert (checkpoint[0], len(leaves)) == (count, count)


@pytest.mark.parametrize("below", ["", "export-2026-03/"])
def test_a_zip_of_an_export_is_good(tmp_path: Path, below: str) -> None:
    checkpoint, _ = verify.verify_export(in_a_zip(export(LOGGED), tmp_path / "export.zip", below), VKEY)
    assert checkpoint[0] == 300


def test_paths_of_a_long_log_are_those_of_the_specification() -> None:
    paths = [path for path, _, _ in verify.tiles("entries", 1_234 * 256 + 5)]
    assert paths == [tile_path(None, index) for index in range(1_234)] + ["tile/entries/x001/234.p/5"]


@pytest.mark.parametrize("with_hashes", [True, False])
def test_every_flipped_bit_of_a_small_log_is_caught(tmp_path: Path, with_hashes: bool) -> None:
    files = export(entries(2), with_hashes=with_hashes)
    folder = write(tmp_path, files)
    for name, content in files.items():
        for bit in range(8 * len(content)):
            altered = bytearray(content)
            altered[bit // 8] ^= 1 << bit % 8
            (folder / name).write_bytes(altered)
            with pytest.raises((verify.Bad, UnicodeDecodeError)):
                verify.verify_export(folder, VKEY)
        (folder / name).write_bytes(content)
    verify.verify_export(folder, VKEY)


@pytest.mark.parametrize("bit", range(0, 8, 3))
def test_every_altered_byte_of_a_zip_is_caught_or_harmless(tmp_path: Path, bit: int) -> None:
    path = in_a_zip(export(entries(3)), tmp_path / "export.zip")
    content = path.read_bytes()
    good = verify.verify_export(path, VKEY)
    for at in range(len(content)):
        altered = bytearray(content)
        altered[at] ^= 1 << bit
        path.write_bytes(altered)
        # A .zip has dates and flags that hold nothing of the log; whatever passes must be the very same log.
        if verify.main([str(path), "--key", VKEY]) == 0:
            assert verify.verify_export(path, VKEY) == good


@pytest.mark.parametrize("with_hashes", [True, False])
@pytest.mark.parametrize("filled_up", [True, False])
def test_every_deletion_swap_and_insertion_is_caught_at_its_place(
    tmp_path: Path, with_hashes: bool, filled_up: bool
) -> None:
    """Also where the forger filled the log up again, so that every file has its right number of entries."""
    honest = export(LOGGED, with_hashes=with_hashes)
    stranger = canonical_bytes(an_entry(9_999))
    for at in range(0, 299, 1 if with_hashes and filled_up else 23):
        forgeries = [
            LOGGED[:at] + LOGGED[at + 1 :],
            [*LOGGED[:at], stranger, *LOGGED[at:]],
            [*LOGGED[:at], stranger, *LOGGED[at + 1 :]],
            [*LOGGED[:at], *LOGGED[at : at + 2][::-1], *LOGGED[at + 2 :]],
        ]
        for forged in forgeries:
            as_many = (forged + [stranger] * 2)[:300] if filled_up else forged
            files = {name: content for name, content in honest.items() if "entries" not in name}
            files |= {name: content for name, content in export(as_many).items() if "entries" in name}
            said = bad_place(files, tmp_path / "forged")
            if with_hashes and filled_up:
                assert said == f"entry {at}: not the entry that was logged"


def test_at_ten_thousand_entries_deletions_swaps_insertions_and_truncations_are_caught() -> None:
    """All over the log and at the edges of its files; at every place: `python -m tests.hub.audit.tampering`."""
    edges = [0, 1, 255, 256, 257, 4_999, 9_983, 9_984, 9_998, 9_999]
    assert list(uncaught(10_000, [*edges, *range(700, 9_000, 1_337)])) == []


@pytest.mark.parametrize("kept", [0, 1, 255, 256, 257, 299])
def test_a_truncated_log_is_caught(tmp_path: Path, kept: int) -> None:
    shorter = export(LOGGED[:kept]) | {"checkpoint": export(LOGGED)["checkpoint"]}
    assert "missing" in bad_place(shorter, tmp_path / "shorter")


def test_a_bundle_cut_short_names_the_entry_where_it_ends(tmp_path: Path) -> None:
    files = export(LOGGED)
    length = len(files["tile/entries/000"]) // 256
    files["tile/entries/000"] = files["tile/entries/000"][: 17 * length + 5]
    assert bad_place(files, tmp_path / "cut").startswith("entry 17: cut off or missing in tile/entries/000")


def test_bytes_after_the_last_entry_are_caught(tmp_path: Path) -> None:
    files = export(LOGGED)
    files["tile/entries/000"] += b"\x00\x01x"
    assert bad_place(files, tmp_path / "long").startswith("entry 256: tile/entries/000 goes on")


@pytest.mark.parametrize("name", sorted(export(LOGGED)))
def test_no_file_of_entries_may_be_missing_and_no_hash_need_be_present(tmp_path: Path, name: str) -> None:
    files = {other: content for other, content in export(LOGGED).items() if other != name}
    if "entries" in name or name == "checkpoint":
        assert bad_place(files, tmp_path / "less") == f"{name}: missing"
    else:
        verify.verify_export(write(tmp_path, files), VKEY)


@pytest.mark.parametrize("name", [name for name in export(LOGGED) if name[5].isdigit()])
def test_a_wrong_hash_beside_good_entries_names_the_tile(tmp_path: Path, name: str) -> None:
    files = export(LOGGED)
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])
    assert bad_place(files, tmp_path / "tile") == f"{name}: holds hashes that are not those of the entries"


@pytest.mark.parametrize(
    "name", ["tile/entries/002.p/1", "tile/entries/001", "tile/0/000.p/9", "tile/9/000", "tile/note.txt"]
)
def test_a_file_that_the_checkpoint_does_not_cover_is_caught(tmp_path: Path, name: str) -> None:
    assert "not covered by the checkpoint" in bad_place(export(LOGGED) | {name: b"\x00\x02{}"}, tmp_path / "stray")


@pytest.mark.parametrize("altered", [None, 2, 700, 999])
def test_hashes_that_lead_to_the_root_and_are_not_of_the_entries_accuse_no_entry(
    tmp_path: Path, altered: int | None
) -> None:
    """One hash, the root itself, leads to itself; and so do two, of its halves."""
    logged = entries(1_000)
    leaves = [leaf_hash(entry) for entry in logged]
    halves = root_of(leaves[:512]), root_of(leaves[512:])
    bundles = {name: content for name, content in export(logged).items() if not name[5].isdigit()}
    if altered is not None:
        name = "tile/entries/003.p/232" if altered >= 768 else f"tile/entries/00{altered // 256}"
        bundles[name] = bundles[name].replace(logged[altered], logged[altered].replace(b"accepted", b"acceptes"))
    for hashes in ([root_of(leaves)], halves, [*leaves[:256], *leaves[:256]]):
        said = bad_place(bundles | {"tile/0/000": b"".join(hashes)}, tmp_path / "folded")
        assert not said.startswith("entry")


@pytest.mark.parametrize("count", [3, 4, 300])
def test_a_hash_too_few_on_file_accuses_no_entry(tmp_path: Path, count: int) -> None:
    logged, leaves = entries(count), [leaf_hash(entry) for entry in entries(count)]
    last = f"tile/0/00{count // 256}.p/{count % 256}"
    files = export(logged)
    folded = root_of(leaves[-2:])  # in the place of the last two: leads to the root where their number is even
    files[last] = files[last][:-64] + folded
    assert bad_place(files, tmp_path / "folded") == f"{last}: holds hashes that are not those of the entries"


@pytest.mark.parametrize("name", [name for name in export(LOGGED) if name[5].isdigit()])
@pytest.mark.parametrize("more", [1, 32, 16_000_000])
def test_a_tile_with_more_than_its_hashes_is_the_first_bad_place(tmp_path: Path, name: str, more: int) -> None:
    files = export(LOGGED)
    files[name] += bytes(more)
    assert bad_place(files, tmp_path / "longer") == f"{name}: longer than such a file can be"


def test_tiles_that_unpack_without_end_take_no_more_memory_than_a_log_of_that_length(tmp_path: Path) -> None:
    files = export(entries(256 * 20))
    bomb = {name: bytes(16 * 1024 * 1024) for name in files if name.startswith("tile/0/")}
    path = in_a_zip(files | bomb, tmp_path / "bomb.zip")
    tracemalloc.start()
    try:
        with pytest.raises(verify.Bad, match=r"^tile/0/000: longer than"):
            verify.verify_export(path, VKEY)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_cannot_be_unpacked_up_to_a_limit_is_refused_and_its_folder_is_not(
    tmp_path: Path, method: int
) -> None:
    """Four kilobytes of bzip2 may unpack to gigabytes at once, however little was asked for."""
    path = in_a_zip(export(LOGGED), tmp_path / "export.zip", method=method)
    with pytest.raises(verify.Bad, match="not packed by deflate; unpack it first"):
        verify.verify_export(path, VKEY)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert verify.verify_export(tmp_path / "unpacked", VKEY)[0][0] == 300


def test_what_the_last_tiles_were_before_may_stay_beside_them(tmp_path: Path) -> None:
    """A mirror keeps it until they are full, for whoever still reads the shorter log."""
    files: Files = {}
    for count in (257, 258, 270, 299, 300):
        files |= export(LOGGED[:count])
    assert {"tile/0/001.p/1", "tile/0/001.p/44", "tile/entries/001.p/43"} < set(files)
    assert verify.verify_export(write(tmp_path, files), VKEY)[0][0] == 300


@pytest.mark.parametrize("name", ["tile/0/001.p/14", "tile/entries/001.p/14", "tile/1/000.p/1"])
def test_what_a_tile_was_before_must_be_what_it_begins_with(tmp_path: Path, name: str) -> None:
    before, now = export(entries(600)[:270]), export(entries(600))
    now, name = (now, name) if name.startswith("tile/1/") else (export(LOGGED), name)
    right = before[name]
    for wrong in (b"", right[:-1], right[:-32], right[:-1] + bytes([right[-1] ^ 1]), right + b"x", right + right[:32]):
        assert bad_place(now | {name: wrong}, tmp_path / "wrong").startswith(f"{name}: ")
    verify.verify_export(write(tmp_path / "right", now | {name: right}), VKEY)


def test_other_files_beside_the_log_do_not_matter(tmp_path: Path) -> None:
    files = export(LOGGED) | {"README.txt": b"how to verify", "verify.py": SOURCE.read_bytes()}
    verify.verify_export(write(tmp_path, files), VKEY)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"null", b"[]", b"{}", b"\xff", b"[" * 60_000, b'{"a":"\\ud800"}', b'{"kind":"x","version":1}',
        b'{"at":"2026-03-01","kind":"x","version":1}',
        b'{"at":"2026-03-01T09:00:00.000000Z","kind":"x","version":1} ',
        b'{"at":"2026-03-01T09:00:00.000000Z","kind":"x","version":true}',
        b'{"at":"2026-03-01T09:00:00.000000Z","kind":7,"version":1}',
        b'{"at":"2026-03-01T09:00:00.000000Z","kind":"x","n":NaN,"version":1}',
        b'{"at":"2026-03-01T09:00:00.000000Z","kind":"x","kind":"x","version":1}',
    ],
)  # fmt: skip
def test_a_signed_log_with_an_entry_that_is_none_is_bad(tmp_path: Path, content: bytes) -> None:
    assert bad_place(export([*LOGGED[:17], content]), tmp_path / "content").startswith("entry 17: ")


def test_another_key_is_refused(tmp_path: Path) -> None:
    other = export(LOGGED) | {"checkpoint": checkpoint_of(LOGGED, OTHER_KEY).encode()}
    assert bad_place(other, tmp_path / "other") == "checkpoint: not signed by hub.landlord.example/audit"
    resigned = checkpoint_of(LOGGED).replace(checkpoint_of(LOGGED)[-60:], checkpoint_of(LOGGED[:-1])[-60:])
    assert bad_place(export(LOGGED) | {"checkpoint": resigned.encode()}, tmp_path / "spliced").startswith("checkpoint")


def test_a_checkpoint_of_another_log_or_in_another_spelling_is_refused() -> None:
    with pytest.raises(verify.Bad, match="the log that this key signs for"):
        verify.open_checkpoint(signed_for_another_log(), VKEY)
    with pytest.raises(verify.Bad, match="not base64 in its one spelling"):
        verify.open_checkpoint(spelt_otherwise(checkpoint_of(LOGGED)), VKEY)


@pytest.mark.parametrize("key", ["", "name", "name+id", VKEY[:-4], VKEY.replace("hub.", "hug."), VKEY + "AA=="])
def test_a_damaged_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(verify.Bad, match=r"^key"):
        verify.verify_export(write(tmp_path, export(LOGGED)), key)


def test_two_files_of_one_name_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = in_a_zip(export(LOGGED), tmp_path / "export.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("checkpoint", b"another")
    with pytest.raises(verify.Bad, match="two files of one name"):
        verify.verify_export(path, VKEY)


def also(path: Path, name: str, content: bytes, extra: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("0")
        info.filename, info.extra = name, extra
        archive.writestr(info, content)
    return path


ALTERED = export(entries(5))["tile/entries/000.p/5"].replace(b'"accepted"', b'"rejected"')


@pytest.mark.parametrize(
    "name",
    [
        "./tile/entries/000.p/5", "/tile/entries/000.p/5", "x/../tile/entries/000.p/5", "tile//entries/000.p/5",
        "tile/./entries/000.p/5", "tile\\entries\\000.p\\5", "C:tile/entries/000.p/5", "tile/entries/000.p./5",
        "tile/entries/000.p/5 ", "TILE/entries/000.p/5", "tile/entries/000.p/5/", "./checkpoint", "CHEC\u212aPOINT",
        "tile/entries/000.p/5\0", "/", "..",
    ],
)  # fmt: skip
def test_a_zip_with_a_name_that_unpacks_over_what_was_checked_is_refused(tmp_path: Path, name: str) -> None:
    path = also(in_a_zip(export(entries(5)), tmp_path / "export.zip"), name, ALTERED)
    with pytest.raises(verify.Bad, match="two files of one name, or one that may be unpacked under another"):
        verify.verify_export(path, VKEY)


def test_a_zip_that_gives_a_file_a_second_name_is_refused(tmp_path: Path) -> None:
    """Info-ZIP's field for names in UTF-8: its `unzip` takes that one, and wrote it over the true entries."""
    name, other = b"readme", b"tile/entries/000.p/5"
    extra = struct.pack("<HHBL", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other
    path = also(in_a_zip(export(entries(5)), tmp_path / "export.zip"), name.decode(), ALTERED, extra)
    with pytest.raises(verify.Bad, match="may be unpacked under another"):
        verify.verify_export(path, VKEY)


@pytest.mark.skipif(not (shutil.which("zip") and shutil.which("unzip")), reason="zip and unzip are not installed")
def test_what_other_programs_packed_is_good_packed_and_unpacked(tmp_path: Path) -> None:
    """With folders of their own, times and owners beside each file."""
    write(tmp_path / "export", export(LOGGED) | {"read me.txt": b"how to verify", ".hidden": b""})
    subprocess.run(["zip", "-qr", "export.zip", "export"], cwd=tmp_path, check=True)
    assert verify.verify_export(tmp_path / "export.zip", VKEY)[0][0] == 300
    subprocess.run(["unzip", "-q", "export.zip", "-d", "unpacked"], cwd=tmp_path, check=True)
    assert verify.verify_export(tmp_path / "unpacked" / "export", VKEY)[0][0] == 300


def test_the_key_is_a_logs_and_each_witness_key_a_witnesss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a hub passes for its own witness, and whoever saw a log for whoever keeps it."""
    witness = cosigner_line("witness.police.example/1", OTHER_KEY.public_key())
    text = checkpoint_of(LOGGED)
    seen = text + cosign(divide(text)[0], "witness.police.example/1", OTHER_KEY, START)
    folder = write(tmp_path, export(LOGGED) | {"checkpoint": seen.encode()})
    assert verify.main([str(folder), "--key", VKEY, "--witness", witness]) == 0
    assert verify.main([str(folder), "--key", VKEY, "--witness", VKEY]) == 1
    assert verify.main([str(folder), "--key", witness]) == 1
    said = capsys.readouterr().out.splitlines()[1:]
    assert said == [f"bad: key: not the Ed25519 key of a {one}, or damaged" for one in ("witness", "log")]


def test_a_bundle_that_unpacks_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    bomb = export(LOGGED) | {"tile/entries/000": bytes(64 * 1024 * 1024)}
    path = in_a_zip(bomb, tmp_path / "bomb.zip")
    tracemalloc.start()
    try:
        with pytest.raises(verify.Bad, match=r"^tile/entries/000: longer than"):
            verify.verify_export(path, VKEY)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_newer_export_may_only_add(tmp_path: Path) -> None:
    older, newer = write(tmp_path / "older", export(LOGGED[:200])), write(tmp_path / "newer", export(LOGGED))
    assert verify.verify_consistency(older, newer, VKEY)[0] == 300
    assert verify.verify_consistency(older, older, VKEY)[0] == 200
    with pytest.raises(verify.Bad, match="entry 200: in the older export, and altered or gone"):
        verify.verify_consistency(newer, older, VKEY)


def test_a_log_rewritten_and_signed_again_is_caught_by_an_older_export(tmp_path: Path) -> None:
    rewritten = [*LOGGED[:17], canonical_bytes(an_entry(9_999)), *LOGGED[18:]]
    older, newer = write(tmp_path / "older", export(LOGGED[:200])), write(tmp_path / "newer", export(rewritten))
    with pytest.raises(verify.Bad, match="entry 17: in the older export, and altered or gone"):
        verify.verify_consistency(older, newer, VKEY)


WITNESSES = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
             for number, name in enumerate(("police.example/w", "council.example/w", "dpo.example/w"), 1)}  # fmt: skip
HONEST, *COLLUDING = [cosigner_line(name, key.public_key()) for name, key in WITNESSES.items()]


def cosigned(note: str, *names: str) -> str:
    body = divide(note)[0]
    return note + "".join(cosign(body, name, WITNESSES[name], START) for name in names)


def test_a_newer_export_is_held_against_no_more_than_an_older_checkpoint(tmp_path: Path) -> None:
    newer = write(tmp_path / "newer", export(LOGGED))
    for count in (0, 1, 200, 256, 300):
        (tmp_path / "older").write_text(checkpoint_of(LOGGED[:count]), "utf-8")
        assert verify.verify_consistency(tmp_path / "older", newer, VKEY)[0] == 300
    (tmp_path / "older").write_text(checkpoint_of(entries(301)), "utf-8")
    with pytest.raises(verify.Bad, match="the first 301 are not those"):
        verify.verify_consistency(tmp_path / "older", newer, VKEY)
    (tmp_path / "older").write_text(checkpoint_of(LOGGED[:200], OTHER_KEY), "utf-8")
    with pytest.raises(verify.Bad, match="not signed by"):
        verify.verify_consistency(tmp_path / "older", newer, VKEY)


@pytest.mark.parametrize("at", [0, 17, 198])
def test_a_whole_rewrite_with_the_stolen_key_is_caught_when_one_witness_is_honest(tmp_path: Path, at: int) -> None:
    """Whoever has the log's key signs any history, and two witnesses help; the third's last checkpoint tells."""
    rewritten = [*LOGGED[:at], canonical_bytes(an_entry(9_999)), *LOGGED[at + 1 :]]
    forged = export(rewritten)
    forged["checkpoint"] = cosigned(checkpoint_of(rewritten), *list(WITNESSES)[1:]).encode()
    newer = write(tmp_path / "newer", forged)
    (tmp_path / "seen").write_text(cosigned(checkpoint_of(LOGGED[:199]), "police.example/w"), "utf-8")
    assert verify.verify_export(newer, VKEY, *COLLUDING)[0][0] == 300
    with pytest.raises(verify.Bad, match="not signed by police"):
        verify.verify_export(newer, VKEY, HONEST)
    with pytest.raises(verify.Bad, match="the first 199 are not those"):
        verify.verify_consistency(tmp_path / "seen", newer, VKEY, *COLLUDING)


def test_every_witness_that_is_asked_for_must_have_cosigned_and_rightly(tmp_path: Path) -> None:
    note = cosigned(checkpoint_of(LOGGED[:5]), "police.example/w", "dpo.example/w")
    entry, proof = LOGGED[2], receipt(LOGGED[:5], 2).partition("\n\n")[0] + "\n\n" + note
    assert verify.verify_receipt(entry, proof, VKEY, HONEST, COLLUDING[1])[0] == 5
    with pytest.raises(verify.Bad, match="not signed by council"):
        verify.verify_receipt(entry, proof, VKEY, *COLLUDING)
    line = proof.splitlines()[-1].split(" ")[2]
    raw = base64.b64decode(line)
    for at in range(4, len(raw)):
        wrong = base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        with pytest.raises(verify.Bad, match="the signature by dpo"):
            verify.verify_receipt(entry, proof.replace(line, wrong), VKEY, COLLUDING[1])
    for cut in (raw[:4], raw[:12], raw[:-1]):
        with pytest.raises(verify.Bad, match="the signature by dpo"):
            verify.verify_receipt(entry, proof.replace(line, base64.b64encode(cut).decode()), VKEY, COLLUDING[1])
    (tmp_path / "entry").write_bytes(entry)
    (tmp_path / "receipt").write_text(proof, "utf-8")
    words = [str(tmp_path / "entry"), "--key", VKEY, "--receipt", str(tmp_path / "receipt")]
    assert verify.main([*words, "--witness", HONEST, "--witness", COLLUDING[1]]) == 0
    assert verify.main([*words, "--witness", HONEST, "--witness", COLLUDING[0]]) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 64, 65])
def test_every_receipt_proves_its_entry_and_no_other(count: int) -> None:
    logged = LOGGED[:count]
    for index, entry in enumerate(logged):
        proof = receipt(logged, index)
        assert verify.verify_receipt(entry, proof, VKEY)[0] == count
        with pytest.raises(verify.Bad):
            verify.verify_receipt(LOGGED[count], proof, VKEY)
        for wrong in {0, 1, index + 1, count - 1, count, 2 * count + index} - {index}:
            with pytest.raises(verify.Bad):
                verify.verify_receipt(entry, proof.replace(f"index {index}\n", f"index {wrong}\n"), VKEY)


def test_every_flipped_bit_of_a_receipt_is_caught() -> None:
    proof = receipt(LOGGED[:5], 2).encode()
    for bit in range(8 * len(proof)):
        altered = bytearray(proof)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises((verify.Bad, UnicodeDecodeError)):
            verify.verify_receipt(LOGGED[2], altered.decode(), VKEY)


def test_a_receipt_with_a_hash_more_or_less_is_refused() -> None:
    proof = receipt(LOGGED[:5], 2)
    first = proof.split("\n")[2] + "\n"
    for altered in (proof.replace(first, ""), proof.replace(first, first * 2)):
        with pytest.raises(verify.Bad, match="does not lead"):
            verify.verify_receipt(LOGGED[2], altered, VKEY)


def test_the_command_says_good_or_bad_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "export", export(LOGGED))
    older = write(tmp_path / "older", export(LOGGED[:5]))
    (tmp_path / "entry").write_bytes(LOGGED[2])
    (tmp_path / "receipt").write_text(receipt(LOGGED[:5], 2), "utf-8")
    assert verify.main([str(folder), "--key", VKEY]) == 0
    assert verify.main([str(folder), "--key", VKEY, "--older", str(older)]) == 0
    assert verify.main([str(tmp_path / "entry"), "--key", VKEY, "--receipt", str(tmp_path / "receipt")]) == 0
    assert verify.main([str(tmp_path / "receipt"), "--key", VKEY]) == 1
    assert verify.main([str(tmp_path / "nothing"), "--key", VKEY]) == 1
    bundle = folder / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(LOGGED[17], LOGGED[17].replace(b"accepted", b"acceptes")))
    assert verify.main([str(folder), "--key", VKEY]) == 1
    first, second, third, fourth, fifth, sixth = capsys.readouterr().out.splitlines()
    root = export(LOGGED)["checkpoint"].decode().split("\n")[2]
    assert first == second == f"good: 300 entries, root {root}, signed by hub.landlord.example/audit"
    assert third.startswith("good: one of 5 entries, root ")
    assert fourth.startswith("bad: ")
    assert fifth.startswith("bad: ")
    assert sixth == "bad: entry 17: not the entry that was logged"


def test_the_file_alone_checks_an_export_where_nothing_of_ours_is_installed(tmp_path: Path) -> None:
    alone = shutil.copy(SOURCE, tmp_path / "verify.py")
    path = in_a_zip(export(LOGGED), tmp_path / "export.zip")
    # -P keeps the current folder off the path; -I would also drop the site packages of some installations.
    done = subprocess.run([sys.executable, "-P", str(alone), str(path), "--key", VKEY],
                          cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("good: 300 entries")


def test_the_verifier_imports_the_standard_library_and_cryptography_only() -> None:
    imported = set()
    for statement in ast.walk(ast.parse(SOURCE.read_text("utf-8"))):
        if isinstance(statement, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            imported.add((statement.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography"}


def test_the_verifier_can_be_read_in_an_hour() -> None:
    assert len(SOURCE.read_text("utf-8").splitlines()) <= 250
