"""Commands about data: make and migrate the store, export the log, verify an export, print the schema."""

import fcntl
import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from hub.audit.note import read_checkpoint
from hub.audit.signed_note import divide
from hub.audit.verify import main as verify_main
from hub.bootstrap import hold_alone
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.errors import Conflict
from hub.flow.checkpoint import verifier_key
from hub.flow.export import export as export_log
from hub.flow.export import take_openings
from hub.logs import set_up
from hub.settings import Settings
from protocols.record import Referral


@click.command()
def migrate() -> None:
    """Bring keys and database to this version, from empty or from any earlier one.

    Also enters new partners and agreements. Not beside `concordat up`, which does all this itself.
    """
    set_up()
    settings = Settings()
    with plainly(), hold_alone(settings) if settings.is_embedded else nullcontext():
        the_hub(create=True).start()
    click.echo("The database is at this version.")


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--openings", type=click.Path(dir_okay=False, path_type=Path),
    help="Also write what binds a partner's copy of a message to its entry (docs/operations.md); destroy it after.",
)  # fmt: skip
def export(target: Path, openings: Path | None) -> None:
    """Write the whole audit log to TARGET, a zip with its own verifier inside.

    Where TARGET is a folder, its files are brought up to date: a mirror that a web server may serve (C2SP tlog-tiles).
    """
    with plainly():
        hub = the_hub()
        if openings is not None:
            openings.touch(mode=0o600)
            openings.chmod(0o600)
            openings.write_bytes(take_openings(hub.house))
        packed = export_log(hub.house, None)
        if target.is_dir():
            _unpack(packed, target)
        else:
            target.write_bytes(packed)
        key = verifier_key(hub.house)
    click.echo(f"Written. Verify it anywhere: concordat verify {target} --key '{key}'")


def _unpack(packed: bytes, folder: Path) -> None:
    """Bring a mirror up to date. Whoever reads it meanwhile finds a checkpoint and all that it covers, or more.

    Killed, it leaves that behind, and the next run puts it right. Raises Conflict, and writes nothing, where another
    run is at work or the mirror is of a longer log.
    """
    with _alone(folder) as unfinished, zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        if _size_of_mirror(folder) > read_checkpoint(divide(bundle.read("checkpoint").decode())[0]).size:
            raise Conflict("MIRROR_LONGER", "that mirror is of a longer log than this: another run was quicker, or the "
                           "database went back to an old copy; nothing was written, start again")  # fmt: skip
        for name in sorted(bundle.namelist(), key=lambda name: name == "checkpoint"):
            path, content = folder / name, bundle.read(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != content:
                unfinished.write_bytes(content)
                unfinished.replace(path)
        for path in (folder / "tile").rglob("*.p/*"):
            if path.parent.with_suffix("").exists():  # until then whoever read an older checkpoint asks for the part
                path.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """Be the only run on a mirror; yields the name of a file that is not finished. Raises Conflict."""
    lock, unfinished = folder / "lock", folder / "unfinished"
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A run that has just ended took the file away, and the next one may hold another of that name.
            is_ours = os.path.samestat(os.fstat(held.fileno()), lock.stat())
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise Conflict("MIRROR_BUSY", "another run writes to that mirror; wait until it has ended and start again")
        try:
            yield unfinished
        finally:
            unfinished.unlink(missing_ok=True)
            lock.unlink()


def _size_of_mirror(folder: Path) -> int:
    """How many entries its checkpoint covers; 0 where there is none that can be read, which this run puts right."""
    try:
        return read_checkpoint(divide((folder / "checkpoint").read_text(encoding="utf-8"))[0]).size
    except (FileNotFoundError, ValueError):
        return 0


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Verify an export offline: concordat verify EXPORT --key VKEY. Needs no hub and no database."""
    ctx.exit(verify_main(ctx.args))


@click.command()
def schema() -> None:
    """Print the JSON Schema of a referral."""
    click.echo(json.dumps(Referral.model_json_schema(), indent=2, sort_keys=True))
