"""What the compose file and the image start is there to be started."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

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


@pytest.mark.parametrize("name", ["api", "worker", "timetable"])
def test_a_part_of_the_scaled_out_hub_does_not_start_on_sqlite_where_one_process_alone_may_deliver(
    name: str, tmp_path: Path
) -> None:
    environment = {"CONCORDAT_DATA_DIR": str(tmp_path / "data"), "CONCORDAT_DATABASE_URL": None}
    answer = CliRunner().invoke(main, [name], env=environment)
    assert answer.exit_code == 1
    assert "concordat up" in answer.output
    assert not (tmp_path / "data").exists()
