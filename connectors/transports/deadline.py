"""A hard end for one attempt, however slowly a peer drips, and though a resolver or a goodbye is never answered.

Between two attempts at one disclosure lies a lease; an attempt that outlived its lease could meet the next one.
"""

import asyncio
import socket
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

from pydantic import Field

LONGEST_ATTEMPT = 90.0
"""Seconds: the longest that any transport may be set to. The lease is 120 unless it is set otherwise."""

GOODBYE = 1.0
"""Seconds that a peer has to answer our leave-taking, which changes nothing any more."""

WithinSeconds = Annotated[float, Field(gt=0, le=LONGEST_ATTEMPT, strict=False)]
"""How long one whole attempt may take, in seconds, from the look-up of the name to the last byte of the answer."""

T = TypeVar("T")


class Deadline:
    """A moment by which something must be over; seconds on a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        """It lies `seconds` from now."""
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain, more than none. Raises TimeoutError when it has passed."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time set for this attempt is over")
        return left

    def bring_forward(self, seconds: float) -> None:
        """Let it lie no later than `seconds` from now."""
        self._ends = min(self._ends, time.monotonic() + seconds)


class _NeverAwaited(ThreadPoolExecutor):
    """Threads for look-ups of names, which cannot be broken off: they are left to end by themselves and do no more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work and wait for none."""
        super().shutdown(wait=False, cancel_futures=cancel_futures)


def run(work: Coroutine[object, object, T]) -> T:
    """The result of `work` in an event loop of its own, whose end waits for no look-up of a name."""
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_NeverAwaited(thread_name_prefix="look-up"))
        return runner.run(work)


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first address of `host` that takes one. Raises OSError, TimeoutError at the deadline."""
    with _NeverAwaited(1, thread_name_prefix="look-up") as looking:
        found = looking.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(deadline.left())
    problem: OSError = OSError("the name has no address")
    for _, _, _, _, address in found:
        try:
            return socket.create_connection((str(address[0]), port), timeout=deadline.left())
        except OSError as refused:
            problem = refused
    raise problem
