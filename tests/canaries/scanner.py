"""Searches bytes for marks, with every wrapping off that is known: a search of raw bytes passes for the wrong reason.

A mark is a short ASCII text that stands nowhere by chance. Takes off, one inside another: UTF-16, base64 at any
alignment, hex, percent, JSON, Python, HTML and quoted-printable escapes, gzip, zlib, zip; reads backwards as well.
"""

import base64
import re
import zlib
from collections.abc import Collection, Iterator

_DEEPEST = 4
_LARGEST = 64 * 1024 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_LINE_END = rb"(?:\r?\n|(?:\\+r)?\\+n)"
_BASE64_LINES = re.compile(rb"[A-Za-z0-9+/_-]{16,}(?:" + _LINE_END + rb"[A-Za-z0-9+/_-]{4,})+")
_HEX = re.compile(rb"[0-9A-Fa-f]{16,}")
_BYTE = rb"(?:%|\\+u00|\\+x|&#x|=)([0-9A-Fa-f]{2});?"
_ESCAPED, _ESCAPE = re.compile(rb"(?:" + _BYTE.replace(b"([", b"(?:[") + rb"){6,}"), re.compile(_BYTE)
_ENTITIES, _ENTITY = re.compile(rb"(?:&#[0-9]{2,3};){6,}"), re.compile(rb"&#([0-9]{2,3});")
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|PK\x03\x04")
_BETWEEN_DIGITS = b" -().+"


class Scanner:
    """Looks for marks, and for telephone numbers however they are written."""

    def __init__(self, marks: Collection[str], numbers: Collection[str] = ()) -> None:
        """Marks are at least 8 characters of ASCII; numbers at least 10 digits."""
        assert marks
        assert all(mark.isascii() and len(mark) >= 8 for mark in marks)
        assert all(number.isdecimal() and len(number) >= 10 for number in numbers)
        self._marks, self._numbers = _either_way(marks), _either_way(numbers) if numbers else None

    def hits(self, content: bytes) -> list[str]:
        """What was found, each with what stands around it; empty when nothing was."""
        found = []
        for view in views(content):
            found += [_around(view, match) for match in self._marks.finditer(view)]
            if self._numbers is not None:
                plain = view.translate(None, _BETWEEN_DIGITS)
                found += [_around(plain, match) for match in self._numbers.finditer(plain)]
        return found


def views(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The content, and each reading of it with wrappings off."""
    yield content
    if depth == _DEEPEST:
        return
    for take_off in (_without_nul, _unescaped, _from_hex, _from_base64, _inflated):
        for inside in take_off(content):
            if inside:
                yield from views(inside, depth + 1)


def _either_way(texts: Collection[str]) -> re.Pattern[bytes]:
    ways = sorted({way for text in texts for way in (text, text[::-1])})
    return re.compile("|".join(map(re.escape, ways)).encode(), re.IGNORECASE)


def _around(view: bytes, match: re.Match[bytes]) -> str:
    return view[max(match.start() - 40, 0) : match.end() + 20].decode("ascii", "replace")


def _without_nul(content: bytes) -> Iterator[bytes]:
    """UTF-16 of ASCII is ASCII with a NUL beside each character."""
    if b"\0" in content:
        for run in (rb"(?:[ -~]\0){8,}", rb"(?:\0[ -~]){8,}"):
            yield b"\n".join(part.replace(b"\0", b"") for part in re.findall(run, content))


def _unescaped(content: bytes) -> Iterator[bytes]:
    """Whoever escapes a letter escapes all of them: a few escapes beside plain letters leave a mark as it is."""
    for many, one, base in ((_ESCAPED, _ESCAPE, 16), (_ENTITIES, _ENTITY, 10)):
        yield b"\n".join(bytes(int(code, base) & 255 for code in one.findall(run)) for run in many.findall(content))


def _from_hex(content: bytes) -> Iterator[bytes]:
    runs = _HEX.findall(content)
    for start in (0, 1):
        yield b"\n".join(bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2].decode()) for run in runs)


def _from_base64(content: bytes) -> Iterator[bytes]:
    runs = [*_BASE64.findall(content), *(re.sub(_LINE_END, b"", run) for run in _BASE64_LINES.findall(content))]
    plain = [run.translate(_URL_SAFE) for run in runs]
    for start in range(4):
        yield b"\n".join(_decoded(run[start:]) for run in plain)


def _decoded(run: bytes) -> bytes:
    """With what the last group holds, though it is cut or its padding was left out."""
    whole = run[:-1] if len(run) % 4 == 1 else run
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _inflated(content: bytes) -> Iterator[bytes]:
    for match in _COMPRESSED.finditer(content):
        start, form = match.start(), 47  # zlib or gzip, whichever it says it is
        if match[0].startswith(b"PK"):
            lengths = content[start + 26 : start + 30]
            start += 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
            form = -15  # a member of a zip has no header of its own
        yield _inflate(memoryview(content)[start:], form)


def _inflate(stream: memoryview, form: int) -> bytes:
    """As much as can be had: what is cut off or damaged has said something all the same."""
    opened, made = zlib.decompressobj(form), bytearray()
    try:
        for start in range(0, len(stream), 4_096):
            made += opened.decompress(stream[start : start + 4_096], _LARGEST)
            if opened.eof or len(made) > _LARGEST:
                break
    except zlib.error:
        pass
    return bytes(made)
