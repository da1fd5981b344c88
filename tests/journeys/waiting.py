"""Waiting for what must come, no longer than needed, and saying what did not."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which something is not coming; far beyond what anything takes on a busy machine."""


def until(happens: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """What `happens` returns as soon as it is true. Raises AssertionError, naming `what`, when it never is."""
    deadline = time.monotonic() + patience
    while True:
        found = happens()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain until {what}"
        time.sleep(0.05)
