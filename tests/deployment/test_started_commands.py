"""What the compose file and the image start is there to be started."""

import json

import click
import pytest

from hub.cli import main
from tests.deployment.checkout import compose_file, last_stage, text

STARTED = {name: service["command"] for name, service in compose_file()["services"].items() if "build" in service}


def refuse_unknown_command(words: list[str]) -> None:
    """Raise unless `concordat <words>` names a command and options that it has. Nothing is run."""
    assert isinstance(main, click.Group)
    context = click.Context(main)
    name, command, rest = main.resolve_command(context, words)
    assert command is not None
    command.make_context(name, rest, parent=context).close()


@pytest.mark.parametrize("name", sorted(STARTED))
def test_every_command_of_the_compose_file_exists(name: str) -> None:
    refuse_unknown_command(STARTED[name])


def test_the_command_of_the_image_exists() -> None:
    refuse_unknown_command(json.loads(last_stage(text("Dockerfile"))["CMD"]))


@pytest.mark.parametrize("words", [["no-such-command"], ["migrate", "--no-such-option"]])
def test_a_command_or_option_that_is_not_there_is_noticed(words: list[str]) -> None:
    with pytest.raises(click.UsageError, match="No such"):
        refuse_unknown_command(words)
