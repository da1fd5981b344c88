"""Check an exported audit log with nothing but the export and the log's public key.

Usage:  python verify.py EXPORT --key VKEY                  is this export whole and unaltered?
        python verify.py EXPORT --key VKEY --older FILE     does it only add to an older export, or checkpoint?
        python verify.py ENTRY --key VKEY --receipt FILE    was this entry in the log?
With --witness VKEY, once for each, these witnesses must have cosigned what is checked.

An export is a folder, or a .zip of one: `checkpoint` (how many entries, and the root hash of their tree, signed),
`tile/entries/...` (up to 256 entries to a file, each behind its length), `tile/<level>/...` (hashes of the tree). The
entries alone must lead to the signed root; the hashes only help to name an entry that was altered.
Sources: RFC 6962 section 2.1; C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof.
"""

import argparse
import base64
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256  # entries in a full bundle, hashes in a full tile
NUMBER = r"0|[1-9][0-9]{0,18}"
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
PLACE, RENAMED = re.compile(r"^/|^$|//|[. ](/|$)|[\\:]"), re.compile(rb"(?s)up..[\0\1]")  # of a file in a .zip
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
Export = Mapping[str, Path | zipfile.Path]
Checkpoint = tuple[int, bytes]  # how many entries a log has, and their root hash


class Bad(Exception):
    """The check failed; the sentence names the first bad place."""


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two hashes side by side. An entry is hashed with 0 in front, so neither passes for the other."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over these hashes: join neighbours, carry an odd last one up, until one is left."""
    while len(hashes) > 1:
        hashes = [*map(node, hashes[::2], hashes[1::2]), *hashes[len(hashes) // 2 * 2 :]]
    return hashes[0] if hashes else sha256(b"").digest()


def from_base64(text: str, what: str) -> bytes:
    """Decode base64, refusing every spelling but the one canonical spelling."""
    with suppress(ValueError):
        if base64.b64encode(data := base64.b64decode(text)).decode() == text:
            return data
    raise Bad(f"{what}: not base64 in its one spelling")


def signed_text(text: str, vkey: str, kind: int) -> str:
    """Verify the signature by `vkey` (name+id+key), of kind 1 a log's, of 4 a witness's; return the text it covers."""
    name, key_id, encoded = [*vkey.split("+", 2), "", ""][:3]
    key = from_base64(encoded, "key")
    if len(key) != 33 or key[0] != kind or sha256(name.encode() + b"\n" + key).digest()[:4].hex() != key_id:
        raise Bad(f"key: not the Ed25519 key of a {'witness' if kind == 4 else 'log'}, or damaged")
    body, _, signatures = text.rpartition("\n\n")
    found = re.findall(rf"^— {re.escape(name)} (\S+)$", signatures, re.MULTILINE)
    theirs = [raw[4:] for raw in (from_base64(line, "checkpoint") for line in found) if raw[:4].hex() == key_id]
    if not theirs or re.fullmatch(r"(— \S+ \S+\n)+", signatures) is None:
        raise Bad(f"checkpoint: not signed by {name}")
    for signature in theirs:
        # A witness signs when it saw the text, too: eight bytes before its signature are seconds since 1970.
        seen = f"cosignature/v1\ntime {int.from_bytes(signature[:8], 'big')}\n" if kind == 4 else ""
        try:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[8 * bool(seen) :], f"{seen}{body}\n".encode())
        except InvalidSignature:
            raise Bad(f"checkpoint: the signature by {name} is wrong") from None
    return body


def open_checkpoint(text: str, vkey: str, *witnesses: str) -> Checkpoint:
    """What a checkpoint says that the log's key signed, and each of these witnesses. Other lines are passed over."""
    body, *_ = [signed_text(text, vkey, 1), *(signed_text(text, witness, 4) for witness in witnesses)]
    lines = re.fullmatch(rf"(.+)\n({NUMBER})\n(.+)(?:\n.+)*", body)
    if lines is None or lines[1] != vkey.partition("+")[0]:
        raise Bad("checkpoint: not the three lines of the log that this key signs for")
    return int(lines[2]), from_base64(lines[3], "checkpoint")


def open_export(path: Path) -> Export:
    """The files of a folder or .zip, by their path below the folder in it that holds `checkpoint`."""
    if path.is_dir():
        found: Export = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    else:
        files = (archive := zipfile.ZipFile(path)).infolist()
        found = {name: zipfile.Path(archive, name) for name in archive.namelist() if not name.endswith("/")}
        # What is checked must be what is unpacked: no file has another place by its name, or another name (field 7075).
        odd = any(PLACE.search(file.filename) or RENAMED.search(file.extra) for file in files)
        if odd or len({file.filename.removesuffix("/").casefold() for file in files}) != len(files):
            raise Bad("export: holds two files of one name, or one that may be unpacked under another; unpack it first")
        if not {file.compress_type for file in files} <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Bad("export: not packed by deflate; unpack it first")  # others cannot be unpacked up to a limit
    top = min((name[:-10] for name in found if re.fullmatch("([^/]+/)?checkpoint", name)), key=len, default="")
    return {name.removeprefix(top): file for name, file in found.items() if name.startswith(top)}


def read(export: Export, name: str, longest: int = WIDTH * (2 + 65_535)) -> bytes:
    """The content of one file, refused when it is missing, damaged, or longer than may be. Reads no more than that."""
    try:
        with export[name].open("rb") as file:
            if len(data := bytes(file.read(longest + 1))) <= longest:
                return data
    except KeyError:
        raise Bad(f"{name}: missing") from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):
        raise Bad(f"{name}: damaged inside the .zip") from None
    raise Bad(f"{name}: longer than such a file can be")


def tiles(kind: str, count: int, *, before: bool = False) -> Iterator[tuple[str, int, int]]:
    """(path, first, width) of every tile that holds `count` entries or hashes: number 1,234,067 is x001/x234/067."""
    for first in range(0, count, WIDTH):
        width = min(WIDTH, count - first)
        *folders, name = [part.zfill(3) for part in f"{first // WIDTH:,}".split(",")]
        path = "/".join(["tile", kind, *(f"x{folder}" for folder in folders), name])
        # A mirror keeps what a tile was before, until it is full, for whoever still reads the shorter log.
        for part in range(1 if before and width < WIDTH else width, width + 1):
            yield path + (f".p/{part}" if part < WIDTH else ""), first, part


def entries(export: Export, size: int) -> Iterator[bytes]:
    """Every entry in order, refusing a bundle that ends early or goes on too long."""
    for path, first, width in tiles("entries", size):
        data, at = read(export, path), 0
        for index in range(first, first + width):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            if end > len(data):
                raise Bad(f"entry {index}: cut off or missing in {path}")
            yield data[at + 2 : end]
            at, older = end, re.sub("[0-9]+$", str(index + 1 - first), path)
            if width < WIDTH and older in export and older != path and read(export, older, at) != data[:at]:
                raise Bad(f"{older}: not what {path} begins with")
        if at != len(data):
            raise Bad(f"entry {first + width}: {path} goes on after its last entry")


def check_content(index: int, entry: bytes) -> None:
    """An entry is a JSON object in its one canonical form, and says what happened, in which version, and when."""
    with suppress(ValueError, TypeError, LookupError, RecursionError):
        said = json.loads(entry.decode())
        told = isinstance(said["kind"], str) and type(said["version"]) is int and TIME.fullmatch(said["at"])
        if told and ENCODER.encode(said).encode() == entry:
            return
    raise Bad(f"entry {index}: not canonical JSON that says its kind, version and time")


def check_files(export: Export, leaves: Sequence[bytes]) -> None:
    """Every file below tile/ is one that this log has or, until its tile was full, had; every hash in one is right."""
    known, level, hashes = {path for path, _, _ in tiles("entries", len(leaves), before=True)}, 0, leaves
    while hashes:
        for path, first, width in tiles(str(level), len(hashes), before=True):
            known.add(path)
            if path in export and read(export, path, 32 * width) != b"".join(hashes[first : first + width]):
                raise Bad(f"{path}: holds hashes that are not those of the entries")
        level, hashes = level + 1, [tree_root(hashes[to - WIDTH : to]) for to in range(WIDTH, len(hashes) + 1, WIDTH)]
    if stray := sorted(name for name in export if name.startswith("tile/") and name not in known):
        raise Bad(f"{stray[0]!r}: not covered by the checkpoint")


def verify_export(path: Path, vkey: str, *witnesses: str) -> tuple[Checkpoint, list[bytes]]:
    """Check a whole export. Returns its checkpoint and the hash of every entry; raises Bad at the first bad place."""
    export, leaves = open_export(path), list[bytes]()
    size, root = open_checkpoint(read(export, "checkpoint").decode(), vkey, *witnesses)
    present = takewhile(lambda tile: tile[0] in export, tiles("0", size))
    told = re.findall(rb"(?s).{32}", b"".join(read(export, path, 32 * width) for path, _, width in present))
    trusted = len(told) == size and tree_root(told) == root  # fewer may lead to the signed root and be of no entry
    for index, entry in enumerate(entries(export, size)):
        leaves.append(sha256(b"\x00" + entry).digest())
        if trusted and leaves[-1] != told[index]:
            raise Bad(f"entry {index}: not the entry that was logged")
        check_content(index, entry)
    if tree_root(leaves) != root:
        raise Bad("root: the entries do not lead to the signed root; no good hashes are on file to say which is bad")
    check_files(export, leaves)
    return (size, root), leaves


def verify_consistency(older: Path, newer: Path, vkey: str, *witnesses: str) -> Checkpoint:
    """Check that an export only adds to an older export or checkpoint of the log. Returns the newer checkpoint."""
    new, leaves = verify_export(newer, vkey, *witnesses)
    whole = older.is_dir() or zipfile.is_zipfile(older)
    old, before = verify_export(older, vkey) if whole else (open_checkpoint(older.read_bytes().decode(), vkey), [])
    for index, leaf in enumerate(before):
        if leaves[index : index + 1] != [leaf]:
            raise Bad(f"entry {index}: in the older export, and altered or gone in the newer")
    if old[0] > new[0] or tree_root(leaves[: old[0]]) != old[1]:
        raise Bad(f"entries: the first {old[0]} are not those that the older checkpoint was signed over")
    return new


def verify_receipt(entry: bytes, proof_text: str, vkey: str, *witnesses: str) -> Checkpoint:
    """Check that a tlog-proof file proves this entry to be in the log. Returns the checkpoint that it leads to."""
    head, _, note = proof_text.partition("\n\n")
    lines = re.fullmatch(rf"c2sp\.org/tlog-proof@v1\n(?:extra .*\n)?index ({NUMBER})((?:\n.+)*)", head)
    if lines is None:
        raise Bad("receipt: not a tlog-proof file")
    index, proof = int(lines[1]), [from_base64(line, "receipt") for line in lines[2].split("\n")[1:]]
    size, root = open_checkpoint(note, vkey, *witnesses)
    check_content(index, entry)
    # The path turns left and right by the bits of the index, and at the ragged right edge of the tree only right.
    level = (index ^ (size - 1)).bit_length()
    on_the_right = [index >> bit & 1 for bit in range(level)] + [1] * (index >> level).bit_count()
    computed = sha256(b"\x00" + entry).digest()
    for right, sibling in zip(on_the_right, proof, strict=False):
        computed = node(sibling, computed) if right else node(computed, sibling)
    if index >= size or len(proof) != len(on_the_right) or computed != root:
        raise Bad("receipt: does not lead from this entry to the signed root")
    return size, root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one check, print one sentence, and return 0 when all is good, 1 when not."""
    parser = argparse.ArgumentParser(prog="verify", description="Check an exported audit log or a receipt.")
    parser.add_argument("subject", type=Path, help="the export, a folder or a .zip of it; or the file of one entry")
    parser.add_argument("--key", required=True, help="the log's public key: name+id+key")
    parser.add_argument("--witness", action="append", default=[], help="a witness's public key; may be given again")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--older", type=Path, help="an older export or checkpoint, which this one must only add to")
    other.add_argument("--receipt", type=Path, help="the tlog-proof file of the one entry")
    given = parser.parse_args(argv)
    keys = (given.key, *given.witness)
    try:
        if given.receipt:
            signed = verify_receipt(given.subject.read_bytes(), given.receipt.read_bytes().decode(), *keys)
        elif given.older:
            signed = verify_consistency(given.older, given.subject, *keys)
        else:
            signed, _ = verify_export(given.subject, *keys)
    except (Bad, OSError, UnicodeError, NotImplementedError, zipfile.BadZipFile) as bad:
        print(f"bad: {bad}")
        return 1
    what, size, root = "one of " if given.receipt else "", signed[0], base64.b64encode(signed[1]).decode()
    print(f"good: {what}{size:,} entries, root {root}, signed by {given.key.partition('+')[0]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
