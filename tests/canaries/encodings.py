"""The ways in which a text may lie somewhere without being seen: what a leak is planted as, and what is scanned for."""

import base64
import gzip
import zlib
from collections.abc import Callable

Encoding = Callable[[str], bytes]


def _base64_after(count: int) -> Encoding:
    """As it stands in the middle of something longer: three bytes are one group, so there are three alignments."""
    return lambda text: base64.b64encode(b"x" * count + text.encode() + b"yy")


ENCODINGS: dict[str, Encoding] = {
    "utf-8": lambda text: text.encode(),
    "capitals": lambda text: text.upper().encode(),
    "utf-16, little end first": lambda text: text.encode("utf-16-le"),
    "utf-16, big end first": lambda text: text.encode("utf-16-be"),
    "base64, aligned": _base64_after(0),
    "base64, one off": _base64_after(1),
    "base64, two off": _base64_after(2),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(b"\xff\xfe" + text.encode()).rstrip(b"="),
    "base64, in lines": lambda text: base64.encodebytes(b"z" * 50 + text.encode()),
    "hex": lambda text: text.encode().hex().encode(),
    "hex in capitals": lambda text: text.encode().hex().upper().encode(),
    "address": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "JSON escapes": lambda text: "".join(f"\\u{ord(character):04x}" for character in text).encode(),
    "repr of bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()).encode(),
    "entities": lambda text: "".join(f"&#{ord(character)};" for character in text).encode(),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()).encode(),
    "gzip": lambda text: gzip.compress(text.encode() * 3),
    "zlib": lambda text: zlib.compress(text.encode() * 3),
    "reversed": lambda text: text[::-1].encode(),
}
