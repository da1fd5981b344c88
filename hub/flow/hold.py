"""Whose a disclosure is, and holding it still: its case first, then it is read, so that it is what will be changed."""

from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow
from hub.flow.house import House
from hub.intake import referrals
from hub.store.scope import EVERY, Scope, of_landlord
from hub.store.unit_of_work import Writing


def scope_of(house: House, disclosure_id: str, within: Scope = EVERY) -> Scope:
    """The landlord whose disclosure this is, looked up `within` what may be seen. Raises NotFound."""
    with house.store.read(within) as tx:
        return of_landlord(outbox.get(tx, disclosure_id).landlord)


def hold_disclosure(tx: Writing, disclosure_id: str) -> DisclosureRow:
    """The disclosure as it stands until this transaction ends. Raises NotFound.

    A withdrawal of the same case may have been about to commit: whoever reads before holding would overwrite it.
    """
    referrals.hold_case(tx, outbox.get(tx, disclosure_id).case_id)
    return outbox.get(tx, disclosure_id)
