"""Whom a held decision asks for, by when, and whether those who authorised it are they (law.md 4.7). Pure.

A decision names its authorisers in a sentence: the words of each rule that holds it, parted by semicolons. Every part
must be answered. `SENTENCES` is closed, and a test holds it to every rule of the law and the policies.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations

from consent.decision import Decision
from hub.working_days import after_working_hours, end_of_working_day
from protocols.vocabulary import Outcome

Seat = frozenset[str]
"""Kinds of authoriser, any one of which may sit here."""

Panel = tuple[Seat, ...]
"""Seats that as many different people must take."""

_LEADS: Seat = frozenset({"service manager", "safeguarding lead"})
_DPO: Seat = frozenset({"data protection officer"})

SENTENCES: Mapping[str, Panel] = {
    "service manager or safeguarding lead": (_LEADS,),
    "safeguarding lead": (frozenset({"safeguarding lead"}),),
    "data protection officer": (_DPO,),
    "director and data protection officer": (frozenset({"director"}), _DPO),
    "HR lead, with the employee": (frozenset({"HR lead"}),),
}  # fmt: skip

CLOCKS: Mapping[str, Callable[[datetime], datetime | None]] = {
    "4 working hours": lambda now: after_working_hours(now, 4),
    "same day": lambda now: end_of_working_day(now, 0),
    "1 working day": lambda now: end_of_working_day(now, 1),
    # The hub is not told when a request came in. A month is the law's most (UK GDPR Art 12(3)); this is our own, less.
    "within the time for the request": lambda now: now + timedelta(days=21),
    "before publication": lambda _now: None,
}
"""When each clock of the rules runs out; None where no hour ends it."""


@dataclass(frozen=True, slots=True)
class Review:
    """An authoriser's word: the person, and the kinds of authoriser they were then."""

    person: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a held disclosure waits for: whom, within what, and until when. All None where it waits for nobody."""

    authoriser: str | None = None
    within: str | None = None
    review_due_at: datetime | None = None


def asked_of(decision: Decision, now: datetime) -> Asked:
    """Whom this decision waits for from now on."""
    if decision.outcome is not Outcome.NEEDS_AUTHORISER or decision.within is None:
        return Asked()
    return Asked(decision.authoriser, decision.within, CLOCKS[decision.within](now))


def panels(sentence: str | None) -> tuple[Panel, ...]:
    """The panels that a sentence asks for, all of them needed. Raises LookupError for one that is in no rule."""
    return tuple(SENTENCES[part] for part in (sentence or "").split("; "))


def may_answer(sentence: str | None, kinds: Collection[str]) -> bool:
    """Whether somebody of these kinds is asked for at all."""
    return any(seat & set(kinds) for panel in panels(sentence) for seat in panel)


def adds(sentence: str | None, before: Collection[Review], review: Review) -> bool:
    """Whether a further authorisation answers what those before it left open."""
    return _filled(sentence, [*before, review]) > _filled(sentence, before)


def are_enough(sentence: str | None, reviews: Collection[Review]) -> bool:
    """Whether every seat is taken, and no two seats of one panel by the same person."""
    return _filled(sentence, reviews) == sum(len(panel) for panel in panels(sentence))


def findings_of(decision: Decision) -> frozenset[str]:
    """What an authoriser authorises: the findings that hold it, and the gaps."""
    held_by = {reason.code for reason in decision.reasons if reason.determining}
    return frozenset(held_by | {f"gap:{name}" for name in decision.gaps})


def _filled(sentence: str | None, reviews: Collection[Review]) -> int:
    return sum(_seated(panel, _by_person(reviews)) for panel in panels(sentence))


def _by_person(reviews: Collection[Review]) -> list[Seat]:
    found: dict[str, Seat] = {}
    for review in reviews:
        found[review.person] = found.get(review.person, frozenset()) | review.kinds
    return list(found.values())


def _seated(panel: Panel, people: list[Seat]) -> int:
    """How many seats different people can take at once; panels are small, so every way of sitting is tried."""
    with_gaps = [*people, *[frozenset[str]()] * len(panel)]
    return max(
        sum(bool(seat & person) for seat, person in zip(panel, order, strict=True))
        for order in permutations(with_gaps, len(panel))
    )
