"""Commands about people: inviting the first of a landlord, and credentials, on the hub's own machine."""

import click

from hub.access.roles import AuthoriserKind, Role
from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.flow import invite as inviting
from hub.flow.enrol import enrol
from hub.register.landlords import NAMES


@click.command()
@click.argument("role", type=click.Choice([role.value for role in Role if role is not Role.PARTNER]))
@click.option("--landlord", type=click.Choice(sorted(NAMES)), help="For everybody but an administrator.")
@click.option("--team", help="Whose cases an officer sees, such as north; every case of the landlord without.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in AuthoriserKind]),
    help="For authoriser: what they may decide, one or more; without any they decide nothing.",
)  # fmt: skip
def invite(role: str, landlord: str | None, team: str | None, kinds: tuple[str, ...]) -> None:
    """Invite somebody on the hub's own machine, and print the invitation, once; their id on standard error.

    Nobody needs to confirm them: whoever runs this vouches. So comes the first data protection officer of a landlord.
    """
    with plainly():
        hub = the_hub()
        person, code = inviting.invite(
            hub.house, None, role=Role(role), landlord=landlord, kinds=frozenset(map(AuthoriserKind, kinds)), team=team
        )
    click.echo(f"person {person}", err=True)
    click.echo(code)


@click.command()
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--landlord", type=click.Choice(sorted(NAMES)), help="For officer, authoriser and dpo, and needed there.")
@click.option("--agency", help="For partner, and needed there: the agency's id (agy_...).")
@click.option("--person", help="Whose it is (usr_...), when they have another credential; a new person otherwise.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in AuthoriserKind]),
    help="For authoriser: what they may decide, one or more; without any they decide nothing.",
)  # fmt: skip
def token(role: str, landlord: str | None, agency: str | None, person: str | None, kinds: tuple[str, ...]) -> None:
    """Make a credential on the hub's own machine and print its token, once; its id and person on standard error.

    Also for a new administrator, when the first sign-in code is lost. Partners must be on the register.
    """
    with plainly():
        hub = the_hub()
        made = enrol(
            hub.house,
            None,
            role=Role(role),
            landlord=landlord,
            agency=agency,
            person=person,
            kinds=frozenset(map(AuthoriserKind, kinds)),
        )
    click.echo(f"credential {made.id}, person {made.person}", err=True)
    click.echo(made.token)
