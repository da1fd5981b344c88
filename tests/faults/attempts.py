"""What one attempt came to, and whether a series of attempts was right about what became of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connectors.contract import DeliveryProblem, Receipt, Refused, TryLater, Unsure

SHORT = 0.5
"""The deadline, in seconds, where a peer goes on for ever. Nothing measures it: without one, no test would end."""


@dataclass(frozen=True)
class Outcome:
    """One of the four, with its code, and with the wait that was asked for."""

    kind: type
    code: str | None = None
    after: float | None = None
    receipt: Receipt | None = None


def attempt(deliver: Callable[[], Receipt]) -> Outcome:
    """The outcome; anything that a transport may not raise is let through, and fails the test."""
    try:
        receipt = deliver()
    except TryLater as problem:
        return Outcome(TryLater, problem.code, problem.after)
    except DeliveryProblem as problem:
        return Outcome(type(problem), problem.code)
    return Outcome(Receipt, receipt=receipt)


def patiently(send: Callable[[float], Outcome], wanted: type) -> Outcome:
    """The outcome with the shortest deadline by which this machine gets as far as the fault; the last one otherwise.

    What hangs is left at the deadline, so that is short; on a busy machine a short one is over before anything left.
    """
    outcome = send(SHORT)
    for seconds in (2.0, 8.0, 30.0):
        if outcome.kind is wanted:
            break
        outcome = send(seconds)
    return outcome


def wrong(outcomes: Mapping[str, Outcome], taken: Counter[str]) -> list[tuple[str, Outcome, int]]:
    """Attempts, by key, that say something else than the peer's own ledger: a receipt for what was not taken once, and
    any word but Unsure (or a receipt) for what was."""
    return [(key, outcome, taken[key]) for key, outcome in outcomes.items() if not _is_right(outcome, taken[key])]


def _is_right(outcome: Outcome, taken: int) -> bool:
    if outcome.kind is Receipt:
        return taken == 1
    return taken <= 1 if outcome.kind is Unsure else taken == 0


def kinds(outcomes: Iterable[Outcome]) -> set[type]:
    return {outcome.kind for outcome in outcomes}


__all__ = [
    "SHORT", "Outcome", "Receipt", "Refused", "TryLater", "Unsure", "attempt", "kinds", "patiently", "wrong",
]  # fmt: skip
