"""Lapse: the sweep decides again what still waits when something that it rests on has run out by its date.

A consent, an agreement, a policy document, an assessment; and packs that waited longer than a decision may stand. What
is queued is decided at its door as well; what lies in a folder or waits for an authoriser has no other door to ask at.
Promise: what may not go any more is held or cancelled, and its pack taken back; what may stays where it is.
"""

from collections.abc import Callable
from functools import partial

from hub.audit import log
from hub.audit.entry import Entry
from hub.delivery import lapses
from hub.delivery.outbox import UNSENT, DisclosureRow
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.reconsider import look_again
from hub.flow.release import WORKER, park
from hub.flow.sweeping import each
from hub.flow.undecidable import code_of
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Writing


def lapse(house: House) -> int:
    """Decide again whatever waits and has lost something that it rested on; returns how much was."""
    with house.store.read(EVERY) as tx:
        due = lapses.due(tx, house.clock.now())
    done = each(due, partial(_is_decided, house), "lapse_not_decided", lambda row: {"disclosure": row.id})
    if done:
        recall(house)
    return done


def _is_decided(house: House, found: DisclosureRow) -> bool:
    try:
        return _is_done(house, found, partial(look_again, house))
    except Exception as problem:  # noqa: BLE001 - whatever it is: its ground has run out, and a person must look
        code = code_of(problem, found.id)
        return _is_done(house, found, lambda tx, row, by: [park(house, tx, row, code, house.clock.now(), by=by)])


def _is_done(house: House, found: DisclosureRow, act: Callable[[Writing, DisclosureRow, str], list[Entry]]) -> bool:
    now = house.clock.now()
    with house.store.write(of_landlord(found.landlord)) as tx:
        row = hold_disclosure(tx, found.id)
        if not lapses.is_due(tx, row.id, now):
            return False  # another process was first
        lapses.drop(tx, row.id)
        if row.state not in UNSENT:
            return False
        log.append(tx, act(tx, row, WORKER))
    return True
