"""A pack for a person to take: into a portal, to a meeting, down the telephone. Nothing is sent.

The hub writes the pack to its outgoing folder; who took it, when, and the reference that came back are recorded by the
person. Most agencies have no other door.
"""

import os
from datetime import datetime
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
        """Take a prepared pack back, or away once it was handed over; False when it is not there any more."""
        try:
            require_plain_name(filename)
            (self._folder / f".{filename}.part").unlink(missing_ok=True)
            (self._folder / filename).unlink()
        except (Refused, FileNotFoundError):
            return False
        return True

    def _make_private_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if S_IMODE(self._folder.stat().st_mode) & 0o077:
            raise TryLater("folder_open_to_others", "the outgoing folder can be read by others; set its mode to 0700")

    def _place(self, message: Message) -> None:
        final = self._folder / message.filename
        if final.exists():
            if final.read_bytes() != message.body:
                raise Refused("name_taken", "another pack already has this name")
            return
        partial = self._folder / f".{message.filename}.part"
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.body)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
