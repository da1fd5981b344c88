"""Accept, send, receipt: the hub against the bare stack, turn by turn on the same store, database, broker and receiver.

- *while accepting*: so many referrals as fast as they are taken, by eight connections; first request to last arrival.
- *drain*: so many wait when it starts; first arrival to last.
- *latency*: at so many a second, from the moment at which the request began to its arrival at the partner.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.officers import one_recipient, send, wait_for
from bench.pairing import Pair
from bench.stage import Partners, Processes, Stage, bare, kinds, stage, start_bare
from hub.flow import enrol
from hub.flow.refer import refer
from hub.ids import Prefix, new_id

_SECONDS = 4
AT_MOST = 1.5
"""p95 of the hub to that of the bare stack, at the most."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One store: throughputs as pairs (items per second), latencies in milliseconds (p50 and p95), memory in MB."""

    while_accepting: Pair
    drain: Pair | None
    ours_ms: tuple[float, float]
    bare_ms: tuple[float, float]
    ratio_p95: float
    memory: tuple[float, float]


def run(rounds: int, each: int, per_second: float, postgres: str | None) -> dict[str, Figures]:
    """Figures by store."""
    return {kind: _measured(kind, rounds, each, per_second, postgres) for kind in kinds(postgres)}


def _measured(kind: str, rounds: int, each: int, per_second: float, postgres: str | None) -> Figures:
    with stage(kind, postgres) as ours, bare(kind, postgres, ours.partners) as (processes, places):
        drains: list[tuple[float, float]] = []
        if kind == "postgresql":  # on SQLite what waits for the bare stack is lost with its process
            address = start_bare(kind, processes, places, worker=False)
            drains = [_drained(ours, places, address, each) for _ in range(rounds)]
            processes.stop()
        at = ours.start(), start_bare(kind, processes, places)
        fast = [(_throughput(ours, at[0], each), _throughput(ours, at[1], each)) for _ in range(rounds + 1)]
        late = [(_paced(ours, at[0], per_second), _paced(ours, at[1], per_second)) for _ in range(rounds)]
        memory = ours.processes.memory_mb(), processes.memory_mb()
    return Figures(
        _pair(fast[1:]), _pair(drains) if drains else None,
        _quantiles([each for mine, _ in late for each in mine]),
        _quantiles([each for _, theirs in late for each in theirs]),
        statistics.median(_quantiles(mine)[1] / _quantiles(theirs)[1] for mine, theirs in late), memory,
    )  # fmt: skip


def _pair(rounds: list[tuple[float, float]]) -> Pair:
    return Pair(tuple(mine for mine, _ in rounds), tuple(theirs for _, theirs in rounds))


def _throughput(ours: Stage, address: str, each: int) -> float:
    before = ours.partners.count()
    sent = send([address], ours.token, _bodies(ours, each), at_once=8, per_second=None)
    wait_for(lambda: ours.partners.count() >= before + each, "all arrived")
    return each / (_last(ours.partners, each)[-1] - min(one.began for one in sent))


def _paced(ours: Stage, address: str, per_second: float) -> list[float]:
    """Milliseconds from the beginning of each request to its arrival, for some seconds at that pace."""
    before, count = ours.partners.count(), int(per_second * _SECONDS)
    sent = send([address], ours.token, _bodies(ours, count), at_once=16, per_second=per_second)
    wait_for(lambda: ours.partners.count() >= before + count, "all arrived")
    known = ours.asked()  # the hub sends under the id of the disclosure, the bare stack under what it answered
    there = ours.partners.arrivals()
    return [(there[known.get(one.referral, (one.referral, ""))[0]][1] - one.began) * 1_000 for one in sent]


def _drained(ours: Stage, places: dict[str, str], address: str, each: int) -> tuple[float, float]:
    """Items a second, ours and the bare stack's, of what waits when the workers start."""
    hub = ours.open()
    actor = enrol.who_is(hub.house, ours.token)
    for body in _bodies(ours, each):
        refer(hub.house, actor, body, new_id(Prefix.REFERRAL))
    hub.house.store.close()
    first = _rate(ours.partners, ours.start, each)
    ours.processes.stop()
    send([address], ours.token, _bodies(ours, each), at_once=8, per_second=None)
    workers = Processes()
    second = _rate(ours.partners, lambda: workers.start(["bench.bare_stack", "worker"], places, ""), each)
    workers.stop()
    return first, second


def _rate(partners: Partners, start: Callable[[], object], each: int) -> float:
    before = partners.count()
    start()
    wait_for(lambda: partners.count() >= before + each, "all arrived")
    times = _last(partners, each)
    return (each - 1) / (times[-1] - times[0])


def _last(partners: Partners, each: int) -> list[float]:
    """When the last ones arrived, in order."""
    return sorted(at for _, at in partners.arrivals().values())[-each:]


def _bodies(ours: Stage, count: int) -> list[bytes]:
    return [one_recipient(ours.agencies[0]) for _ in range(count)]


def _quantiles(found: list[float]) -> tuple[float, float]:
    return statistics.median(found), statistics.quantiles(found, n=20)[18]
