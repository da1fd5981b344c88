"""Serving an application until somebody stops it."""

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from hub.api.listening import listen


def serve(app: FastAPI, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Listen, announce the address, and answer until Ctrl-C or SIGTERM. Raises OSError where the address is taken."""
    listening = listen(host, port)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=20,
        timeout_keep_alive=30, h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
    its_host, its_port = listening.getsockname()[:2]
    server = _Announcing(config, lambda: announce(f"http://{its_host}:{its_port}"))
    # uvicorn raises the signal again once it has shut down; without this, SIGTERM would end us before the worker ends.
    signal.signal(signal.SIGTERM, stop)
    with suppress(KeyboardInterrupt):  # Ctrl-C is how one stops it
        server.run(sockets=[listening])


def stop(_signal: int, _frame: FrameType | None) -> None:
    """End as with Ctrl-C."""
    raise KeyboardInterrupt


class _Announcing(uvicorn.Server):
    """A server that says so once it listens."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if not self.should_exit:
            self._announce()
