"""Commands that run: the embedded hub, and the three processes of the scaled-out one."""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import click
import uvicorn
from fastapi import FastAPI

from hub.bootstrap import Hub, hold_alone, open_hub, open_scaled_out
from hub.cli.failing import plainly
from hub.flow.enrol import first_code
from hub.logs import set_up
from hub.settings import Settings
from hub.worker.hints import Hints
from hub.worker.run import EmbeddedWorker, run_timetable, run_worker


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 takes a free one.")
def up(port: int | None) -> None:
    """Run the embedded hub: API, worker and timetable in one process on SQLite, with no servers.

    The first start makes the data folder, keys and database, and prints a one-time administrator sign-in.
    Stop with Ctrl-C; a restart goes on with unfinished work.
    """
    set_up()
    settings = Settings() if port is None else Settings(port=port)
    with plainly():
        held = hold_alone(settings)
        hub = open_hub(settings, create=True)
        hub.start(alone=True)
        code = first_code(hub.house)
    celery = hub.celery()
    hints = Hints(celery)
    worker_threads = EmbeddedWorker(celery, settings.workers)
    try:
        _serve(hub, hub.api(hints), lambda address: _announce(hub, address, code.token if code else None))
    finally:
        worker_threads.stop()
        hints.stop()
        hub.house.store.close()
        held.close()
    click.echo("Stopped. What was not finished goes on at the next start.")


@click.command()
def api() -> None:
    """Run the API alone (scale-out)."""
    set_up()
    with plainly():
        hub = open_scaled_out(Settings())
        hub.start()
        code = first_code(hub.house)
    hints = Hints(hub.celery())
    try:
        _serve(hub, hub.api(hints), lambda address: _announce(hub, address, code.token if code else None))
    finally:
        hints.stop()
        hub.house.store.close()


@click.command()
def worker() -> None:
    """Run a worker alone (scale-out)."""
    set_up()
    with plainly():
        hub = open_scaled_out(Settings())
    run_worker(hub.celery(), hub.settings.workers)


@click.command()
def timetable() -> None:
    """Run the timetable alone (scale-out): sweeps and checkpoints."""
    set_up()
    with plainly():
        hub = open_scaled_out(Settings())
    signal.signal(signal.SIGTERM, _stop)
    run_timetable(hub.celery())


def _announce(hub: Hub, address: str, code: str | None) -> None:
    click.echo(f"Concordat is running at {address}")
    if not hub.agencies:
        click.echo(f"No partners are set up yet: write {hub.settings.data_dir / 'partners.toml'} (docs/connectors.md).")
    if code is not None:
        click.echo(f"First administrator sign-in, works once within 7 days: {code}")
        click.echo(f'  Trade it for a token: POST {address}/v1/sign-in with {{"code": "..."}} (docs/api.md)')
    sys.stdout.flush()


def _serve(hub: Hub, app: FastAPI, announce: Callable[[str], None]) -> None:
    listening = socket.create_server((hub.settings.host, hub.settings.port), backlog=2_048)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=20,
        timeout_keep_alive=30, h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
    host, port = listening.getsockname()[:2]
    server = _Announcing(config, lambda: announce(f"http://{host}:{port}"))
    # uvicorn raises the signal again once it has shut down; without this, SIGTERM would end us before the worker ends.
    signal.signal(signal.SIGTERM, _stop)
    with suppress(KeyboardInterrupt):  # Ctrl-C is how one stops it
        server.run(sockets=[listening])


def _stop(_signal: int, _frame: FrameType | None) -> None:
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
