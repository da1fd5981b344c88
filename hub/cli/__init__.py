"""The command line: `concordat up`, `demo`, `decide`, `verify` and the commands that the scaled-out hub runs."""

import click

from hub.cli.agencies import agencies
from hub.cli.agreements import agreements
from hub.cli.backups import backup, restore, retention
from hub.cli.data import export, migrate, schema, verify
from hub.cli.deciding import decide
from hub.cli.demo.command import demo
from hub.cli.documents import documents, policy_document
from hub.cli.keys import keys
from hub.cli.machines import machines
from hub.cli.people import invite, token
from hub.cli.rules import rules
from hub.cli.running import api, timetable, up, worker
from hub.cli.status import status
from hub.cli.witness import witness

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="concordat", prog_name="concordat")
def main() -> None:
    """Concordat: tell each agency what it may know about a harassment or hate-crime case, and prove it.

    Settings are environment variables with the prefix CONCORDAT_ (docs/operations.md).
    """


for command in (
    up, demo, decide, rules, verify, export, invite, token, keys, policy_document, agencies, agreements, documents,
    migrate, schema, api, worker, timetable, machines, backup, restore, retention, status,
    witness,
):  # fmt: skip
    main.add_command(command)
