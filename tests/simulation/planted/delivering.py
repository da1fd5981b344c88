"""Bugs in the way out: claims, sends, settles, hints, and what is decided at the door."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import update

from hub.access.roles import Actor
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import leases, outbox
from hub.delivery.doors import Attempted, Doors
from hub.delivery.leases import Claim
from hub.delivery.outbox import RECALL_DUE, DisclosureRow
from hub.errors import Unavailable
from hub.flow import claim as claiming
from hub.flow import deliver as delivering
from hub.flow import refer as referring
from hub.flow import release as releasing
from hub.flow import withdraw as withdrawing
from hub.flow.house import House
from hub.flow.refer import Accepted
from hub.flow.release import Intent
from hub.flow.withdraw import Withdrawn
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.register import consents
from hub.store.scope import of_landlord
from hub.store.tables import attempt
from hub.store.tables import outbox as outbox_table
from hub.store.unit_of_work import Writing
from hub.worker import courier, tasks
from tests.simulation import people
from tests.simulation.planted.bug import Change, Planted
from tests.simulation.stage import Stage

_LMH = of_landlord("LMH")


def _claims(instead: Callable[..., Any]) -> list[Change]:
    """Every way into a claim, exchanged."""
    return [(courier, "claim", instead), (delivering, "claim", instead)]


def _beforehand(stage: Stage, look: Callable[[House, Any, DisclosureRow], object], found: dict[str, Any]) -> Any:
    """A claim that looks at what waits in a transaction of its own, before the one that claims."""
    real = claiming.claim

    def claim(house: House, worker: str, most: int, **more: Any) -> Any:
        with house.store.read(_LMH) as tx:
            ids = [row[0] for row in stage.disk.file.execute("SELECT disclosure_id FROM outbox WHERE ready")]
            for row in outbox.among(tx, ids).values():
                found[row.id] = look(house, tx, row)
        return real(house, worker, most, **more)

    return claim


def _gate_before_claim(stage: Stage) -> Sequence[Change]:
    found: dict[str, Any] = {}
    real = releasing.judge_again

    def look(house: House, tx: Any, row: DisclosureRow) -> object:
        return real(house, tx, row, referrals.get(tx, row.referral_id), new_id(Prefix.DECISION), house.clock.now())

    def judge_again(house: House, tx: Any, row: DisclosureRow, *rest: Any) -> Any:
        return found.get(row.id) or real(house, tx, row, *rest)

    return [*_claims(_beforehand(stage, look, found)), (releasing, "judge_again", judge_again)]


def _suspension_beforehand(stage: Stage) -> Sequence[Change]:
    found: dict[str, Any] = {}
    real = claiming.in_the_way

    def look(house: House, tx: Any, row: DisclosureRow) -> object:
        return real(house, tx, row, house.clock.now())

    def in_the_way(house: House, tx: Any, row: DisclosureRow, now: datetime) -> Any:
        return found[row.id] if row.id in found else real(house, tx, row, now)

    return [*_claims(_beforehand(stage, look, found)), (claiming, "in_the_way", in_the_way)]


def _accepted_before_commit(_stage: Stage) -> Sequence[Change]:
    real, accept, taken = referring.refer, referrals.accept, []

    def refer(*given: Any) -> Accepted:
        try:
            return real(*given)
        except Unavailable:
            if not taken:
                raise
            return Accepted(taken[-1], (), is_new=True)

    def accepting(*given: Any) -> Any:
        made = accept(*given)
        taken.append(made.id)
        return made

    return [(referring, "refer", refer), (referrals, "accept", accepting)]


def _key_of_each_attempt(_stage: Stage) -> Sequence[Change]:
    def send(house: House, intent: Intent) -> Attempted:
        key = f"{intent.row.id}#{intent.claim.attempt}"
        return house.doors.send(intent.row.agency, intent.message, key, house.clock.now())

    return [(courier, "send", send), (delivering, "send", send)]


def _repeats_to_anybody(_stage: Stage) -> Sequence[Change]:
    return [(Doors, "can_repeat", lambda _doors, _agency: True)]


def _hint_is_the_truth(stage: Stage) -> Sequence[Change]:
    real = claiming.claim

    def claim(house: House, worker: str, most: int, **more: Any) -> Any:
        return real(house, worker, most, **{**more, "only": [*stage.world.heard]})

    return _claims(claim)


def _settles_without_fence(_stage: Stage) -> Sequence[Change]:
    def end_attempt(tx: Writing, claim: Claim, outcome: str, now: datetime) -> bool:
        mine = outbox_table.c.disclosure_id == claim.disclosure_id
        tx.connection.execute(update(outbox_table).where(mine).values(lease_owner=None, lease_until=None))
        this = (attempt.c.disclosure_id == claim.disclosure_id) & (attempt.c.number == claim.attempt)
        tx.connection.execute(update(attempt).where(this).values(ended_at=now, outcome=outcome))
        return True

    return [(leases, "end_attempt", end_attempt)]


def _intent_not_logged(_stage: Stage) -> Sequence[Change]:
    def append(tx: Writing, entries: Sequence[Entry]) -> None:
        log.append(tx, [entry for entry in entries if entry.kind is not EntryKind.RELEASE_INTENDED])

    return [(claiming, "log", SimpleNamespace(append=append))]


def _takes_live_leases(_stage: Stage) -> Sequence[Change]:
    def is_free(_now: datetime) -> Any:
        return outbox_table.c.recall.is_(None) | (outbox_table.c.recall != RECALL_DUE)

    return [(leases, "is_free", is_free)]


def _withdraws_from_memory(_stage: Stage) -> Sequence[Change]:
    """It reads what rests on the consent before it holds the case, and changes by what it read."""
    real, resting_on = withdrawing.withdraw, withdrawing.resting_on
    read: dict[str, Any] = {}

    def withdraw(house: House, actor: Actor, consent_id: str) -> Withdrawn:
        with house.store.read(actor.scope) as tx:
            given = consents.get(tx, consent_id)
            read[given.case_id] = resting_on(tx, given.case_id, given.fact)
        return real(house, actor, consent_id)

    def from_memory(tx: Any, case_id: str, fact: Any) -> Any:
        return read.get(case_id) or resting_on(tx, case_id, fact)

    return [(withdrawing, "withdraw", withdraw), (withdrawing, "resting_on", from_memory)]


def _leaves_packs(_stage: Stage) -> Sequence[Change]:
    return [(withdrawing, "recall", lambda _house: 0), (tasks, "recall", lambda _house: 0)]


IN_DELIVERY = {
    "the gate is asked before the claim": Planted(
        ("consent", "order"), _gate_before_claim, (people.suspends_agreement,)
    ),
    "a referral is acknowledged before it is committed": Planted(("empty",), _accepted_before_commit),
    "each attempt has a key of its own": Planted(("consent",), _key_of_each_attempt),
    "who cannot notice a repeat is sent one": Planted(
        ("consent", "refusal"), _repeats_to_anybody, (people.acknowledges,)
    ),
    "a hint is the truth": Planted(("consent", "empty"), _hint_is_the_truth),
    "an attempt is settled without its fence": Planted(("order",), _settles_without_fence, (people.acknowledges,)),
    "an intent is not logged": Planted(("consent",), _intent_not_logged),
    "a live lease is taken": Planted(("order",), _takes_live_leases, (people.acknowledges,)),
    "a suspension is looked up before the claim": Planted(
        ("consent", "order"), _suspension_beforehand, (people.suspends,)
    ),
    "a withdrawal changes what it read before it held the case": Planted(
        ("carried",), _withdraws_from_memory, (people.withdraws, people.records_consent)
    ),
    "a pack stays in its folder after a withdrawal": Planted(("carried",), _leaves_packs, (people.withdraws,)),
}
