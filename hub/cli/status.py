"""How the hub stands, for the person on call: `concordat status`."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import click

from hub.cli.opening import the_hub
from hub.errors import ConcordatError
from hub.flow.house import House
from hub.flow.status import MEANS, Figures, concerns, figures
from hub.logs import set_up
from hub.worker.broker import BrokerProbe

NEEDS_A_PERSON = 2
"""Exit code when something needs a person; 1 is the command's own failure."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Tell how queues, partners' doors, log, clock and disk stand: the figures that /metrics tells.

    Ends with 0 when all is well, with 2 when something needs a person.
    """
    set_up()
    hub = the_hub()
    looked = hub.readiness(BrokerProbe(hub.celery()).is_away_now).now()
    found = _figures(hub.house)
    wrong = tuple(dict.fromkeys([*looked.unready, *looked.degraded, *(concerns(found) if found else ())]))
    if as_json:
        told = {"ready": not looked.unready, "needs_a_person": wrong, "figures": as_data(found) if found else None}
        click.echo(json.dumps(told, indent=2))
    else:
        for line in lines(found) if found else ():
            click.echo(line)
        for code in wrong:
            click.echo(f"! {code}: {MEANS.get(code, 'see docs/api.md')}")
        click.echo("Nothing needs a person." if not wrong else f"{len(wrong)} to look at.")
    ctx.exit(NEEDS_A_PERSON if wrong else 0)


def _figures(house: House) -> Figures | None:
    """The figures; None where the store does not give them, and then `Readiness` says why."""
    try:
        return figures(house)
    except ConcordatError:
        return None


def as_data(found: Figures) -> dict[str, Any]:
    """The figures for programs: times in seconds before now."""
    standing = found.queues
    return {
        "at": found.at.isoformat(),
        "queues": [
            {"lane": queue.lane, "agency": queue.agency, "waiting": queue.waiting, "due": queue.due,
             "late_seconds": found.late(queue).total_seconds(), "age_seconds": _since(found, queue.accepted_at)}
            for queue in standing.queues
        ],
        "oldest_unsent_seconds": _since(found, found.oldest_unsent),
        "in_flight": dict(standing.in_flight),
        "disclosures": {state.value: dict(counts) for state, counts in standing.by_state.items()},
        "held_overdue": dict(standing.held_overdue),
        "receipts_overdue": dict(standing.receipts_overdue),
        "doors": {agency: door.state.value for agency, door in standing.doors.items()},
        "log": {"size": found.log.size, "unsigned": found.log.unsigned,
                "decisions_unsigned": found.log.decisions_unsigned,
                "checkpoint_age_seconds": _since(found, found.log.signed_at)},
        "disk_free_bytes": found.free_bytes,
    }  # fmt: skip


def lines(found: Figures) -> Iterator[str]:
    """The figures for people."""
    standing = found.queues
    yield f"{'lane':<9} {'agency':<24} {'waiting':>8} {'may go':>8} {'late':>9} {'oldest':>9}"
    for queue in standing.queues:
        age = _short(found.at - queue.accepted_at)
        yield (
            f"{queue.lane:<9} {queue.agency:<24} {queue.waiting:>8} {queue.due:>8} "
            f"{_short(found.late(queue)):>9} {age:>9}"
        )
    if not standing.queues:
        yield "(nothing waits for a worker)"
    yield f"oldest unsent: {_ago(found, found.oldest_unsent)}"
    yield f"under way: {_counted(standing.in_flight)}"
    for state, counts in standing.by_state.items():
        yield f"{state.value}: {_counted(counts)}"
    yield f"held past their time: {_counted(standing.held_overdue)}"
    yield f"receipts overdue: {_counted(standing.receipts_overdue)}"
    doors = [f"{agency} {door.state.value}" for agency, door in standing.doors.items()]
    yield f"doors: {', '.join(doors) or 'none used'}"
    yield (
        f"log: {found.log.size} entries, {found.log.unsigned} of them ({found.log.decisions_unsigned} decisions) under "
        f"no checkpoint yet; the last one {_ago(found, found.log.signed_at)}"
    )
    free = f"{found.free_bytes // (1024 * 1024)} MiB" if found.free_bytes is not None else "not known here"
    yield f"free disk: {free}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{agency} {count}" for agency, count in counts.items()) or "none"


def _since(found: Figures, at: datetime | None) -> float | None:
    return (found.at - at).total_seconds() if at is not None else None


def _ago(found: Figures, at: datetime | None) -> str:
    return f"{_short(found.at - at)} ago" if at is not None else "none"


def _short(passed: timedelta) -> str:
    seconds = max(0, int(passed.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
