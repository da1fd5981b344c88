"""Overdue: the sweep ends overrides whose hour has passed, and raises once what nobody answered in time.

Promise: what stands on an override that has ended and has not left is held or cancelled; a review of an override or of
a held disclosure that is past its due time, and an answer that a partner owes, has an entry that says so. A partner
that fetches owes that it takes what waits for it. What it cannot fetch any more, since its door is gone or became
another one, is the worker's, who sends it or parks it with the cause; what was being fetched when something broke waits
again, or stands as it did where it had been fetched before. Looking again changes nothing.
"""

from datetime import datetime, timedelta
from functools import partial

from hub.access.roles import Act, Actor
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import answers, leases, outbox, queue, strays
from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.override import end
from hub.flow.recall import recall
from hub.flow.release import arrived_already
from hub.flow.sight import landlord_of, list_waiting
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
        lost, unanswered, unfetched = _astray(house, tx, now), answers.overdue(tx, now), _unfetched(house, tx, now)
    done = each(lost, partial(_redirect, house), "stray_not_redirected", _of_disclosure)
    done += each(ended, partial(_end, house), "override_not_ended", _of_override)
    if ended:
        recall(house)
    done += each(late, partial(_raise_override, house), "override_not_raised", _of_override)
    done += each(waiting, partial(_raise_review, house), "review_not_raised", _of_disclosure)
    done += each(unanswered, partial(_raise_answer, house), "answer_not_raised", _of_disclosure)
    return done + each(unfetched, partial(_raise_unfetched, house), "answer_not_raised", _of_disclosure)


def list_late(house: House, actor: Actor) -> tuple[DisclosureRow, ...]:
    """What partners of the actor's landlord have not answered in time: most urgent first, then longest due."""
    landlord = landlord_of(actor, Act.RESUME)
    with house.store.read(actor.scope) as tx:
        return list_waiting(tx, actor, landlord, answers.late)


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
        if lane is None or not answers.unfetched(tx, row.agency, lane, waits, now, row.id):
            return False
        answers.note_unfetched(tx, current, waits, now)
        log.append(tx, [_answer_overdue(current, now)])
    return True


def _unfetched(house: House, tx: Reading, now: datetime) -> tuple[DisclosureRow, ...]:
    """What partners that fetch have not fetched in time, danger first."""
    fetching = [agency for agency in agencies.ids(tx) if agency in house.doors and house.doors.is_collected(agency)]
    return tuple(
        row for lane in (queue.DANGER, queue.PRIORITY, queue.ROUTINE) for agency in fetching
        for row in answers.unfetched(tx, agency, lane, _patience(house, agency, lane), now)
    )  # fmt: skip


def _patience(house: House, agency: str, lane: int) -> timedelta:
    return answers.patience(house.doors.pace(agency), house.give_up_after_hours, lane)


def _answer_overdue(row: DisclosureRow, now: datetime) -> Entry:
    return Entry(EntryKind.ANSWER_OVERDUE, now, _BY, {
        "disclosure": row.id, "agency": row.agency, "rung": Rung(row.rung).name.lower(),
    })  # fmt: skip


def _astray(house: House, tx: Reading, now: datetime) -> tuple[DisclosureRow, ...]:
    """What nobody would come back for, by agency, danger first."""
    return tuple(row for agency in sorted(strays.agencies(tx)) for row in _strays(house, tx, agency, now))


def _redirect(house: House, found: DisclosureRow) -> bool:
    """Have what waits by a way that its agency has no more take the one that it has; end a fetch that broke off."""
    now = house.clock.now()
    with house.store.write(of_landlord(found.landlord)) as tx:
        row = hold_disclosure(tx, found.id)
        if not _strays(house, tx, row.agency, now, row.id):
            return False  # another process was first
        if row.state is State.LEAVING and row.rung >= Rung.TAKEN:  # it was fetched before, and once more in vain
            leases.close_unknown(tx, [row.id], now)
            arrived_already(tx, row)
        elif house.doors.is_sent(row.agency):
            strays.give_to_worker(tx, row.id)
            outbox.change(tx, row.id, row.state, answer_due_at=None, answer_late_at=None)  # that nobody fetched it
        else:
            leases.close_unknown(tx, [row.id], now)
            outbox.change(tx, row.id, State.QUEUED)
    return True


def _strays(
    house: House, tx: Reading, agency: str, now: datetime, disclosure_id: str | None = None
) -> tuple[DisclosureRow, ...]:  # fmt: skip
    """What is queued for a partner that fetches is where it should be; only a fetch of it may have broken off."""
    states = (State.QUEUED, State.LEAVING) if house.doors.is_sent(agency) else (State.LEAVING,)
    return strays.of(tx, agency, now, states, disclosure_id)
