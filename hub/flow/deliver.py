"""Deliver: claim and decide again, send, settle.

    [transaction 1] hold the case, claim the row, decide again on current facts, log the intent with the digest of the
                    exact bytes, commit
    [no transaction] send
    [transaction 2] settle: receipt, next try, or parked; log; commit

A crash before transaction 2: the lease ends, the attempt's end stays unknown, and the same idempotency key is used
again - or, where the partner cannot notice a repeat, a person is asked.
"""

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry, EntryKind
from hub.decision import kept
from hub.decision.gate import Verdict, facts_bytes
from hub.delivery import outbox, receipts, reviews, schedule, sent
from hub.delivery.doors import Attempted, AttemptOutcome, Message, Receipt, Rung
from hub.delivery.outbox import Claim, DisclosureRow, State
from hub.errors import ConcordatError, Unavailable
from hub.flow.entries import decided, placed
from hub.flow.house import House
from hub.flow.judge import VALID_FOR, Judged, judge, read_registers
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.intake.referrals import AcceptedReferral
from hub.register import agencies
from hub.store.unit_of_work import Writing
from protocols.record import Ask
from protocols.vocabulary import Outcome, Purpose

_ACTOR = "worker"


@dataclass(frozen=True, slots=True)
class Intent:
    """What transaction 1 committed to: one attempt, these bytes, under this claim."""

    claim: Claim
    row: DisclosureRow
    subject: str
    message: Message


def deliver_due(house: House, worker: str, limit: int) -> int:
    """Deliver what is due, most urgent first, at most `limit` attempts; returns how many rows were dealt with."""
    done: set[str] = set()
    while len(done) < limit:
        with house.store.read() as tx:
            due = outbox.next_due(tx, house.clock.now(), frozenset(done))
        if due is None:
            break
        with suppress(Unavailable):  # of this row or its case; where the store itself is away, the next look says so
            deliver(house, worker, due.id)
        done.add(due.id)
    return len(done)


def deliver(house: House, worker: str, disclosure_id: str) -> State | None:
    """One attempt at one disclosure; returns its state after it, None when there was nothing to do here."""
    try:
        intent = claim_and_decide(house, worker, disclosure_id)
    except Unavailable:
        raise
    except ConcordatError as problem:
        return _park_undecidable(house, worker, disclosure_id, problem.code)
    except (ValueError, LookupError):
        # A defect of ours or of the rules. Nothing goes on it, and what is behind it in the queue must not wait for it.
        return _park_undecidable(house, worker, disclosure_id, "UNDECIDABLE")
    if intent is None:
        return None
    answer = house.doors.send(intent.row.agency, intent.message, intent.row.id, house.clock.now())
    return settle(house, intent, answer)


def claim_and_decide(house: House, worker: str, disclosure_id: str) -> Intent | None:
    """Transaction 1. None when it is somebody else's, not due, or was held or cancelled by the decision."""
    now = house.clock.now()
    with house.store.write() as tx:
        row = outbox.get(tx, disclosure_id)
        referrals.hold_case(tx, row.case_id)
        claim = outbox.take(tx, row.id, worker, now, house.lease)
        if claim is None:
            return None
        row = outbox.get(tx, disclosure_id)
        outbox.close_unknown(tx, row.id, now)  # also before parking: whoever may have it is never forgotten
        if row.rung >= Rung.READ:
            _arrived_already(tx, row)
            return None
        if agencies.get(tx, row.agency).suspended_at is not None:
            park(tx, claim, "agency_suspended", now)
            return None
        if claim.unknown_attempts and not house.doors.can_repeat(row.agency):
            park(tx, claim, "last_attempt_unknown", now)
            return None
        return release(house, tx, row, claim, _ACTOR, now)


def release(house: House, tx: Writing, row: DisclosureRow, claim: Claim, actor: str, now: datetime) -> Intent | None:
    """Decide again inside the claiming transaction; the intent is logged, or the disclosure held or cancelled."""
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    verdict = judged.verdict
    entry = keep_decision(tx, row, accepted, judged, decision_id, actor, now)
    message = _message(house, tx, row, verdict)
    if claim.unknown_attempts and house.doors.can_recall(row.agency):
        if message is None:
            outbox.ask_recall(tx, row.id)  # whoever died may have left a pack, and it must not be carried
        elif sent.last(tx, row.id, row.case_id) != message.body:
            prepare_anew(tx, row, now)
            log.append(tx, [entry])
            return None
    if message is None:
        log.append(tx, [entry, *set_aside(tx, row, verdict, decision_id, actor, now)])
        return None
    attempt_id = new_id(Prefix.ATTEMPT)
    bound = commit(tx, row.case_id, attempt_id, accepted.subject, message.body, now)
    outbox.begin_attempt(tx, claim, attempt_id, decision_id, bound, now)
    outbox.change(tx, row.id, State.LEAVING, consent_id=judged.relied_on, released_at=row.released_at or now)
    sent.keep(tx, attempt_id, row.case_id, accepted.subject, message, now)
    log.append(tx, [entry, Entry(EntryKind.RELEASE_INTENDED, now, actor, {
        "disclosure": row.id, "decision": decision_id, "agency": row.agency, "attempt": claim.attempt,
        "message_commitment": bound, "transport": house.doors.transport_code(row.agency),
    })])  # fmt: skip
    return Intent(claim, row, accepted.subject, message)


def settle(house: House, intent: Intent, answer: Attempted) -> State | None:
    """Transaction 2. None when the lease was lost meanwhile: whoever holds it now settles."""
    now = house.clock.now()
    claim, row = intent.claim, intent.row
    with house.store.write() as tx:
        referrals.hold_case(tx, row.case_id)
        if not outbox.end_attempt(tx, claim, answer.outcome.value, now):
            return None
        has_it = outbox.get(tx, row.id).rung >= Rung.READ  # the partner said so while this attempt was under way
        match answer.outcome:
            case AttemptOutcome.DONE if answer.receipt is not None:
                state = _receipted(tx, intent, answer.receipt, now, has_it=has_it)
                return _look_again(house, tx, intent, now) if state is State.PREPARED else state
            case _ if has_it:
                _log_settled(tx, claim, answer, now)
                _arrived_already(tx, row)
                return State.RECEIPTED
            case AttemptOutcome.TRY_LATER if not schedule.gives_up(
                now, claim.first_tried_at, house.give_up_after_hours
            ):
                return _again(tx, claim, answer, now)
            case AttemptOutcome.UNSURE if house.doors.can_repeat(row.agency) and not schedule.gives_up(
                now, claim.first_tried_at, house.give_up_after_hours
            ):
                return _again(tx, claim, answer, now)
            case _:
                return park(tx, claim, answer.code or answer.outcome.value, now)


def judge_again(
    house: House, tx: Writing, row: DisclosureRow, accepted: AcceptedReferral, decision_id: str, now: datetime
) -> Judged:
    """The decision of this moment on a disclosure that is waiting."""
    ask = Ask(agency=row.agency, purpose=Purpose(row.purpose), routine=row.routine)
    registers = read_registers(tx, row.landlord, row.case_id)
    return judge(
        registers, house.rulebook, accepted.content, ask, agencies.get(tx, row.agency), disclosure_id=row.id,
        decision_id=decision_id, reference=row.reference, now=now,
        at_most=frozenset(kept.first(tx, row.id, row.case_id).decision.keep),
    )  # fmt: skip


def keep_decision(
    tx: Writing, row: DisclosureRow, accepted: AcceptedReferral, judged: Judged, decision_id: str, actor: str,
    now: datetime,
) -> Entry:  # fmt: skip
    """Put a further decision about a disclosure on file; returns its entry."""
    kept.keep(tx, judged.verdict, decision_id=decision_id, referral_id=row.referral_id, disclosure_id=row.id,
              case_id=row.case_id, subject=accepted.subject, at_the_door=True, now=now)  # fmt: skip
    facts = commit(tx, row.case_id, decision_id, accepted.subject, facts_bytes(judged.verdict), now)
    return decided(judged.verdict, row, decision_id, facts, actor, now, door=True)


def set_aside(tx: Writing, row: DisclosureRow, verdict: Verdict, decision_id: str, actor: str,
              now: datetime) -> list[Entry]:  # fmt: skip
    """Hold or cancel what may not go now, and say why; what was authorised before is not authorised any more."""
    deciding = next((reason.code for reason in verdict.decision.reasons if reason.determining), "DECIDED")
    # With nothing left to tell there is nothing to authorise, and it would be held again each time.
    holds = verdict.decision.outcome is Outcome.NEEDS_AUTHORISER and verdict.says_something
    state = State.HELD if holds else State.CANCELLED
    cause = deciding if holds or verdict.decision.outcome is Outcome.DENY else "NOTHING_LEFT_TO_TELL"
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, state, cause=cause, decision_id=decision_id,
                  authoriser=verdict.decision.authoriser if holds else None)  # fmt: skip
    where = placed(
        row, state, decision_id=decision_id, cause=cause, gaps=len(verdict.decision.gaps), content=None, actor=actor,
        now=now,
    )  # fmt: skip
    return [where] if where else []


def park(tx: Writing, claim: Claim, cause: str, now: datetime) -> State:
    """Stop trying and leave it to a person, with the cause."""
    outbox.stop(tx, claim.disclosure_id)
    outbox.change(tx, claim.disclosure_id, State.PARKED, cause=cause)
    log.append(tx, [Entry(EntryKind.RELEASE_PARKED, now, _ACTOR, {
        "disclosure": claim.disclosure_id, "attempt": claim.attempt, "reason": cause.lower(),
    })])  # fmt: skip
    return State.PARKED


def _park_undecidable(house: House, worker: str, disclosure_id: str, code: str) -> State | None:
    """What cannot be decided or rendered now will not be by trying again: nothing left, and a person is told why.

    None where somebody else dealt with it since.
    """
    now = house.clock.now()
    with house.store.write() as tx:
        referrals.hold_case(tx, outbox.get(tx, disclosure_id).case_id)
        claim = outbox.take(tx, disclosure_id, worker, now, house.lease)
        if claim is None:
            return None
        outbox.close_unknown(tx, disclosure_id, now)
        return park(tx, replace(claim, attempt=0), code, now)  # the log counts attempts, and none was made


def _message(house: House, tx: Writing, row: DisclosureRow, verdict: Verdict) -> Message | None:
    """The bytes that may go now; None when the verdict, as it stands or as authorised, lets nothing go."""
    goes = verdict.decision.releases or (
        verdict.decision.outcome is Outcome.NEEDS_AUTHORISER and reviews.covers(tx, row.id, findings_of(verdict))
    )
    if not goes or verdict.disclosure is None or not verdict.says_something:
        return None
    first = kept.first(tx, row.id, row.case_id).going
    # Later facts may narrow what was decided first, and never widen it: nobody was shown the wider pack.
    items = tuple(item for item in verdict.disclosure.items if (item.path, item.of) in first)
    if not items:
        return None
    disclosure = verdict.disclosure
    # A repeat has the bytes of the first time, so that a partner or a folder that holds them already finds them equal.
    began = row.released_at or disclosure.decided_at
    same = {"items": items, "decided_at": began, "valid_until": min(disclosure.valid_until, began + VALID_FOR)}
    return house.doors.render(row.agency, disclosure.model_copy(update=same))


def findings_of(verdict: Verdict) -> frozenset[str]:
    """What an authoriser authorises: the findings that hold it, and the gaps."""
    held_by = {reason.code for reason in verdict.decision.reasons if reason.determining}
    return frozenset(held_by | {f"gap:{name}" for name in verdict.decision.gaps})


def _look_again(house: House, tx: Writing, intent: Intent, now: datetime) -> State:
    """A pack just prepared has gone nowhere yet: what changed while it was being written still stops it."""
    row = outbox.get(tx, intent.row.id)
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    message = _message(house, tx, row, judged.verdict)
    if message is not None and message.body == intent.message.body:
        return State.PREPARED
    entry = keep_decision(tx, row, accepted, judged, decision_id, _ACTOR, now)
    if message is None:
        outbox.ask_recall(tx, row.id)
        log.append(tx, [entry, *set_aside(tx, row, judged.verdict, decision_id, _ACTOR, now)])
        return outbox.get(tx, row.id).state
    prepare_anew(tx, row, now)
    log.append(tx, [entry])
    return State.QUEUED


def prepare_anew(tx: Writing, row: DisclosureRow, now: datetime) -> None:
    """A pack that tells more than may be told now goes first; then another is prepared, decided again at the door."""
    outbox.ask_recall(tx, row.id)
    outbox.restart(tx, row.id, now, ready=True)
    outbox.change(tx, row.id, State.QUEUED, cause=None)


def _arrived_already(tx: Writing, row: DisclosureRow) -> None:
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, State.RECEIPTED, cause=None)


def _receipted(tx: Writing, intent: Intent, given: Receipt, now: datetime, *, has_it: bool) -> State:
    row = intent.row
    state = State.PREPARED if given.rung is Rung.PREPARED else State.SENT
    state = State.RECEIPTED if has_it or given.rung >= Rung.TAKEN or given.partner_reference else state
    if has_it and given.rung is Rung.PREPARED:
        outbox.ask_recall(tx, row.id)  # carried before this copy was written
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, state, cause=None)
    receipt_id = receipts.add(tx, row.id, row.case_id, intent.subject, given)
    evidence = commit(tx, row.case_id, receipt_id, intent.subject, given.evidence.encode(), now)
    log.append(tx, [Entry(EntryKind.RELEASE_SETTLED, now, _ACTOR, {
        "disclosure": row.id, "attempt": intent.claim.attempt, "rung": given.rung.name.lower(), "outcome": "done",
        "receipt": receipt_id, "evidence_commitment": evidence,
    })])  # fmt: skip
    return state


def _again(tx: Writing, claim: Claim, answer: Attempted, now: datetime) -> State:
    jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
    due = schedule.next_due(now, claim.attempt, answer.after_seconds, jitter)
    outbox.schedule(tx, claim.disclosure_id, due)
    outbox.change(tx, claim.disclosure_id, State.QUEUED, cause=answer.code)
    _log_settled(tx, claim, answer, now)
    return State.QUEUED


def _log_settled(tx: Writing, claim: Claim, answer: Attempted, now: datetime) -> None:
    log.append(tx, [Entry(EntryKind.RELEASE_SETTLED, now, _ACTOR, {
        "disclosure": claim.disclosure_id, "attempt": claim.attempt, "rung": "none", "outcome": answer.outcome.value,
    })])  # fmt: skip
