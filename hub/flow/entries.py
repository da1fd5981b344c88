"""The audit entries that journeys write, built in one place so that every journey says the same act the same way."""

from datetime import datetime

from hub.audit.entry import Entry, EntryKind
from hub.decision.gate import Verdict
from hub.delivery.outbox import DisclosureRow, State


def decided(
    verdict: Verdict, row: DisclosureRow, decision_id: str, commitment: str, actor: str, now: datetime, *, door: bool
) -> Entry:
    """A decision: counts of items, never their kinds, which would tell."""
    kept = len(verdict.disclosure.items) if verdict.disclosure else 0
    return Entry(EntryKind.DECISION_MADE, now, actor, {
        "decision": decision_id, "referral": row.referral_id, "agency": row.agency, "purpose": row.purpose,
        "outcome": verdict.decision.outcome.value, "rules": verdict.decision.rules, "facts_commitment": commitment,
        "items_kept": kept, "items_removed": len(verdict.withheld), "at_the_door": door,
        "gaps": len(verdict.decision.gaps),
    })  # fmt: skip


def placed(
    row: DisclosureRow, state: State, *, decision_id: str, cause: str | None, gaps: int, content: str | None,
    actor: str, now: datetime,
) -> Entry | None:  # fmt: skip
    """Where a decision put a disclosure: queued, held or cancelled; a denial is the decision's own entry."""
    match state:
        case State.QUEUED:
            return Entry(EntryKind.DISCLOSURE_QUEUED, now, actor, {
                "disclosure": row.id, "decision": decision_id, "agency": row.agency, "content_commitment": content,
            })  # fmt: skip
        case State.HELD:
            return Entry(EntryKind.DISCLOSURE_HELD, now, actor, {
                "disclosure": row.id, "decision": decision_id, "agency": row.agency, "gaps": gaps,
            })  # fmt: skip
        case State.CANCELLED:
            return Entry(EntryKind.DISCLOSURE_CANCELLED, now, actor, {
                "disclosure": row.id, "decision": decision_id, "reason": (cause or "decided_again").lower(),
            })  # fmt: skip
        case _:
            return None
