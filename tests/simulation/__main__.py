"""Run histories and say which went wrong: `python -m tests.simulation --help`."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.simulation.choices import shrunk
from tests.simulation.history import History, Plant, run
from tests.simulation.planted import PLANTED
from tests.simulation.stage import Stage

_CHUNK = 25
_stage: list[Stage] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 where a history went wrong."""
    asked = _arguments(arguments)
    plant = PLANTED[asked.planted] if asked.planted else None
    if asked.seed is not None:
        return _tell(run(_ready(), asked.seed, plant), plant, shrink=asked.shrink)
    began, steps, longest, scenes = time.monotonic(), 0, 0, Counter[str]()
    wrong: list[int] = []
    seeds = range(asked.first, asked.first + asked.seeds)
    _ready()  # before processes part, so that it is built once
    for number, (seed, scene, took, said) in enumerate(_all(seeds, asked.processes), start=1):
        steps, longest = steps + took, max(longest, took)
        scenes[scene] += 1
        if said:
            wrong.append(seed)
            print(f"seed {seed} ({scene}): {'; '.join(said)}", flush=True)
        if number % 1_000 == 0:
            print(f"{number} histories, {time.monotonic() - began:.0f} s", flush=True)
        if len(wrong) >= asked.stop_after:
            break
    seconds = time.monotonic() - began
    told = ", ".join(f"{name} {count}" for name, count in sorted(scenes.items()))
    print(f"{sum(scenes.values())} histories ({told}), {steps} steps, {longest} in the longest, "
          f"{seconds:.0f} s, {len(wrong)} wrong")  # fmt: skip
    if wrong:
        _tell(run(_ready(), wrong[0]), None, shrink=True)
    return 1 if wrong else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--stop-after", type=int, default=5, help="end after so many that went wrong")
    parser.add_argument("--seed", type=int, help="tell this one history")
    parser.add_argument("--shrink", action="store_true", help="and make it smaller where it went wrong")
    parser.add_argument("--planted", choices=sorted(PLANTED), help="with this bug in the hub")
    return parser.parse_args(arguments)


def _ready() -> Stage:
    if not _stage:
        _stage.append(Stage())
    return _stage[0]


def _all(seeds: range, processes: int) -> Iterator[tuple[int, str, int, tuple[str, ...]]]:
    if processes < 2:
        yield from map(_one, seeds)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap_unordered(_one, seeds, chunksize=_CHUNK)


def _one(seed: int) -> tuple[int, str, int, tuple[str, ...]]:
    done = run(_ready(), seed)
    return seed, done.scene, done.steps, done.wrong


def _tell(done: History, plant: Plant | None, *, shrink: bool) -> int:
    if done.wrong and shrink:
        kind = done.wrong[0].partition(":")[0]

        def fails(record: Sequence[int]) -> bool:
            return any(said.startswith(kind) for said in run(_ready(), done.seed, plant, record=record).wrong)

        print(f"seed {done.seed}: {len(done.record)} choices, made smaller")
        record = shrunk(done.record, fails)
        done = run(_ready(), done.seed, plant, record=record)
        print(f"{len(record)} choices are left, {sum(map(bool, record))} of them not the simplest")
    print(f"seed {done.seed}, scene {done.scene}, digest {done.digest}", *done.told, sep="\n  ")
    print(*(f"WRONG {said}" for said in done.wrong), sep="\n")
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
