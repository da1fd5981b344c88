"""Withdraw: record that a consent is withdrawn, and decide again all that relied on it. One transaction.

Promise: after this commits no release that relied on the consent is begun. Serialised against claims by the case: an
attempt that had begun before is named in the answer, as are those whom the person's data already reached. A notice to
each of them to stop using it is queued in the same transaction (UK GDPR Art 7(3), 19; `hub.flow.follow`). Packs that
nobody has carried yet are taken back.
"""

from dataclasses import dataclass

from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import leases, outbox
from hub.delivery.outbox import State
from hub.flow.follow import look, tell_of_withdrawal
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.reconsider import is_unsent, reconsider_surely, resting_on
from hub.flow.sight import require_sight
from hub.intake import referrals
from hub.register import consents


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal did, by disclosure id."""

    consent_id: str
    cancelled: tuple[str, ...]
    held: tuple[str, ...]
    unchanged: tuple[str, ...]
    leaving: tuple[str, ...]
    told_before: tuple[str, ...]
    notices: tuple[str, ...] = ()


def withdraw(house: House, actor: Actor, consent_id: str) -> Withdrawn:
    """Withdraw a consent. Raises NotFound, or Conflict where it was withdrawn before."""
    require(actor, Act.WITHDRAW_CONSENT)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        given = consents.get(tx, consent_id)
        require_sight(tx, actor, given.case_id)
        referrals.hold_case(tx, given.case_id)
        consents.withdraw(tx, consent_id, actor.person, now)
        entries: list[Entry] = []
        after: dict[str, State] = {}
        relying = resting_on(tx, given.case_id, given.fact)
        for row in relying:
            if is_unsent(tx, row, now):
                entries += reconsider_surely(house, tx, row, actor.person)
                after[row.id] = outbox.get(tx, row.id).state
        # Asked to stop using it: whoever has it, and whoever may have it since an attempt ended without an answer.
        under_way = tuple(row.id for row in relying if row.state is State.LEAVING and row.id not in after)
        told = [
            row.id for row in relying
            if row.id not in under_way and row.state is not State.PREPARED and leases.may_have_left(tx, row.id)
        ]  # fmt: skip
        cancelled = tuple(row for row, state in after.items() if state is State.CANCELLED)
        notices, further = tell_of_withdrawal(house, tx, relying, actor.person)
        entries += further
        entries.append(Entry(EntryKind.CONSENT_WITHDRAWN, now, actor.person, {
            "consent": consent_id, "disclosures_cancelled": len(cancelled), "notices_sent": len(notices),
        }))  # fmt: skip
        log.append(tx, entries)
    # A pack that is not there any more was carried by somebody who has not recorded it yet.
    recall(house)
    look(house, {row.id for row in relying})
    with house.store.read(actor.scope) as tx:
        told += outbox.packs_missing(tx, after)
    return Withdrawn(
        consent_id,
        cancelled,
        tuple(row for row, state in after.items() if state is State.HELD),
        tuple(row for row, state in after.items() if state not in (State.HELD, State.CANCELLED)),
        under_way,
        tuple(dict.fromkeys(told)),
        notices,
    )
