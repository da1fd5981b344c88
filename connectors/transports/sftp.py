"""A file left in a partner's SFTP folder: written aside, made durable, then given its name in one step.

Each attempt writes aside under a name of its own and first takes away what earlier ones left there: a request to rename
that a network held back must find nothing, neither an older content nor half of the present one.
The server's key is pinned and ours is the only proof of identity offered; nothing is read from the user's SSH files.
Servers answer one general "failure" for a name that exists and for a fault, so the name is looked up first.
"""

import asyncio
import posixpath
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, unique
from typing import Annotated

import asyncssh
from pydantic import Field, StringConstraints

from connectors.contract import Check, DeliveryProblem, Idempotency, Message, Receipt, Refused, Rung, TryLater, Unsure
from connectors.transports.deadline import GOODBYE, WithinSeconds, run
from connectors.transports.files import FilePath, read_secret, require_plain_name
from connectors.transports.hosts import HostName
from protocols.record.labels import Strict

HIGHEST_RUNG = Rung.TAKEN
IDEMPOTENCY = Idempotency.BY_REFERENCE
MAX_BYTES = 50 * 1024 * 1024
MOST_LOOKED_AT = 10_000
"""Files of a partner's folder among which leavings of ours are looked for."""


class SftpSettings(Strict):
    """One folder on one server. `host_key_file` holds the server's public key; `timeout` is for the whole attempt."""

    host: HostName
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    username: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    host_key_file: FilePath
    client_key_file: FilePath
    folder: Annotated[str, StringConstraints(min_length=1, max_length=500)] = "."
    timeout: WithinSeconds = 60.0


class Sftp:
    """Carries messages into one folder."""

    def __init__(self, settings: SftpSettings) -> None:
        """Hold the address; open nothing."""
        self._settings = settings

    def check(self) -> Check:
        """Prove the server's key, sign in, and look at the folder."""
        try:
            run(self._look())
        except DeliveryProblem:
            return Check((), ("the server has the pinned key, lets us in, and holds the folder",))
        return Check(("the server's key", "our sign-in", "the folder"), ("that files are taken from the folder",))

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Leave one file. TAKEN where the partner's `<name>.ack` stands beside it, else ACCEPTED.

        A file of that name and size counts as already delivered. Once the file may have its name and no answer came,
        Unsure; a file left aside under `.part` has, by agreement, not been delivered.
        """
        del idempotency_key  # the name holds the disclosure's id, which is as lasting
        if len(message.body) > MAX_BYTES:
            raise Refused("too_large", "the message is larger than this door takes")
        require_plain_name(message.filename)
        return run(self._leave(message, at))

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout), self._session() as sftp:
                if not await sftp.isdir(self._settings.folder):
                    raise Refused("no_folder", "the partner's folder is not there")
        except (asyncssh.Error, OSError) as problem:
            raise _problem(problem, Stage.REACHING) from None

    async def _leave(self, message: Message, at: datetime) -> Receipt:
        progress = _Progress()
        name = posixpath.join(self._settings.folder, message.filename)
        aside = f"{name}.{at:%Y%m%dT%H%M%S%f}.part"
        try:
            async with asyncio.timeout(self._settings.timeout), self._session() as sftp:
                await _clear_aside(sftp, name)
                await _place(sftp, name, aside, message.body, progress)
        except (asyncssh.Error, OSError) as problem:
            if progress.stage is not Stage.NAMED:
                raise _problem(problem, progress.stage) from None
        return Receipt(Rung.TAKEN if progress.is_taken else Rung.ACCEPTED, at, message.filename)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        settings = self._settings
        try:
            host_key = asyncssh.import_public_key(read_secret(settings.host_key_file, "host_key_file"))
            client_key = asyncssh.import_private_key(read_secret(settings.client_key_file, "client_key_file"))
        except asyncssh.KeyImportError:
            raise TryLater("secret_unreadable", "host_key_file or client_key_file does not hold a key") from None
        ends = asyncio.get_running_loop().time() + settings.timeout
        connection = await asyncssh.connect(
            settings.host, settings.port, username=settings.username, client_keys=[client_key],
            known_hosts=([host_key], [], []), config=None, agent_path=None, preferred_auth="publickey",
        )  # fmt: skip
        # To be cancelled is not enough: a file that is being closed, too, waits for the server's answer.
        ending = asyncio.get_running_loop().call_at(ends, connection.abort)
        try:
            yield await connection.start_sftp_client()
        finally:
            await _take_leave(connection)
            ending.cancel()


async def _take_leave(connection: asyncssh.SSHClientConnection) -> None:
    """Say goodbye, and hang up where that is not heard: a server that stopped listening must not hold us."""
    connection.close()
    try:
        async with asyncio.timeout(GOODBYE):
            await connection.wait_closed()
    except TimeoutError:
        pass
    finally:
        connection.abort()


@unique
class Stage(Enum):
    """How far one attempt has come: only while a file is being named is it unknown whether it was delivered."""

    REACHING = "reaching"
    NAMING = "naming"
    NAMED = "named"


@dataclass(slots=True)
class _Progress:
    stage: Stage = Stage.REACHING
    is_taken: bool = False


async def _clear_aside(sftp: asyncssh.SFTPClient, name: str) -> None:
    """Take away what broken attempts at this file left aside, as far as the server lets us look."""
    folder, filename = posixpath.split(name)
    looked_at = 0
    with suppress(asyncssh.SFTPError):  # where the line broke, the next step will say so
        async for entry in sftp.scandir(folder or "."):
            looked_at += 1
            if looked_at > MOST_LOOKED_AT:
                return
            found = str(entry.filename)
            if found.startswith(f"{filename}.") and found.endswith(".part"):
                await sftp.remove(posixpath.join(folder, found))


async def _place(sftp: asyncssh.SFTPClient, name: str, aside: str, body: bytes, progress: _Progress) -> None:
    if await sftp.exists(f"{name}.ack"):
        progress.stage, progress.is_taken = Stage.NAMED, True
        return
    if await sftp.exists(name):
        if (await sftp.stat(name)).size != len(body):
            raise Refused("name_taken", "another file already has this name in the partner's folder")
    else:
        await _write_aside(sftp, aside, body)
        progress.stage = Stage.NAMING
        await _give_name(sftp, aside, name)
    progress.stage = Stage.NAMED
    progress.is_taken = await sftp.exists(f"{name}.ack")


async def _write_aside(sftp: asyncssh.SFTPClient, name: str, body: bytes) -> None:
    async with sftp.open(name, "wb") as file:
        await file.write(body)
        with suppress(asyncssh.SFTPOpUnsupported):
            await file.fsync()


async def _give_name(sftp: asyncssh.SFTPClient, partial: str, name: str) -> None:
    try:
        await sftp.posix_rename(partial, name)
    except asyncssh.SFTPOpUnsupported:
        await sftp.rename(partial, name)


_LINE_BROKE = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


def _problem(problem: Exception, stage: Stage) -> DeliveryProblem:
    """What went wrong, in the three words delivery knows. An explicit SFTP error says that nothing was taken."""
    match problem:
        case asyncssh.HostKeyNotVerifiable():
            return TryLater("peer_not_proven", "the server does not have the pinned key; nothing was sent")
        case asyncssh.PermissionDenied():
            return Refused("not_let_in", "the server does not accept our key; nothing was sent")
        case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath() if stage is Stage.REACHING:
            return Refused("no_folder", "the partner's folder is not there")
        case asyncssh.SFTPPermissionDenied() | asyncssh.SFTPWriteProtect():
            return Refused("no_right_to_write", "we may not write in the partner's folder")
        case asyncssh.SFTPError() if not isinstance(problem, _LINE_BROKE):
            return TryLater("partner_storage", "the server could not take the file for now")
        case _ if stage is Stage.NAMING:
            return Unsure("no_answer", "the line broke while the file was given its name")
        case _:
            return TryLater("no_connection", "the server could not be reached, or the line broke before delivery")
