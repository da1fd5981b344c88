"""Commands about data: make and migrate the store, enrol, export the log, verify an export, print the schema."""

import json
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import click

from hub.access.roles import Role
from hub.audit.verify import main as verify_main
from hub.bootstrap import hold_alone, open_hub
from hub.cli.failing import plainly
from hub.flow.checkpoint import export as export_log
from hub.flow.checkpoint import verifier_key
from hub.flow.enrol import enrol, set_policy_document
from hub.logs import set_up
from hub.register.landlords import NAMES
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
        hub = open_hub(settings, create=True)
        hub.start()
    click.echo("The database is at this version.")


@click.command()
@click.argument("landlord", type=click.Choice(sorted(NAMES)))
@click.argument("review_by", type=click.DateTime(["%Y-%m-%d"]), metavar="REVIEW_BY")
def policy_document(landlord: str, review_by: datetime) -> None:
    """Record that LANDLORD's appropriate policy document is in date until REVIEW_BY (YYYY-MM-DD).

    From the first moment of that day it is out of date (DPA 2018 Sch 1 para 39).
    """
    with plainly():
        hub = open_hub(Settings(), create=False)
        set_policy_document(hub.house, None, landlord, review_by.astimezone())
    click.echo(f"Recorded for {landlord}.")


@click.command()
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--landlord", type=click.Choice(sorted(NAMES)), help="For officer, authoriser and dpo, and needed there.")
@click.option("--agency", help="For partner, and needed there: the agency's id (agy_...).")
@click.option("--person", help="Whose it is (usr_...), when they have another credential; a new person otherwise.")
def token(role: str, landlord: str | None, agency: str | None, person: str | None) -> None:
    """Make a credential on the hub's own machine and print its token, once; its id and person on standard error.

    Also for a new administrator, when the first sign-in code is lost. Partners must be on the register.
    """
    with plainly():
        hub = open_hub(Settings(), create=False)
        made = enrol(hub.house, None, role=Role(role), landlord=landlord, agency=agency, person=person)
    click.echo(f"credential {made.id}, person {made.person}", err=True)
    click.echo(made.token)


@click.command()
def keys() -> None:
    """Print the hub's public keys: partners pin the first, whoever verifies the log the second."""
    with plainly():
        hub = open_hub(Settings(), create=False)
    click.echo(f"messages {hub.message_key()}\nlog      {verifier_key(hub.house)}")


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def export(target: Path) -> None:
    """Write the whole audit log to TARGET, a zip with its own verifier inside."""
    with plainly():
        hub = open_hub(Settings(), create=False)
        target.write_bytes(export_log(hub.house, None))
        key = verifier_key(hub.house)
    click.echo(f"Written. Verify it anywhere: concordat verify {target} --key '{key}'")


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Verify an export offline: concordat verify EXPORT --key VKEY. Needs no hub and no database."""
    ctx.exit(verify_main(ctx.args))


@click.command()
def schema() -> None:
    """Print the JSON Schema of a referral."""
    click.echo(json.dumps(Referral.model_json_schema(), indent=2, sort_keys=True))
