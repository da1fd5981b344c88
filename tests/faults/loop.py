"""An event loop in a thread, in which faults happen while a transport is held up in the test's own thread."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

HOST = "127.0.0.1"


class LoopThread:
    """Runs what it is given until it is ended; then cancels what is left, so that nothing held open stays so."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(_no_news)
        self._held: set[asyncio.Task[object] | None] = set()
        self._lines: list[asyncio.StreamWriter] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def keep(self, line: asyncio.StreamWriter) -> None:
        """Have this line gone at the end, whoever was waiting for its other side to close it."""
        self._lines.append(line)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the present task: the loop alone would forget one that waits for a line on which nothing happens."""
        task = asyncio.current_task()
        self._held.add(task)
        try:
            yield
        finally:
            self._held.discard(task)

    def end(self, server: asyncio.Server) -> None:
        self.run(_ended(server, self._lines))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=30)
        self.loop.close()


def _no_news(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """A caller who hangs up in the middle of a handshake is what these tests are about."""
    del loop, context


async def for_ever() -> None:
    await asyncio.Event().wait()


def listener() -> socket.socket:
    """A free port whose kernel keeps little for us, so that a caller soon feels that nobody reads."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    made.bind((HOST, 0))
    return made


async def _ended(server: asyncio.Server, lines: list[asyncio.StreamWriter]) -> None:
    server.close()
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for line in lines:
        line.transport.abort()
    for _ in range(5):  # a line under TLS is gone some turns of the loop after it was aborted
        await asyncio.sleep(0)


def hang_up(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Close a connection: after what was written has gone, or with a RST and at once."""
    if reset:
        line = writer.get_extra_info("socket")
        if line.fileno() != -1:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
