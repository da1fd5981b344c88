"""Review: an authoriser lets a held disclosure go, or refuses it. Never its author; by person, not by credential.

An authorisation holds for the findings that the authoriser saw. At the door everything is decided again: a new finding
holds the disclosure again, and a refusal by law is beyond any authoriser.
"""

from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.entry import Entry, EntryKind
from hub.delivery import outbox, reviews
from hub.delivery.outbox import State
from hub.errors import Conflict, NotAllowed
from hub.flow.deliver import findings_of, judge_again, keep_decision
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.intake import referrals
from protocols.vocabulary import Outcome


def review(house: House, actor: Actor, disclosure_id: str, *, authorise: bool) -> State:
    """Authorise or refuse one held disclosure; returns its new state.

    Raises NotAllowed for its author, Conflict when it is not held or the law has come to refuse it, NotFound.
    """
    require(actor, Act.REVIEW)
    now = house.clock.now()
    with house.store.write() as tx:
        row = hold_disclosure(tx, disclosure_id)
        require_landlord(actor, row.landlord)
        if row.state is not State.HELD:
            raise Conflict("NOT_HELD", "this disclosure is not waiting for an authoriser")
        accepted = referrals.get(tx, row.referral_id)
        if accepted.author == actor.person:
            raise NotAllowed("AUTHOR_IS_AUTHORISER", "whoever wrote a referral cannot authorise it; ask somebody else")
        decision_id, review_id = new_id(Prefix.DECISION), new_id(Prefix.REVIEW)
        judged = judge_again(house, tx, row, accepted, decision_id, now)
        if authorise and judged.verdict.decision.outcome is Outcome.DENY:
            raise Conflict("DENIED_BY_NOW", "the law or the policy refuses this now; nobody can authorise it")
        entries = [keep_decision(tx, row, accepted, judged, decision_id, actor.person, now)]
        reviews.record(
            tx, review_id=review_id, disclosure_id=row.id, decision_id=decision_id, authoriser=actor.person,
            authorised=authorise, findings=findings_of(judged.verdict), now=now,
        )  # fmt: skip
        state = State.QUEUED if authorise else State.REFUSED
        if authorise:  # its time to give up is counted from now, not from a try before it was held
            outbox.restart(tx, row.id, now, ready=not house.doors.is_collected(row.agency))
        else:
            outbox.stop(tx, row.id)
        cause = None if authorise else "REFUSED_BY_AUTHORISER"
        outbox.change(tx, row.id, state, cause=cause, authoriser=None, decision_id=decision_id,
                      consent_id=judged.relied_on)  # fmt: skip
        kind = EntryKind.REVIEW_AUTHORISED if authorise else EntryKind.REVIEW_REFUSED
        entries.append(Entry(kind, now, actor.person, {
            "disclosure": row.id, "decision": decision_id, "review": review_id,
        }))  # fmt: skip
        log.append(tx, entries)
    return state
