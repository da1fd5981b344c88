"""Release: decide again on current facts inside the transaction that claims, and make the exact bytes that may go.

Shared by every journey by which something leaves: a worker's claim, a partner's own fetching, and those that decide
again what waits. What may not go is held or cancelled with the reason.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.decision import kept
from hub.decision.authorisers import Asked, Review, are_enough, asked_of, findings_of
from hub.decision.gate import AtMost, Decision, Verdict, facts_bytes
from hub.delivery import follow_ups, lapses, leases, outbox, reviews, sent
from hub.delivery.doors import Message
from hub.delivery.leases import Claim
from hub.delivery.outbox import HOLD_WINDOW, DisclosureRow, State
from hub.flow.entries import decided, placed
from hub.flow.first_time import hold_first_time, introduces, is_first_time, waits
from hub.flow.house import House
from hub.flow.judge import VALID_FOR, Judged, judge, read_registers
from hub.flow.notice import earlier_of, judge_notice
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.intake.referrals import AcceptedReferral
from hub.register import agencies, contacts
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Ask
from protocols.vocabulary import Outcome, Purpose

WORKER = "worker"
"""Who acts where no person does."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What transaction 1 committed to: one attempt, these bytes, under this claim."""

    claim: Claim
    row: DisclosureRow
    subject: str
    message: Message
    introduces: bool = False
    """Whether its agency counts as known to the landlord once it has gone: an agreement of two people covers it."""


def in_the_way(house: House, tx: Reading, row: DisclosureRow, now: datetime) -> str | None:
    """Why nothing may go by this door now, in danger too, as a stable code; None where it may.

    An agency that is suspended, a door or key that two persons have not confirmed, a way to the agency or back to us
    that is linked to an alleged perpetrator: the wrong one at the other end is the worse danger; a person telephones.
    """
    barred = agencies.in_the_way(tx, row.agency, house.doors.digest(row.agency), now)
    ways = [*house.doors.addresses(row.agency), referrals.get(tx, row.referral_id).content.reply_to]
    return barred or ("unsafe_contact" if contacts.is_unsafe(tx, ways) else None)


def release(
    house: House, tx: Writing, row: DisclosureRow, claim: Claim, actor: str, now: datetime
) -> tuple[Intent | None, list[Entry]]:  # fmt: skip
    """Decide again inside the claiming transaction: what may be sent now, or None where it is held or cancelled.

    The caller logs the entries before it commits: the decision, and the intent with what binds the exact bytes.
    """
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    verdict = judged.verdict
    message = message_of(house, tx, row, verdict)  # before anything is written: until then what was read is kept
    entry = keep_decision(tx, row, accepted, judged, decision_id, actor, now)
    if message is None:
        return None, [entry, *set_aside(house, tx, row, verdict, decision_id, actor, now)]
    if has_pack(house, tx, row) and sent.differs(tx, row.id, row.case_id, message.body):
        prepare_anew(tx, row, now)
        return None, [entry]
    is_new = is_first_time(house, tx, row, verdict)
    if is_new and waits(claim.lane):
        take_back(house, tx, row)
        return None, [entry, hold_first_time(tx, row, decision_id, actor, now)]
    attempt_id, began = new_id(Prefix.ATTEMPT), first_released(tx, row, now)
    bound = commit(tx, row.case_id, attempt_id, accepted.subject, message.body, now, verdict.data_class)
    leases.begin_attempt(tx, claim, attempt_id, decision_id, bound, now)
    outbox.change(tx, row.id, State.LEAVING, decision_id=decision_id, consent_id=judged.relied_on,
                  override_id=judged.override, released_at=began, disclosed_at=row.disclosed_at or now,
                  cause=None if row.cause == HOLD_WINDOW else row.cause)  # fmt: skip
    sent.keep(tx, attempt_id, row.case_id, accepted.subject, message, now, verdict.data_class)
    if house.doors.can_recall(row.agency):
        lapses.note(tx, row.id, stays_until(verdict, began))
    intended = Entry(EntryKind.RELEASE_INTENDED, now, actor, {
        "disclosure": row.id, "decision": decision_id, "agency": row.agency, "attempt": claim.attempt,
        "message_commitment": bound, "transport": house.doors.transport_code(row.agency),
    })  # fmt: skip
    told = [Entry(EntryKind.RECIPIENT_NEW, now, actor, {
        "disclosure": row.id, "landlord": row.landlord.lower(), "agency": row.agency,
    })] if is_new else []  # fmt: skip
    return Intent(claim, row, accepted.subject, message, introduces(house, tx, row, verdict)), [entry, intended, *told]


def judge_again(
    house: House, tx: Writing, row: DisclosureRow, accepted: AcceptedReferral, decision_id: str, now: datetime
) -> Judged:
    """The decision of this moment on a disclosure that is waiting."""
    told = follow_ups.of(tx, row)
    if told is not None and told.bare:
        return judge_notice(house, tx, row, told, accepted, decision_id, now)
    ask = Ask(agency=row.agency, purpose=Purpose(row.purpose), routine=row.routine)
    registers = read_registers(tx, accepted.content, row.case_id, now)
    first = kept.first(tx, row.id, row.case_id)
    return judge(
        registers, house.rulebook, accepted.content, ask, agencies.get(tx, row.agency), disclosure_id=row.id,
        decision_id=decision_id, reference=row.reference, now=now,
        at_most=AtMost(frozenset(first.decision.keep), first.going),
        replaces=earlier_of(tx, told.about) if told else None,
    )  # fmt: skip


def keep_decision(
    tx: Writing, row: DisclosureRow, accepted: AcceptedReferral, judged: Judged, decision_id: str, actor: str,
    now: datetime, *, door: bool = True,
) -> Entry:  # fmt: skip
    """Put a decision about a disclosure on file, one at its door unless said otherwise; returns its entry."""
    kept.keep(tx, judged.verdict, decision_id=decision_id, referral_id=row.referral_id, disclosure_id=row.id,
              case_id=row.case_id, subject=accepted.subject, at_the_door=door, now=now)  # fmt: skip
    facts = commit(tx, row.case_id, decision_id, accepted.subject, facts_bytes(judged.verdict), now)
    return decided(judged, row, decision_id, facts, actor, now, door=door)


def has_pack(house: House, tx: Reading, row: DisclosureRow) -> bool:
    """Whether a pack of it lies in its folder, or may: whoever died may have left one, and it must not be carried."""
    if row.agency not in house.doors or not house.doors.can_recall(row.agency):
        return False
    return row.state is State.PREPARED or leases.is_loose(tx, row.id)


def take_back(house: House, tx: Writing, row: DisclosureRow) -> None:
    """Have its pack taken out of its folder, where there is one or may be."""
    if has_pack(house, tx, row):
        outbox.ask_recall(tx, row.id)


def set_aside(
    house: House, tx: Writing, row: DisclosureRow, verdict: Verdict, decision_id: str, actor: str, now: datetime
) -> list[Entry]:
    """Hold or cancel what may not go now, and say why; what was authorised before is not authorised any more.

    Its pack is taken back. Whoever has what it was to correct is told so by the sweep, now that it does not come.
    """
    take_back(house, tx, row)
    deciding = next((reason.code for reason in verdict.decision.reasons if reason.determining), "DECIDED")
    # With nothing left to tell there is nothing to authorise, and it would be held again each time.
    holds = verdict.decision.outcome is Outcome.NEEDS_AUTHORISER and verdict.says_something
    state = State.HELD if holds else State.CANCELLED
    cause = deciding if holds or verdict.decision.outcome is Outcome.DENY else "NOTHING_LEFT_TO_TELL"
    asked = asked_of(verdict.decision, now) if holds else Asked()
    due, overdue = asked.review_due_at, None
    if row.state is State.HELD and row.review_due_at and due and row.authoriser == asked.authoriser:
        due, overdue = min(due, row.review_due_at), row.review_overdue_at  # no further answer buys the same person time
    outbox.stop(tx, row.id)
    reviews.lapse(tx, row.id, now)
    outbox.change(tx, row.id, state, cause=cause, decision_id=decision_id, authoriser=asked.authoriser,
                  within=asked.within, review_due_at=due, review_overdue_at=overdue,
                  override_id=None)  # fmt: skip
    if holds:
        lapses.note(tx, row.id, verdict.lapses_at)
    told = follow_ups.of(tx, row)
    if told is not None and not told.bare:
        follow_ups.look_again(tx, row.id, now)
    where = placed(
        row, state, decision_id=decision_id, cause=cause, gaps=len(verdict.decision.gaps), content=None, actor=actor,
        now=now,
    )  # fmt: skip
    return [where] if where else []


def park(
    house: House, tx: Writing, row: DisclosureRow, cause: str, now: datetime, *, attempt: int = 0, by: str = WORKER
) -> Entry:
    """Stop trying and leave it to a person, with the cause; returns the entry. Its pack is taken back.

    `attempt`: the one that ended so; 0 where none was made.
    """
    take_back(house, tx, row)
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, State.PARKED, cause=cause, answer_due_at=None, authoriser=None, within=None,
                  review_due_at=None, review_overdue_at=None)  # fmt: skip
    return Entry(EntryKind.RELEASE_PARKED, now, by, {
        "disclosure": row.id, "attempt": attempt, "reason": cause.lower(),
    })  # fmt: skip


def take_up(house: House, tx: Writing, row: DisclosureRow, by: str, now: datetime) -> list[Entry]:
    """Queue again what was held, now that it may go. Returns the entries.

    Where it may have arrived already, and its partner would notice no repeat, a person finds that out first.
    """
    if row.agency in house.doors and not house.doors.can_repeat(row.agency) and leases.is_in_doubt(tx, row.id):
        leases.close_unknown(tx, [row.id], now)
        return [park(house, tx, row, "last_attempt_unknown", now, by=by)]
    leases.restart(tx, row.id, now, ready=house.doors.is_sent(row.agency))
    return []


def arrived_already(tx: Writing, row: DisclosureRow) -> None:
    """The partner has it and said so: nothing goes again."""
    outbox.stop(tx, row.id)
    outbox.change(tx, row.id, State.RECEIPTED, cause=None)


def message_of(house: House, tx: Writing, row: DisclosureRow, verdict: Verdict) -> Message | None:
    """The bytes that may go now; None when the verdict, as it stands or as authorised, lets nothing go."""
    goes = verdict.decision.releases or is_authorised(tx, row.id, verdict.decision)
    if not goes or verdict.disclosure is None or not verdict.says_something:
        return None
    disclosure = verdict.disclosure
    began = first_released(tx, row, disclosure.decided_at)
    same = {"decided_at": began, "valid_until": min(disclosure.valid_until, began + VALID_FOR)}
    return house.doors.render(row.agency, disclosure.model_copy(update=same))


def first_released(tx: Reading, row: DisclosureRow, now: datetime) -> datetime:
    """Since when its days are counted.

    A repeat has the bytes of the first time, so that a partner or a folder that holds them already finds them equal.
    Where nobody can have it and those days are over, they are counted anew: nobody is sent what has expired.
    """
    if row.released_at is None:
        return now
    is_over = row.released_at + VALID_FOR <= now and not leases.may_have_left(tx, row.id)
    return now if is_over else row.released_at


def stays_until(verdict: Verdict, began: datetime) -> datetime | None:
    """When a pack is to be looked at again: something that it rests on runs out, or the days that it tells do."""
    return min(verdict.lapses_at, began + VALID_FOR) if verdict.lapses_at is not None else None


def is_authorised(tx: Reading, disclosure_id: str, decision: Decision) -> bool:
    """Whether all whom this decision asks for have authorised a release despite what holds it now."""
    if decision.outcome is not Outcome.NEEDS_AUTHORISER:
        return False
    given = [Review(*said) for said in reviews.standing(tx, disclosure_id, findings_of(decision))]
    return are_enough(decision.authoriser, given)


def prepare_anew(tx: Writing, row: DisclosureRow, now: datetime) -> None:
    """A pack that tells more than may be told now goes first; then another is prepared, decided again at the door."""
    outbox.ask_recall(tx, row.id)
    leases.restart(tx, row.id, now, ready=True)
