"""What a file is, told by its content and never by its name or by what its sender calls it. Pure.

Signatures: PDF ISO 32000-1 7.5.2; JPEG ITU-T T.81 B.1.1.3; PNG W3C section 5.2; MP3 ID3v2 and ISO 11172-3 2.4.1.3; MP4
and M4A ISO 14496-12 4.3 (`ftyp`), brands registered at mp4ra.org.
"""

import codecs
import re

EXTENSIONS = {
    "application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "audio/mpeg": "mp3", "audio/mp4": "m4a",
    "video/mp4": "mp4", "text/plain": "txt",
}  # fmt: skip
"""The media types that are taken, each with the ending of the name that a reader is given."""

_STARTS = (
    (b"%PDF-", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"ID3", "audio/mpeg"),
)  # fmt: skip
_SOUND_BRANDS = (b"M4A ", b"M4B ")
_VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
_UNSAID = frozenset({"", "application/octet-stream"})
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")


class Recogniser:
    """Looks at a file as it passes by. Only plain text has to be looked at to its end."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._head = b""
        self._text: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()

    def see(self, piece: bytes) -> None:
        """Look at the next piece."""
        self._head += piece[: max(0, 16 - len(self._head))]
        if self._text is not None and not self._reads(piece, final=False):
            self._text = None

    def media_type(self) -> str | None:
        """What the whole file is; None for what is not taken. Asked once, after the last piece."""
        known = _by_start(self._head)
        if known is not None:
            return known
        return "text/plain" if self._head and self._text is not None and self._reads(b"", final=True) else None

    def _reads(self, piece: bytes, *, final: bool) -> bool:
        assert self._text is not None  # noqa: S101 - asked before
        try:
            self._text.decode(piece, final)
        except UnicodeDecodeError:
            return False
        return _CONTROLS.search(piece) is None


def agrees(said: str, found: str) -> bool:
    """Whether what the sender calls it is no contradiction to what it is."""
    named = said.partition(";")[0].strip().lower()
    return named in _UNSAID or named == found


def _by_start(head: bytes) -> str | None:
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "audio/mp4" if brand in _SOUND_BRANDS else "video/mp4" if brand in _VIDEO_BRANDS else None
    # A frame of MPEG audio, layer III, without a tag before it: eleven bits of synchronisation, then the version.
    sound = len(head) > 2 and head[0] == 0xFF and head[1] in (0xFB, 0xFA, 0xF3, 0xF2) and head[2] >> 4 not in (0, 15)
    return "audio/mpeg" if sound else None
