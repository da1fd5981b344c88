"""One history in the making, and how its clients ask.

A client that hears "unavailable", or nothing at all, asks again for the same: that is how an answer that was lost is
found again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar, cast

from hub.access.roles import Actor
from hub.errors import ConcordatError, Unavailable
from hub.flow.withdraw import Withdrawn
from tests.simulation.scenes import Scene
from tests.simulation.stage import Stage
from tests.simulation.world import World

TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Signed:
    """A checkpoint that a witness was given, and how long the log was when it asked and when it had it."""

    text: str
    asked_at: int
    given_at: int


@dataclass
class Answers:
    """What the hub answered to its clients: promises that it must keep."""

    accepted: dict[str, str] = field(default_factory=dict)
    asked_at: dict[str, datetime] = field(default_factory=dict)
    """When each of them was first asked to be accepted."""
    withdrawn: list[Withdrawn] = field(default_factory=list)
    signed: list[Signed] = field(default_factory=list)


@dataclass
class Play:
    """One history in the making."""

    stage: Stage
    world: World
    scene: Scene
    answers: Answers = field(default_factory=Answers)
    asked: dict[str, object] = field(default_factory=dict)
    seams: dict[str, int] = field(default_factory=dict)
    """For how many steps each actor has waited."""

    def ids(self, query: str) -> list[str]:
        """What a client knows from what it read before."""
        return [str(row[0]) for row in self.stage.disk.file.execute(query)]

    def one_of(self, found: list[str]) -> str | None:
        return found[self.world.choices.below(len(found))] if found else None

    def proved(self, name: str) -> Actor:
        return replace(self.stage.people[name], proved_at=self.world.now())

    def same(self, request: Callable[[], T]) -> T:
        """What this strand asks for: made once, and the same whenever it asks again."""
        if self.asked.get(self.actor) is None:
            self.asked[self.actor] = request()
        return cast(T, self.asked[self.actor])

    @property
    def actor(self) -> str:
        """Who acts now, by a name that a restart of the hub does not change."""
        return self.world.strand.name if self.world.strand is not None else ""


Act = Callable[[Play], None]


def patiently(play: Play, act: Act) -> None:
    """Ask until there is an answer, good or bad."""
    for _ in range(TRIES):
        try:
            act(play)
        except Unavailable:
            play.world.tell("no answer, asks again")
            play.world.seam("asks again")
        except ConcordatError as problem:
            play.world.tell(f"told {problem.code}")
            return
        else:
            return
