"""A TCP proxy that does to each connection what its plan says, and keeps count of what passed.

It stands between a real transport and a real server. Given certificates it ends TLS and begins it anew, as a box in a
partner's network would, and can then repeat a request.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, unique

from hub.cli.demo.certificates import Certificates
from tests.faults.loop import HOST, LoopThread, for_ever, hang_up, listener

PIECE = 65536


@unique
class Arrival(Enum):
    """What becomes of a connection when it arrives."""

    PASS = "passed on"
    CLOSE = "accepted and closed"
    RESET = "accepted and reset"
    HOLD = "accepted and read, never answered, never closed"


@dataclass(frozen=True)
class Way:
    """What befalls the bytes of one direction; numbers of bytes count from the connection's beginning."""

    delay: float = 0.0
    """Seconds before the first byte."""
    drip: float = 0.0
    """Seconds after every single byte."""
    is_twice: bool = False
    """Whether every piece is passed two times."""
    cut_after: int | None = None
    """How many bytes pass before the line is cut on both sides."""
    stall_after: int | None = None
    """How many bytes pass before no more is read or passed; nothing is closed."""


@dataclass(frozen=True)
class Plan:
    """What befalls one connection: on its arrival, and on the way up (to the server) and down."""

    arrival: Arrival = Arrival.PASS
    up: Way = Way()
    down: Way = Way()
    cuts_by_reset: bool = False
    repeats: int = 0
    """How often what the caller said is said again, over connections of the proxy's own, once the first is over."""


@dataclass
class Passed:
    """One connection: bytes heard from the caller, bytes passed on each way, and whether it is over."""

    heard: bytearray = field(default_factory=bytearray)
    up: int = 0
    down: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class _Cut(Exception):
    """A plan's cut is reached."""


class FaultProxy:
    """Listens on `port`; `befall` sets what happens to connections from now on; `passed` lists them all."""

    def __init__(self, target: int, certificates: Certificates | None = None) -> None:
        self._target, self._plans = target, [Plan()]
        self._inward = self._outward = None
        if certificates is not None:
            self._inward = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._inward.load_cert_chain(certificates.server_certificate, certificates.server_key)
            self._outward = ssl.create_default_context(cafile=certificates.ca_file)
        self.passed: list[Passed] = []
        self._thread = LoopThread("fault proxy")
        self._server = self._thread.run(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def befall(self, *plans: Plan) -> None:
        """The next connections get one plan each; the last of them stays in force."""
        self._plans = list(plans)

    @property
    def last(self) -> Passed:
        return self.passed[-1]

    def stop(self) -> None:
        self._thread.end(self._server)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, sock=listener(), ssl=self._inward)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plan = self._plans.pop(0) if len(self._plans) > 1 else self._plans[0]
        passed = Passed()
        self.passed.append(passed)
        try:
            self._thread.keep(writer)
            with self._thread.held():
                await self._do(plan, reader, writer, passed)
        except OSError:
            hang_up(writer, reset=True)
        finally:
            writer.close()
            passed.over.set()

    async def _do(self, plan: Plan, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: Passed) -> None:
        if plan.arrival is Arrival.PASS:
            await self._join(reader, writer, plan, passed)
            for _ in range(plan.repeats):
                await self._repeat(bytes(passed.heard))
        elif plan.arrival is Arrival.HOLD:
            await self._hold(reader, passed)
        else:
            hang_up(writer, reset=plan.arrival is Arrival.RESET)

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, plan: Plan, passed: Passed
    ) -> None:
        up_reader, up_writer = await asyncio.open_connection(HOST, self._target, ssl=self._outward)
        self._thread.keep(up_writer)
        ways = [
            asyncio.create_task(self._pump(reader, up_writer, plan.up, passed, is_up=True)),
            asyncio.create_task(self._pump(up_reader, writer, plan.down, passed, is_up=False)),
        ]
        try:
            await asyncio.gather(*ways)
        except (_Cut, OSError) as end:
            is_reset = plan.cuts_by_reset or not isinstance(end, _Cut)
            hang_up(writer, reset=is_reset)
            hang_up(up_writer, reset=is_reset)
        finally:
            for way in ways:
                way.cancel()
            up_writer.close()

    async def _repeat(self, heard: bytes) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._target, ssl=self._outward)
        self._thread.keep(writer)
        writer.write(heard)
        if writer.can_write_eof():
            writer.write_eof()
        try:
            while await reader.read(PIECE):
                pass
        finally:
            writer.close()

    async def _hold(self, reader: asyncio.StreamReader, passed: Passed) -> None:
        while piece := await reader.read(PIECE):
            passed.heard += piece
        await for_ever()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way, passed: Passed, *, is_up: bool
    ) -> None:
        await asyncio.sleep(way.delay)
        count = 0
        while True:
            if way.cut_after is not None and count >= way.cut_after:
                raise _Cut
            if way.stall_after is not None and count >= way.stall_after:
                await for_ever()
            ends = [end - count for end in (way.cut_after, way.stall_after) if end is not None]
            piece = await reader.read(1 if way.drip else min([PIECE, *ends]))
            if not piece:
                _pass_end(writer, is_up=is_up)
                return
            if is_up:
                passed.heard += piece
            writer.write(piece * 2 if way.is_twice else piece)
            await writer.drain()
            count += len(piece)
            passed.up, passed.down = (count, passed.down) if is_up else (passed.up, count)
            await asyncio.sleep(way.drip)


def _pass_end(writer: asyncio.StreamWriter, *, is_up: bool) -> None:
    """Tell that no more comes this way. TLS knows no half: there the answer's end is the end, the request's is not."""
    if writer.can_write_eof():
        writer.write_eof()
    elif not is_up:
        writer.close()


@contextmanager
def fault_proxy(target: int, certificates: Certificates | None = None) -> Iterator[FaultProxy]:
    """A proxy before `target`, a port of this machine, until the block ends."""
    proxy = FaultProxy(target, certificates)
    try:
        yield proxy
    finally:
        proxy.stop()
