"""A pack for a person to take: into a portal, to a meeting, down the telephone. Nothing is sent.

The hub writes the pack to its outgoing folder; who took it, when, and the reference that came back are recorded by the
person. Most agencies have no other door.
"""

import os
from contextlib import suppress
from datetime import datetime
from errno import EISDIR
from pathlib import Path
from stat import S_IMODE

from connectors.contract import Check, Idempotency, Message, Receipt, Refused, Rung, TryLater
from connectors.transports.files import FilePath, require_plain_name
from protocols.record.labels import Strict

HIGHEST_RUNG = Rung.PREPARED
IDEMPOTENCY = Idempotency.NATIVE
MAX_BYTES = 50 * 1024 * 1024


class CarriedSettings(Strict):
    """The outgoing folder: made 0700 where missing, refused where others could read it."""

    folder: FilePath


class Carried:
    """Prepares packs in one folder."""

    def __init__(self, settings: CarriedSettings) -> None:
        """Hold the folder's path; touch nothing."""
        self._folder = settings.folder

    def check(self) -> Check:
        """Look at the folder, making it where it is missing."""
        try:
            self._make_private_folder()
        except (OSError, TryLater):
            return Check((), ("the outgoing folder can be written, and by the hub alone",))
        return Check(("the outgoing folder is the hub's alone",), ("that a person will take the pack",))

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Write the pack, 0600, whole or not at all; a second time, find it there.

        Raises Refused("name_taken") where another pack has the name, TryLater where the folder cannot be used.
        """
        del idempotency_key  # the name holds the disclosure's id, which is as lasting
        if len(message.body) > MAX_BYTES:
            raise Refused("too_large", "the message is larger than this door takes")
        require_plain_name(message.filename)
        try:
            self._make_private_folder()
            self._place(message)
        except OSError:
            raise TryLater("folder_unusable", "the outgoing folder cannot be written; check space and rights") from None
        return Receipt(Rung.PREPARED, at, message.filename)

    def recall(self, filename: str) -> bool:
        """Take a prepared pack back, or away once it was handed over; False when it is not there any more.

        What was taken back is found again until `forget`: an empty file under a hidden name remembers it, for whoever
        asks again because the record of it was not written. Raises OSError where something else has the pack's name.
        """
        try:
            require_plain_name(filename)
        except Refused:
            return False
        final, empty, taken = self._folder / filename, self._partial(filename), self._taken(filename)
        empty.unlink(missing_ok=True)
        if final.exists() and not final.is_file():
            raise IsADirectoryError(EISDIR, "no pack has this name")
        if not final.exists() and not taken.exists():
            return False
        os.close(os.open(empty, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # the room for it, before anything goes
        with suppress(FileNotFoundError):
            final.rename(taken)  # whoever comes to carry it has it by then, or has it never
        if not taken.exists():
            empty.unlink()
            return False
        empty.replace(taken)  # nothing of the content stays
        self._sync()
        return True

    def forget(self, filename: str) -> None:
        """What was taken back is on record: nothing is to remember it here any more."""
        require_plain_name(filename)
        self._taken(filename).unlink(missing_ok=True)

    def _partial(self, filename: str) -> Path:
        return self._folder / f".{filename}.part"

    def _taken(self, filename: str) -> Path:
        return self._folder / f".{filename}.recalled"

    def _make_private_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if S_IMODE(self._folder.stat().st_mode) & 0o077:
            raise TryLater("folder_open_to_others", "the outgoing folder can be read by others; set its mode to 0700")

    def _place(self, message: Message) -> None:
        final = self._folder / message.filename
        self._taken(message.filename).unlink(missing_ok=True)  # of an earlier pack of that name
        if final.exists():
            if final.read_bytes() != message.body:
                raise Refused("name_taken", "another pack already has this name")
            return
        partial = self._partial(message.filename)
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.body)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
        self._sync()

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
