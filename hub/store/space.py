"""Room on the disk: whether what is begun now can be made durable to its end.

A referral that does not fit is refused, and nothing is lost. Something that has left, and whose receipt does not fit,
is known to nobody: so releases stop while there is still room for what is under way. Danger is taken in what is left.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hub.clock import since_start
from hub.logs import event

BELIEVED_SECONDS: Final = 5.0
"""How long the database is believed that its disk is full; then one may try again."""

_log = logging.getLogger(__name__)


class Space:
    """Room on the disk that the database lies on. Any number of threads may ask."""

    def __init__(
        self, folder: Path | None, least_free: int = 0, elapsed: Callable[[], float] = since_start
    ) -> None:  # fmt: skip
        """Watch the disk of `folder`, of which `least_free` bytes are to stay free; None where it is another machine's.

        Of another machine, what the database says of its own disk is all that is known (`told_full`).
        """
        self._folder, self._least, self._elapsed = folder, least_free, elapsed
        self._lock = threading.Lock()
        self._full_at: float | None = None
        self._was_short = False

    def told_full(self) -> None:
        """The database has just said that its disk is full."""
        with self._lock:
            self._full_at = self._elapsed()

    def is_short(self) -> bool:
        """Whether there is too little room to begin anything that could wait."""
        with self._lock:
            if self._full_at is not None and self._elapsed() - self._full_at >= BELIEVED_SECONDS:
                self._full_at = None
            short = self._full_at is not None or self._free() < self._least
            if short != self._was_short:
                self._was_short = short
                if short:
                    event(_log, "disk_is_short", logging.ERROR)
                else:
                    event(_log, "disk_has_room_again", logging.WARNING)
            return short

    def free_bytes(self) -> int | None:
        """How much is free; None where it is another machine's disk, or cannot be asked."""
        free = self._free() if self._folder is not None else -1
        return free if free >= 0 else None

    def _free(self) -> int:
        """Bytes that this process may still fill; what cannot be asked counts as none."""
        if self._folder is None:
            return self._least
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return -1
        return disk.f_bavail * disk.f_frsize
