"""What is told of a writing transaction, once it is durable and never before: counters, clocks and traces."""

import time
from collections.abc import Callable
from types import TracebackType

from hub import metrics, traces
from hub.errors import ConcordatError, TooManyTries, Unavailable


class Afterwards:
    """What waits until one transaction has committed; forgotten when it does not."""

    def __init__(self) -> None:
        """Made by `Store` for each writing."""
        self.began = traces.moment()
        self._clock = time.monotonic()
        self._waiting: list[Callable[[], None]] = []
        self._decided = 0

    def say(self, told: Callable[[], None]) -> None:
        """Have this called when the transaction is durable. It must not fail, and not touch the database."""
        self._waiting.append(told)

    def decided(self, count: int) -> None:
        """So many decisions were made that are not durable yet."""
        self._decided += count
        metrics.NOT_YET_DURABLE.inc(count)

    def __enter__(self) -> "Afterwards":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        metrics.NOT_YET_DURABLE.dec(self._decided)
        if kind is None:
            metrics.WRITES.observe(time.monotonic() - self._clock)
            for told in self._waiting:
                told()
        elif _is_a_fault(problem):
            code = problem.code if isinstance(problem, ConcordatError) else kind.__name__
            traces.tell("write", self.began, None, {"code": code}, failed=True)


def _is_a_fault(problem: BaseException | None) -> bool:
    """Whether the hub itself failed: not somebody who was refused something."""
    if isinstance(problem, Unavailable):
        return not isinstance(problem, TooManyTries)
    return not isinstance(problem, ConcordatError)
