"""Two ways of doing a thing, measured turn by turn, so that what disturbs the machine disturbs both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Operations per second of ours and of the other, round by round."""

    ours: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median over rounds of ours divided by the other."""
        return statistics.median(mine / yours for mine, yours in zip(self.ours, self.other, strict=True))

    @property
    def spread(self) -> tuple[float, float]:
        """Smallest and largest ratio of a round."""
        ratios = [mine / yours for mine, yours in zip(self.ours, self.other, strict=True)]
        return min(ratios), max(ratios)


def measure(ours: Callable[[], object], other: Callable[[], object], *, rounds: int, each: int) -> Pair:
    """Run both `each` times a round, in turns; the first round warms up and is not counted."""
    mine, yours = [], []
    for number in range(rounds + 1):
        first, second = _rate(ours, each), _rate(other, each)
        if number:
            mine.append(first)
            yours.append(second)
    return Pair(tuple(mine), tuple(yours))


def _rate(act: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        act()
    return times / (time.perf_counter() - began)
