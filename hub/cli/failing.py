"""How a command fails: one sentence on standard error and exit code 1; never a trace of the inside."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from hub.errors import ConcordatError


@contextmanager
def plainly() -> Iterator[None]:
    """Turn an error of ours into a click error with the same sentence."""
    try:
        yield
    except ConcordatError as problem:
        raise click.ClickException(f"{problem.says} [{problem.code}]") from None
