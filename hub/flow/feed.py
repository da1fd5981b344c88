"""Feed: what happened to disclosures for a partner, and what waits to be fetched, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import follow_ups, outbox, receipts
from hub.delivery.follow_ups import FollowUp
from hub.delivery.outbox import DisclosureRow
from hub.delivery.receipts import FeedEvent
from hub.errors import Conflict, NotFound
from hub.flow.house import House
from hub.register import agencies
from hub.store.unit_of_work import Reading

LARGEST_PAGE = 200
LARGEST_POSITION = 2**53 - 1
"""Beyond it, neither the log nor every reader of JSON keeps a number exactly."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events after a position, what waits to be fetched, and the position to ask after next time.

    `about` says of those that follow up an earlier one which, and what has become of it: a tombstone.
    """

    events: tuple[FeedEvent, ...]
    waiting: tuple[DisclosureRow, ...]
    cursor: int
    about: Mapping[str, FollowUp] = field(default_factory=dict)


def read_feed(house: House, actor: Actor, after: int, limit: int) -> FeedPage:
    """What happened to disclosures for this partner since `after`; at most `LARGEST_PAGE` events.

    Logged when it tells anything: a partner that asks each second would else make the log grow without end. Raises
    Conflict while the agency is suspended.
    """
    require(actor, Act.READ_FEED)
    agency = agency_of(actor)
    with house.store.read(actor.scope) as tx:
        if agencies.get(tx, agency).suspended_at is not None:
            raise suspended()
        if _told(house, tx, agency, after, limit) == ((), ()):
            return FeedPage((), (), after)
    with house.store.write(actor.scope) as tx:
        events, waiting = _told(house, tx, agency, after, limit)
        about = follow_ups.among(tx, {*(event.disclosure_id for event in events), *(row.id for row in waiting)})
        log.append(tx, [Entry(EntryKind.FEED_READ, house.clock.now(), actor.person, {
            "agency": agency, "items": len(events), "after": after,
        })])  # fmt: skip
    return FeedPage(events, waiting, events[-1].position if events else after, about)


def _told(
    house: House, tx: Reading, agency: str, after: int, limit: int
) -> tuple[tuple[FeedEvent, ...], tuple[DisclosureRow, ...]]:
    events = receipts.feed(tx, agency, after, min(limit, LARGEST_PAGE))
    return events, outbox.waiting_for(tx, agency, house.clock.now()) if house.doors.is_collected(agency) else ()


def suspended() -> Conflict:
    """What an agency is told while it is suspended."""
    return Conflict("AGENCY_SUSPENDED", "nothing may go to this agency now; ask the landlord")


def agency_of(actor: Actor) -> str:
    """The agency whose credential this is. Raises NotFound where it belongs to none."""
    if actor.agency is None:
        raise NotFound("NOT_FOUND", "this credential belongs to no agency")
    return actor.agency
