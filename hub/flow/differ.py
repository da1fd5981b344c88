"""Shared: in what two versions of a record differ, and what of it an agency has or is to have."""

from collections import defaultdict

from hub.decision import kept
from hub.decision.gate import Verdict
from hub.delivery import follow_ups
from hub.delivery.outbox import DisclosureRow
from hub.store.unit_of_work import Reading
from protocols.record import Item, Referral, items

Place = tuple[str, str]
"""Path, and which one."""


def differs_in(was: Referral, now_is: Referral) -> frozenset[Place]:
    """Where anything was changed, added or taken away."""
    before, after = _by_place(was), _by_place(now_is)
    return frozenset(place for place in before.keys() | after.keys() if before.get(place) != after.get(place))


def tells_of(tx: Reading, row: DisclosureRow, verdict: Verdict) -> frozenset[Place]:
    """What the agency has of it or may have, what it was decided to be told, and what it would be told now."""
    behind = {*follow_ups.decisions_behind(tx, row.id), row.decision_id}
    told = frozenset[Place]().union(*(kept.read(tx, decision_id, row.case_id).going for decision_id in behind))
    now = verdict.disclosure.items if verdict.disclosure else ()
    return told | {(item.path, item.of) for item in now}


def _by_place(referral: Referral) -> dict[Place, list[Item]]:
    found: dict[Place, list[Item]] = defaultdict(list)
    for item in items(referral):
        found[item.path, item.of].append(item)
    return found
