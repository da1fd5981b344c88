"""Collect: a partner fetches what waits for it; fetching is a release like any other."""

from hub import metrics, traces
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.delivery import follow_ups, leases, outbox, queue
from hub.delivery.doors import Attempted, AttemptOutcome, Message, Receipt, Rung
from hub.delivery.outbox import State
from hub.errors import Conflict, NotFound
from hub.flow.feed import agency_of, suspended
from hub.flow.hold import hold_disclosure, scope_of
from hub.flow.house import House
from hub.flow.release import in_the_way, release
from hub.flow.settle import settle
from hub.flow.still import require_still


def collect(house: House, actor: Actor, disclosure_id: str) -> Message:
    """Fetch one disclosure that waits for this partner.

    The intent is logged before the bytes are handed out. Until it is acknowledged it may be fetched again, decided
    again each time: an answer can be lost. What was put right is not handed out again under its own id; what may go
    no more is left out.

    Raises NotFound for what is not this partner's, Conflict when it is not waiting any more, was put right by a newer
    one, or may not go now.
    """
    require(actor, Act.READ_FEED)
    agency = agency_of(actor)
    with traces.Step("collect", disclosure_id, agency=agency, disclosure=disclosure_id):
        message = _fetch(house, actor, agency, disclosure_id)
    metrics.ATTEMPTS.labels(agency, AttemptOutcome.DONE.value).inc()
    return message


def _fetch(house: House, actor: Actor, agency: str, disclosure_id: str) -> Message:
    with house.store.write(scope_of(house, disclosure_id, actor.scope)) as tx:
        require_still(house, tx, danger=outbox.lane_of(tx, disclosure_id) == queue.DANGER)
        tx.hold_registers()
        now = house.clock.now()  # not before it was waited: what ran out meanwhile has run out
        row = hold_disclosure(tx, disclosure_id)
        if row.agency != agency or not house.doors.is_collected(agency):
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        barred = in_the_way(house, tx, row, now)
        if barred == "agency_suspended":
            raise suspended()
        if barred is not None:
            raise Conflict("AGENCY_BARRED", "nothing may go to this agency until people have looked; telephone us")
        # Fetched, yet never acknowledged: the answer may have been lost on its way, so it may be fetched again.
        again = row.state is State.RECEIPTED and row.rung < Rung.READ
        if any(not later.bare for later in follow_ups.on(tx, row.id)):
            raise Conflict("REPLACED", "this was put right since; fetch the newer one, which names this one in `about`")
        told = follow_ups.of(tx, row)
        too_early = told is not None and told.look_at is not None  # whether the earlier one came does not show yet
        if too_early or (row.state not in (State.QUEUED, State.LEAVING) and not again):
            raise Conflict("NOT_WAITING", "this disclosure is not waiting to be collected")
        claims = leases.take(tx, [row.id], f"collect:{actor.credential}", now, house.lease, collected=True)
        if not claims:
            raise Conflict("NOT_WAITING", "this disclosure is not waiting to be collected")
        leases.close_unknown(tx, [row.id], now)
        intent, entries = release(house, tx, row, claims[0], actor.person, now)
        if again and intent is None:  # what happened before stays on record
            raise Conflict("NOT_WAITING", "this disclosure may not go again now")
        log.append(tx, entries)
    if intent is None:
        raise Conflict("NOT_WAITING", "this disclosure is not waiting to be collected")
    handed_out = Receipt(Rung.TAKEN, house.clock.now(), "fetched from the feed")
    settle(house, [(intent, Attempted(AttemptOutcome.DONE, handed_out))])
    return intent.message
