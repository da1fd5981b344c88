"""Collect: a partner reads its own feed and fetches what waits for it; fetching is a release like any other."""

from dataclasses import dataclass

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry, EntryKind
from hub.delivery import outbox, receipts
from hub.delivery.doors import Attempted, AttemptOutcome, Message, Receipt, Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.delivery.receipts import FeedEvent
from hub.errors import Conflict, NotFound
from hub.flow.deliver import release, settle
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.register import agencies
from hub.store.unit_of_work import Reading

LARGEST_PAGE = 200
LARGEST_POSITION = 2**53 - 1
"""Beyond it, neither the log nor every reader of JSON keeps a number exactly."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events after a position, what waits to be fetched, and the position to ask after next time."""

    events: tuple[FeedEvent, ...]
    waiting: tuple[DisclosureRow, ...]
    cursor: int


def read_feed(house: House, actor: Actor, after: int, limit: int) -> FeedPage:
    """What happened to disclosures for this partner since `after`; at most `LARGEST_PAGE` events.

    Logged when it tells anything: a partner that asks each second would else make the log grow without end.
    """
    require(actor, Act.READ_FEED)
    agency = _agency(actor)
    with house.store.read() as tx:
        if _told(house, tx, agency, after, limit) == ((), ()):
            return FeedPage((), (), after)
    with house.store.write() as tx:
        events, waiting = _told(house, tx, agency, after, limit)
        log.append(tx, [Entry(EntryKind.FEED_READ, house.clock.now(), actor.person, {
            "agency": agency, "items": len(events), "after": after,
        })])  # fmt: skip
    return FeedPage(events, waiting, events[-1].position if events else after)


def collect(house: House, actor: Actor, disclosure_id: str) -> Message:
    """Fetch one disclosure that waits for this partner.

    The intent is logged before the bytes are handed out. Until it is acknowledged it may be fetched again, decided
    again each time: an answer can be lost. Raises NotFound for what is not this partner's, Conflict when it is not
    waiting any more or may not go now.
    """
    require(actor, Act.READ_FEED)
    agency = _agency(actor)
    now = house.clock.now()
    with house.store.write() as tx:
        row = hold_disclosure(tx, disclosure_id)
        if row.agency != agency or not house.doors.is_collected(agency):
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        if agencies.get(tx, agency).suspended_at is not None:
            raise Conflict("AGENCY_SUSPENDED", "nothing may go to this agency now; ask the landlord")
        # Fetched, yet never acknowledged: the answer may have been lost on its way, so it may be fetched again.
        again = row.state is State.RECEIPTED and row.rung < Rung.READ
        if row.state not in (State.QUEUED, State.LEAVING) and not again:
            raise Conflict("NOT_WAITING", "this disclosure is not waiting to be collected")
        claim = outbox.take(tx, row.id, f"collect:{actor.credential}", now, house.lease, collected=True)
        if claim is None:
            raise Conflict("NOT_WAITING", "this disclosure is not waiting to be collected")
        outbox.close_unknown(tx, row.id, now)
        intent = release(house, tx, row, claim, actor.person, now)
        if intent is None and again:
            raise Conflict(
                "NOT_WAITING", "this disclosure may not go again now"
            )  # what happened before stays on record
    if intent is None:
        raise Conflict("NOT_WAITING", "this disclosure is not waiting to be collected")
    handed_out = Receipt(Rung.TAKEN, house.clock.now(), "fetched from the feed")
    settle(house, intent, Attempted(AttemptOutcome.DONE, handed_out))
    return intent.message


def _told(
    house: House, tx: Reading, agency: str, after: int, limit: int
) -> tuple[tuple[FeedEvent, ...], tuple[DisclosureRow, ...]]:
    events = receipts.feed(tx, agency, after, min(limit, LARGEST_PAGE))
    return events, outbox.waiting_for(tx, agency) if house.doors.is_collected(agency) else ()


def _agency(actor: Actor) -> str:
    if actor.agency is None:
        raise NotFound("NOT_FOUND", "this credential belongs to no agency")
    return actor.agency
