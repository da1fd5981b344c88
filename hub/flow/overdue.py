"""Overdue: the sweep ends overrides whose hour has passed, and raises once what nobody answered in time.

Promise: what stands on an override that has ended and has not left is held or cancelled; a review of an override or of
a held disclosure that is past its due time, and an answer that a partner owes, has an entry that says so. A partner
that fetches owes that it takes what waits for it. Looking again changes nothing.
"""

from datetime import datetime, timedelta
from functools import partial

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import answers, outbox, queue
from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import NotFound
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.override import end
from hub.flow.recall import recall
from hub.flow.sight import in_sight
from hub.flow.sweeping import each
from hub.intake import referrals
from hub.register import agencies, overrides
from hub.register.overrides import Override
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Reading

_BY = "worker"


def raise_overdue(house: House) -> int:
    """End what has ended and raise what is overdue; returns how many things were."""
    now = house.clock.now()
    with house.store.read(EVERY) as tx:
        ended, late, waiting = overrides.to_close(tx, now), overrides.to_raise(tx, now), outbox.late_reviews(tx, now)
        unanswered, unfetched = answers.overdue(tx, now), _unfetched(house, tx, now)
    done = each(ended, partial(_end, house), "override_not_ended", _of_override)
    if ended:
        recall(house)
    done += each(late, partial(_raise_override, house), "override_not_raised", _of_override)
    done += each(waiting, partial(_raise_review, house), "review_not_raised", _of_disclosure)
    done += each(unanswered, partial(_raise_answer, house), "answer_not_raised", _of_disclosure)
    return done + each(unfetched, partial(_raise_unfetched, house), "answer_not_raised", _of_disclosure)


def list_late(house: House, actor: Actor) -> tuple[DisclosureRow, ...]:
    """What partners of the actor's landlord have not answered in time, longest due first."""
    require(actor, Act.RESUME)
    if actor.landlord is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    with house.store.read(actor.scope) as tx:
        return in_sight(tx, actor, answers.late(tx, actor.landlord))


def _of_override(found: Override) -> dict[str, str]:
    return {"referral": found.referral_id}


def _of_disclosure(row: DisclosureRow) -> dict[str, str]:
    return {"disclosure": row.id}


def _end(house: House, found: Override) -> bool:
    now = house.clock.now()
    with house.store.write(of_landlord(found.landlord)) as tx:
        referrals.hold_case(tx, found.case_id)
        if overrides.get(tx, found.id).closed_at is not None:
            return False
        log.append(tx, end(house, tx, found, _BY, now))
    return True


def _raise_override(house: House, found: Override) -> bool:
    now = house.clock.now()
    with house.store.write(of_landlord(found.landlord)) as tx:
        ours = overrides.raised(tx, found.id, now)
        if ours:
            log.append(tx, [Entry(EntryKind.OVERRIDE_OVERDUE, now, _BY, {
                "override": found.id, "referral": found.referral_id,
            })])  # fmt: skip
    return ours


def _raise_review(house: House, row: DisclosureRow) -> bool:
    now = house.clock.now()
    with house.store.write(of_landlord(row.landlord)) as tx:
        current = hold_disclosure(tx, row.id)
        if current.state is not State.HELD or current.review_overdue_at is not None or current.review_due_at is None:
            return False
        if current.review_due_at >= now:
            return False
        outbox.change(tx, row.id, State.HELD, review_overdue_at=now)
        log.append(tx, [Entry(EntryKind.REVIEW_OVERDUE, now, _BY, {
            "disclosure": row.id, "decision": current.decision_id,
        })])  # fmt: skip
    return True


def _raise_answer(house: House, row: DisclosureRow) -> bool:
    now = house.clock.now()
    with house.store.write(of_landlord(row.landlord)) as tx:
        current = hold_disclosure(tx, row.id)
        if not answers.is_overdue(current, now):
            return False
        outbox.change(tx, row.id, current.state, answer_late_at=now)
        log.append(tx, [_answer_overdue(current, now)])
    return True


def _raise_unfetched(house: House, row: DisclosureRow) -> bool:
    """Tell a person of what its partner did not fetch; it waits on, and can be fetched or abandoned."""
    now = house.clock.now()
    with house.store.write(of_landlord(row.landlord)) as tx:
        current, lane = hold_disclosure(tx, row.id), outbox.lane_of(tx, row.id)
        waits = _patience(house, row.agency, lane if lane is not None else queue.ROUTINE)
        if lane is None or not answers.unfetched(tx, row.agency, lane, now - waits, row.id):
            return False
        answers.note_unfetched(tx, current, waits, now)
        log.append(tx, [_answer_overdue(current, now)])
    return True


def _unfetched(house: House, tx: Reading, now: datetime) -> tuple[DisclosureRow, ...]:
    """What partners that fetch have not fetched in time, danger first."""
    fetching = [agency for agency in agencies.ids(tx) if agency in house.doors and house.doors.is_collected(agency)]
    return tuple(
        row for lane in (queue.DANGER, queue.PRIORITY, queue.ROUTINE) for agency in fetching
        for row in answers.unfetched(tx, agency, lane, now - _patience(house, agency, lane))
    )  # fmt: skip


def _patience(house: House, agency: str, lane: int) -> timedelta:
    return answers.patience(house.doors.pace(agency), house.give_up_after_hours, lane)


def _answer_overdue(row: DisclosureRow, now: datetime) -> Entry:
    return Entry(EntryKind.ANSWER_OVERDUE, now, _BY, {
        "disclosure": row.id, "agency": row.agency, "rung": Rung(row.rung).name.lower(),
    })  # fmt: skip
