"""A partner who answers as it is told, and keeps a ledger of its own: what arrived, under which key, acted on or not.

It knows nothing of the hub's code. What it took it took before it answered, so an answer that is lost changes nothing.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hub.cli.demo.certificates import Certificates
from tests.faults.loop import HOST, LoopThread, for_ever, hang_up


@dataclass(frozen=True)
class Answer:
    """What is said to a whole request, and what then becomes of the line."""

    says: bytes = b""
    takes: bool = False
    """Whether the request is acted on, before anything is said."""
    again: bytes = b""
    """Said after that, over and over."""
    times: int = 0
    pause: float = 0.0
    """Seconds between one time and the next."""
    holds: bool = False
    """Whether the line is left open, with nothing more said."""
    is_early: bool = False
    """Whether it answers without having read the request's body."""


def http(status: str, body: bytes = b"", *, takes: bool = False, cut: int | None = None, **headers: str) -> Answer:
    """A well-formed answer, or its first `cut` bytes."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"content-length: {len(body)}", "connection: close", "", ""])
    return Answer((head.encode("latin-1") + body)[:cut], takes)


@dataclass
class Arrived:
    """One request as it stands in the ledger."""

    key: str
    body: bytes
    is_whole: bool
    was_taken: bool
    said: int = 0
    """Bytes of the answer that the line took before it ended."""


class Partner:
    """An HTTPS door on `port`. `answer` is given to every request from now on; `ledger` lists them in order."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.answer = Answer()
        self._is_in_clear = context is None
        self.ledger: list[Arrived] = []
        self.connections = 0
        self._thread = LoopThread("partner")
        self._server = self._thread.run(self._listen(context))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.address = f"https://{HOST}:{self.port}/disclosures"

    @property
    def taken(self) -> Counter[str]:
        """How often something was acted on, by key."""
        return Counter(arrived.key for arrived in self.ledger if arrived.was_taken)

    def stop(self) -> None:
        self._thread.end(self._server)

    async def _listen(self, context: ssl.SSLContext | None) -> asyncio.Server:
        return await asyncio.start_server(self._serve, HOST, 0, ssl=context, limit=16 * 1024 * 1024)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            self._thread.keep(writer)
            with self._thread.held():
                await self._converse(reader, writer, self.answer)
        except OSError:
            hang_up(writer, reset=True)
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
        if self._is_in_clear:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        arrived = await _read(reader, answer)
        if arrived is None:
            return
        self.ledger.append(arrived)
        if arrived.is_whole:
            await _say(writer, answer, arrived)
            if answer.holds:
                await for_ever()


async def _read(reader: asyncio.StreamReader, answer: Answer) -> Arrived | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    key, length = headers["webhook-id"], int(headers["content-length"])
    body = b"" if answer.is_early else await _up_to(reader, length)
    is_whole = answer.is_early or len(body) == length
    return Arrived(key, body, is_whole, was_taken=is_whole and answer.takes)


async def _up_to(reader: asyncio.StreamReader, length: int) -> bytes:
    """So many bytes, or as many as came before the line ended or broke."""
    body = bytearray()
    try:
        while len(body) < length and (piece := await reader.read(length - len(body))):
            body += piece
    except OSError:
        return bytes(body)
    return bytes(body)


async def _say(writer: asyncio.StreamWriter, answer: Answer, arrived: Arrived) -> None:
    writer.write(answer.says)
    await writer.drain()
    arrived.said = len(answer.says)
    for _ in range(answer.times):
        writer.write(answer.again)
        await writer.drain()
        arrived.said += len(answer.again)
        await asyncio.sleep(answer.pause)


def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)
    return context


@contextmanager
def partner(context: ssl.SSLContext | None) -> Iterator[Partner]:
    """A partner under that TLS until the block ends; where it is None, a web server in clear, which takes nothing."""
    door = Partner(context)
    try:
        yield door
    finally:
        door.stop()
