"""Review: authorisers let a held disclosure go, or refuse it: those whom the decision asks for, and never its author.

Two people means two persons, not two credentials. An authorisation holds for the findings that the authoriser saw. At
the door everything is decided again: a new finding holds the disclosure again, and a refusal by law is beyond any
authoriser.
"""

from datetime import datetime

from hub.access.roles import Act, Actor, require, require_landlord, require_recent_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.decision import kept
from hub.decision.authorisers import Review, adds, findings_of, may_answer
from hub.decision.gate import Decision
from hub.delivery import introductions, outbox, reviews
from hub.delivery.introductions import FIRST_TIME
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotAllowed
from hub.flow.hold import hold_disclosure
from hub.flow.house import House
from hub.flow.release import is_authorised, judge_again, keep_decision, take_up
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.register import overrides
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import Outcome


def review(house: House, actor: Actor, disclosure_id: str, *, authorise: bool) -> State:
    """Authorise or refuse one held disclosure; returns its state.

    Still held where a second person is asked for, or where it is held by now for more than could be read before: then
    it waits to be read again. Parked where it may have arrived before it was held, and its partner notices no repeat.

    Raises NotAllowed for its author, for whoever declared an override in its case, for another kind of authoriser than
    it waits for, and without a recent proof; Conflict when it is not held or the law has come to refuse it; NotFound.
    """
    require(actor, Act.REVIEW)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        row = hold_disclosure(tx, disclosure_id)
        require_landlord(actor, row.landlord)
        require_recent_proof(actor, now)
        _require_held(row)
        accepted = referrals.get(tx, row.referral_id)
        _require_another(tx, actor, row, accepted.author)
        seen = findings_of(kept.read(tx, row.decision_id, row.case_id).decision)
        decision_id, review_id = new_id(Prefix.DECISION), new_id(Prefix.REVIEW)
        judged = judge_again(house, tx, row, accepted, decision_id, now)
        decision = judged.verdict.decision
        if authorise and decision.outcome is Outcome.DENY:
            raise Conflict("DENIED_BY_NOW", "the law or the policy refuses this now; nobody can authorise it")
        _require_asked(tx, actor, row, decision, authorise=authorise)
        entries = [keep_decision(tx, row, accepted, judged, decision_id, actor.person, now)]
        reviews.record(
            tx, review_id=review_id, disclosure_id=row.id, decision_id=decision_id, authoriser=actor.person,
            kinds=_kinds(actor), authorised=authorise, findings=findings_of(decision) & seen, now=now,
        )  # fmt: skip
        goes = decision.releases or is_authorised(tx, row.id, decision)
        state = State.REFUSED if not authorise else State.QUEUED if goes else State.HELD
        moved = _move(house, tx, row, state, actor.person, now)
        state = State.PARKED if moved else state
        outbox.change(tx, row.id, state, decision_id=decision_id, consent_id=judged.relied_on,
                      override_id=judged.override)  # fmt: skip
        kind = EntryKind.REVIEW_AUTHORISED if authorise else EntryKind.REVIEW_REFUSED
        entries.append(Entry(kind, now, actor.person, {
            "disclosure": row.id, "decision": decision_id, "review": review_id,
        }))  # fmt: skip
        entries += moved
        log.append(tx, entries)
    return state


def _require_held(row: DisclosureRow) -> None:
    if row.state is not State.HELD:
        raise Conflict("NOT_HELD", "this disclosure is not waiting for an authoriser")
    if row.cause == FIRST_TIME:
        raise Conflict("RECIPIENT_UNCONFIRMED", "this waits for its recipient to be confirmed; do that, or abandon it")


def _require_another(tx: Reading, actor: Actor, row: DisclosureRow, author: str) -> None:
    if actor.person == author:
        raise NotAllowed("AUTHOR_IS_AUTHORISER", "whoever wrote a referral cannot authorise it; ask somebody else")
    if actor.person in overrides.declarers(tx, row.case_id):
        raise NotAllowed("DECLARER_IS_AUTHORISER",
                         "whoever declared an override in a case authorises nothing in it; ask another")  # fmt: skip


def _require_asked(tx: Reading, actor: Actor, row: DisclosureRow, decision: Decision, *, authorise: bool) -> None:
    """Raise NotAllowed unless this decision waits for this person's word."""
    asked = decision.authoriser or row.authoriser
    before = [Review(*said) for said in reviews.standing(tx, row.id, findings_of(decision))]
    wanted = adds(asked, before, Review(actor.person, _kinds(actor))) if authorise else may_answer(asked, actor.kinds)
    if not wanted:
        raise NotAllowed("WRONG_AUTHORISER", f"this waits for somebody else: {asked}")


def _kinds(actor: Actor) -> frozenset[str]:
    return frozenset(kind.value for kind in actor.kinds)


def _move(house: House, tx: Writing, row: DisclosureRow, state: State, by: str, now: datetime) -> list[Entry]:
    """Returns an entry where it was parked instead of queued: it may have arrived before it was held."""
    if state is State.HELD:
        return []
    if state is State.QUEUED:  # its time to give up is counted from now, not from a try before it was held
        introductions.record(tx, row.landlord, row.agency, by, now)  # the second person for whom it goes to, as well
        return take_up(house, tx, row, by, now)
    outbox.stop(tx, row.id)
    cause = "REFUSED_BY_AUTHORISER" if state is State.REFUSED else None
    outbox.change(tx, row.id, state, cause=cause, authoriser=None, within=None, review_due_at=None,
                  review_overdue_at=None)  # fmt: skip
    return []
