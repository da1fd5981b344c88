"""Every expectation of the demonstration as one sentence, held or not; and those that follow from an example file."""

from collections.abc import Iterable, Sequence

from hub.api.shapes.referrals import DisclosureOut
from hub.cli.demo.arrivals import Arrival, plain
from hub.cli.demo.examples import Case, ExpectedRecipient

_SHORTEST = 6
"""Letters a value must have to be looked for by itself: shorter ones ("home", "high") stand in any text."""


class Checks:
    """Sentences that must be true, counted; the ones that are not are kept."""

    def __init__(self) -> None:
        """Nothing was checked yet."""
        self.held = 0
        self.failed: list[str] = []

    def that(self, sentence: str, *, holds: bool) -> bool:
        """Note whether the sentence holds, and return that."""
        if holds:
            self.held += 1
        else:
            self.failed.append(sentence)
        return holds


def check_decision(checks: Checks, case: Case, told: DisclosureOut) -> None:
    """Outcome, state, grounds, duties, reasons and what was withheld for one agency are what the example expects."""
    wanted, where = case.expected.of(told.agency), f"{case.name}, {told.agency}"
    decision = told.decision
    checks.that(f"{where}: outcome is {wanted.outcome.value}, not {decision.outcome}",
                holds=decision.outcome == wanted.outcome.value)  # fmt: skip
    checks.that(f"{where}: state is {wanted.state.value}, not {told.state} ({told.cause or 'no cause'})",
                holds=told.state == wanted.state.value)  # fmt: skip
    for ground in wanted.basis:
        checks.that(f"{where}: rests on {ground.citation}", holds=ground.value in decision.basis)
    for duty in wanted.obligations:
        checks.that(f"{where}: carries the duty {duty.value}", holds=duty.value in decision.obligations)
    for citation in wanted.reasons:
        given = [cite for reason in decision.reasons for cite in reason.cites]
        checks.that(f"{where}: a reason cites {citation}", holds=_among(citation, given))
    for item in wanted.withheld:
        given = [cite for entry in decision.withheld if entry.path == item.path for cite in entry.cites]
        checks.that(f"{where}: {item.path} is withheld under {item.cites}", holds=_among(item.cites, given))


def check_arrival(checks: Checks, case: Case, told: DisclosureOut, arrivals: Sequence[Arrival]) -> None:
    """One agency has this disclosure once, whole as decided, and nothing that was withheld."""
    where = f"{case.name}, {told.agency}"
    if not checks.that(f"{where}: it came there once", holds=len(arrivals) == 1):
        return
    arrival, wanted = arrivals[0], case.expected.of(told.agency)
    for phrase in wanted.arrives:
        checks.that(f'{where}: "{phrase}" came', holds=arrival.holds(phrase))
    check_absence(checks, case, wanted, arrivals)
    going, cut = set(told.sent_paths), {(entry.path, entry.of) for entry in told.decision.withheld}
    if arrival.told is not None:
        checks.that(f"{where}: what came is what was decided, item by item",
                    holds={path for path, _ in arrival.told} == going)  # fmt: skip
    whole = [item for item in case.items if item.path in going and (item.path, item.of) not in cut]
    for item in whole:
        checks.that(f"{where}: {item.path} came as it was written", holds=plain(item.value) in arrival.words)
    sent = plain("\n".join(item.value for item in whole))
    for item in case.items:
        guarded = (item.path, item.of) in cut and item.path not in going and len(item.value) >= _SHORTEST
        if guarded and plain(item.value) not in sent:
            checks.that(f"{where}: {item.path}, withheld, is in no byte that came", holds=not arrival.holds(item.value))


def check_absence(checks: Checks, case: Case, wanted: ExpectedRecipient, arrivals: Iterable[Arrival]) -> None:
    """None of the words that must never reach this agency is in any byte that did."""
    for arrival in arrivals:
        for phrase in wanted.never:
            checks.that(f'{case.name}, {wanted.agency}: "{phrase}" did not come', holds=not arrival.holds(phrase))


def _among(wanted: str, given: Iterable[str]) -> bool:
    return any(wanted in cite for cite in given)
