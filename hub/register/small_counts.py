"""Counts that leave the hub: small ones are not told, for few people among few are found out. The one place for it.

Fewer than five of anything is "fewer than 5", a threshold that is common in statistical disclosure control. A total
would give a hidden one back by subtraction, so that it goes too where anything under it is hidden.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

LEAST: Final = 5
HIDDEN: Final = f"fewer than {LEAST}"
NOT_TOLD: Final = "not told: it would give away a small count"

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """Counts as they may leave, each a number or `HIDDEN`; their total, or `NOT_TOLD`."""

    counts: Mapping[T, int | str]
    total: int | str


def told(counts: Mapping[T, int]) -> Told[T]:
    """These counts as they may leave. None at all is a small count too: that nobody is there can tell of somebody."""
    shown: dict[T, int | str] = {of: count if count >= LEAST else HIDDEN for of, count in counts.items()}
    is_hiding = any(count < LEAST for count in counts.values())
    return Told(shown, NOT_TOLD if is_hiding or not counts else sum(counts.values()))
