"""The simulated world: a clock, a disk that may fail, a broker that loses hints, partners at the end of a network.

What the hub does in it is the hub's own code on a real SQLite database in memory. Only what it stands on is simulated.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from hub.keys import KeyRing
from hub.store import unit_of_work
from hub.store.commits import Shared
from hub.store.scope import Scope
from hub.store.space import Space
from hub.store.troubles import telling_unavailable
from hub.store.unit_of_work import Reading, Store, Writing
from hub.store.walls import Gate
from tests.simulation.choices import Choices
from tests.simulation.strands import Killed, Strand


@dataclass(frozen=True, slots=True)
class Weather:
    """How often what goes wrong, as weights.

    commits: well, not made durable, made durable and the answer lost, killed just before. answers: of a partner (see
    `tests.simulation.partners`). steps: somebody goes on, the clock moves, a process is killed, the whole hub is.
    hints: said once, lost, said twice.
    """

    commits: tuple[int, ...]
    answers: tuple[int, ...]
    steps: tuple[int, ...]
    hints: tuple[int, ...]


USUAL = Weather((940, 25, 15, 20), (55, 12, 4, 9, 14, 6), (930, 45, 15, 10), (6, 3, 1))
ROUGH = Weather((800, 80, 60, 60), (25, 15, 3, 14, 25, 18), (840, 110, 30, 20), (3, 5, 2))


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as the disk saw it: by whom, and how long the log was after it."""

    by: str
    at: datetime
    leaves: int


@dataclass
class World:
    """What one history happens in."""

    choices: Choices
    now_at: datetime
    weather: Weather = USUAL
    strand: Strand | None = None
    is_calm: bool = True
    """No fault happens: before the history begins and while it comes to rest."""
    told: list[str] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    begun: list[Strand] = field(default_factory=list)
    """Strands that others began, and that the history takes up at its next step."""

    def now(self) -> datetime:
        return self.now_at

    def move(self, by: timedelta) -> None:
        self.now_at += by
        self.tell(f"clock +{by.total_seconds():g}s")

    @property
    def process(self) -> str:
        """The process of whoever acts now."""
        return self.strand.process if self.strand is not None else "world"

    def begin(self, name: str, script: Callable[[], None], attempt: int) -> None:
        """Begin another strand in the process of whoever acts now, which makes that attempt."""
        self.begun.append(Strand(f"{self.process}.{name}", script, self.process))
        self.begun[-1].attempt = attempt

    def tell(self, what: str) -> None:
        who = self.strand.name if self.strand is not None else "world"
        self.told.append(f"{self.now_at:%d %H:%M:%S} {who}: {what}")

    def seam(self, name: str) -> None:
        """Somebody else may be next. Raises Killed where whoever acts dies here."""
        if self.strand is not None:
            self.strand.pause(name)

    def wake(self, disclosure_ids: tuple[str, ...]) -> None:
        """A hint for each: lost, said once or said twice."""
        for disclosure_id in disclosure_ids:
            self.hints += [disclosure_id] * (
                1 if self.is_calm else (1, 0, 2)[self.choices.weighted(self.weather.hints)]
            )


class Disk(Store):
    """The hub's store on a database in memory. Each transaction begins and ends at a seam, and its commit may fail."""

    def __init__(self, world: World, keys: KeyRing) -> None:
        self.world = world
        self.file = sqlite3.connect(":memory:", check_same_thread=False)
        # All that `Store` sets up itself, on one connection instead of a pool: strands never meet inside a transaction.
        self.engine = create_engine("sqlite://", creator=lambda: self.file, poolclass=StaticPool, hide_parameters=True)
        self.keys, self._gate, self._commits, self.space = keys, Gate(keys), Shared(self.engine), Space(None)
        event.listen(self.engine, "connect", unit_of_work._prepare_sqlite)
        event.listen(self.engine, "begin", unit_of_work._begin_sqlite)

    def load(self, template: bytes) -> None:
        """Begin from a copy of this database."""
        self.file.deserialize(template)

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Reading]:
        self.world.seam("reads")
        with super().read(scope) as tx:
            yield tx

    @contextmanager
    def write(self, scope: Scope) -> Iterator[Writing]:
        world = self.world
        world.seam("writes")
        fate = 0 if world.is_calm or world.strand is None else None
        with super().write(scope) as tx:
            yield tx
            fate = world.choices.weighted(world.weather.commits) if fate is None else fate
            if fate == 1:
                world.tell("commit fails")
                raise _failed()
            if fate == 3:
                world.tell("killed before commit")
                raise Killed
        world.commits.append(Commit(world.process, world.now_at, self.leaves()))
        if fate == 2:
            world.tell("committed, and the answer is lost")
            with telling_unavailable(self.space):
                raise _failed()
        world.seam("committed")

    def scrub(self) -> bool:
        """There is no file beside this database that what was deleted could stay in."""
        self.world.seam("scrubs")
        return True

    def leaves(self) -> int:
        """How many entries the log durably has."""
        row = self.file.execute("SELECT size FROM audit_head").fetchone()
        return int(row[0]) if row is not None else 0


def _failed() -> OperationalError:
    return OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))
