"""`python -m tests.kills --rounds N --backend embedded|scaled_out`: kill a hub N times, check its history each time.

Each round: load, one kill at a named point, everything brought back, everything settled, the export taken and checked
against the partners' ledgers. Every 20 rounds a new hub. Ends with how often each kill was made and how many faults of
each class there are; with status 1 where there is one, and then the evidence stays.
"""

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import click

from tests.history.checker import CLASSES, Fault, counted
from tests.kills.hubs import KINDS, KilledHub, Servers, running
from tests.kills.plans import Plan, in_turn

_ROUNDS_OF_ONE_HUB = 20


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(1), default=100, show_default=True)
@click.option("--backend", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--seed", type=int, help="Of the order of the kills; told at the start.")
def main(rounds: int, backend: str, seed: int | None) -> None:
    """Run from the command line."""
    seed = seed if seed is not None else time.time_ns() % 1_000_000
    click.echo(f"{rounds} rounds on {backend}, seed {seed}")
    plans = list(islice(in_turn(backend, random.Random(seed)), rounds))  # noqa: S311 - an order, not a secret
    made: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    found: list[Fault] = []
    servers = Servers(backend)
    try:
        for first in range(0, len(plans), _ROUNDS_OF_ONE_HUB):
            folder = Path(tempfile.mkdtemp(prefix="concordat_kills_"))
            click.echo(f"a new hub, in {folder} until no fault is found in its history")
            with running(backend, folder, servers) as hub:
                faults = _rounds(hub, plans[first : first + _ROUNDS_OF_ONE_HUB], first, made)
                answers.update(accepted=hub.load.accepted, withdrawn=hub.load.withdrawn)
            found += faults
            if not faults:
                shutil.rmtree(folder)
    finally:
        servers.stop()
    for kill, times in sorted(made.items()):
        click.echo(f"{times:5d}  {kill}")
    click.echo(f"{sum(made.values())} kills, {answers['accepted']} referrals accepted, {answers['withdrawn']} consents "
               "withdrawn; " + ", ".join(f"{counted(found)[kind]} {kind}" for kind in CLASSES))  # fmt: skip
    sys.exit(1 if found else 0)


def _rounds(hub: KilledHub, plans: list[Plan], first: int, made: Counter[str]) -> list[Fault]:
    """Kill and check, until a fault is found; returns the faults."""
    for number, plan in enumerate(plans, start=first + 1):
        began = time.monotonic()
        hub.kill_all(plan)
        ((process, (kill,)),) = plan.items()
        faults = hub.judge()
        made[str(kill)] += 1
        took = time.monotonic() - began
        click.echo(f"round {number}: {kill} ({process}, {kill.nth}.): {len(faults)} faults, {took:.1f} s")
        for fault in faults:
            click.echo(f"  {fault.kind} {fault.about}: {fault.why}")
        for told in hub.unexpected():
            click.echo(f"  {told}")
        if faults:
            return faults
    return []


if __name__ == "__main__":
    main()
