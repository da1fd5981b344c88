"""Reconsider: decide a waiting disclosure again because an answer that it rests on has changed.

Shared by the journeys that record such an answer: a withdrawal, a referral that tells of a refusal, an override's end.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from hub.audit.entry import Entry
from hub.delivery import lapses, leases, outbox, sent
from hub.delivery.introductions import FIRST_TIME
from hub.delivery.outbox import UNSENT, DisclosureRow, State
from hub.flow.house import House
from hub.flow.judge import VALID_FOR, Judged
from hub.flow.release import (
    is_authorised,
    judge_again,
    keep_decision,
    message_of,
    park,
    prepare_anew,
    set_aside,
    stays_until,
    take_up,
)
from hub.flow.undecidable import code_of
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.intake.referrals import AcceptedReferral
from hub.register import consents, person_index
from hub.register.consents import RecordedConsent
from hub.store.unit_of_work import Reading, Writing
from protocols.record import ConsentFact


def resting_on(
    tx: Reading, case_id: str, fact: ConsentFact, answers: Iterable[RecordedConsent] | None = None
) -> tuple[DisclosureRow, ...]:
    """The disclosures that rest on any answer of this person about this recipient and purpose, oldest first.

    Not of one fact alone: the same answer may be on file twice, and whoever takes it back means both. `answers` are
    those of the case, for whoever read them in this transaction.
    """
    alike = (
        entry.id for entry in (consents.of_case(tx, case_id) if answers is None else answers)
        if (entry.fact.subject, entry.fact.recipient, entry.fact.purpose)
        == (fact.subject, fact.recipient, fact.purpose)
    )  # fmt: skip
    found = {row.id: row for consent_id in alike for row in outbox.relying_on(tx, consent_id)}
    return tuple(sorted(found.values(), key=lambda row: row.seq))


def takes_back(now: ConsentFact, before: ConsentFact) -> bool:
    """Whether a later answer leaves a disclosure less to rest on than an earlier one, or asks more of it."""
    if now.answer not in consents.GIVES or not frozenset(before.covers) <= frozenset(now.covers):
        return True
    ends_sooner = now.expires_at is not None and (before.expires_at is None or now.expires_at < before.expires_at)
    return ends_sooner or (now.answer, now.conditions) != (before.answer, before.conditions)


def is_unsent(tx: Reading, row: DisclosureRow, now: datetime) -> bool:
    """Whether nothing of it is on its way: also where whoever was at it died, and nobody may come for it again."""
    return row.state in UNSENT or (row.state is State.LEAVING and not leases.is_claimed(tx, row.id, now))


def reconsider(house: House, tx: Writing, row: DisclosureRow, by: str, *, lets_go: bool = False) -> list[Entry]:
    """Decide an unsent disclosure again; its pack, where one is prepared, is to be taken back. Returns the entries.

    `lets_go`: what is held goes where nothing holds it any more, because the answer that it lacked was given.
    """
    now = house.clock.now()
    leases.close_unknown(tx, [row.id], now)
    if row.state is State.PREPARED:
        outbox.ask_recall(tx, row.id)
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    entry = keep_decision(tx, row, accepted, judged, decision_id, by, now)
    outbox.change(tx, row.id, row.state, decision_id=decision_id, consent_id=judged.relied_on,
                  override_id=judged.override)  # fmt: skip
    if judged.verdict.goes:
        if row.state is State.PREPARED:
            prepare_anew(tx, row, now)
        if row.state is State.HELD and lets_go and row.cause != FIRST_TIME:  # an answer does not say whom it goes to
            return [entry, *take_up(house, tx, row, by, now)]
        return [entry]  # another ground carries it, and it is decided once more at the door
    return [entry, *set_aside(house, tx, row, judged.verdict, decision_id, by, now)]


def reconsider_surely(
    house: House, tx: Writing, row: DisclosureRow, by: str, *, lets_go: bool = False
) -> list[Entry]:  # fmt: skip
    """As `reconsider`; what cannot be decided goes no more, and a person is told, so that it stops no stop of others.

    Raises what is the store's own trouble.
    """
    return _surely(house, tx, row, by, partial(reconsider, lets_go=lets_go))


def look_again(house: House, tx: Writing, row: DisclosureRow, by: str) -> list[Entry]:
    """Decide again what waits, and leave it where it is if it may still go as it is. Returns the entries.

    A pack stays that tells what would be told now, and whose days are not over: somebody may be about to carry it.
    """
    now, decision_id = house.clock.now(), new_id(Prefix.DECISION)
    accepted = referrals.get(tx, row.referral_id)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    verdict = judged.verdict
    stands = verdict.goes or is_authorised(tx, row.id, verdict.decision)
    message = message_of(house, tx, row, verdict) if stands and row.state is State.PREPARED else None
    entry = keep_decision(tx, row, accepted, judged, decision_id, by, now)
    outbox.change(tx, row.id, row.state, decision_id=decision_id, consent_id=judged.relied_on,
                  override_id=judged.override)  # fmt: skip
    lapses.note(tx, row.id, verdict.lapses_at)
    if not stands or (row.state is State.PREPARED and message is None):
        return [entry, *set_aside(house, tx, row, verdict, decision_id, by, now)]
    if message is None:
        return [entry]
    began = row.released_at or now
    if began + VALID_FOR <= now or message.body != sent.last(tx, row.id, row.case_id):
        prepare_anew(tx, row, now)
        outbox.change(tx, row.id, State.QUEUED, released_at=None)  # its days are counted anew, and told
    else:
        lapses.note(tx, row.id, stays_until(verdict, began))
    return [entry]


def _surely(
    house: House, tx: Writing, row: DisclosureRow, by: str,
    act: Callable[[House, Writing, DisclosureRow, str], list[Entry]],
) -> list[Entry]:  # fmt: skip
    try:
        return act(house, tx, row, by)
    except Exception as problem:  # noqa: BLE001 - whatever it is, the others of the same stop must not go on for it
        return [park(house, tx, row, code_of(problem, row.id), house.clock.now(), by=by)]


def decide_anew(
    house: House, tx: Writing, row: DisclosureRow, accepted: AcceptedReferral, judged: Judged, decision_id: str, by: str
) -> list[Entry]:
    """Take this decision, on a corrected record, as the first one about a disclosure that nobody has.

    It is not narrowed by what was decided on the record as it was. Returns the entries.
    """
    now = house.clock.now()
    entry = keep_decision(tx, row, accepted, judged, decision_id, by, now, door=False)
    outbox.change(tx, row.id, row.state, decision_id=decision_id, consent_id=judged.relied_on,
                  override_id=judged.override)  # fmt: skip
    lapses.note(tx, row.id, judged.verdict.lapses_at)
    if judged.verdict.goes:
        if row.state is State.PREPARED:
            prepare_anew(tx, row, now)
        if row.state is State.HELD:
            return [entry, *take_up(house, tx, row, by, now)]
        return [entry]
    if row.state is not State.HELD and is_authorised(tx, row.id, judged.verdict.decision):
        return [entry]
    return [entry, *set_aside(house, tx, row, judged.verdict, decision_id, by, now)]


def reconsider_packs(house: House, tx: Writing, packs: Iterable[DisclosureRow], by: str) -> list[Entry]:
    """Decide again what waits in folders: nobody would ask at its door before it is carried. Returns the entries."""
    those = {row.id: row.case_id for row in packs}
    referrals.hold_cases(tx, set(those.values()))  # all before anything is written, or two might wait for each other
    rows = sorted(outbox.among(tx, those).values(), key=lambda row: row.seq)
    return [
        entry for row in rows if row.state is State.PREPARED for entry in reconsider_surely(house, tx, row, by)
    ]  # fmt: skip


def reconsider_for_contacts(
    house: House, tx: Writing, case_id: str, marked: Sequence[str], by: str
) -> list[Entry]:  # fmt: skip
    """Contacts were marked unsafe: packs of this case are decided again, those of others that tell them by the sweep.

    What tells none of them stays where it is. Returns the entries. The caller holds this case, and no other: theirs are
    held one by one.
    """
    its = [row for row in outbox.of_case(tx, case_id) if row.state is State.PREPARED]
    entries = [entry for row in its for entry in _surely(house, tx, row, by, look_again)]
    lapses.note_packs(tx, house.clock.now(), cases=person_index.cases_reached_by(tx, marked))
    return entries
