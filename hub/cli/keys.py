"""`concordat keys`: the public keys, what is under which key, and new keys. docs/keys.md tells when to use which."""

import click

from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.flow import rotate
from hub.flow.checkpoint import lasting_key, verifier_key
from hub.register.landlords import NAMES


@click.group()
def keys() -> None:
    """The hub's keys: show public ones, tell what is under which, make new ones. May be run beside a running hub."""


@keys.command()
def show() -> None:
    """Print the hub's public keys: partners pin the first, whoever verifies the log the others."""
    with plainly():
        hub = the_hub()
    click.echo(f"messages {hub.message_key()}\nlog      {verifier_key(hub.house)}\nlasting  {lasting_key(hub.house)}")


@keys.command()
def status() -> None:
    """Tell which keys there are, what is under them, and what is left to do. Never prints a key."""
    with plainly():
        found = rotate.status(the_hub().house)
    click.echo(f"root key {found.root}")
    for root in found.earlier:
        click.echo(f"  earlier: {root}, {'needed' if root in found.roots_needed else 'not needed by this database'}")
    for key in found.keys:
        state = "destroyed" if key.is_destroyed else "retired" if key.retired_at else "in force"
        count = found.data_keys.get((key.owner, key.version), 0) if key.opens_data_of(key.owner) else None
        under = "" if count is None else f", {count} data keys"
        click.echo(f"{key.owner} {key.purpose.value} {key.version}: {state}, made {key.made_at:%Y-%m-%d}{under}")
    for suite, values in sorted(found.values.items()):
        click.echo(f"suite {suite}: {values} values")
    left = found.left_to_do()
    click.echo("Left to do: " + "; ".join(f"concordat {step}" for step in left) if left else "Nothing is left to do.")


@keys.command(name="rotate")
@click.option("--root", is_flag=True, help="A new root key.")
@click.option("--landlord", type=click.Choice(sorted(NAMES)), help="A new key for this landlord.")
def rotate_(root: bool, landlord: str | None) -> None:
    """Make a new root key, or a new key for a landlord. When it was interrupted, ask again: it goes on."""
    if root == (landlord is not None):
        raise click.UsageError("give one of --root and --landlord")
    with plainly():
        house = the_hub().house
        if landlord is None:
            made, wrapped = rotate.rotate_root(house)
            click.echo(f"Root key {made} is in force; {wrapped} keys were put under it. Copy the key folder now.")
        else:
            version, wrapped = rotate.rotate_landlord(house, landlord)
            click.echo(
                f"Version {version} of the key of {landlord} is in force; {wrapped} data keys were put under it."
            )


@keys.command()
def reseal() -> None:
    """Seal again what an earlier version of the hub sealed. When it was interrupted, ask again: it goes on."""
    with plainly():
        cases, values = rotate.reseal(the_hub().house)
    click.echo(f"{values} values of {cases} cases were sealed again.")


@keys.command()
@click.confirmation_option(prompt="Copies of the database made under them can never be opened again. Go on?")
def prune() -> None:
    """Destroy earlier root keys that nothing in this database needs."""
    with plainly():
        gone = rotate.prune(the_hub().house)
    click.echo("\n".join(f"Root key {root} is destroyed." for root in gone) or "There is none to destroy.")
