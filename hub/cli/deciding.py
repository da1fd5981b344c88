"""`concordat decide`: facts in and decisions out, a line each, in order. Opens no database, no keys and no settings.

Answers are flushed whenever all that has come in is answered: nobody at the other end of a pipe waits for more, and
a file of any length is answered in large writes and bounded memory.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from io import BufferedReader
from typing import BinaryIO

import click
from pydantic import RootModel

from hub.cli.failing import plainly
from hub.clock import SystemClock
from hub.decision import rulebook
from hub.decision.question import EARLIEST, LATEST, Voice, answer, error_of, is_answerable
from hub.decision.rulebook import Rulebook
from hub.errors import BadInput
from hub.intake.strict_json import read_model

LONGEST_LINE = 64 * 1024
"""Bytes that one line may have; every fact at once, with every category in each list, takes under a tenth of it."""

SOME_LINES_BAD = 3
"""Exit code where at least one line could not be decided and the rest were."""

STREAM_BROKEN = 2
"""Exit code where the input cannot be read or the output not written; click's own for wrong usage."""

_CHUNK = 64 * 1024
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _Line(RootModel[object]):
    """Any JSON, read strictly; what a question is, `hub.decision.question` says."""


class _StreamBroken(click.ClickException):
    exit_code = STREAM_BROKEN


@click.command()
@click.option("--as-at", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="Decide under the law of that day (YYYY-MM-DD); today unless given.")  # fmt: skip
@click.option("--explain", type=click.Choice([voice.value for voice in Voice]),
              help="Add an explanation in plain words for that reader.")  # fmt: skip
@click.argument("file", type=click.File("rb"), default="-")
@click.pass_context
def decide(ctx: click.Context, as_at: datetime | None, explain: str | None, file: BufferedReader) -> None:
    """Answer questions: JSON Lines of facts from FILE (or standard input), JSON Lines of decisions out, in order.

    Each line is one flat object of facts; a bad line is answered with an error object, and the rest go on. Exit code:
    0 all decided, 3 some lines were bad, 2 wrong usage or a file that cannot be read, 1 rules that are refused or a
    reader that went away (docs/decide.md).
    """
    on = as_at.date() if as_at else SystemClock().now().date()
    if not is_answerable(on):
        raise click.BadParameter(f"must lie from {EARLIEST} to {LATEST}", ctx, param_hint="--as-at")
    decided = _Deciding(_read_rules(), on, Voice(explain) if explain else None)
    _pass_through(file, sys.stdout.buffer, decided.line)
    if decided.bad:
        click.echo(f"{decided.bad} of {decided.asked} questions were bad and not decided.", err=True)
        ctx.exit(SOME_LINES_BAD)


def _read_rules() -> Rulebook:
    with plainly():
        return rulebook.read()


class _Deciding:
    """What is answered so far: how many lines there were, how many questions among them, how many of those were bad."""

    def __init__(self, rules: Rulebook, as_at: date, voice: Voice | None) -> None:
        self._rulebook = rules
        self._as_at = as_at
        self._voice = voice
        self._lines = 0
        self.asked = 0
        self.bad = 0

    def line(self, line: bytes | None) -> bytes:
        """The answer to one line, None for one that is too long; nothing for a blank one."""
        self._lines += 1
        if line is not None and not line.strip():
            return b""
        self.asked += 1
        told: dict[str, object]
        try:
            told = answer(self._rulebook, _parsed(line), self._as_at, self._voice)
        except BadInput as problem:
            self.bad += 1
            told = {"error": {"line": self._lines, **error_of(problem)}}
        return _to_json(told).encode() + b"\n"


def _parsed(line: bytes | None) -> object:
    if line is None:
        reason = f"is longer than {LONGEST_LINE} bytes"
        raise BadInput("LINE_TOO_LONG", "", reason, "send one flat object of facts on each line, and nothing else")
    return read_model(line, _Line).root


def _pass_through(source: BufferedReader, target: BinaryIO, answered: Callable[[bytes | None], bytes]) -> None:
    """Answer every line, and let go of the answers each time when all that has come in is answered."""
    for lines in _as_they_come(source):
        rest = memoryview(b"".join(map(answered, lines)))
        try:
            while rest:  # an unbuffered stream may take a part and say so
                rest = rest[target.write(rest) :]
            target.flush()
        except BrokenPipeError:  # whoever read the answers has had enough: click ends us without a word
            raise
        except OSError as problem:
            raise _StreamBroken(f"the answers cannot be written: {problem.strerror}") from None


def _as_they_come(source: BufferedReader) -> Iterator[list[bytes | None]]:
    """The lines that are there, then those that come next, and so on; None in place of a line that is too long."""
    kept, too_long = b"", False
    while chunk := _read(source):
        *ended, kept = (kept + chunk).split(b"\n")
        lines = [line if len(line) <= LONGEST_LINE else None for line in ended]
        if lines and too_long:
            lines[0], too_long = None, False
        if len(kept) > LONGEST_LINE:
            kept, too_long = b"", True
        yield lines
    if kept or too_long:
        yield [None if too_long else kept]


def _read(source: BufferedReader) -> bytes:
    """What has come in, up to a chunk; waits where there is nothing yet. Empty at the end."""
    try:
        return source.read1(_CHUNK)
    except OSError as problem:
        raise _StreamBroken(f"the questions cannot be read: {problem.strerror}") from None
