"""Correct: a record that was wrong is put right, and what was or would be told of it follows. One transaction.

Promise: after this commits nothing begins to leave on the record as it was. What had not left is decided anew on the
corrected record. Whoever has, or may have, something of what changed is sent it anew where it may go, and is told at
once not to rely on what it has where it may not, or not yet (UK GDPR Art 5(1)(d), 16, 19; ADR 0017).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.decision.authorisers import asked_of
from hub.delivery import follow_ups, outbox, queue, reviews
from hub.delivery.follow_ups import FollowUp, Reach
from hub.delivery.outbox import UNSENT, DisclosureRow, State
from hub.errors import BadInput
from hub.flow import find_again
from hub.flow.differ import differs_in, tells_of
from hub.flow.entries import marked_unsafe
from hub.flow.follow import cancel, enter, lane_of, look, new_row, tell
from hub.flow.house import House
from hub.flow.hurry import to_telephone
from hub.flow.judge import Judged, Registers, judge, read_registers
from hub.flow.notice import earlier_of
from hub.flow.placing import place
from hub.flow.recall import recall
from hub.flow.reconsider import decide_anew, reconsider_for_contacts, reconsider_surely
from hub.flow.sight import reading_case, require_sight
from hub.ids import Prefix, new_id
from hub.intake import corrections, referrals
from hub.intake.corrections import CorrectedReferral, Correction, WhyCorrected
from hub.intake.referrals import AcceptedReferral
from hub.intake.strict_json import read_model
from hub.register import agencies, consents, contacts
from hub.store.classes import class_of
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Ask, Referral, items
from protocols.vocabulary import Purpose


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction did: ids and states of what was decided anew, of what replaces what, and notices by what about.

    All but the correction itself are empty where it had been taken before. `ready` are those to be woken for,
    `telephone` the agencies to tell by telephone: the corrected record tells of immediate danger, and it would wait.
    """

    correction_id: str
    is_new: bool
    decided_again: tuple[tuple[str, State], ...] = ()
    replaced: tuple[tuple[str, str, State], ...] = ()
    notices: tuple[tuple[str, str], ...] = ()
    ready: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()


@dataclass
class _Work:
    """One correction under way."""

    house: House
    tx: Writing
    was: AcceptedReferral
    now_is: AcceptedReferral
    registers: Registers
    by: str
    now: datetime
    changed: frozenset[tuple[str, str]]
    entries: list[Entry] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)


def correct(house: House, actor: Actor, referral_id: str, raw: bytes, idempotency_key: str) -> Corrected:
    """Take a corrected referral. The same key and bytes again change nothing.

    Raises BadInput for what is no correction of this referral, or brings answers that belong to `record_consent`;
    Conflict for a key used for something else; NotFound.
    """
    require(actor, Act.CORRECT)
    given = read_model(raw, CorrectedReferral)
    bound, now = referral_id.encode() + b"\n" + raw, house.clock.now()
    with house.store.write(actor.scope) as tx:
        _, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        referrals.hold_case(tx, case_id)
        before = referrals.seen_before(tx, actor.person, idempotency_key, bound)
        if before is not None:
            return Corrected(before, is_new=False)
        was = referrals.get(tx, referral_id)
        _check(tx, was, given)
        made = corrections.record(tx, was, given.referral, given.reason, actor.person, now)
        referrals.remember(tx, actor.person, idempotency_key, bound, made.id, now)
        work = _begin(house, tx, was, given.referral, actor.person, now)
        find_again.enter_corrected(tx, was, work.now_is, made.id)
        for row in outbox.of_referral(tx, referral_id):
            _follow(work, row)
        log.append(tx, [_entry(tx, work, made, bound), *work.entries])
        after = outbox.among(tx, [*work.again, *(one for one, _ in work.replaced)])
        in_danger = after.values() if lane_of(given.referral) == queue.DANGER else ()
        telephone = to_telephone(house, tx, in_danger, now)
    recall(house)
    look(house, {about for _, about in (*work.replaced, *work.notices)})
    ready = (row.id for row in after.values() if row.state is State.QUEUED and house.doors.is_sent(row.agency))
    return Corrected(
        made.id, True, tuple((one, after[one].state) for one in work.again),
        tuple((one, about, after[one].state) for one, about in work.replaced), tuple(work.notices),
        (*ready, *(one for one, _ in work.notices)), telephone,
    )  # fmt: skip


def list_corrections(
    house: House, actor: Actor, referral_id: str, purpose: ReadFor | None = None
) -> tuple[Correction, ...]:
    """The corrections of a referral, the first one first, without what they say; reading is logged. Raises NotFound."""
    with reading_case(house, actor, referral_id, "corrections", purpose) as (tx, _):
        return corrections.of_referral(tx, referral_id)


def _check(tx: Reading, was: AcceptedReferral, given: CorrectedReferral) -> None:
    corrections.check(was, given.referral)
    # Who was taken for somebody else gets a number of their own: keys, answers and marks are the other one's.
    referrals.check_people(tx, was.case_id, given.referral, corrects=given.reason is not WhyCorrected.MISIDENTIFIED)
    on_file = [entry.fact for entry in consents.of_case(tx, was.case_id)]
    if any(fact not in on_file for fact in given.referral.consents):
        raise BadInput("CONSENT_NOT_TAKEN_HERE", "referral.consents", "holds an answer that is not on file",
                       "record the answer, or its withdrawal, by itself; it counts from then on")  # fmt: skip


def _begin(house: House, tx: Writing, was: AcceptedReferral, given: Referral, by: str, now: datetime) -> _Work:
    now_is = replace(was, content=given)
    marks = contacts.mark_accused(tx, was.case_id, given.record, by, now)
    if contacts.is_unsafe(tx, [given.reply_to]):
        raise BadInput("UNSAFE_CONTACT", "referral.reply_to", "is linked to an alleged perpetrator",
                       "give another way for agencies to answer")  # fmt: skip
    work = _Work(house, tx, was, now_is, read_registers(tx, given, was.case_id, now), by, now,
                 differs_in(was.content, given))  # fmt: skip
    work.entries += [marked_unsafe(mark, was.case_id, was.id, by, now) for mark in marks]
    if marks:  # packs may tell the contact as somebody's own; those of this referral are decided on the new record
        work.entries += reconsider_for_contacts(house, tx, was.case_id, contacts.told_of_accused(given.record), by)
    return work


def _follow(work: _Work, row: DisclosureRow) -> None:
    """Have one disclosure of the referral follow the corrected record."""
    tx = work.tx
    told = follow_ups.of(tx, row)
    if (told is not None and told.bare) or _is_replaced(tx, row):
        return
    reach = follow_ups.reach(tx, row)
    if reach is Reach.NEVER:
        if row.state in UNSENT:
            _decide_anew(work, row)
        return
    judged = _judged(work, row, row.id, row.decision_id, row.reference)
    if not work.changed & tells_of(tx, row, judged.verdict):
        if row.state in UNSENT:  # what goes is the same; whether it may go can have changed
            work.entries += reconsider_surely(work.house, tx, row, work.by)
            work.again.append(row.id)
        return
    _replace(work, row, reach)


def _is_replaced(tx: Reading, row: DisclosureRow) -> bool:
    """Whether a later one has taken its place, or may have: then that one is what follows."""
    for entry in follow_ups.on(tx, row.id):
        if not entry.bare:
            later = outbox.get(tx, entry.disclosure_id)
            if later.state not in (State.DENIED, State.CANCELLED) or follow_ups.reach(tx, later) is not Reach.NEVER:
                return True
    return False


def _decide_anew(work: _Work, row: DisclosureRow) -> None:
    """Nobody has it: it goes on as the corrected record is decided, or waits, or goes no more."""
    told, decision_id = follow_ups.of(work.tx, row), new_id(Prefix.DECISION)
    judged = _judged(work, row, row.id, decision_id, row.reference, about=told.about if told else None)
    if work.changed & tells_of(work.tx, row, judged.verdict):
        reviews.lapse(work.tx, row.id, work.now)  # whoever authorised it saw another text
    work.entries += decide_anew(work.house, work.tx, row, work.now_is, judged, decision_id, work.by)
    follow_ups.hurry(work.tx, [row.id], lane_of(work.now_is.content), work.now)
    work.again.append(row.id)
    if told is not None and outbox.get(work.tx, row.id).state is not State.QUEUED:
        _tell(work, outbox.get(work.tx, told.about))


def _replace(work: _Work, row: DisclosureRow, reach: Reach) -> None:
    """Somebody has it, or may: the corrected one goes in its place where it may, and a bare notice where it may not."""
    tx = work.tx
    reviews.lapse(tx, row.id, work.now)
    stopped = row.state in (State.CANCELLED, State.REFUSED)
    if row.state in UNSENT:
        work.entries.append(cancel(work.house, tx, row, "CORRECTED", work.by, work.now))
    if stopped:  # by a person or the law: a correction brings nothing back
        _tell(work, row)
        return
    made = new_row(tx, row, work.now)
    judged = _judged(work, row, made.id, made.decision_id, made.reference, about=row.id)
    state, cause = place(judged.verdict)
    asked = asked_of(judged.verdict.decision, work.now)
    made = replace(
        made, state=state, cause=cause, authoriser=asked.authoriser, within=asked.within,
        review_due_at=asked.review_due_at, consent_id=judged.relied_on, override_id=judged.override,
    )  # fmt: skip
    told = FollowUp(made.id, made.agency, row.id, "corrected", bare=False,
                    look_at=None if reach is Reach.HAS else work.now)  # fmt: skip
    lane = queue.DANGER if judged.override else lane_of(work.now_is.content)
    work.entries += enter(work.house, tx, made, told, judged, work.now_is, lane=lane, by=work.by, now=work.now)
    work.replaced.append((made.id, row.id))
    if state is not State.QUEUED:
        _tell(work, row)


def _tell(work: _Work, about: DisclosureRow) -> None:
    made, entries = tell(work.house, work.tx, [about], "corrected", work.by, work.now)
    work.entries += entries
    work.notices += [(notice.id, about.id) for notice in made]


def _judged(
    work: _Work, row: DisclosureRow, disclosure_id: str, decision_id: str, reference: str, about: str | None = None
) -> Judged:
    """What the corrected record would be told of as if it were asked now, for the first time."""
    ask = Ask(agency=row.agency, purpose=Purpose(row.purpose), routine=row.routine)
    return judge(
        work.registers, work.house.rulebook, work.now_is.content, ask, agencies.get(work.tx, row.agency),
        disclosure_id=disclosure_id, decision_id=decision_id, reference=reference, now=work.now,
        replaces=earlier_of(work.tx, about) if about else None,
    )  # fmt: skip


def _entry(tx: Writing, work: _Work, made: Correction, bound: bytes) -> Entry:
    was = work.was
    guarded = class_of(category for item in items(work.now_is.content) for category in item.categories)
    return Entry(EntryKind.REFERRAL_CORRECTED, work.now, work.by, {
        "referral": was.id, "correction": made.id, "number": made.number, "reason": made.reason.value,
        "record_commitment": commit(tx, was.case_id, made.id, was.subject, bound, work.now, guarded),
        "decided_again": len(work.again), "replaced": len(work.replaced), "notices": len(work.notices),
    })  # fmt: skip
