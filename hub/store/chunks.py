"""Content too long for one piece: sealed chunk by chunk as it comes in, opened chunk by chunk as it goes out.

Cobblestone-256 (C2SP chunked-encryption: AES-256-GCM over 16 KiB at a time, each bound to its place, the last one
marked as the last): a chunk that was changed, moved, dropped or added does not open. What opens before the end was
reached is not yet known to be whole, so nobody is handed any of it before all of it was opened once
(`hub.flow.attach`).
"""

from collections.abc import Iterable, Iterator

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from hub.errors import NotTrusted

ROW_BYTES = 1024 * 1024
"""How much of it one row of the store holds, and so how much of it the hub has in hand at once."""

KEY_BYTES = 32

_SUITE = b"\x10"
"""First byte of the first row: Cobblestone-256. A new suite gets a new byte (ASVS 11.2.2)."""


class Sealer:
    """Seals one content under a key of its own, bound to its place by `context`, into rows of equal length."""

    def __init__(self, context: str) -> None:
        """Nothing was given yet."""
        self.key = Cobblestone256Encryptor.generate_key()
        self._encryptor = Cobblestone256Encryptor(self.key, context.encode())
        self._sealed = bytearray(_SUITE)

    def take(self, piece: bytes) -> Iterator[bytes]:
        """The rows that are full after this piece."""
        self._sealed += self._encryptor.update(piece)
        while len(self._sealed) >= ROW_BYTES:
            row = bytes(self._sealed[:ROW_BYTES])
            del self._sealed[:ROW_BYTES]
            yield row

    def end(self) -> bytes:
        """The last row."""
        return bytes(self._sealed + self._encryptor.finalize())


def unsealed(key: bytes, context: str, rows: Iterable[bytes]) -> Iterator[bytes]:
    """What was sealed into these rows, piece by piece; whole only once it has ended.

    Raises NotTrusted for a wrong key, another place, or rows that were changed, moved, dropped or added.
    """
    decryptor = Cobblestone256Decryptor(key, context.encode())
    try:
        for number, row in enumerate(rows):
            if number == 0 and row[:1] != _SUITE:
                says = "a sealed value has an unknown suite; was it written by a newer hub?"
                raise NotTrusted("SEAL_SUITE_UNKNOWN", says)
            yield decryptor.update(row[1:] if number == 0 else row)
        yield decryptor.finalize()
    except InvalidTag:
        says = "a sealed value does not open: wrong key, or it was altered or moved"
        raise NotTrusted("SEAL_BROKEN", says) from None
