"""Parked: what stopped being tried, told to whoever must decide: why, what happened, and what a replay would do."""

from dataclasses import dataclass

from hub.access.roles import Act, Actor
from hub.delivery import causes, history, leases, outbox
from hub.delivery.history import History
from hub.delivery.outbox import DisclosureRow
from hub.flow.house import House
from hub.flow.sight import landlord_of, list_waiting
from hub.register import agencies
from hub.store.unit_of_work import Reading

_MAY_HAVE_ARRIVED = (*leases.MAY_HAVE_IT, None)

_BARRED = {
    "agency_suspended": "it would be parked again until two people have ended the agency's suspension",
    "door_unconfirmed": "it would be parked again until two people have confirmed the agency's door",
    "key_unconfirmed": "it would be parked again until two people have confirmed the agency's key",
    "door_cooling_off": "it would be parked again until the cooling-off of the agency's door is over",
    "key_cooling_off": "it would be parked again until the cooling-off of the agency's key is over",
    "no_door": "it would be parked again until the administrator has set up a connector for the agency",
    "unsafe_contact": "it would be parked again for as long as that contact is marked as unsafe",
}
_DECIDED = "it is decided again on today's facts, and where it still may go, "
_SENT = "it is sent"
_REPEATED = "it is sent once more under the same id, by which the agency notices a repeat"
_YOUR_WORD = "it is sent once more; this agency notices no repeat, so you say that the earlier attempt did not arrive"
_FETCHED = "it waits until the agency fetches it"


@dataclass(frozen=True, slots=True)
class Parked:
    """A disclosure that waits for a person: the cause in words, what happened so far, and what a replay would do."""

    row: DisclosureRow
    says: str
    history: History
    on_replay: str


def list_parked(house: House, actor: Actor) -> tuple[Parked, ...]:
    """What stopped being tried and waits for a person of the actor's landlord: most urgent first, then oldest."""
    landlord = landlord_of(actor, Act.RESUME)
    with house.store.read(actor.scope) as tx:
        rows = list_waiting(tx, actor, landlord, outbox.parked)
        happened = history.of(tx, [row.id for row in rows])
        barred = {agency: _barred(house, tx, agency) for agency in {row.agency for row in rows}}
    return tuple(
        Parked(row, causes.in_words(row.cause), happened[row.id],
               _on_replay(house, row, happened[row.id], barred[row.agency]))
        for row in rows
    )  # fmt: skip


def _barred(house: House, tx: Reading, agency: str) -> str | None:
    """What is in the way of the agency itself now, whatever had parked the disclosure."""
    if agency not in house.doors:
        return "no_door"
    return agencies.in_the_way(tx, agency, house.doors.digest(agency), house.clock.now())


def _on_replay(house: House, row: DisclosureRow, happened: History, barred: str | None) -> str:
    unsafe = row.cause if row.cause == "unsafe_contact" else None  # whether it still is shows at the door alone
    in_the_way = barred or unsafe
    if in_the_way is not None:
        return _BARRED[in_the_way]
    if house.doors.is_collected(row.agency):
        return _DECIDED + _FETCHED
    if not any(tried.outcome in _MAY_HAVE_ARRIVED for tried in happened.attempts):
        return _DECIDED + _SENT
    return _DECIDED + (_REPEATED if house.doors.can_repeat(row.agency) else _YOUR_WORD)
