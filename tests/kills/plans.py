"""Which kills there are to make: every named point, with everybody who may die there."""

import random
from collections.abc import Iterator
from typing import Final

from tests.kills.hubs import BROKER, DATABASE, DATABASE_AT_ONCE, Kill
from tests.kills.points import API_POINTS, POINTS, WORKER_POINTS

_WHERE_THE_DATABASE_MATTERS: Final = (
    *(point for point in POINTS["scaled_out"] if point.endswith("_commit")), "send.before", "send.after",
)  # fmt: skip
_WHERE_THE_BROKER_MATTERS: Final = (
    "hint.before", "hint.after", "claim.after_commit", "send.after", "ack.before", "ack.after",
)  # fmt: skip
_OFTEN: Final = ("refer", "hint", "claim", "send", "settle", "ack")

Plan = dict[str, list[Kill]]
"""The kills to make through each process, in order."""


def every_kill(kind: str) -> list[Kill]:
    """Each point with each of its victims."""
    kills = [Kill(point) for point in POINTS[kind]]
    if kind == "scaled_out":
        kills += [
            Kill(point, victim) for victim in (DATABASE, DATABASE_AT_ONCE) for point in _WHERE_THE_DATABASE_MATTERS
        ]
        kills += [Kill(point, BROKER) for point in _WHERE_THE_BROKER_MATTERS]
    return kills


def in_turn(kind: str, chance: random.Random) -> Iterator[Plan]:
    """One kill at a time, for ever: each once in any order, then each again."""
    while True:
        kills = every_kill(kind)
        chance.shuffle(kills)
        for kill in kills:
            nth = chance.randint(1, 4) if kill.point.startswith(_OFTEN) else 1
            yield {_process(kind, kill, chance): [Kill(kill.point, kill.victim, nth)]}


def all_at_once(kind: str) -> Plan:
    """Every point once, each process killed again and again while the others are; and each server once."""
    if kind == "embedded":
        return {"up": [Kill(point) for point in POINTS[kind]]}
    return {
        "api": [Kill(point) for point in API_POINTS[::2]],
        "api_2": [*(Kill(point) for point in API_POINTS[1::2]), Kill("refer.before_commit", DATABASE_AT_ONCE)],
        "worker": [*(Kill(point) for point in WORKER_POINTS[::2]), Kill("send.after", DATABASE)],
        "worker_2": [Kill("claim.after_commit", BROKER), *(Kill(point) for point in WORKER_POINTS[1::2])],
    }


def _process(kind: str, kill: Kill, chance: random.Random) -> str:
    if kind == "embedded":
        return "up"
    return chance.choice(("api", "api_2") if kill.point in API_POINTS else ("worker", "worker_2"))
