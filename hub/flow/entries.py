"""The audit entries that journeys write, built in one place so that every journey says the same act the same way."""

from datetime import datetime

from hub.access.cases import ReadFor
from hub.access.roles import Actor
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery.outbox import DisclosureRow, State
from hub.flow.judge import Judged
from hub.register.agencies import Agency
from hub.register.consents import RecordedConsent
from hub.register.pins import OPERATOR, Pin, What
from hub.store.unit_of_work import Writing


def decided(
    judged: Judged, row: DisclosureRow, decision_id: str, commitment: str, actor: str, now: datetime, *, door: bool
) -> Entry:
    """A decision: counts of items, never their kinds, which would tell; and the override it stands on."""
    verdict = judged.verdict
    kept = len(verdict.disclosure.items) if verdict.disclosure else 0
    return Entry(EntryKind.DECISION_MADE, now, actor, {
        "decision": decision_id, "referral": row.referral_id, "agency": row.agency, "purpose": row.purpose,
        "outcome": verdict.decision.outcome.value, "rules": verdict.decision.rules, "facts_commitment": commitment,
        "items_kept": kept, "items_removed": len(verdict.withheld), "at_the_door": door,
        "gaps": len(verdict.decision.gaps), "override": judged.override,
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


def case_read(actor: Actor, referral_id: str, view: str, purpose: ReadFor, now: datetime) -> Entry:
    """Somebody read of a case, what for, and how strongly they had proved who they are."""
    return Entry(EntryKind.CASE_READ, now, actor.person, {
        "referral": referral_id, "role": actor.role.value, "view": view, "purpose": purpose.value,
        "strength": actor.strength.value,
    }, version=2)  # fmt: skip


def consent_recorded(tx: Writing, recorded: RecordedConsent, referral_id: str, actor: str, now: datetime) -> Entry:
    """What a person answered is on file; the answer itself is bound by a commitment."""
    said = recorded.fact.model_dump_json().encode()
    bound = commit(tx, recorded.case_id, recorded.id, recorded.fact.subject, said, now)
    return Entry(EntryKind.CONSENT_RECORDED, now, actor, {
        "consent": recorded.id, "referral": referral_id, "evidence_commitment": bound,
    })  # fmt: skip


def registered(agency: Agency, pin: Pin | None, now: datetime) -> list[Entry]:
    """An agency entered or brought up to date; where its door counts at once, that it does on the operator's word."""
    entry = Entry(EntryKind.AGENCY_REGISTERED, now, "hub", {
        "agency": agency.id, "agency_kind": agency.kind.value, "digest": agency.door_digest,
    })  # fmt: skip
    return [entry, confirmed(pin, "hub", now)] if pin is not None and pin.confirmed_at is not None else [entry]


def confirmed(pin: Pin, actor: str, now: datetime) -> Entry:
    """One more confirmation of a door or a key of an agency."""
    by_operator = pin.confirmed_by == OPERATOR
    if pin.what is not What.DOOR:
        return Entry(EntryKind.AGENCY_KEY_CONFIRMED, now, actor, {
            "agency": pin.agency, "pin": pin.id, "use": pin.what.value, "fingerprint": pin.fingerprint,
        })  # fmt: skip
    return Entry(EntryKind.AGENCY_CHANGE_CONFIRMED, now, actor, {
        "agency": pin.agency, "pin": pin.id, "digest": pin.fingerprint, "by_operator": by_operator,
        "confirmations": 1 if by_operator or pin.confirmed_at is None else 2,
    })  # fmt: skip


def marked_unsafe(mark_id: str, case_id: str, referral_id: str | None, actor: str, now: datetime) -> Entry:
    """A contact linked to an alleged perpetrator is on file; what it is stays a keyed digest."""
    return Entry(EntryKind.CONTACT_MARKED_UNSAFE, now, actor, {
        "mark": mark_id, "case": case_id, "referral": referral_id,
    })  # fmt: skip
