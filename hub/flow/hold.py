"""Holding a disclosure still: its case is held first, then it is read, so that what is read is what will be changed."""

from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow
from hub.intake import referrals
from hub.store.unit_of_work import Writing


def hold_disclosure(tx: Writing, disclosure_id: str) -> DisclosureRow:
    """The disclosure as it stands until this transaction ends. Raises NotFound.

    A withdrawal of the same case may have been about to commit: whoever reads before holding would overwrite it.
    """
    referrals.hold_case(tx, outbox.get(tx, disclosure_id).case_id)
    return outbox.get(tx, disclosure_id)
