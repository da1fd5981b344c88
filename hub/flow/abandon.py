"""Abandon: somebody who has looked decides that what has not left shall not go, and why, in one of a few codes.

Also the recall of a routine disclosure in its hold window. Serialised with claims by the case: what an attempt has
begun with is not abandoned any more, unless a fetch broke off: nobody comes back for it. Packs that nobody carried yet
are taken back.
"""

from dataclasses import dataclass
from enum import StrEnum, unique

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.delivery import follow_ups, leases, outbox
from hub.delivery.doors import Rung
from hub.delivery.outbox import UNSENT, DisclosureRow, State
from hub.errors import Conflict
from hub.flow.follow import cancel, look, tell
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.sight import require_sight
from hub.store.unit_of_work import Writing

ABANDONED = "ABANDONED"
"""The cause of what was abandoned; the log has the reason as well."""


@unique
class WhyAbandoned(StrEnum):
    """Why it shall not go. Codes only: what else there is to say belongs in the case file."""

    SUPERSEDED = "superseded"
    TOLD_OTHERWISE = "told_otherwise"
    NO_LONGER_NEEDED = "no_longer_needed"
    WRONG_RECIPIENT = "wrong_recipient"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Abandoned:
    """What was abandoned; whether its pack was gone from its folder (somebody has it), and notices that go instead.

    A notice goes where the abandoned one was to correct an earlier disclosure, which its agency must not rely on.
    """

    disclosure_id: str
    carried: bool
    notices: tuple[str, ...]


def abandon(house: House, actor: Actor, disclosure_id: str, reason: WhyAbandoned) -> Abandoned:
    """Have what is held, queued, parked or prepared go no more.

    Raises Conflict where it is leaving, has left, or waits no more; NotFound.
    """
    require(actor, Act.ABANDON)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        row = hold_disclosure(tx, disclosure_id)
        require_sight(tx, actor, row.case_id)
        _require_unsent(house, tx, row)
        entry = cancel(house, tx, row, f"{ABANDONED}.{reason.value}", actor.person, now)
        outbox.change(tx, row.id, State.CANCELLED, cause=ABANDONED, answer_due_at=None, answer_late_at=None)
        told = follow_ups.of(tx, row)
        corrects = [outbox.get(tx, told.about)] if told is not None and not told.bare else []
        notices, further = tell(house, tx, corrects, "corrected", actor.person, now)
        log.append(tx, [entry, *further])
    recall(house)
    look(house, {row.id, *(found.id for found in corrects)})
    with house.store.read(actor.scope) as tx:
        carried = bool(outbox.packs_missing(tx, [row.id])) and row.state is State.PREPARED
    return Abandoned(row.id, carried, tuple(notice.id for notice in notices))


def _require_unsent(house: House, tx: Writing, row: DisclosureRow) -> None:
    if row.state in UNSENT:
        return
    broke_off = _broke_off(house, tx, row)
    if broke_off and row.rung < Rung.TAKEN:
        leases.close_unknown(tx, [row.id], house.clock.now())
        return
    if row.state is State.LEAVING and not broke_off:
        raise Conflict("LEAVING_NOW", "it is being sent this moment; look again in a few minutes, or telephone")
    if row.state in (State.SENT, State.RECEIPTED, State.LEAVING):  # one that was fetched before, and then in vain
        raise Conflict("SENT_ALREADY", "it has left; telephone the agency, or withdraw or correct what it rests on")
    raise Conflict("ABANDONED_ALREADY", "it does not wait any more, and goes nowhere")


def _broke_off(house: House, tx: Writing, row: DisclosureRow) -> bool:
    """Whether it was being fetched when something broke: no worker has it, and whoever fetched it is gone."""
    is_sent = row.agency in house.doors and house.doors.is_sent(row.agency)
    return row.state is State.LEAVING and not is_sent and not leases.is_claimed(tx, row.id, house.clock.now())
