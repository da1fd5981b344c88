"""Recall: take packs out of the outgoing folder that nobody may carry any more, or that were handed over.

That a pack is to go is recorded in the transaction that decides it; taking it away follows, and is tried again by the
timetable until it is done, also after a crash. It is done holding the case: a pack prepared anew is never taken for it.
Where it was taken away and no record of that was written, the door remembers it, so that nobody is said to carry it.
"""

from functools import partial

from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import leases, outbox, receipts, sent
from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow
from hub.flow.house import House
from hub.flow.sweeping import each
from hub.intake import referrals
from hub.store.scope import EVERY, of_landlord


def recall(house: House) -> int:
    """Take away every pack that is due and can be taken; returns how many disclosures were dealt with.

    What cannot be taken away now stays due, and keeps nothing else from being done.
    """
    with house.store.read(EVERY) as tx:
        due = outbox.to_recall(tx)
    return each(due, partial(_is_dealt_with, house), "pack_not_taken_away",
                lambda row: {"disclosure": row.id, "agency": row.agency})  # fmt: skip


def _is_dealt_with(house: House, row: DisclosureRow) -> bool:
    with house.store.write(of_landlord(row.landlord)) as tx:
        referrals.hold_case(tx, row.case_id)
        if not outbox.recall_is_due(tx, row.id):
            return True  # by another process
        # A worker that died may have written a pack and left no receipt of it.
        told = receipts.packs_of(tx, row.id, row.case_id) + sent.filenames(tx, row.id, row.case_id)
        packs = tuple(dict.fromkeys(told))
        taken = [house.doors.recall(row.agency, pack) for pack in packs]
        outbox.recalled(tx, row.id, found=any(taken))
        if outbox.get(tx, row.id).rung < Rung.HANDED_OVER:  # what is cleared away afterwards was carried all the same
            leases.end_pack(tx, row.id, found=any(taken))
        log.append(tx, [Entry(EntryKind.PACK_RECALLED, house.clock.now(), "hub", {
            "disclosure": row.id, "found": any(taken),
        })])  # fmt: skip
    for pack in packs:
        house.doors.forget(row.agency, pack)
    return True
