"""Survey: which of a landlord's routine flows no agreement covers, before a case shows it."""

from dataclasses import dataclass

from hub.access.roles import Act, Actor, require, require_landlord
from hub.decision.routine import RoutineNeed, routine_needs
from hub.flow.house import House
from hub.register import agencies, agreements, landlords
from hub.store.scope import of_landlord
from protocols.coverage import Coverage, covers


@dataclass(frozen=True, slots=True)
class FlowSeen:
    """One routine flow of a landlord to one agency (None: the register has none of that kind), and what covers it."""

    need: RoutineNeed
    agency: str | None
    coverage: Coverage

    @property
    def is_covered(self) -> bool:
        """Whether an agreement that counts lets all of it pass."""
        return self.agency is not None and self.coverage.is_complete


def routine_flows(house: House, actor: Actor | None, landlord: str) -> tuple[FlowSeen, ...]:
    """The routine flows that a landlord's policy names, against the agreements that count today. Raises NotFound."""
    if actor is not None:
        require(actor, Act.READ_AGREEMENTS)
        if actor.landlord is not None:
            require_landlord(actor, landlord)
    on = house.clock.now().date()
    with house.store.read(of_landlord(landlord)) as tx:
        landlords.get(tx, landlord)
        counting, known = agreements.counting(tx, landlord), agencies.listed(tx)
    found: list[FlowSeen] = []
    for need in routine_needs(house.rulebook, landlord, on):
        those = [entry.id for entry in known if entry.kind is need.recipient and entry.suspended_at is None]
        found += [
            FlowSeen(need, agency or None, covers(
                counting, landlord=landlord, agency=agency, kind=need.recipient, purpose=need.purpose,
                categories=need.categories, on=on,
            ))
            for agency in those or [""]
        ]  # fmt: skip
    return tuple(found)
