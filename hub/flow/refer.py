"""Refer: accept, gather facts, decide per recipient, minimise, queue, log. One transaction; nothing is sent here.

Promise: when this returns, the referral and every decision are durable and logged, and what may go will be tried
until it is settled. When it raises, nothing was taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.decision.authorisers import asked_of
from hub.delivery import breaker, lapses, leases, outbox, queue
from hub.delivery.breaker import Circuit
from hub.delivery.outbox import HOLD_WINDOW, DisclosureRow, State
from hub.errors import BadInput
from hub.flow import find_again
from hub.flow.entries import consent_recorded, marked_unsafe, placed
from hub.flow.follow import heed, lane_of, waits_unasked
from hub.flow.house import House
from hub.flow.judge import Judged, Registers, judge, read_registers
from hub.flow.placing import hold_back, place
from hub.flow.recall import recall
from hub.flow.reconsider import reconsider_for_contacts, reconsider_surely, resting_on, takes_back
from hub.flow.release import keep_decision
from hub.flow.sight import require_sight
from hub.flow.still import is_still, require_room
from hub.ids import Prefix, new_id, new_reference
from hub.intake import referrals
from hub.intake.referrals import AcceptedReferral
from hub.intake.strict_json import read_model
from hub.register import agencies, consents, contacts, pins
from hub.register.agencies import Agency
from hub.register.consents import RecordedConsent
from hub.store.classes import class_of
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Ask, Referral, items


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted: the referral's id, which disclosures are ready to go at once, and whom to tell by telephone.

    `telephone` are agencies to which nothing can go before people have looked at their door or key; in immediate danger
    also those that do not answer at the moment, and all while nothing leaves. `leaves_at`: when the routine ones of it
    go, which can be abandoned until then; None where none waits.
    """

    referral_id: str
    ready: tuple[str, ...]
    is_new: bool
    telephone: tuple[str, ...] = ()
    leaves_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Previewed:
    """What would be decided now for one ask, if the referral were sent."""

    ask: Ask
    agency: Agency
    judged: Judged


def refer(house: House, actor: Actor, raw: bytes, idempotency_key: str) -> Accepted:
    """Accept a referral as sent. The same key and bytes again give the same answer and change nothing.

    Raises BadInput for what is wrong with it, Conflict for a key used for something else, Unavailable when it cannot
    be made durable, or, but for immediate danger, when there is no room for more.
    """
    require(actor, Act.REFER)
    given = read_model(raw, Referral)
    require_landlord(actor, given.landlord)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        case_id = referrals.open_case(tx, given.landlord, given.record.case.reference, now, actor.team)
        if case_id not in tx.opened:
            require_sight(tx, actor, case_id)
        before = referrals.seen_before(tx, actor.person, idempotency_key, raw)
        if before is not None:  # whoever was to be told by telephone still is: the answer may have been lost
            return Accepted(before, (), is_new=False, telephone=_telephone_again(house, tx, before, given, now))
        if not _is_danger(given):
            require_room(house, tx, [ask.agency for ask in given.asks])
        referrals.check_people(tx, case_id, given)
        accepted = referrals.accept(tx, given, case_id, actor.person, now)
        find_again.enter(tx, accepted)
        referrals.remember(tx, actor.person, idempotency_key, raw, accepted.id, now)
        entries = [_accepted_entry(tx, accepted, raw, actor, now)]
        earlier = consents.of_case(tx, case_id) if case_id not in tx.opened else ()
        answers = [consents.record(tx, case_id, fact, actor.person, now) for fact in given.consents]
        entries += [consent_recorded(tx, answer, accepted.id, actor.person, now) for answer in answers]
        marked = _mark_unsafe(house, tx, accepted, actor, now)
        entries += marked
        relying = [row for fact in given.consents if fact.answer in consents.AGAINST
                   for row in (resting_on(tx, case_id, fact, earlier) if earlier else ())]  # fmt: skip
        undone = _resting_on_what_is_undone(tx, case_id, earlier, given)
        entries += [entry for row in undone for entry in reconsider_surely(house, tx, row, actor.person)]
        entries += heed(house, tx, accepted, relying, actor.person) if case_id not in tx.opened else []
        registers = read_registers(tx, given, case_id, now, answers=(*earlier, *answers))
        made, telephone, logged = _decide_asks(house, tx, accepted, registers, actor, now)
        entries += logged
        log.append(tx, entries)
    house.backlog.add(given.landlord, [ask.agency for ask in given.asks])
    if undone or marked:
        recall(house)
    return _accepted(house, accepted.id, made, telephone, now)


def preview(house: House, actor: Actor, raw: bytes) -> tuple[Referral, tuple[Previewed, ...]]:
    """What would be decided if this were sent now; nothing is kept and nothing leaves."""
    require(actor, Act.PREVIEW)
    given = read_model(raw, Referral)
    require_landlord(actor, given.landlord)
    now = house.clock.now()
    with house.store.read(actor.scope) as tx:
        case_id = referrals.find_case(tx, given.landlord, given.record.case.reference)
        if case_id is not None:
            require_sight(tx, actor, case_id)
        on_file = read_registers(tx, given, case_id, now)
        offered = tuple(
            consents.RecordedConsent(new_id(Prefix.CONSENT), 0, case_id or "", fact, None, now)
            for fact in given.consents
        )
        registers = replace(on_file, consents=(*on_file.consents, *offered))
        asked = [(ask, agencies.get(tx, ask.agency, f"asks.{n}.agency")) for n, ask in enumerate(given.asks)]
    return given, tuple(
        Previewed(ask, agency, judge(
            registers, house.rulebook, given, ask, agency, disclosure_id=new_id(Prefix.DISCLOSURE),
            decision_id=new_id(Prefix.DECISION), reference=new_reference(), now=now,
        ))
        for ask, agency in asked
    )  # fmt: skip


def _accepted(
    house: House, referral_id: str, made: Sequence[DisclosureRow], telephone: Iterable[str], now: datetime
) -> Accepted:
    in_hold = any(row.cause == HOLD_WINDOW for row in made)
    goes = (row for row in made if row.state is State.QUEUED and row.cause != HOLD_WINDOW)
    ready = tuple(row.id for row in goes if house.doors.is_sent(row.agency))
    leaves_at = now + house.hold if in_hold else None
    return Accepted(referral_id, ready, is_new=True, telephone=tuple(dict.fromkeys(telephone)), leaves_at=leaves_at)


def _is_danger(given: Referral) -> bool:
    return lane_of(given) == queue.DANGER


def _telephone_again(
    house: House, tx: Reading, referral_id: str, given: Referral, now: datetime
) -> tuple[str, ...]:  # fmt: skip
    hurried = {row.agency for row in outbox.of_referral(tx, referral_id) if row.override_id is not None}
    found = (
        ask.agency for ask in given.asks
        if _must_be_telephoned(house, tx, ask.agency, now, danger=_is_danger(given) or ask.agency in hurried)
    )  # fmt: skip
    return tuple(dict.fromkeys(found))


def _must_be_telephoned(house: House, tx: Reading, agency: str, now: datetime, *, danger: bool) -> bool:
    """Whether people must tell this agency: its door is gone or barred, or danger would wait for it or for us."""
    if agency not in house.doors:
        return True
    barred = pins.in_the_way(pins.of_agency(tx, agency), house.doors.digest(agency), now)  # none is suspended here
    if barred or contacts.is_unsafe(tx, house.doors.addresses(agency)):
        return True
    if not danger:
        return False
    doors = breaker.states(tx, [agency]).values()
    return not is_still(house, tx) or any(door.state is not Circuit.CLOSED for door in doors)


def _mark_unsafe(house: House, tx: Writing, accepted: AcceptedReferral, actor: Actor, now: datetime) -> list[Entry]:
    """Ways to reach the accused go on file as nobody else's. Raises BadInput where agencies would answer there."""
    marks = contacts.mark_accused(tx, accepted.case_id, accepted.content.record, actor.person, now)
    if contacts.is_unsafe(tx, [accepted.content.reply_to]):
        raise BadInput("UNSAFE_CONTACT", "reply_to", "is linked to an alleged perpetrator",
                       "give another way for agencies to answer")  # fmt: skip
    entries = [marked_unsafe(mark, accepted.case_id, accepted.id, actor.person, now) for mark in marks]
    if marks:
        told = contacts.told_of_accused(accepted.content.record)
        entries += reconsider_for_contacts(house, tx, accepted.case_id, told, actor.person)
    return entries


def _resting_on_what_is_undone(
    tx: Reading, case_id: str, earlier: tuple[RecordedConsent, ...], given: Referral
) -> tuple[DisclosureRow, ...]:
    """What of earlier referrals rests on more than what the person agrees to by this one, and cannot wait for its door.

    A pack would be carried; and of what may have come already somebody is to be told that it goes no more.
    """
    answered = {answer.id: answer.fact for answer in earlier}
    rows = {
        row.id: row
        for fact in given.consents
        for row in (resting_on(tx, case_id, fact, earlier) if earlier else ())
        if (row.state is State.PREPARED or (row.state is State.QUEUED and leases.may_have_left(tx, row.id)))
        and row.consent_id is not None
        and takes_back(fact, answered[row.consent_id])
    }
    return tuple(rows.values())


def _decide_asks(
    house: House, tx: Writing, accepted: AcceptedReferral, registers: Registers, actor: Actor, now: datetime
) -> tuple[list[DisclosureRow], tuple[str, ...], list[Entry]]:  # fmt: skip
    """What was made of each ask, which agencies are to be told by telephone, and the entries."""
    made: list[DisclosureRow] = []
    telephone: list[str] = []
    entries: list[Entry] = []
    for number, ask in enumerate(accepted.content.asks):
        agency = agencies.get(tx, ask.agency, f"asks.{number}.agency")
        row, logged = _decide_ask(house, tx, accepted, registers, ask, agency, actor=actor, now=now)
        entries += logged
        danger = _is_danger(accepted.content) or row.override_id is not None
        telephone += [agency.id] if _must_be_telephoned(house, tx, agency.id, now, danger=danger) else []
        made.append(row)
    return made, tuple(dict.fromkeys(telephone)), entries


def _decide_ask(
    house: House, tx: Writing, accepted: AcceptedReferral, registers: Registers, ask: Ask, agency: Agency, *,
    actor: Actor, now: datetime,
) -> tuple[DisclosureRow, list[Entry]]:  # fmt: skip
    if agency.suspended_at is not None:
        raise BadInput("AGENCY_SUSPENDED", "asks.agency", "this agency is suspended on the register",
                       "leave it out, or ask the administrator")  # fmt: skip
    if agency.id not in house.doors:
        raise BadInput("AGENCY_HAS_NO_DOOR", "asks.agency", "no connector is set up for this agency",
                       "ask the administrator, or use another agency")  # fmt: skip
    disclosure_id, decision_id, reference = new_id(Prefix.DISCLOSURE), new_id(Prefix.DECISION), new_reference()
    judged = judge(
        registers, house.rulebook, accepted.content, ask, agency, disclosure_id=disclosure_id,
        decision_id=decision_id, reference=reference, now=now,
    )  # fmt: skip
    verdict = judged.verdict
    state, cause = place(verdict)
    asked = asked_of(verdict.decision, now)
    row = DisclosureRow(
        seq=0, id=disclosure_id, referral_id=accepted.id, case_id=accepted.case_id, landlord=accepted.landlord,
        agency=agency.id, purpose=ask.purpose.value, routine=ask.routine, reference=reference, state=state,
        cause=cause, authoriser=asked.authoriser, decision_id=decision_id, consent_id=judged.relied_on, rung=0,
        released_at=None, created_at=now, within=asked.within, review_due_at=asked.review_due_at,
        override_id=judged.override,
    )  # fmt: skip
    lane = queue.DANGER if judged.override else lane_of(accepted.content)
    row, due_at = hold_back(house, tx, row, lane, verdict, now)
    ready = row.state is State.QUEUED and house.doors.is_sent(agency.id)
    outbox.put(tx, row, lane, ready=ready, due_at=due_at)
    entries = [keep_decision(tx, row, accepted, judged, decision_id, actor.person, now, door=False)]
    if waits_unasked(house, row):
        lapses.note(tx, disclosure_id, verdict.lapses_at)
    content = None
    if row.state is State.QUEUED and verdict.disclosure is not None:
        told = verdict.disclosure.model_dump_json().encode()
        content = commit(tx, accepted.case_id, disclosure_id, accepted.subject, told, now, verdict.data_class)
    where = placed(
        row, row.state, decision_id=decision_id, cause=row.cause, gaps=len(verdict.decision.gaps), content=content,
        actor=actor.person, now=now,
    )  # fmt: skip
    return row, [*entries, where] if where else entries


def _accepted_entry(tx: Writing, accepted: AcceptedReferral, raw: bytes, actor: Actor, now: datetime) -> Entry:
    guarded = class_of(category for item in items(accepted.content) for category in item.categories)
    bound = commit(tx, accepted.case_id, accepted.id, accepted.subject, raw, now, guarded)
    return Entry(EntryKind.REFERRAL_ACCEPTED, now, actor.person, {
        "referral": accepted.id, "case": accepted.case_id, "landlord": accepted.landlord.lower(),
        "record_commitment": bound, "subjects": len(accepted.content.record.people),
        "machine": actor.machine,
    })  # fmt: skip
