"""What the processes of the hub do in a history by themselves: couriers, the timetable; and a witness of its log."""

from collections import deque
from collections.abc import Callable
from threading import Event

from hub.errors import Unavailable
from hub.flow import checkpoint
from hub.flow.house import House
from hub.flow.release import Intent
from hub.worker import tasks
from hub.worker.courier import Courier
from tests.simulation.play import TRIES, Play, Signed
from tests.simulation.world import World


def works(play: Play) -> None:
    """A worker process: its courier looks when a hint wakes it, or by itself, and settles what its senders bring back.

    The courier's own code, in place of whose threads there are strands.
    """
    world = play.world
    courier = Courier.__new__(Courier)
    courier._house, courier._hands, courier._kept_for_danger = play.stage.house, 3, 1
    courier._ended, courier._under_way = deque(), 0
    courier._woken, courier._stopping, courier._senders = Event(), Event(), _Hands(world)  # type: ignore[assignment]
    looks = 1 + world.choices.below(2)
    while looks > 0 or courier._under_way:
        looks -= 1
        if looks >= 0 and not _is_woken(play):
            continue
        try:
            busy = courier._settle() + (courier._claim().dealt if looks >= 0 else 0)
        except Unavailable:
            world.tell("store away, looks again")
            looks = max(looks, 0) + 1 if looks > -TRIES else looks
            busy = 1
        if not busy or courier._under_way:
            world.seam("waits")


def _is_woken(play: Play) -> bool:
    """By a hint, whichever the broker gives it, or by the hour; where neither comes, it does not look."""
    if play.world.hints:
        play.world.heard.append(play.world.hints.pop(play.world.choices.below(len(play.world.hints))))
        play.world.tell(f"hears of {play.world.heard[-1]}")
        return True
    return play.world.choices.weighted((1, 1)) == 0


class _Hands:
    """The courier's senders: each attempt on a strand of its own."""

    def __init__(self, world: World) -> None:
        self._world, self._count = world, 0

    def submit(self, send: Callable[[Intent], None], intent: Intent) -> None:
        self._count += 1
        self._world.begin(f"hand{self._count}", lambda: send(intent), intent.claim.attempt)


class Timetable:
    """The tasks of a house, called by name as Celery would."""

    def __init__(self, house: House) -> None:
        self._tasks: dict[str, Callable[[], None]] = {}
        tasks.bind(self, house, lambda: None)

    def task(self, called: Callable[[], None], *, name: str, shared: bool) -> None:
        self._tasks[name] = called

    def sweep(self) -> None:
        self._tasks[tasks.SWEEP]()


def sweeps(play: Play) -> None:
    play.world.tell("sweeps")
    Timetable(play.stage.house).sweep()


def witnesses(play: Play) -> None:
    """Somebody outside has the head of the log signed, and keeps what it was given."""
    before = play.stage.disk.leaves()
    text = checkpoint.checkpoint(play.stage.house)
    play.answers.signed.append(Signed(text, before, play.stage.disk.leaves()))
    play.world.tell(f"has a checkpoint of {text.splitlines()[1]} entries")
