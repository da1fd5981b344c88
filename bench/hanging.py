"""Eight healthy partners, alone and beside a ninth that takes every request and never answers.

p95 from the beginning of the request to its arrival at the healthy ones, turn by turn in one run of the same hub.
"""

import statistics
from dataclasses import dataclass

from bench.officers import Sent, one_recipient, send, wait_for
from bench.stage import Stage, kinds, stage

AT_MOST = 1.05
_HEALTHY = 8


@dataclass(frozen=True, slots=True)
class Beside:
    """p95 in milliseconds, round by round: alone, and beside the ninth."""

    alone: tuple[float, ...]
    beside: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median over rounds of beside to alone."""
        return statistics.median(two / one for one, two in zip(self.alone, self.beside, strict=True))


def run(rounds: int, per_second: float, seconds: float, postgres: str | None) -> dict[str, Beside]:
    """By store."""
    return {kind: _measured(kind, rounds, per_second, seconds, postgres) for kind in kinds(postgres)}


def _measured(kind: str, rounds: int, per_second: float, seconds: float, postgres: str | None) -> Beside:
    with stage(kind, postgres, doors=_HEALTHY, hanging=1) as ours:
        address = ours.start()
        count = int(per_second * seconds)
        _p95(ours, address, count, per_second, hanging=0)
        found = [
            (
                _p95(ours, address, count, per_second, hanging=0),
                _p95(ours, address, count, per_second, hanging=max(1, count // 9)),
            )
            for _ in range(rounds)
        ]
        return Beside(tuple(one for one, _ in found), tuple(two for _, two in found))


def _p95(ours: Stage, address: str, count: int, per_second: float, *, hanging: int) -> float:
    """Of the healthy ones; `hanging` referrals more are for the ninth, spread among the others at the same pace."""
    bodies = [one_recipient(ours.agencies[number % _HEALTHY]) for number in range(count)]
    for number in range(hanging):
        bodies.insert(number * (count // hanging + 1), one_recipient(ours.agencies[_HEALTHY]))
    sent = send([address], ours.token, bodies, at_once=16, per_second=per_second * len(bodies) / count)
    agencies = ours.asked()
    healthy = [one for one in sent if agencies[one.referral][1] != ours.agencies[_HEALTHY]]

    def arrived() -> bool:
        there = ours.partners.arrivals()
        return all(agencies[one.referral][0] in there for one in healthy)

    wait_for(arrived, "the healthy partners have all of it")
    return statistics.quantiles(_latencies(ours, agencies, healthy), n=20)[18]


def _latencies(ours: Stage, agencies: dict[str, tuple[str, str]], sent: list[Sent]) -> list[float]:
    there = ours.partners.arrivals()
    return [(there[agencies[one.referral][0]][1] - one.began) * 1_000 for one in sent]
