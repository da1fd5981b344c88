"""What the embedded hub costs while nothing happens, and what it holds on to while much does."""

from dataclasses import dataclass
from time import sleep

from bench.officers import one_recipient, send, wait_for
from bench.stage import stage

LIMIT_OF_CPU = 1.0
"""Per cent of one processor."""
_SETTLES_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Idle:
    """Per cent of one processor while idle; megabytes (PSS) after each tenth of so many items."""

    cpu: float
    items: int
    memory: tuple[float, ...]


def run(seconds: float, items: int) -> Idle:
    """The embedded hub alone."""
    with stage("sqlite", None) as ours:
        address = ours.start()
        sleep(_SETTLES_SECONDS)
        before = ours.processes.cpu_seconds()
        sleep(seconds)
        cpu = (ours.processes.cpu_seconds() - before) / seconds * 100
        memory = []
        for _ in range(10):
            there = ours.partners.count()
            tenth = items // 10
            send([address], ours.token, [one_recipient(ours.agencies[0]) for _ in range(tenth)], at_once=8,
                 per_second=None)  # fmt: skip
            wait_for(lambda goal=there + tenth: ours.partners.count() >= goal, "all arrived", 3_600)  # type: ignore[misc]
            memory.append(ours.processes.memory_mb())
    return Idle(cpu, items, tuple(memory))
