"""Commands about machines, on the hub's own machine: register, give keys and tokens, end them, list."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import click

from hub.access.machines import MachineScope
from hub.access.public_keys import Certificate, PublicKey, read_certificate, read_jwk
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.errors import BadInput
from hub.flow import machines as flow
from hub.register.landlords import NAMES

_overlap = click.option("--overlap", type=click.IntRange(0, 90 * 24), metavar="HOURS",
                        help="End older ones of the kind so many hours after this one begins.")  # fmt: skip


@click.group()
def machines() -> None:
    """Systems of agencies and landlords, and what they show to prove who they are (docs/machines.md)."""


@machines.command()
@click.argument("name")
@click.argument("scope", type=click.Choice([scope.value for scope in MachineScope]))
@click.option("--landlord", type=click.Choice(sorted(NAMES)), help="For refer, and needed there.")
@click.option("--agency", help="For feed and acknowledge, and needed there: the agency's id (agy_...).")
def add(name: str, scope: str, landlord: str | None, agency: str | None) -> None:
    """Register a machine and print its id. It can do nothing until it has a key or a token."""
    with plainly():
        made = flow.register_machine(
            the_hub().house, None, name=name, scope=MachineScope(scope), landlord=landlord, agency=agency
        )
    click.echo(made.id)


@machines.command()
@click.argument("machine")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--not-before", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]), help="Works from then; local time.")
@_overlap
def key(machine: str, file: Path, not_before: datetime | None, overlap: int | None) -> None:
    """Give MACHINE the public key (a JSON Web Key) or the certificate (PEM) in FILE, and print the key's id."""
    with plainly():
        made = flow.add_key(
            the_hub().house, None, machine, _read(file), not_before=not_before.astimezone() if not_before else None,
            overlap=timedelta(hours=overlap) if overlap is not None else None,
        )  # fmt: skip
    click.echo(f"{made.kind.value} {made.fingerprint}", err=True)
    click.echo(made.id)


@machines.command()
@click.argument("machine")
@_overlap
def token(machine: str, overlap: int | None) -> None:
    """Make a token for MACHINE and print it, once; its id on standard error. Older ones end after the overlap (24)."""
    with plainly():
        made = flow.make_token(the_hub().house, None, machine, timedelta(hours=24 if overlap is None else overlap))
    click.echo(f"key {made.key.id}", err=True)
    click.echo(made.token)


@machines.command()
@click.argument("machine")
@click.argument("key_id", metavar="KEY")
def retire(machine: str, key_id: str) -> None:
    """End one KEY, token or certificate of MACHINE at once."""
    with plainly():
        flow.retire_key(the_hub().house, None, machine, key_id)
    click.echo("Ended.")


@machines.command()
@click.argument("machine")
def revoke(machine: str) -> None:
    """End MACHINE with everything that it shows, at once and for good."""
    with plainly():
        flow.revoke_machine(the_hub().house, None, machine)
    click.echo("Ended.")


@machines.command(name="list")
def listing() -> None:
    """Every machine, and what it may show from when until when."""
    with plainly():
        found = flow.list_machines(the_hub().house, None)
    for one in found:
        state = f"ended {one.revoked_at:%Y-%m-%d}" if one.revoked_at else "in use"
        click.echo(f"{one.id}  {one.name}  {one.scope.value}  {one.landlord or one.agency}  {state}")
        for held in one.keys:
            ends = f"{held.ends_at:%Y-%m-%dT%H:%MZ}" if held.ends_at else "open"
            click.echo(f"  {held.id}  {held.kind.value}  {held.fingerprint[:16]}  {held.not_before:%Y-%m-%d} to {ends}")


def _read(file: Path) -> PublicKey | Certificate:
    text = file.read_text(encoding="utf-8", errors="replace")
    if "BEGIN" in text:
        return read_certificate(text)
    try:
        parts = json.loads(text)
    except ValueError:
        parts = None
    if not isinstance(parts, dict) or not all(isinstance(value, str) for value in parts.values()):
        raise BadInput("KEY_UNUSABLE", file.name, "is neither a JSON Web Key nor a certificate in PEM",
                       "see docs/machines.md")  # fmt: skip
    return read_jwk(parts, file.name)
