"""Commands that run: the embedded hub, and the three processes of the scaled-out one."""

import resource
import signal
import sys

import click
from fastapi import FastAPI

from hub.bootstrap import Hub, hold_alone, open_hub, open_scaled_out
from hub.cli.failing import plainly
from hub.cli.serving import serve, stop
from hub.cli.watching import watch
from hub.errors import Conflict
from hub.flow.enrol import first_code
from hub.flow.witness import ask
from hub.logs import set_up
from hub.settings import Settings
from hub.worker.hints import Hints
from hub.worker.run import EmbeddedTimetable, run_timetable, run_worker


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 takes a free one.")
def up(port: int | None) -> None:
    """Run the embedded hub: API, worker and timetable in one process on SQLite, with no servers.

    The first start makes the data folder, keys and database, and prints a one-time administrator sign-in.
    Stop with Ctrl-C; a restart goes on with unfinished work.
    """
    _begin()
    settings = Settings() if port is None else Settings(port=port)
    with plainly():
        if not settings.is_embedded:
            raise Conflict(
                "NEEDS_SQLITE", "this runs on SQLite alone; on PostgreSQL run migrate, api, worker, timetable"
            )
        held = hold_alone(settings)
        hub = open_hub(settings, create=True)
        hub.start(alone=True)
        code = first_code(hub.house)
    courier = hub.courier()
    celery = hub.celery(courier.wake)
    watched = watch(hub, celery)
    timetable_threads = EmbeddedTimetable(celery)
    try:
        # No broker between a request and the courier beside it: it is told directly.
        app = hub.api(lambda _: courier.wake(), watched.readiness)
        serve(
            app,
            hub.settings.host,
            hub.settings.port,
            lambda address: _announce(hub, address, code.token if code else None),
        )
    finally:
        timetable_threads.stop()
        courier.stop()
        watched.stop()
        hub.house.store.close()
        held.close()
    click.echo("Stopped. What was not finished goes on at the next start.")


@click.command()
def api() -> None:
    """Run the API alone (scale-out)."""
    _begin()
    with plainly():
        hub = open_scaled_out(Settings())
        hub.start()
        code = first_code(hub.house)
    celery = hub.celery()
    hints, watched = Hints(celery), watch(hub, celery)
    try:
        app = hub.api(hints.wake, watched.readiness)
        serve(
            app,
            hub.settings.host,
            hub.settings.port,
            lambda address: _announce(hub, address, code.token if code else None),
        )
    finally:
        hints.stop()
        watched.stop()
        hub.house.store.close()


@click.command()
def worker() -> None:
    """Run a worker alone (scale-out)."""
    _begin()
    with plainly():
        hub = open_scaled_out(Settings())
        ask(hub.house)  # before it delivers: whether this is the log that the witnesses know
    courier = hub.courier()
    celery = hub.celery(courier.wake)
    watched = watch(hub, celery)
    try:
        run_worker(celery)
    finally:
        courier.stop()
        watched.stop()


@click.command()
def timetable() -> None:
    """Run the timetable alone (scale-out): sweeps and checkpoints."""
    _begin()
    with plainly():
        hub = open_scaled_out(Settings())
    signal.signal(signal.SIGTERM, stop)
    celery = hub.celery()
    watched = watch(hub, celery)
    try:
        run_timetable(celery)
    finally:
        watched.stop()


def _begin() -> None:
    """Every line through the allow-list, and no core: the memory of a hub that crashes holds content and keys."""
    set_up()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _announce(hub: Hub, address: str, code: str | None) -> None:
    click.echo(f"Concordat is running at {address}")
    if not hub.agencies:
        click.echo(f"No partners are set up yet: write {hub.settings.data_dir / 'partners.toml'} (docs/connectors.md).")
    if code is not None:
        click.echo(f"First administrator sign-in, works once within 7 days: {code}")
        click.echo(f'  Trade it for a token: POST {address}/v1/sign-in with {{"code": "..."}} (docs/api.md)')
    sys.stdout.flush()


def _serve(hub: Hub, app: FastAPI, code: str | None) -> None:
    serve(app, hub.settings.host, hub.settings.port, lambda address: _announce(hub, address, code))
