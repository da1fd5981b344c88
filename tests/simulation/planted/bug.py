"""What a planted bug is: what it changes in the hub for one history, and where it is likely to show."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulation.play import Act
from tests.simulation.stage import Stage

Change = tuple[object, str, Any]
"""A module or class, a name in it, and what stands there instead."""


@dataclass(frozen=True)
class Planted:
    """A bug: the scenes and acts in which it can show, and what it changes in the hub."""

    scenes: tuple[str, ...]
    changes: Callable[[Stage], Sequence[Change]]
    acts: tuple[Act, ...] = ()

    @contextmanager
    def __call__(self, stage: Stage) -> Iterator[None]:
        with ExitStack() as undoing:
            for where, name, instead in self.changes(stage):
                undoing.callback(setattr, where, name, getattr(where, name))
                setattr(where, name, instead)
            yield
