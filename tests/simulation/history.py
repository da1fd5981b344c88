"""One history: who acts is chosen from seam to seam, then everything comes to rest, then the oracle looks at it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from hub.flow.deliver import deliver_due
from tests.simulation import oracle
from tests.simulation.cast import cast
from tests.simulation.choices import Choices, Drawn, Repeated
from tests.simulation.evidence import Evidence, gather
from tests.simulation.play import Act, Answers, Play, patiently
from tests.simulation.randomness import all_from
from tests.simulation.scenes import BEGINS
from tests.simulation.stage import Stage
from tests.simulation.strands import Strand
from tests.simulation.workers import Timetable, witnesses
from tests.simulation.world import ROUGH, USUAL, World

_MOVES = tuple(timedelta(seconds=seconds) for seconds in (1, 31, 61, 95, 1_300, 3_700, 15_000))
_MOVES_WEIGHTS = (2, 4, 8, 4, 3, 2, 1)
_MOST_STEPS = 400
_MOST_SWEEPS = 40
_ROWS = 10
_WAITING = (
    "SELECT (SELECT COUNT(*) FROM outbox WHERE ready OR recall = 'due' OR lease_until > ?) + "
    "(SELECT COUNT(*) FROM follow_up WHERE look_at IS NOT NULL)"
)
_SOONEST = (
    "SELECT MIN(at) FROM (SELECT due_at AS at FROM outbox WHERE ready UNION ALL SELECT lease_until FROM outbox "
    "UNION ALL SELECT look_at FROM follow_up UNION ALL SELECT at FROM lapse "
    "UNION ALL SELECT probe_at FROM door_state UNION ALL SELECT paced_until FROM door_state) WHERE at > :now"
)


class Plant(Protocol):
    """A bug for one history, and what makes it likely to show."""

    scenes: tuple[str, ...]
    acts: tuple[Act, ...]

    def __call__(self, stage: Stage) -> AbstractContextManager[None]:
        """The hub with this bug, until the end of the block."""
        ...


@dataclass(frozen=True)
class History:
    """What happened, what is wrong with it, and what its bytes add up to."""

    seed: int
    scene: str
    told: tuple[str, ...]
    wrong: tuple[str, ...]
    digest: str
    record: tuple[int, ...]
    steps: int


def run(stage: Stage, seed: int, plant: Plant | None = None, *, record: Sequence[int] | None = None) -> History:
    """The history of a seed; with a `record`, of these choices instead; with a `plant`, of a hub with that bug."""
    choices: Choices = Drawn(seed) if record is None else Repeated(record)
    world = World(choices, BEGINS)
    among = [scene for scene in stage.scenes if plant is None or scene.name in plant.scenes]
    scene = among[choices.below(len(among))]
    world.weather = (USUAL, ROUGH)[choices.weighted((3, 1) if plant is None else (0, 1))]
    with all_from(f"hub {seed}"):
        stage.begin(world, scene)
        play = Play(stage, world, scene, Answers(dict(scene.accepted), dict.fromkeys(scene.accepted, BEGINS)))
        with plant(stage) if plant is not None else nullcontext():
            steps, problems = _act(play, cast(play, plant.acts if plant is not None else ()))
            problems += _come_to_rest(play)
    evidence = gather(play)
    wrong = (*problems, *oracle.judge(evidence))
    return History(seed, scene.name, tuple(world.told), wrong, _digest(evidence, world), tuple(choices.taken), steps)


def _act(play: Play, roles: Mapping[str, Act]) -> tuple[int, list[str]]:
    world, choices = play.world, play.world.choices
    world.hints = [each for each in play.ids("SELECT disclosure_id FROM outbox WHERE ready") if choices.below(2)]
    strands = [Strand(name, partial(patiently, play, act)) for name, act in roles.items()]
    world.is_calm, steps = False, 0
    try:
        while (alive := [each for each in strands if not each.is_over]) and steps < _MOST_STEPS:
            steps += 1
            match choices.weighted(world.weather.steps):
                case 0:
                    chosen = alive[choices.below(len(alive))]
                    strands.remove(chosen)  # to the end: the simplest choice is whoever has waited longest
                    strands.append(chosen)
                    _step(world, chosen)
                case 1:
                    world.move(_MOVES[choices.weighted(_MOVES_WEIGHTS)])
                case 2:
                    process = alive[choices.below(len(alive))].process
                    _kill(world, [each for each in alive if each.process == process])
                case _:
                    _kill(world, alive)
                    _start_again(play)
                    # Whose request got no answer asks again; workers are started again by their supervisor.
                    strands += [Strand(each.name, each.script) for each in alive if each.name == each.process]
            strands += world.begun
            world.begun.clear()
    finally:
        left = [each for each in (*strands, *world.begun) if not each.is_over]
        _kill(world, left)
        world.is_calm, world.strand = True, None
    problems = [f"{each.name}: {each.problem!r}" for each in strands if each.problem is not None]
    if alive:  # every act ends by itself: whoever still goes on goes round in a ring
        problems.append(f"unending: after {steps} steps there are still {', '.join(each.name for each in alive)}")
    return steps, problems


def _step(world: World, strand: Strand) -> None:
    world.strand = strand
    strand.step()
    world.strand = None


def _kill(world: World, strands: list[Strand]) -> None:
    for strand in strands:
        world.strand = strand
        world.tell(f"killed at {strand.at}")
        strand.kill()
    world.strand = None


@contextmanager
def _calm(world: World) -> Iterator[None]:
    before, world.is_calm = world.is_calm, True
    yield
    world.is_calm = before


def _start_again(play: Play) -> None:
    with _calm(play.world):
        play.world.hints.clear()
        play.world.starts.append(play.world.now())
        play.stage.start_again()
        play.world.tell("the hub starts again")


def _come_to_rest(play: Play) -> list[str]:
    """No more faults: sweeps and the clock alone, until nothing is due any more and never will be."""
    world = play.world
    world.tell("--- calm")
    house, file = play.stage.house, play.stage.disk.file
    timetable = Timetable(house)
    for _ in range(_MOST_SWEEPS):
        try:
            timetable.sweep()
            deliver_due(house, "calm", _ROWS)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is told with its history
            return [f"at rest: {problem!r}"]
        (waiting,) = file.execute(_WAITING, (_kept(world.now()),)).fetchone()
        if not waiting:
            witnesses(play)
            return []
        (soonest,) = file.execute(_SOONEST, {"now": _kept(world.now())}).fetchone()
        if soonest is not None:
            world.now_at = datetime.fromtimestamp(soonest / 1_000_000, UTC)
    return ["at rest: it never comes to rest"]


def _kept(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _digest(evidence: Evidence, world: World) -> str:
    said = [*evidence.raw, *(f"{each}".encode() for each in evidence.arrivals), *(each.encode() for each in world.told)]
    return hashlib.sha256(b"\n".join(said)).hexdigest()
