"""Reconsider: decide a waiting disclosure again because an answer that it rests on has changed.

Shared by the journeys that record such an answer: a withdrawal, and a referral that tells of a refusal.
"""

from hub.access.roles import Actor
from hub.audit.entry import Entry
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.deliver import judge_again, keep_decision, prepare_anew, set_aside
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.register import consents
from hub.store.unit_of_work import Reading, Writing
from protocols.record import ConsentFact


def resting_on(tx: Reading, case_id: str, fact: ConsentFact) -> tuple[DisclosureRow, ...]:
    """The disclosures that rest on any answer of this person about this recipient and purpose, oldest first.

    Not of one fact alone: the same answer may be on file twice, and whoever takes it back means both.
    """
    alike = (
        entry.id for entry in consents.of_case(tx, case_id)
        if (entry.fact.subject, entry.fact.recipient, entry.fact.purpose)
        == (fact.subject, fact.recipient, fact.purpose)
    )  # fmt: skip
    found = {row.id: row for consent_id in alike for row in outbox.relying_on(tx, consent_id)}
    return tuple(sorted(found.values(), key=lambda row: row.seq))


def reconsider(house: House, tx: Writing, row: DisclosureRow, actor: Actor) -> list[Entry]:
    """Decide an unsent disclosure again; its pack, where one is prepared, is to be taken back. Returns the entries."""
    now = house.clock.now()
    if row.state is State.PREPARED:
        outbox.ask_recall(tx, row.id)
    accepted = referrals.get(tx, row.referral_id)
    decision_id = new_id(Prefix.DECISION)
    judged = judge_again(house, tx, row, accepted, decision_id, now)
    entry = keep_decision(tx, row, accepted, judged, decision_id, actor.person, now)
    outbox.change(tx, row.id, row.state, decision_id=decision_id, consent_id=judged.relied_on)
    if judged.verdict.decision.releases and judged.verdict.says_something:
        if row.state is State.PREPARED:
            prepare_anew(tx, row, now)
        return [entry]  # another ground carries it, and it is decided once more at the door
    return [entry, *set_aside(tx, row, judged.verdict, decision_id, actor.person, now)]
