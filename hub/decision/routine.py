"""What a landlord's routine flows need: the kinds of data without which the recipient cannot do its part.

An agreement that covers a flow covers all of these; what is needed only in some cases is for its parties to add.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from consent.needed import Need
from hub.decision.rulebook import Rulebook
from protocols.record import PREFIX, PersonRole, categories_of
from protocols.routine import Flow, parse_flows
from protocols.vocabulary import AgencyKind, DataCategory, Purpose

_CORE = (Need.MINIMAL, Need.ASKED)


@dataclass(frozen=True, slots=True)
class RoutineNeed:
    """One kind of recipient and one purpose of a routine flow, with the kinds of data that it cannot do without."""

    recipient: AgencyKind
    purpose: Purpose
    categories: frozenset[DataCategory]
    source: str


def routine_needs(rulebook: Rulebook, landlord: str, on: date) -> Iterator[RoutineNeed]:
    """The routine flows of a landlord, one for each purpose; none for a landlord whose policy names none."""
    for flow in _flows():
        if flow.landlord == landlord:
            for purpose in flow.purposes:
                needed = core_categories(rulebook, flow.recipient, purpose, on, flow.about)
                yield RoutineNeed(flow.recipient, purpose, needed, flow.source)


def core_categories(
    rulebook: Rulebook, kind: AgencyKind, purpose: Purpose, on: date, about: PersonRole = PersonRole.VICTIM
) -> frozenset[DataCategory]:  # fmt: skip
    """The kinds of data that this recipient needs as a rule (`consent/needs`), in a referral about that person.

    Less what the law takes out for this recipient whatever the case: no agreement is asked to cover that.
    """
    profile = rulebook.profiles.for_recipient(kind, purpose, on)
    core = (path for path, row in profile.needs.items() if row.need in _CORE
            and (path.startswith(f"{PREFIX[about]}.") or not row.subject_only))  # fmt: skip
    needed = frozenset[DataCategory]().union(*(categories_of(path, about) for path in core))
    return needed - _never_goes(rulebook, kind, purpose, on)


def _never_goes(rulebook: Rulebook, kind: AgencyKind, purpose: Purpose, on: date) -> frozenset[DataCategory]:
    here = {"recipient": kind.value, "purpose": purpose.value, "path": "ordinary"}
    return frozenset(
        DataCategory(category)
        for rule in rulebook.rules.rules
        if rule.effect == "strip" and rule.is_in_force(on) and rule.when.keys() <= {"category", *here}
        and all(value in rule.when.get(name, (value,)) for name, value in here.items())
        for category in rule.when["category"]
    )  # fmt: skip


@cache
def _flows() -> tuple[Flow, ...]:
    return parse_flows((files("protocols") / "routine.toml").read_text(encoding="utf-8"))
