"""What whoever watches the hub is told of entries once they are durable: counted by kind and code, traced by id.

Entries hold ids and codes alone, so nothing else can get into a counter or a trace by this way; and what is not logged
is not counted as done.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from hub import metrics, traces
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.store.unit_of_work import Writing

_STEPS: Final = {
    EntryKind.REFERRAL_ACCEPTED: ("refer", "referral"),
    EntryKind.DISCLOSURE_QUEUED: ("queue", "disclosure"),
    EntryKind.DISCLOSURE_HELD: ("hold", "disclosure"),
    EntryKind.DISCLOSURE_CANCELLED: ("cancel", "disclosure"),
    EntryKind.RELEASE_INTENDED: ("claim", "disclosure"),
    EntryKind.RELEASE_SETTLED: ("settle", "disclosure"),
    EntryKind.RELEASE_PARKED: ("park", "disclosure"),
    EntryKind.RELEASE_RESUMED: ("resume", "disclosure"),
    EntryKind.PARTNER_ACKNOWLEDGED: ("acknowledge", "disclosure"),
    EntryKind.CONSENT_WITHDRAWN: ("withdraw", "consent"),
}
"""The step that an entry ends, and the fact by which its trace is found again."""

_TOLD: Final = ("agency", "attempt", "consent", "decision", "disclosure", "landlord", "outcome", "purpose", "referral",
                "rung", "transport")  # fmt: skip
"""Facts that a span tells. Reasons of people, commitments and counts of items stay in the log."""


def when_durable(tx: Writing, entries: Sequence[Entry]) -> None:
    """Have these entries told of when the transaction has committed, and not at all when it does not."""
    tx.afterwards.decided(sum(entry.kind is EntryKind.DECISION_MADE for entry in entries))
    tx.afterwards.say(partial(_tell, tuple(entries), tx.afterwards.began))


def _tell(entries: Sequence[Entry], began: int) -> None:
    for entry in entries:
        metrics.LOG_ENTRIES.labels(entry.kind.value).inc()
        if entry.kind is EntryKind.REFERRAL_ACCEPTED:
            metrics.REFERRALS.inc()
        if entry.kind is EntryKind.DECISION_MADE:
            where = "door" if entry.facts["at_the_door"] else "intake"
            metrics.DECISIONS.labels(str(entry.facts["outcome"]), where).inc()
    if began:
        _trace(entries, began)


def _trace(entries: Sequence[Entry], began: int) -> None:
    """The transaction as one step in the trace of each thing that it was about."""
    referral = next((str(entry.facts["referral"]) for entry in entries
                     if entry.kind is EntryKind.REFERRAL_ACCEPTED), None)  # fmt: skip
    taken_in = {entry.facts["decision"] for entry in entries
                if entry.kind is EntryKind.DECISION_MADE and not entry.facts["at_the_door"]}  # fmt: skip
    touched = dict.fromkeys(str(entry.facts["disclosure"]) for entry in entries
                            if entry.kind in _STEPS and entry.facts.get("disclosure"))  # fmt: skip
    for entry in entries:
        if entry.kind not in _STEPS:
            continue
        name, fact = _STEPS[entry.kind]
        about = str(entry.facts[fact])
        # Taken in, a disclosure begins its own trace, tied to that of its referral; later steps hang on this one.
        alone = entry.kind in (EntryKind.REFERRAL_ACCEPTED, EntryKind.CONSENT_WITHDRAWN)
        first = alone or entry.facts.get("decision") in taken_in
        links = touched if entry.kind is EntryKind.CONSENT_WITHDRAWN else [referral] if referral else []
        traces.tell(
            name, began, about, {told: _code(entry.facts[told]) for told in _TOLD if entry.facts.get(told) is not None},
            first=first, links=[link for link in links if link != about],
        )  # fmt: skip


def _code(fact: object) -> str | int:
    return fact if isinstance(fact, int) else str(fact)
