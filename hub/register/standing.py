"""Where a version of an agreement stands with one landlord: drafted, approved by two people, suspended, withdrawn.

Nothing is changed, only added: what people did, in the hub's own order, says where it stands. Whoever drafted a version
never approves it. To stop is quick and takes one person; to go, or to go on, takes two. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from hub.errors import Conflict, NotAllowed

PEOPLE = 2
"""How many different people approve a version, and how many have a suspended one go on."""


@unique
class Step(StrEnum):
    """What somebody does about a version. `carried_over`: it counted before approvals were asked for."""

    APPROVED = "approved"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"
    CARRIED_OVER = "carried_over"


@unique
class Stand(StrEnum):
    """Where a version stands, dates and newer versions apart."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that somebody took."""

    step: Step
    person: str
    at: datetime
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a version stands, who stands so far behind the next thing that takes two, and whether it ever counted."""

    stand: Stand = Stand.DRAFT
    behind: frozenset[str] = frozenset()
    counted: bool = False


def standing(steps: Iterable[Taken], author: str) -> Standing:
    """What the steps, in order, come to. A step that was not open when it was taken changes nothing."""
    found = Standing()
    for taken in steps:
        found = _after(found, taken, author)
    return found


def check(found: Standing, step: Step, person: str, author: str) -> None:
    """Raise NotAllowed where this person may not take the step, Conflict where nobody can take it now."""
    needs = _NEEDS[step]
    if found.stand not in needs:
        raise Conflict("AGREEMENT_STANDS_OTHERWISE", f"this can be done to one that is {' or '.join(needs)}, and "
                       f"it is {found.stand}")  # fmt: skip
    if step in _TAKES_TWO and person == author:
        raise NotAllowed("AUTHOR_IS_APPROVER", "whoever put this version on file cannot approve it; ask two others")
    if step in _TAKES_TWO and person in found.behind:
        raise Conflict("APPROVED_BEFORE", "you did this before; a second person is needed")


_TAKES_TWO = {Step.APPROVED: Stand.DRAFT, Step.RESUMED: Stand.SUSPENDED}
_NEEDS = {
    Step.APPROVED: (Stand.DRAFT,),
    Step.RESUMED: (Stand.SUSPENDED,),
    Step.SUSPENDED: (Stand.APPROVED, Stand.SUSPENDED),
    Step.WITHDRAWN: (Stand.DRAFT, Stand.APPROVED, Stand.SUSPENDED),
    Step.CARRIED_OVER: (Stand.DRAFT,),
}


def _after(found: Standing, taken: Taken, author: str) -> Standing:
    if found.stand not in _NEEDS[taken.step]:
        return found
    match taken.step:
        case Step.SUSPENDED:  # again: whoever stood behind going on has to look again
            return Standing(Stand.SUSPENDED, counted=True)
        case Step.WITHDRAWN:
            return Standing(Stand.WITHDRAWN, counted=found.counted)
        case Step.CARRIED_OVER:
            return Standing(Stand.APPROVED, counted=True)
        case Step.APPROVED | Step.RESUMED:
            behind = found.behind | ({taken.person} - {author})
            goes = len(behind) >= PEOPLE
            return Standing(Stand.APPROVED, counted=True) if goes else Standing(found.stand, behind, found.counted)
