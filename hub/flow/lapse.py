"""Lapse: the sweep decides again what still waits when something that it rests on has run out by its date.

A consent, an agreement, a policy document, an assessment; and packs that waited longer than a decision may stand. What
is queued is decided at its door as well; what lies in a folder or waits for an authoriser has no other door to ask at.
Promise: what may not go any more is held or cancelled, and its pack taken back; what may stays where it is.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from hub.audit import log
from hub.audit.entry import Entry
from hub.delivery import lapses, outbox, sent
from hub.delivery.outbox import UNSENT, DisclosureRow, State
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.judge import VALID_FOR
from hub.flow.recall import recall
from hub.flow.release import (
    WORKER,
    is_authorised,
    judge_again,
    keep_decision,
    message_of,
    park,
    prepare_anew,
    set_aside,
)
from hub.flow.sweeping import each
from hub.flow.undecidable import code_of
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Writing


def lapse(house: House) -> int:
    """Decide again whatever waits and has lost something that it rested on; returns how much was."""
    with house.store.read(EVERY) as tx:
        due = lapses.due(tx, house.clock.now())
    done = each(due, partial(_is_decided, house), "lapse_not_decided", lambda row: {"disclosure": row.id})
    if done:
        recall(house)
    return done


def _is_decided(house: House, found: DisclosureRow) -> bool:
    try:
        return _is_done(house, found, _again)
    except Exception as problem:  # noqa: BLE001 - whatever it is: its ground has run out, and a person must look
        code = code_of(problem, found.id)
        return _is_done(house, found, lambda house, tx, row, now: [park(house, tx, row, code, now)])


def _is_done(
    house: House, found: DisclosureRow, act: Callable[[House, Writing, DisclosureRow, datetime], list[Entry]]
) -> bool:
    now = house.clock.now()
    with house.store.write(of_landlord(found.landlord)) as tx:
        row = hold_disclosure(tx, found.id)
        if not lapses.is_due(tx, row.id, now):
            return False  # another process was first
        lapses.drop(tx, row.id)
        if row.state not in UNSENT:
            return False
        log.append(tx, act(house, tx, row, now))
    return True


def _again(house: House, tx: Writing, row: DisclosureRow, now: datetime) -> list[Entry]:
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    verdict = judged.verdict
    stands = verdict.goes or is_authorised(tx, row.id, verdict.decision)
    message = message_of(house, tx, row, verdict) if stands and row.state is State.PREPARED else None
    entry = keep_decision(tx, row, accepted, judged, decision_id, WORKER, now)
    outbox.change(tx, row.id, row.state, decision_id=decision_id, consent_id=judged.relied_on,
                  override_id=judged.override)  # fmt: skip
    lapses.note(tx, row.id, verdict.lapses_at)
    if row.state is not State.PREPARED:
        return [entry] if stands else [entry, *set_aside(house, tx, row, verdict, decision_id, WORKER, now)]
    if message is None:
        return [entry, *set_aside(house, tx, row, verdict, decision_id, WORKER, now)]
    old = row.released_at is not None and row.released_at + VALID_FOR <= now
    if old or message.body != sent.last(tx, row.id, row.case_id):
        prepare_anew(tx, row, now)
        outbox.change(tx, row.id, State.QUEUED, released_at=None)  # its days are counted anew, and told
    elif row.released_at is not None and verdict.lapses_at is not None:
        # It stays as it is, and tells days that began when it was made, not now.
        lapses.note(tx, row.id, min(verdict.lapses_at, row.released_at + VALID_FOR))
    return [entry]
