"""Claim: the first transaction of a delivery, for as many rows at once as there are hands to send them.

    registers held, doors held, cases held; rows claimed; each decided again on current facts; intents logged; commit

A partner's door, and a case, that another process is busy with is left to it: no claim waits for another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from hub.audit import log
from hub.audit.entry import Entry
from hub.decision import kept
from hub.delivery import breaker, leases, outbox, queue, schedule
from hub.delivery.breaker import DoorState, Slots
from hub.delivery.doors import Rung
from hub.delivery.leases import Claim
from hub.delivery.outbox import DisclosureRow
from hub.delivery.queue import Head
from hub.errors import Unavailable
from hub.flow import still
from hub.flow.house import House
from hub.flow.release import WORKER, Intent, arrived_already, in_the_way, park, release
from hub.flow.undecidable import code_of
from hub.intake import referrals
from hub.register import consents
from hub.store.scope import EVERY, of_landlord
from hub.store.troubles import is_of_the_store
from hub.store.unit_of_work import Reading, Writing

_LOOKS_AHEAD = 2  # so that who finds the first rows taken still has some to take


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is to be sent now, and how many rows were dealt with: also those that were held, cancelled or parked.

    `beaten`: something was due, and others were at all of it just then.
    """

    intents: tuple[Intent, ...] = ()
    dealt: int = 0
    beaten: bool = False


class _UndecidableError(Exception):
    """One row of a batch cannot be decided; the others must not wait behind it."""

    def __init__(self, disclosure_id: str, code: str) -> None:
        super().__init__(code)
        self.disclosure_id, self.code = disclosure_id, code


def claim(
    house: House, worker: str, most: int, *, usual: int | None = None, only: Iterable[str] | None = None
) -> Claimed:  # fmt: skip
    """Claim up to `most` due disclosures, most urgent first, of which `usual` at the most are not of danger.

    `only`: of these alone, each in its turn. Raises Unavailable where the store is away: nothing was claimed then.
    """
    still.put_right(house)
    now, allowed = house.clock.now(), most if usual is None else usual
    with house.store.read(EVERY) as tx:
        waited_for = queue.waited_for(tx)
        if not waited_for:  # as at most looks of a hub at rest
            return Claimed()
        free = _slots(house, tx, breaker.states(tx, waited_for), waited_for, now)
        if not allowed:  # what nobody could take now would be found at every look, and look as if others were at it
            free = {agency: replace(slots, usual=0) for agency, slots in free.items()}
        found = queue.heads(tx, free, now, most * _LOOKS_AHEAD, only)
    # Danger is claimed by itself: it does not wait until others of its batch are decided as well.
    danger = [head for head in found if head.lane == queue.DANGER]
    others, beaten = [head for head in found if head.lane != queue.DANGER], False
    for heads in (danger, others):
        candidates = queue.fitting(heads, free, most * _LOOKS_AHEAD, most * _LOOKS_AHEAD)
        try:
            claimed = _claim_surely(house, worker, candidates, most, allowed)
        except Unavailable:
            if beaten:  # danger may go, and is to be looked at again at once
                break
            raise
        if claimed.dealt:
            return claimed
        beaten = beaten or claimed.beaten  # where somebody else is at all danger, the rest does not wait for them
    return Claimed(beaten=beaten)


def _claim_surely(house: House, worker: str, candidates: list[Head], most: int, allowed: int) -> Claimed:
    """Claim of these, each row that cannot be decided parked by itself."""
    parked = 0
    while candidates:
        try:
            claimed = _claim(house, worker, candidates, most, allowed)
            return replace(claimed, dealt=claimed.dealt + parked)
        except _UndecidableError as problem:
            stuck = next(head for head in candidates if head.disclosure_id == problem.disclosure_id)
            parked += _park_undecidable(house, worker, stuck, problem.code)
            candidates = [head for head in candidates if head is not stuck]
    return Claimed(dealt=parked)


def _claim(house: House, worker: str, candidates: Sequence[Head], most: int, usual: int) -> Claimed:
    with house.store.write(EVERY) as tx:
        still.require_still(house, tx, danger=all(head.lane == queue.DANGER for head in candidates))
        tx.hold_registers()
        now = house.clock.now()  # not before it was waited: what ran out meanwhile has run out
        doors = breaker.hold(tx, {head.agency for head in candidates})
        free = _slots(house, tx, doors, doors, now)
        cases = referrals.hold_free(tx, {head.case_id for head in candidates if head.agency in doors})
        chosen = queue.fitting([head for head in candidates if head.case_id in cases], free, most, usual)
        claims = leases.take(tx, [head.disclosure_id for head in chosen], worker, now, house.lease)
        leases.close_unknown(tx, [taken.disclosure_id for taken in claims if taken.unknown_attempts], now)
        intents, entries = _decide(house, tx, claims, now)
        # Only what does begin uses up a rate, or the one attempt that finds out whether a partner answers again.
        for agency, count in _by_agency(intent.claim for intent in intents).items():
            breaker.begun(tx, doors[agency], house.doors.pace(agency), count, now, house.lease)
        log.append(tx, entries)
    return Claimed(tuple(intents), len(claims), beaten=not claims)


def _decide(house: House, tx: Writing, claims: Iterable[Claim], now: datetime) -> tuple[list[Intent], list[Entry]]:
    rows = outbox.among(tx, [taken.disclosure_id for taken in claims])
    intents: list[Intent] = []
    entries: list[Entry] = []

    def turn(taken: Claim) -> tuple[int, str]:
        return taken.lane, rows[taken.disclosure_id].landlord

    for (_, landlord), group in groupby(sorted(claims, key=turn), turn):
        its = list(group)
        with tx.within(of_landlord(landlord)) as own:
            _open_together(own, [rows[taken.disclosure_id] for taken in its])
            for taken in its:
                intent, logged = _decide_surely(house, own, rows[taken.disclosure_id], taken, now)
                entries += logged
                intents += [intent] if intent else []
    return intents, entries


def _open_together(tx: Writing, rows: Sequence[DisclosureRow]) -> None:
    """Open in a few queries what deciding each of them again will ask for; what cannot be opened shows in its turn."""
    try:
        referrals.open_together(tx, {row.referral_id for row in rows})
        kept.open_first(tx, {row.id: row.case_id for row in rows})
        consents.open_together(tx, {row.case_id for row in rows})
    except Exception as problem:  # whatever it is, it shows again in its turn, at the row that it is of
        if is_of_the_store(problem):
            raise


def _decide_surely(
    house: House, tx: Writing, row: DisclosureRow, taken: Claim, now: datetime
) -> tuple[Intent | None, list[Entry]]:  # fmt: skip
    try:
        return _decide_one(house, tx, row, taken, now)
    except Exception as problem:  # whatever it is, the others must not wait behind it
        raise _UndecidableError(row.id, code_of(problem, row.id)) from problem


def _decide_one(
    house: House, tx: Writing, row: DisclosureRow, taken: Claim, now: datetime
) -> tuple[Intent | None, list[Entry]]:  # fmt: skip
    if row.rung >= Rung.READ:
        arrived_already(tx, row)
        return None, []
    barred = in_the_way(house, tx, row, now)
    if barred is None and taken.lost_attempts and not house.doors.can_repeat(row.agency):
        barred = "last_attempt_unknown"
    if barred is None and schedule.kills(taken.lost_attempts):
        barred = "workers_died"
    if barred is not None:
        return None, [park(house, tx, row, barred, now, attempt=taken.attempt)]
    return release(house, tx, row, taken, WORKER, now)


def _slots(
    house: House, tx: Reading, doors: Mapping[str, DoorState], asked: Iterable[str], now: datetime
) -> Mapping[str, Slots]:  # fmt: skip
    busy = breaker.under_way(tx, now)
    return {
        agency: breaker.slots(
            doors.get(agency, DoorState(agency)), house.doors.pace(agency), busy.get(agency, 0), now
        )
        for agency in asked
    }  # fmt: skip


def _by_agency(claims: Iterable[Claim]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for taken in claims:
        counts[taken.agency] = counts.get(taken.agency, 0) + 1
    return counts


def _park_undecidable(house: House, worker: str, head: Head, code: str) -> int:
    """What cannot be decided or rendered now will not be by trying again: nothing left, and a person is told why.

    0 where somebody else dealt with it since.
    """
    with house.store.write(EVERY) as tx:
        still.require_still(house, tx, danger=head.lane == queue.DANGER)  # or what is in danger behind it would wait
        row = outbox.get(tx, head.disclosure_id)
        referrals.hold_case(tx, row.case_id)
        now = house.clock.now()
        claims = leases.take(tx, [row.id], worker, now, house.lease)
        leases.close_unknown(tx, [row.id], now)
        log.append(tx, [park(house, tx, row, code, now) for _ in claims])
    return len(claims)
