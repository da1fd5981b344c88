"""`concordat agreements`: what was agreed, on the hub's own machine.

Whoever runs these commands has the hub's keys: they answer for the people whom they name, and the log says that the
command line acted.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from hub.bootstrap import read_agreement_file
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.clock import SystemClock
from hub.flow import agree, survey
from hub.flow.agree import Seen, Step
from hub.register.landlords import NAMES

_LANDLORD = click.Choice(sorted(NAMES))
_DIGEST = click.option("--evidence", metavar="SHA256", help="Digest of what shows it, such as a signed minute.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def agreements() -> None:
    """Information-sharing agreements: on file, approved by two people, suspended, running out (docs/agreements.md)."""


@agreements.command("list")
@click.option("--landlord", type=_LANDLORD, help="Only those of this landlord.")
def list_(landlord: str | None) -> None:
    """Every version on file: landlord, version, where it is in its life, last day, day of review, title."""
    _show(seen for seen in agree.list_agreements(the_hub().house, None) if landlord in (None, seen.landlord))


@agreements.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
def check(files: tuple[Path, ...]) -> None:
    """Read FILES and say what is wrong with each, by line. Opens no hub."""
    bad = False
    for path in files:
        try:
            with plainly():
                found = read_agreement_file(path)
            click.echo(f"{path.name}: {found.reference}, {found.state.value}, to {found.in_force_to}")
        except click.ClickException as problem:
            bad = True
            problem.show()
    if bad:
        raise click.exceptions.Exit(1)


@agreements.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
def add(files: tuple[Path, ...]) -> None:
    """Put the versions in FILES on file as drafts: they count once two people approved them."""
    hub = the_hub()
    for path in files:
        with plainly():
            click.echo(agree.add_here(hub.house, path.read_text(encoding="utf-8"), path.name))


def _step(name: str, step: Step, says: str) -> None:
    """A command for one step of one landlord."""

    def command(
        landlords: tuple[str, ...], references: tuple[str, ...], people: tuple[str, ...], evidence: str | None
    ) -> None:
        hub = the_hub()
        for landlord in landlords:
            with plainly():
                _show(agree.take_here(hub.house, landlord, references, step, people, evidence))

    decorated: Callable[..., Any] = command
    for option in (
        _DIGEST,
        click.option("--person", "people", multiple=True, required=True, metavar="PERSON",
                     help="Who decided it (usr_...); give it twice where it takes two."),
        click.argument("references", nargs=-1, required=True, metavar="AGREEMENT@VERSION..."),
        click.option("--landlord", "landlords", type=_LANDLORD, multiple=True, required=True,
                     help="For whom; may be given again."),
    ):  # fmt: skip
        decorated = option(decorated)
    agreements.command(name, help=says)(decorated)


_step("approve", Step.APPROVED, "Have versions count for a landlord, once two different people stand behind each.")
_step("suspend", Step.SUSPENDED, "Have versions count no more for a landlord, from the next release on.")
_step("resume", Step.RESUMED, "Have suspended versions count again, once two different people stand behind each.")
_step("withdraw", Step.WITHDRAWN, "End versions for a landlord for good.")


@agreements.command()
@click.option("--within", type=click.IntRange(0, 3660), default=90, metavar="DAYS", help="90 unless given.")
def expiring(within: int) -> None:
    """Versions that count and whose last day or day of review comes within DAYS, or has passed."""
    until = SystemClock().now().date() + timedelta(days=within)
    counting = (seen for seen in agree.list_agreements(the_hub().house, None) if seen.life in ("in_force", "suspended"))
    _show(seen for seen in counting if min(seen.paper.in_force_to, seen.paper.review_by) <= until)


@agreements.command()
@click.argument("landlord", type=_LANDLORD)
def report(landlord: str) -> None:
    """The routine flows that LANDLORD's policy names, and which no agreement in force covers. Exit code 3: some."""
    uncovered = False
    with plainly():
        flows = survey.routine_flows(the_hub().house, None, landlord)
    for flow in flows:
        uncovered = uncovered or not flow.is_covered
        says = "covered" if flow.is_covered else "NOT COVERED"
        why = ", ".join(sorted(flow.coverage.uncovered)) if flow.coverage.status == "in_force" else flow.coverage.status
        told = "" if flow.is_covered else f": {why if flow.agency else 'no agency of this kind on the register'}"
        click.echo(f"{says:11}  {flow.need.recipient} for {flow.need.purpose}, {flow.agency or '-'}{told} "
                   f"[{flow.need.source}]")  # fmt: skip
    raise click.exceptions.Exit(3 if uncovered else 0)


def _show(found: Iterable[Seen]) -> None:
    for seen in found:
        people = "" if seen.life != "draft" else f" ({seen.people} of {agree.PEOPLE} approved)"
        click.echo(f"{seen.landlord} {seen.paper.reference} {seen.life}{people} to {seen.paper.in_force_to} "
                   f"review {seen.paper.review_by} {seen.paper.title}")  # fmt: skip
