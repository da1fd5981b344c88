"""Shared: persons entered in the index by which a data protection officer finds them again, and cases of before.

A name that a correction put right is found as long as something went, or may have gone, by the record as it was: that
stays true of what went. Where nothing had, the wrong name is found no more.
"""

import logging

from hub.delivery import follow_ups, outbox
from hub.delivery.follow_ups import Reach
from hub.delivery.outbox import DisclosureRow
from hub.errors import NotTrusted
from hub.flow.house import House
from hub.intake import corrections, naming, referrals
from hub.intake.naming import Naming
from hub.intake.referrals import AcceptedReferral
from hub.logs import event
from hub.register import person_index
from hub.register.person_index import Sought
from hub.store.scope import EVERY, of_landlord
from hub.store.unit_of_work import Reading, Writing

_log = logging.getLogger(__name__)

AT_ONCE = 20
"""Cases entered in one transaction: on SQLite whoever writes keeps all others waiting."""


def enter(tx: Writing, accepted: AcceptedReferral) -> None:
    """The people of a referral that was just accepted."""
    _put(tx, accepted.case_id, accepted.id, naming.of_referral(accepted.content))


def enter_corrected(tx: Writing, was: AcceptedReferral, now_is: AcceptedReferral, correction_id: str) -> None:
    """The people of a corrected record. Before anything follows it, while what went by the old one still shows."""
    _put(tx, was.case_id, correction_id, naming.of_referral(now_is.content))
    if not any(_may_have_gone(tx, row) for row in outbox.of_referral(tx, was.id)):
        earlier = [entry.id for entry in corrections.of_referral(tx, was.id) if entry.id != correction_id]
        person_index.drop(tx, was.case_id, [was.id, *earlier])


def enter_missing(house: House, at_most: int) -> int:
    """Enter cases from before there was this index, a few in each transaction, each held; returns how many.

    None is entered twice, whichever processes do it at once; who stops halfway goes on with those left. What does not
    open, as in an older copy before its erasures were repeated, or is held by somebody, is left for the next time.
    """
    done = 0
    with house.store.read(EVERY) as tx:
        landlords = person_index.landlords_due(tx)
    for landlord in landlords:
        after: str | None = ""
        while after is not None and done < at_most:
            with house.store.write(of_landlord(landlord)) as tx:
                waiting = person_index.due(tx, min(AT_ONCE, at_most - done), after)
                done += sum([_enter_case(tx, case_id) for case_id in sorted(referrals.hold_free(tx, waiting))])
            after = waiting[-1] if waiting else None
    return done


def _enter_case(tx: Writing, case_id: str) -> bool:
    """Enter a case that is held; False where it does not open, or somebody else has just done it."""
    of_case = referrals.of_case(tx, case_id)
    corrected = {one: corrections.of_referral(tx, one) for one in of_case}
    subjects = {entry.id: of_case[one] for one, its in corrected.items() for entry in its} | of_case
    try:
        told = naming.on_file(tx, case_id, subjects)
    except NotTrusted as problem:
        event(_log, "case_not_entered", logging.WARNING, case=case_id, code=problem.code)
        return False
    if not person_index.begin_anew(tx, case_id):
        return False
    for one, its in corrected.items():
        began = [row.disclosed_at for row in outbox.of_referral(tx, one) if _may_have_gone(tx, row)]
        for version, successor in zip((one, *(entry.id for entry in its)), (*its, None), strict=True):
            if successor is None or any(at is not None and at < successor.at for at in began):
                _put(tx, case_id, version, told[version])
    return True


def _put(tx: Writing, case_id: str, owner: str, people: tuple[Naming, ...]) -> None:
    for one in people:
        person_index.put(tx, case_id, owner, one.person, one.data_class, Sought(one.name, one.born, one.contacts))


def _may_have_gone(tx: Reading, row: DisclosureRow) -> bool:
    return follow_ups.reach(tx, row) is not Reach.NEVER
