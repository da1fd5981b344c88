"""The scanner itself: it finds a mark in every encoding and in one inside another, and nothing where nothing is."""

import io
import os
import secrets
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.canaries.encodings import ENCODINGS
from tests.canaries.scanner import Scanner

MARK = "Nameqz4f81c09a7d"
SCANNER = Scanner(["qz4f81c09a7d"], ["07700900461"])


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("around", [b"", b"\n", b" \x00\x01", b'{"a": "', os.urandom(3_000)], ids=range(5))
def test_a_mark_is_found_in_every_encoding_whatever_stands_around_it(name: str, around: bytes) -> None:
    assert SCANNER.hits(around + b'"' + ENCODINGS[name](MARK) + b'"' + around)


@pytest.mark.parametrize("outer", ["base64, one off", "gzip", "zlib", "hex", "JSON escapes", "utf-16, big end first"])
@pytest.mark.parametrize("inner", ENCODINGS)
def test_a_mark_is_found_in_one_encoding_inside_another(inner: str, outer: str) -> None:
    within = ENCODINGS[inner](MARK).decode("latin-1")
    if within.isascii() and not (outer.startswith("utf-16") and "\0" in within):
        assert SCANNER.hits(b"<" + ENCODINGS[outer](within) + b">")


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_mark_is_found_inside_a_zip(way: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", way) as bundle:
        bundle.writestr("notes/a.txt", f"seen with {MARK}\n" * 5)
    assert SCANNER.hits(packed.getvalue())
    assert SCANNER.hits(packed.getvalue()[:-30])


@pytest.mark.parametrize(
    "written", ["07700 900461", "07700900461", "07700-900-461", "(07700) 900 461", "16400900770", "MDc3MDAgOTAwNDYx"]
)
def test_a_number_is_found_however_it_is_written(written: str) -> None:
    assert SCANNER.hits(f"call {written}.".encode())


@settings(max_examples=200)
@given(st.binary(max_size=2_000))
def test_it_takes_any_bytes_and_finds_nothing_where_nothing_is(content: bytes) -> None:
    assert SCANNER.hits(content) == []


def test_it_finds_nothing_in_what_is_sealed_hashed_or_random() -> None:
    noise = b"".join(secrets.token_hex(32).encode() + b"\n" + os.urandom(64) for _ in range(5_000))
    assert SCANNER.hits(noise) == []


def test_it_tells_what_stands_around_a_mark() -> None:
    (found,) = SCANNER.hits(f"people.0.name={MARK};".encode())
    assert found == f"people.0.name={MARK};"
