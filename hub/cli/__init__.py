"""The command line: `concordat up`, `demo`, `decide`, `verify` and the commands that the scaled-out hub runs."""

import click

from hub.cli.data import export, keys, migrate, policy_document, schema, token, verify
from hub.cli.deciding import decide
from hub.cli.demo.command import demo
from hub.cli.rules import rules
from hub.cli.running import api, timetable, up, worker

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="concordat", prog_name="concordat")
def main() -> None:
    """Concordat: tell each agency what it may know about a harassment or hate-crime case, and prove it.

    Settings are environment variables with the prefix CONCORDAT_ (docs/operations.md).
    """


for command in (
    up, demo, decide, rules, verify, export, token, keys, policy_document, migrate, schema, api, worker, timetable,
):  # fmt: skip
    main.add_command(command)
