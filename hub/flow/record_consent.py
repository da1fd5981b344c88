"""Record consent: what a person answered between referrals goes on file, and what waits on it is decided again.

Promise: one transaction. The answer counts from its place in the log on, whatever time is claimed for it: decisions
made before stay as they were made, what was denied or cancelled stays so, and what is held goes only by a new decision.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import BadInput
from hub.flow.entries import consent_recorded
from hub.flow.follow import look, tell_of_withdrawal
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.reconsider import is_unsent, reconsider_surely, resting_on, takes_back
from hub.flow.sight import reading_case, require_sight
from hub.intake import referrals
from hub.intake.strict_json import read_model
from hub.register import agencies, consents
from hub.register.consents import RecordedConsent
from hub.store.unit_of_work import Reading
from protocols.record import ConsentFact


@dataclass(frozen=True, slots=True)
class Recorded:
    """The fact's id, what waited on it and its state now, and which of those are ready to go at once."""

    consent_id: str
    decided_again: tuple[tuple[str, State], ...]
    ready: tuple[str, ...]


def record_consent(house: House, actor: Actor, referral_id: str, raw: bytes) -> Recorded:
    """Put an answer about one recipient and purpose on file, for the case of a referral.

    Raises BadInput for an answer of somebody who is not in the referral, NotFound for a referral not theirs to see.
    """
    require(actor, Act.RECORD_CONSENT)
    fact = read_model(raw, ConsentFact)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        _, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        referrals.hold_case(tx, case_id)
        if fact.subject not in {person.id for person in referrals.get(tx, referral_id).content.record.people}:
            raise BadInput("PERSON_UNKNOWN", "subject", "names nobody of this referral", "use a number of its people")
        waiting = _waiting_on(tx, case_id, fact, now)
        recorded = consents.record(tx, case_id, fact, actor.person, now)
        entries = [consent_recorded(tx, recorded, referral_id, actor.person, now)]
        # Before any is decided again: what is denied rests on nothing any more, and its agency may have it.
        rested = resting_on(tx, case_id, fact) if fact.answer in consents.AGAINST else ()
        for row in waiting:
            entries += reconsider_surely(house, tx, row, actor.person, lets_go=True)
        entries += tell_of_withdrawal(house, tx, rested, actor.person)[1]
        after = tuple(outbox.get(tx, row.id) for row in waiting)
        log.append(tx, entries)
    recall(house)
    look(house, {row.id for row in rested})
    ready = (row.id for row in after if row.state is State.QUEUED and house.doors.is_sent(row.agency))
    return Recorded(recorded.id, tuple((row.id, row.state) for row in after), tuple(ready))


def list_consents(
    house: House, actor: Actor, referral_id: str, purpose: ReadFor | None = None
) -> tuple[RecordedConsent, ...]:
    """Every answer on file for the case of a referral, in the hub's order; reading is logged. Raises NotFound."""
    with reading_case(house, actor, referral_id, "consents", purpose) as (tx, case_id):
        return consents.of_case(tx, case_id)


def _waiting_on(tx: Reading, case_id: str, fact: ConsentFact, now: datetime) -> tuple[DisclosureRow, ...]:
    """What is unsent in the case and about what was answered; a pack only where it would have to be taken back."""
    subjects = referrals.of_case(tx, case_id)
    return tuple(
        row for row in outbox.of_case(tx, case_id)
        if row.purpose == fact.purpose and subjects[row.referral_id] == fact.subject
        and agencies.get(tx, row.agency).kind is fact.recipient and is_unsent(tx, row, now)
        and (row.state is not State.PREPARED or _undoes(tx, row, fact))
    )  # fmt: skip


def _undoes(tx: Reading, row: DisclosureRow, fact: ConsentFact) -> bool:
    if row.consent_id is None:
        return fact.answer not in consents.GIVES
    return takes_back(fact, consents.get(tx, row.consent_id).fact)
