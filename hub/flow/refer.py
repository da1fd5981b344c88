"""Refer: accept, gather facts, decide per recipient, minimise, queue, log. One transaction; nothing is sent here.

Promise: when this returns, the referral and every decision are durable and logged, and what may go will be tried
until it is settled. When it raises, nothing was taken.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry, EntryKind
from hub.decision import kept
from hub.decision.gate import Verdict, facts_bytes
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import BadInput
from hub.flow.entries import decided, placed
from hub.flow.house import House
from hub.flow.judge import Judged, Registers, judge, read_registers
from hub.flow.recall import recall
from hub.flow.reconsider import reconsider, resting_on
from hub.ids import Prefix, new_id, new_reference
from hub.intake import referrals
from hub.intake.referrals import AcceptedReferral
from hub.intake.strict_json import read_model
from hub.register import agencies, consents
from hub.register.agencies import Agency
from hub.store.unit_of_work import Reading, Writing
from protocols.record import Ask, ConsentFact, Referral
from protocols.vocabulary import Outcome

_LANES = {"immediate_danger": 0, "high": 1}
_ROUTINE_LANE = 2


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted: the referral's id, and which disclosures are ready to go at once."""

    referral_id: str
    ready: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Previewed:
    """What would be decided now for one ask, if the referral were sent."""

    ask: Ask
    agency: Agency
    judged: Judged


def refer(house: House, actor: Actor, raw: bytes, idempotency_key: str) -> Accepted:
    """Accept a referral as sent. The same key and bytes again give the same answer and change nothing.

    Raises BadInput for what is wrong with it, Conflict for a key used for something else, Unavailable when it cannot
    be made durable.
    """
    require(actor, Act.REFER)
    given = read_model(raw, Referral)
    require_landlord(actor, given.landlord)
    now = house.clock.now()
    with house.store.write() as tx:
        case_id = referrals.open_case(tx, given.landlord, given.record.case.reference, now)
        before = referrals.seen_before(tx, actor.person, idempotency_key, raw)
        if before is not None:
            return Accepted(before, (), is_new=False)
        referrals.check_people(tx, case_id, given)
        accepted = referrals.accept(tx, given, case_id, actor.person, now)
        referrals.remember(tx, actor.person, idempotency_key, raw, accepted.id, now)
        entries = [_accepted_entry(tx, accepted, raw, actor, now)]
        entries += [_record_consent(tx, accepted, fact, actor, now) for fact in given.consents]
        prepared = _resting_on_what_is_undone(tx, case_id, given)
        for row in prepared:  # what is queued is decided again at its door; a pack would be carried
            entries += reconsider(house, tx, row, actor)
        registers = read_registers(tx, given.landlord, case_id)
        ready: list[str] = []
        for number, ask in enumerate(given.asks):
            agency = agencies.get(tx, ask.agency, f"asks.{number}.agency")
            row, logged = _decide_ask(house, tx, accepted, registers, ask, agency, actor=actor, now=now)
            entries += logged
            ready += [row.id] if row.state is State.QUEUED and not house.doors.is_collected(agency.id) else []
        log.append(tx, entries)
    if prepared:
        recall(house)
    return Accepted(accepted.id, tuple(ready), is_new=True)


def preview(house: House, actor: Actor, raw: bytes) -> tuple[Referral, tuple[Previewed, ...]]:
    """What would be decided if this were sent now; nothing is kept and nothing leaves."""
    require(actor, Act.PREVIEW)
    given = read_model(raw, Referral)
    require_landlord(actor, given.landlord)
    now = house.clock.now()
    with house.store.read() as tx:
        case_id = referrals.find_case(tx, given.landlord, given.record.case.reference)
        on_file = read_registers(tx, given.landlord, case_id)
        offered = tuple(
            consents.RecordedConsent(new_id(Prefix.CONSENT), 0, case_id or "", fact, None, now)
            for fact in given.consents
        )
        registers = Registers(on_file.landlord, on_file.agreements, (*on_file.consents, *offered))
        asked = [(ask, agencies.get(tx, ask.agency, f"asks.{n}.agency")) for n, ask in enumerate(given.asks)]
    return given, tuple(
        Previewed(ask, agency, judge(
            registers, house.rulebook, given, ask, agency, disclosure_id=new_id(Prefix.DISCLOSURE),
            decision_id=new_id(Prefix.DECISION), reference=new_reference(), now=now,
        ))
        for ask, agency in asked
    )  # fmt: skip


def _resting_on_what_is_undone(tx: Reading, case_id: str, given: Referral) -> tuple[DisclosureRow, ...]:
    """Prepared packs of earlier referrals that rest on more than what the person agrees to by this referral."""
    rows = {
        row.id: row
        for fact in given.consents
        for row in resting_on(tx, case_id, fact)
        if row.state is State.PREPARED and row.consent_id is not None
        and _takes_back(fact, consents.get(tx, row.consent_id).fact)
    }  # fmt: skip
    return tuple(rows.values())


def _takes_back(now: ConsentFact, before: ConsentFact) -> bool:
    return now.answer not in consents.GIVES or not frozenset(before.covers) <= frozenset(now.covers)


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
    row = DisclosureRow(
        seq=0, id=disclosure_id, referral_id=accepted.id, case_id=accepted.case_id, landlord=accepted.landlord,
        agency=agency.id, purpose=ask.purpose.value, routine=ask.routine, reference=reference, state=state,
        cause=cause, authoriser=verdict.decision.authoriser if state is State.HELD else None,
        decision_id=decision_id, consent_id=judged.relied_on, rung=0, released_at=None, created_at=now,
    )  # fmt: skip
    lane = _LANES.get(accepted.content.record.risk.level, _ROUTINE_LANE)
    outbox.put(tx, row, lane, ready=state is State.QUEUED and not house.doors.is_collected(agency.id))
    kept.keep(tx, verdict, decision_id=decision_id, referral_id=accepted.id, disclosure_id=disclosure_id,
              case_id=accepted.case_id, subject=accepted.subject, at_the_door=False, now=now)  # fmt: skip
    facts = commit(tx, accepted.case_id, decision_id, accepted.subject, facts_bytes(verdict), now)
    entries = [decided(verdict, row, decision_id, facts, actor.person, now, door=False)]
    content = None
    if state is State.QUEUED and verdict.disclosure is not None:
        told = verdict.disclosure.model_dump_json().encode()
        content = commit(tx, accepted.case_id, disclosure_id, accepted.subject, told, now)
    where = placed(
        row, state, decision_id=decision_id, cause=cause, gaps=len(verdict.decision.gaps), content=content,
        actor=actor.person, now=now,
    )  # fmt: skip
    return row, [*entries, where] if where else entries


def place(verdict: Verdict) -> tuple[State, str | None]:
    """Where a verdict puts a disclosure, and the stable code of why where it does not go."""
    deciding = next((reason.code for reason in verdict.decision.reasons if reason.determining), "DECIDED")
    match verdict.decision.outcome:
        case Outcome.DENY:
            return State.DENIED, deciding
        case Outcome.NEEDS_AUTHORISER:
            return State.HELD, deciding
        case _:
            return (State.QUEUED, None) if verdict.says_something else (State.DENIED, "NOTHING_LEFT_TO_TELL")


def _accepted_entry(tx: Writing, accepted: AcceptedReferral, raw: bytes, actor: Actor, now: datetime) -> Entry:
    bound = commit(tx, accepted.case_id, accepted.id, accepted.subject, raw, now)
    return Entry(EntryKind.REFERRAL_ACCEPTED, now, actor.person, {
        "referral": accepted.id, "case": accepted.case_id, "landlord": accepted.landlord.lower(),
        "record_commitment": bound, "subjects": len(accepted.content.record.people),
    })  # fmt: skip


def _record_consent(tx: Writing, accepted: AcceptedReferral, fact: ConsentFact, actor: Actor,
                    now: datetime) -> Entry:  # fmt: skip
    recorded = consents.record(tx, accepted.case_id, fact, actor.person, now)
    bound = commit(tx, accepted.case_id, recorded.id, fact.subject, fact.model_dump_json().encode(), now)
    return Entry(EntryKind.CONSENT_RECORDED, now, actor.person, {
        "consent": recorded.id, "referral": accepted.id, "evidence_commitment": bound,
    })  # fmt: skip
