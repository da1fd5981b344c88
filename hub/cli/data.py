"""Commands about data: make and migrate the store, export the log, verify an export, print the schema."""

import io
import json
import zipfile
from contextlib import nullcontext
from pathlib import Path

import click

from hub.audit.verify import main as verify_main
from hub.bootstrap import hold_alone
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
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

    Killed, it leaves that behind, and the next run puts it right.
    """
    unfinished = folder / "unfinished"
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        for name in sorted(bundle.namelist(), key=lambda name: name == "checkpoint"):
            path, content = folder / name, bundle.read(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != content:
                unfinished.write_bytes(content)
                unfinished.replace(path)
        kept = {folder / name for name in bundle.namelist()}
    for path in (folder / "tile").rglob("*.p/*"):
        if path not in kept:  # of a shorter log: the tile has grown since
            path.unlink()


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Verify an export offline: concordat verify EXPORT --key VKEY. Needs no hub and no database."""
    ctx.exit(verify_main(ctx.args))


@click.command()
def schema() -> None:
    """Print the JSON Schema of a referral."""
    click.echo(json.dumps(Referral.model_json_schema(), indent=2, sort_keys=True))
