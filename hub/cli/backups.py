"""Commands about keeping: copies of the embedded database, and what its landlords' schedules have run out for."""

from pathlib import Path

import click

from hub.bootstrap import hold_alone, make_private
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.clock import SystemClock
from hub.errors import Conflict
from hub.flow import back_up
from hub.flow.erase import repeat
from hub.flow.retain import Due, read_schedules, run
from hub.keys import open_keys
from hub.logs import set_up
from hub.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def backup(target: Path) -> None:
    """Copy the embedded database into folder TARGET: content.sqlite3 and keys.sqlite3, to be kept apart.

    The hub may go on running. How long to keep which: docs/backups.md.
    """
    with plainly():
        _embedded()
        content, keys = back_up.back_up(the_hub().house, target)
    click.echo(f"{content}\n{keys}")


@click.command()
@click.argument("content", type=_FILE)
@click.argument("keys", type=_FILE)
def restore(content: Path, keys: Path) -> None:
    """Make the embedded database of CONTENT, an older copy, and KEYS, the newest copy of the keys there is.

    Whoever was erased since stays erased. No hub may run, and no database may be there. The key folder must be.
    """
    set_up()
    with plainly():
        settings = _embedded()
        make_private(settings.data_dir)
        with hold_alone(settings):
            database = Path(settings.database.removeprefix("sqlite:///"))
            ring, now = open_keys(settings.keys, create=False), SystemClock().now()
            found = back_up.restore(content, keys, database, ring, now)
            repeated = repeat(the_hub().house)
    click.echo(f"Restored. {len(repeated)} erasures since were repeated.")
    if found.entries < found.entries_known:
        click.echo(
            f"The log ends after {found.entries} entries, and had {found.entries_known} when the keys were copied: "
            "tell the data protection officer, and everybody outside who holds a checkpoint."
        )


@click.group()
def retention() -> None:
    """How long things are kept, and what is past its day."""


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="Change nothing; tell what would go, and what stays and why.")
def run_retention(*, dry_run: bool) -> None:
    """Erase what is past its day, as the timetable does every hour. What is not past its day is not listed."""
    with plainly():
        done = run(the_hub().house, dry_run=dry_run)
    for entry in done.due:
        click.echo(_line(entry))
    verb = "would go" if dry_run else "went"
    click.echo(f"{len(done.gone)} {verb}, {len(done.kept)} kept, {len(done.repeated)} earlier erasures repeated.")


@retention.command("show")
def show_retention() -> None:
    """Print every landlord's schedule, in days after the last activity of a case."""
    with plainly():
        schedules = read_schedules(the_hub().house)
    for landlord, days in schedules.items():
        click.echo(f"{landlord:9}" + "".join(f"  {kind} {given}" for kind, given in days.items()))


def _line(entry: Due) -> str:
    what = f"{entry.landlord} {entry.case_id} {entry.data_class.value}, due {entry.due_at:%Y-%m-%d}: "
    if entry.kept_for is None:
        return what + "goes"
    until = f", to be reviewed by {entry.review_by:%Y-%m-%d}" if entry.review_by else ""
    return f"{what}kept for {entry.kept_for}{until}"


def _embedded() -> Settings:
    settings = Settings()
    if not settings.is_embedded:
        raise Conflict("NEEDS_SQLITE", "this is for the embedded database; for PostgreSQL see docs/backups.md")
    return settings
