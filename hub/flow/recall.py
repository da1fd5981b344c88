"""Recall: take packs out of the outgoing folder that nobody may carry any more, or that were handed over.

That a pack is to go is recorded in the transaction that decides it; taking it away follows, and is tried again by the
timetable until it is done, also after a crash. It is done holding the case: a pack prepared anew is never taken for it.
"""

from hub.audit import log
from hub.audit.entry import Entry, EntryKind
from hub.delivery import outbox, receipts
from hub.flow.house import House
from hub.intake import referrals


def recall(house: House) -> int:
    """Take away every pack that is due; returns how many disclosures were dealt with."""
    with house.store.read() as tx:
        due = outbox.to_recall(tx)
    for row in due:
        with house.store.write() as tx:
            referrals.hold_case(tx, row.case_id)
            if not outbox.recall_is_due(tx, row.id):
                continue  # another process was first
            packs = receipts.packs_of(tx, row.id, row.case_id)
            taken = [house.doors.recall(row.agency, pack) for pack in packs]
            outbox.recalled(tx, row.id, found=any(taken))
            log.append(tx, [Entry(EntryKind.PACK_RECALLED, house.clock.now(), "hub", {
                "disclosure": row.id, "found": any(taken),
            })])  # fmt: skip
    return len(due)
