"""`concordat witness`: be a witness of other hubs' logs. Needs no hub, no database, no settings of one."""

import sys
from pathlib import Path

import click

from hub.audit.signed_note import NoteError
from hub.cli.failing import plainly
from hub.cli.serving import serve
from hub.clock import SystemClock
from hub.logs import set_up
from hub.witness.app import make_witness
from hub.witness.memory import Memory, make

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def witness() -> None:
    """Cosign the audit logs of other hubs, so that none can show two histories (docs/witnessing.md)."""


@witness.command("init")
@click.argument("folder", type=_FOLDER)
@click.option("--name", required=True, help="Its name in its signatures, such as witness.police.example/1.")
@click.option("--log", "logs", multiple=True, required=True, metavar="VKEY",
              help="Public key of a log to witness, from a source you trust; may be given again.")  # fmt: skip
def make_one(folder: Path, name: str, logs: tuple[str, ...]) -> None:
    """Make a witness in FOLDER: its key, and the memory of what it cosigned. Print its public key.

    Keep FOLDER: a witness whose memory is lost, or goes back to an old copy, would cosign another history.
    """
    try:
        with plainly():
            made = make(folder, name, logs)
    except NoteError as wrong:
        raise click.UsageError(f"{wrong}") from None
    click.echo(made.key)


@witness.command("key")
@click.argument("folder", type=_FOLDER)
def show_key(folder: Path) -> None:
    """Print the public key of the witness in FOLDER, for the policies of those who rely on it."""
    with plainly():
        click.echo(Memory(folder).key)


@witness.command("last")
@click.argument("folder", type=_FOLDER)
@click.argument("origin")
def show_last(folder: Path, origin: str) -> None:
    """Print the last checkpoint cosigned of the log named ORIGIN: what `verify --older` holds an export against."""
    with plainly():
        found = Memory(folder).last(origin)
    if found is None:
        raise click.ClickException("no checkpoint of that log was cosigned yet")
    click.echo(found, nl=False)


@witness.command("serve")
@click.argument("folder", type=_FOLDER)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; a TLS proxy goes before it."
)
@click.option("--port", type=click.IntRange(0, 65_535), default=8090, show_default=True, help="0 takes a free one.")
def serve_one(folder: Path, host: str, port: int) -> None:
    """Answer submissions to the witness in FOLDER until stopped."""
    set_up()
    with plainly():
        memory = Memory(folder)
    serve(make_witness(memory, SystemClock()), host, port, _announce)


def _announce(address: str) -> None:
    click.echo(f"The witness takes checkpoints at {address}/add-checkpoint")
    sys.stdout.flush()
