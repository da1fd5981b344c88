"""Every choice of a history, drawn from its seed or repeated from a record; and a record made smaller.

0 is always the simplest choice: no fault, no move of the clock, the first of those who could go on.
"""

import random
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol


class Choices(Protocol):
    """Whoever chooses."""

    taken: list[int]

    def below(self, count: int) -> int:
        """A number from 0 up to `count`, without it."""
        ...

    def weighted(self, weights: Sequence[int]) -> int:
        """An index, as often as its weight says."""
        ...


class Drawn:
    """Choices drawn from a seed, and remembered."""

    def __init__(self, seed: int) -> None:
        self._random, self.taken = random.Random(f"choices {seed}"), []  # noqa: S311 - chance, not secrets

    def below(self, count: int) -> int:
        self.taken.append(self._random.randrange(count) if count > 1 else 0)
        return self.taken[-1]

    def weighted(self, weights: Sequence[int]) -> int:
        bounds = list(accumulate(weights))
        drawn = self._random.randrange(bounds[-1])
        self.taken.append(next(index for index, bound in enumerate(bounds) if drawn < bound))
        return self.taken[-1]


class Repeated:
    """Choices as they were recorded; past the end of the record, the simplest."""

    def __init__(self, record: Sequence[int]) -> None:
        self._record, self.taken = record, []

    def below(self, count: int) -> int:
        place = len(self.taken)
        self.taken.append(min(self._record[place], count - 1) if place < len(self._record) else 0)
        return self.taken[-1]

    def weighted(self, weights: Sequence[int]) -> int:
        return self.below(len(weights))


def shrunk(record: Sequence[int], fails: Callable[[Sequence[int]], bool], most: int = 400) -> list[int]:
    """A shorter record, of simpler choices, that still fails; after `most` tries whatever was found by then."""
    best, tries, changed = list(record), 0, True
    while changed and tries < most:
        changed = False
        for smaller in _smaller(best):
            if tries >= most:
                break
            tries += 1
            if fails(smaller):
                best, changed = smaller, True
                break
    return best


def _smaller(record: list[int]) -> "list[list[int]]":
    found = []
    size = max(1, len(record) // 2)
    while size:
        found += [record[:at] + record[at + size :] for at in range(len(record) - size, -1, -size)]
        size //= 2
    found += [[*record[:at], 0, *record[at + 1 :]] for at, value in enumerate(record) if value]
    return found
