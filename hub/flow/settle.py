"""Settle: the second transaction of a delivery, for as many attempts as have ended: receipt, next try, or parked.

Only under a lease that is still ours. What an attempt says of the partner itself, that it answers or does not, is noted
for every process, and told once when it begins and once when it is over.
"""

import logging
import random
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import breaker, introductions, lapses, leases, outbox, receipts, schedule
from hub.delivery.breaker import Changed, Circuit
from hub.delivery.doors import Attempted, AttemptOutcome, Receipt, Rung
from hub.delivery.outbox import State
from hub.delivery.queue import DANGER
from hub.flow.house import House
from hub.flow.release import (
    WORKER,
    Intent,
    arrived_already,
    first_released,
    in_the_way,
    judge_again,
    keep_decision,
    message_of,
    park,
    prepare_anew,
    set_aside,
    stays_until,
)
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.logs import event
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Writing

_log = logging.getLogger(__name__)
Ended = tuple[Intent, Attempted]

LEASE_OVER = "lease_over"
"""The code of an attempt that did not begin, because too little of its lease was left."""


def settle(house: House, ended: Sequence[Ended]) -> list[State | None]:
    """Settle attempts that have ended, in one transaction; their states after it.

    None where the lease was lost meanwhile: whoever holds it now settles. Raises Unavailable where the store is away;
    nothing was settled then, and it may be called again.
    """
    states: dict[int, State | None] = {}
    with house.store.write(EVERY) as tx:
        tx.hold_registers()
        now = house.clock.now()
        changed = _note_doors(tx, ended, now)
        referrals.hold_cases(tx, {intent.row.case_id for intent, _ in ended})
        entries = [_told(change, now) for change in changed]
        for landlord, its in groupby(sorted(enumerate(ended), key=_landlord), _landlord):
            with tx.within(of_landlord(landlord)) as own:
                for place, (intent, answer) in its:
                    states[place], logged = _settle_one(house, own, intent, answer, now)
                    entries += logged
        log.append(tx, entries)
    for change in changed:
        if change.state is Circuit.CLOSED:
            event(_log, "partner_answers_again", logging.INFO, agency=change.agency, count=change.failures)
        else:
            event(_log, "partner_does_not_answer", logging.ERROR, agency=change.agency, count=change.failures)
    return [state for _, state in sorted(states.items())]


def _landlord(numbered: tuple[int, Ended]) -> str:
    return numbered[1][0].row.landlord


def leave_to_a_person(house: House, intent: Intent, answer: Attempted) -> State | None:
    """Park a disclosure whose attempt has ended, and whose end cannot be settled: nor could it be after another.

    Whether the partner has it counts as not known, unless it said that it has not. As `settle` in all else.
    """
    has_ended = AttemptOutcome.UNSURE if answer.outcome is AttemptOutcome.DONE else answer.outcome
    with house.store.write(of_landlord(intent.row.landlord)) as tx:
        referrals.hold_case(tx, intent.row.case_id)
        now = house.clock.now()
        if not leases.end_attempt(tx, intent.claim, has_ended.value, now, reached=answer.reached):
            return None
        log.append(tx, [park(house, tx, intent.row, "not_settled", now, attempt=intent.claim.attempt)])
    return State.PARKED


def _note_doors(tx: Writing, ended: Iterable[Ended], now: datetime) -> list[Changed]:
    """What attempts say of their partners; one that did not begin says nothing."""
    by_agency = sorted((one for one in ended if one[1].code != LEASE_OVER), key=lambda one: one[0].row.agency)
    noted = (breaker.ended(tx, intent.row.agency, answer, now) for intent, answer in by_agency)
    return [change for change in noted if change is not None]


def _told(change: Changed, now: datetime) -> Entry:
    kind = EntryKind.PARTNER_ANSWERS if change.state is Circuit.CLOSED else EntryKind.PARTNER_SILENT
    return Entry(kind, now, WORKER, {"agency": change.agency, "failures": change.failures})


def _settle_one(
    house: House, tx: Writing, intent: Intent, answer: Attempted, now: datetime
) -> tuple[State | None, list[Entry]]:  # fmt: skip
    claim, row = intent.claim, intent.row
    if not leases.end_attempt(tx, claim, answer.outcome.value, now, reached=answer.reached):
        return None, []
    has_it = outbox.get(tx, row.id).rung >= Rung.READ  # the partner said so while this attempt was under way
    hours = house.doors.pace(row.agency).gives_up_after_hours or house.give_up_after_hours
    over = schedule.gives_up(now, claim.first_tried_at, hours)
    match answer.outcome:
        case AttemptOutcome.DONE if answer.receipt is not None:
            state, entry = _receipted(house, tx, intent, answer.receipt, now, has_it=has_it)
            if state is not State.PREPARED:
                return state, [entry]
            after, further = _look_again(house, tx, intent, now)
            return after, [entry, *further]
        case _ if has_it:
            arrived_already(tx, row)
            return State.RECEIPTED, [_settled(intent, answer, now)]
        case AttemptOutcome.TRY_LATER if not over:
            return _again(house, tx, intent, answer, now)
        case AttemptOutcome.UNSURE if house.doors.can_repeat(row.agency) and not over:
            return _again(house, tx, intent, answer, now)
        case _:
            return State.PARKED, [park(house, tx, row, answer.code or answer.outcome.value, now, attempt=claim.attempt)]


def _receipted(
    house: House, tx: Writing, intent: Intent, given: Receipt, now: datetime, *, has_it: bool
) -> tuple[State, Entry]:  # fmt: skip
    row = intent.row
    state = State.PREPARED if given.rung is Rung.PREPARED else State.SENT
    state = State.RECEIPTED if has_it or given.rung >= Rung.TAKEN or given.partner_reference else state
    if has_it and given.rung is Rung.PREPARED:
        outbox.ask_recall(tx, row.id)  # carried before this copy was written
    outbox.stop(tx, row.id)
    if intent.introduces:
        introductions.record(tx, row.landlord, row.agency, introductions.BY_RELEASE, now)
    patience = house.doors.pace(row.agency).answers.next_after(given.rung)
    awaited = {"answer_due_at": now + patience if patience else None, "answer_late_at": None}
    outbox.change(tx, row.id, state, cause=None, **({} if has_it else awaited))  # what it said since counts from then
    receipt_id = receipts.add(tx, row.id, row.case_id, intent.subject, given)
    evidence = commit(tx, row.case_id, receipt_id, intent.subject, given.evidence.encode(), now)
    return state, Entry(EntryKind.RELEASE_SETTLED, now, WORKER, {
        "disclosure": row.id, "attempt": intent.claim.attempt, "rung": given.rung.name.lower(), "outcome": "done",
        "receipt": receipt_id, "evidence_commitment": evidence,
    })  # fmt: skip


def _look_again(house: House, tx: Writing, intent: Intent, now: datetime) -> tuple[State, list[Entry]]:
    """A pack just prepared has gone nowhere yet: what changed while it was being written still stops it."""
    row = outbox.get(tx, intent.row.id)
    barred = in_the_way(house, tx, row, now)
    if barred is not None:
        return State.PARKED, [park(house, tx, row, barred, now, attempt=intent.claim.attempt)]
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    message = message_of(house, tx, row, judged.verdict)
    if message is not None and message.body == intent.message.body:
        # The sweep may have come by while it was being written.
        lapses.note(tx, row.id, stays_until(judged.verdict, first_released(tx, row, now)))
        return State.PREPARED, []
    entry = keep_decision(tx, row, accepted, judged, decision_id, WORKER, now)
    if message is None:
        entries = [entry, *set_aside(house, tx, row, judged.verdict, decision_id, WORKER, now)]
        return outbox.get(tx, row.id).state, entries
    prepare_anew(tx, row, now)
    return State.QUEUED, [entry]


def _again(
    house: House, tx: Writing, intent: Intent, answer: Attempted, now: datetime
) -> tuple[State, list[Entry]]:  # fmt: skip
    claim = intent.claim
    jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
    due = schedule.next_due(now, claim.attempt, answer.after_seconds, jitter)
    if outbox.lane_of(tx, claim.disclosure_id) != DANGER:  # it may have become so since it was claimed
        due = house.doors.pace(claim.agency).open_at(due)
    outbox.schedule(tx, claim.disclosure_id, due)
    outbox.change(tx, claim.disclosure_id, State.QUEUED, cause=answer.code)
    return State.QUEUED, [_settled(intent, answer, now)]


def _settled(intent: Intent, answer: Attempted, now: datetime) -> Entry:
    return Entry(EntryKind.RELEASE_SETTLED, now, WORKER, {
        "disclosure": intent.row.id, "attempt": intent.claim.attempt, "rung": "none", "outcome": answer.outcome.value,
    })  # fmt: skip
