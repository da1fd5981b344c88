"""`concordat agencies`: who is on the register, what stands in the way, suspension, and confirmations of changes.

To list, and to suspend, it is enough to be on the hub's own machine. What takes two persons takes their tokens here
too, because the machine does not know who sits at it.
"""

from typing import TextIO

import click

from hub.access.roles import Actor
from hub.bootstrap import Hub
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.flow import vouch
from hub.flow.enrol import who_is
from hub.register.agencies import Why

_TOKEN = click.option("--token", "token", type=click.File(errors="replace"), required=True, metavar="FILE",
                      help="File with the token of whoever confirms; - for standard input.")  # fmt: skip


@click.group()
def agencies() -> None:
    """Agencies: what stands in the way of each, their doors and keys, suspension (docs/agencies.md)."""


@agencies.command("list")
def list_() -> None:
    """Every agency: id, kind, what stands in the way ("-": nothing), name."""
    for view in vouch.list_agencies(the_hub().house):
        click.echo(f"{view.agency.id}  {view.agency.kind.value}  {view.barred or '-'}  {view.agency.name}")


@agencies.command()
@click.argument("agency")
def keys(agency: str) -> None:
    """Doors and keys of AGENCY: id, use, where it stands, fingerprint to compare."""
    hub = the_hub()
    now = hub.house.clock.now()
    found = next((view for view in vouch.list_agencies(hub.house) if view.agency.id == agency), None)
    if found is None:
        raise click.ClickException("no agency by that id is on the register; see `concordat agencies list`")
    for pin in found.pins:
        stands = "taken_out" if pin.retired_at else pin.stands_in_the_way(now) or "in_force"
        click.echo(f"{pin.id}  {pin.what.value}  {stands}  {pin.fingerprint}")


@agencies.command()
@click.argument("agency")
@click.option("--reason", type=click.Choice([why.value for why in Why]), required=True)
def suspend(agency: str, reason: str) -> None:
    """Stop everything to and from AGENCY, from the next claim on in every process. One person may."""
    hub = the_hub()
    with plainly():
        taken = vouch.suspend(hub.house, None, agency, Why(reason))
    click.echo(f"Suspended. Packs taken back: {taken}.")


@agencies.command()
@click.argument("agency")
@_TOKEN
def resume(agency: str, token: TextIO) -> None:
    """Say that the suspension of AGENCY may end. It ends with the second person's word."""
    hub = the_hub()
    with plainly():
        ended = vouch.resume(hub.house, _whose(hub, token), agency)
    click.echo("In use again." if ended else "Noted. Another person must say so too.")


@agencies.command()
@click.argument("agency")
@click.argument("pin")
@click.argument("fingerprint")
@_TOKEN
def confirm(agency: str, pin: str, fingerprint: str, token: TextIO) -> None:
    """Say that you compared FINGERPRINT of the door or key PIN with AGENCY, by telephone on a number known before."""
    hub = the_hub()
    with plainly():
        done = vouch.confirm(hub.house, _whose(hub, token), agency, pin, fingerprint)
    click.echo(f"Counts from {done.usable_from:%Y-%m-%d %H:%M} UTC." if done.confirmed_at
               else "Noted. Another person must compare it too.")  # fmt: skip


def _whose(hub: Hub, token: TextIO) -> Actor:
    return who_is(hub.house, token.read().strip())
