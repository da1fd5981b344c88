"""`concordat witness`, run in this process; that it serves as one of its own: tests/journeys/test_witnessed.py."""

from pathlib import Path

from click.testing import CliRunner, Result

from hub.audit.cosignatures import parse_cosigner
from hub.audit.witness import Submission
from hub.cli import main
from hub.clock import SystemClock
from hub.witness.memory import Memory
from tests.hub.audit.sample import ORIGIN, VKEY, checkpoint_of, entries


def witness(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["witness", *map(str, words)])


def test_a_witness_is_made_once_and_tells_its_key_and_what_it_cosigned_last(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    made = witness("init", folder, "--name", "witness.police.example/1", "--log", VKEY)
    assert made.exit_code == 0, made.output
    assert parse_cosigner(made.stdout.strip()).name == "witness.police.example/1"
    assert witness("key", folder).stdout == made.stdout
    assert witness("last", folder, ORIGIN).exit_code == 1
    note = checkpoint_of(entries(3))
    Memory(folder).cosign(Submission(0, (), note), SystemClock())
    assert witness("last", folder, ORIGIN).stdout == note
    again = witness("init", folder, "--name", "witness.police.example/1", "--log", VKEY)
    assert (again.exit_code, "[WITNESS_THERE]" in again.stderr) == (1, True)


def test_what_cannot_be_a_witness_or_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    for words in (("--name", "two words", "--log", VKEY), ("--name", "w", "--log", "nothing"), ("--name", "w")):
        refused = witness("init", tmp_path / "w", *words)
        assert refused.exit_code == 2
        assert "Error: " in refused.stderr
    for command in (("key", tmp_path / "w"), ("last", tmp_path / "w", ORIGIN), ("serve", tmp_path / "w")):
        refused = witness(*command)
        assert (refused.exit_code, "[KEY_MISSING]" in refused.stderr) == (1, True)
