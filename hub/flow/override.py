"""Override: somebody in danger cannot wait for an authoriser. It takes effect at once and is looked into afterwards.

Declared for one case, with a category and a reason, for 60 minutes; what is held in the case and may go under it goes
in the same transaction, what is queued for those it reaches waits no longer, and its review is due in the same moment
(security.md section 4; law.md 4.2, 4.7). It releases what the law allows, to those who protect people, and never what
is sealed: `hub.decision.overriding`. Whoever declared it never reviews it; where it was not justified, they declare no
other until a DPO restores their right.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.access.roles import (
    Act,
    Actor,
    AuthoriserKind,
    Role,
    require,
    require_landlord,
    require_recent_proof,
)
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.decision.overriding import Danger
from hub.delivery import follow_ups, outbox, queue
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotAllowed, NotFound
from hub.flow.house import House
from hub.flow.hurry import hurry, to_telephone, waits_for_a_person
from hub.flow.recall import recall
from hub.flow.reconsider import is_unsent, reconsider_surely
from hub.flow.release import judge_again, keep_decision, take_up
from hub.flow.undecidable import code_of
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.register import overrides
from hub.register.overrides import LASTS, UNREVIEWED, Override
from hub.store.unit_of_work import Writing
from hub.working_days import end_of_working_day

SECOND_REVIEWERS = frozenset({AuthoriserKind.SAFEGUARDING_LEAD, AuthoriserKind.DIRECTOR})
"""The authorisers to whom an override goes as well once its review is overdue."""

_REVIEW_DAYS = {Danger.IMMEDIATE_DANGER: 1, Danger.CHILD_AT_RISK: 2, Danger.ADULT_AT_RISK: 2}
"""In how many working days it is reviewed: two (security.md section 4), one after immediate danger (law.md 4.7)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """An override, the disclosures now on their way, those of its case that still wait, and whom to tell by telephone.

    Also what was queued before and is hurried now. `telephone` are agencies to which nothing can go before people have
    looked at their door or key, or at what is parked for them, those that do not answer at the moment, and all while
    nothing leaves.
    """

    override: Override
    released: tuple[str, ...]
    held: tuple[str, ...]
    telephone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OverrideView:
    """An override as its reviewer reads it: why, and which disclosures stand on it."""

    override: Override
    reference: str
    reason: str | None
    verdict: str | None
    disclosures: tuple[DisclosureRow, ...]


def declare(house: House, actor: Actor, referral_id: str, category: Danger, reason: str) -> Declared:
    """Declare an override for the case of a referral. Also for an officer of another team: danger keeps no rota.

    Raises NotFound; NotAllowed where this person's right is suspended, or too many of theirs wait for review and the
    danger is not immediate.
    """
    require(actor, Act.DECLARE_OVERRIDE)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        accepted = referrals.get(tx, referral_id)
        require_landlord(actor, accepted.landlord)
        referrals.hold_case(tx, accepted.case_id)
        declared = Override(
            id=new_id(Prefix.OVERRIDE), landlord=accepted.landlord, case_id=accepted.case_id, referral_id=referral_id,
            category=category.value, person=actor.person, team=actor.team,
            over_quota=_is_over_quota(tx, actor.person, category), at=now, ends_at=now + LASTS,
            review_due=end_of_working_day(now, _REVIEW_DAYS[category]),
        )  # fmt: skip
        overrides.declare(tx, declared, accepted.subject, reason)
        entries: list[Entry] = []
        waiting = outbox.held_in(tx, accepted.case_id)
        hurried = hurry(tx, accepted.case_id, now)
        gone = [*(row for row in waiting if _let_go(house, tx, row, entries, actor.person, now)), *hurried]
        released = tuple(row.id for row in gone)
        going = outbox.among(tx, released).values()
        telephone = to_telephone(house, tx, [*going, *waits_for_a_person(tx, accepted.case_id)], now)
        entries.append(Entry(EntryKind.OVERRIDE_DECLARED, now, actor.person, {
            "override": declared.id, "referral": referral_id, "category": category.value, "released": len(released),
            "over_quota": declared.over_quota,
        }))  # fmt: skip
        log.append(tx, entries)
    return Declared(declared, released, tuple(row.id for row in waiting if row.id not in released), telephone)


def review_override(
    house: House, actor: Actor, override_id: str, reason: str, *, justified: bool
) -> tuple[Override, str]:
    """Record whether an override was justified; returns it with its reference.

    One that was not ends at once, and its declarer's right with it.

    Raises NotAllowed for whoever declared it, a supervisor of the same team, and without a recent proof; Conflict where
    it was reviewed before; NotFound.
    """
    require(actor, Act.REVIEW_OVERRIDE)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        referrals.hold_case(tx, overrides.get(tx, override_id).case_id)
        require_recent_proof(actor, now)
        found = overrides.get(tx, override_id)
        _require_reviewer(actor, found, now)
        if found.reviewed_at is not None:
            raise Conflict("OVERRIDE_REVIEWED", "this override was reviewed before; nothing more to do")
        overrides.review(tx, found, actor.person, reason, now, justified=justified)
        entries = [] if justified or found.closed_at is not None else end(house, tx, found, actor.person, now)
        entries.append(Entry(EntryKind.OVERRIDE_REVIEWED, now, actor.person, {
            "override": found.id, "referral": found.referral_id, "justified": justified,
        }))  # fmt: skip
        log.append(tx, entries)
        reviewed = overrides.get(tx, override_id), referrals.reference_of(tx, found.referral_id)
    recall(house)
    return reviewed


def restore_right(house: House, actor: Actor, override_id: str) -> None:
    """Give back the right that an unjustified override took. Raises NotAllowed to its owner; Conflict; NotFound."""
    require(actor, Act.RESTORE_OVERRIDE)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        found = overrides.get(tx, override_id)
        require_recent_proof(actor, now)
        _require_another(actor, found)
        if not overrides.restore(tx, override_id, actor.person, now):
            raise Conflict("RIGHT_NOT_SUSPENDED", "no right is suspended by this override")
        log.append(tx, [Entry(EntryKind.OVERRIDE_RIGHT_RESTORED, now, actor.person, {
            "override": found.id, "referral": found.referral_id,
        })])  # fmt: skip


def list_overrides(house: House, actor: Actor) -> tuple[tuple[Override, str], ...]:
    """What was declared, each with its case's reference and nothing of its content: for a DPO this is the notice.

    Supervisors and DPOs see all of their landlord's; a second reviewer sees those that nobody reviewed in time.
    """
    require(actor, Act.REVIEW_OVERRIDE)
    now = house.clock.now()
    with house.store.read(actor.scope) as tx:
        found = overrides.of_landlord(tx)
    return tuple((entry, reference) for entry, reference in found if _may_see(actor, entry, now))


def read_override(house: House, actor: Actor, override_id: str) -> OverrideView:
    """An override with its reason. Reading it is logged. Raises NotFound."""
    require(actor, Act.REVIEW_OVERRIDE)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        found = overrides.get(tx, override_id)
        if not _may_see(actor, found, now):
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        reason, verdict = overrides.reason(tx, found)
        view = OverrideView(
            found, referrals.reference_of(tx, found.referral_id), reason, verdict,
            outbox.standing_on(tx, found.id),
        )  # fmt: skip
        log.append(tx, [Entry(EntryKind.CASE_READ, now, actor.person, {
            "referral": found.referral_id, "role": actor.role.value, "view": "override",
        })])  # fmt: skip
    return view


def end(house: House, tx: Writing, found: Override, by: str, now: datetime) -> list[Entry]:
    """Let an override count no more: what stands on it and has not left is decided again. Returns the entries."""
    overrides.close(tx, found.id, now)
    entries: list[Entry] = []
    for row in outbox.standing_on(tx, found.id):
        if is_unsent(tx, row, now):
            entries += reconsider_surely(house, tx, row, by)
    return entries


def _is_over_quota(tx: Writing, person: str, category: Danger) -> bool:
    if not overrides.may_declare(tx, person):
        raise NotAllowed("OVERRIDE_SUSPENDED", "your right to declare overrides is suspended; telephone, and ask a DPO")
    over = overrides.unreviewed(tx, person) >= UNREVIEWED
    if over and category is not Danger.IMMEDIATE_DANGER:
        raise NotAllowed("OVERRIDE_QUOTA", "too many of your overrides wait for review; telephone, or ask a colleague")
    return over


def _let_go(house: House, tx: Writing, row: DisclosureRow, entries: list[Entry], by: str, now: datetime) -> bool:
    """Set a held disclosure on its way where the override carries it, or nothing holds it any more; else it waits."""
    decision_id = new_id(Prefix.DECISION)
    try:
        accepted = referrals.get(tx, row.referral_id)
        judged = judge_again(house, tx, row, accepted, decision_id, now)
    except Exception as problem:  # noqa: BLE001 - no reason to keep the others of the case waiting
        code_of(problem, row.id)
        return False
    if not judged.verdict.goes:
        return False
    entries.append(keep_decision(tx, row, accepted, judged, decision_id, by, now))
    stopped = take_up(house, tx, row, by, now)
    entries += stopped
    follow_ups.hurry(tx, [row.id], queue.DANGER, now)
    outbox.change(tx, row.id, State.PARKED if stopped else State.QUEUED, decision_id=decision_id,
                  consent_id=judged.relied_on, override_id=judged.override)  # fmt: skip
    return not stopped


def _may_see(actor: Actor, found: Override, now: datetime) -> bool:
    return actor.role is not Role.AUTHORISER or bool(actor.kinds & SECOND_REVIEWERS and found.is_overdue(now))


def _require_another(actor: Actor, found: Override) -> None:
    if actor.person == found.person:
        raise NotAllowed("OWN_OVERRIDE", "whoever declared an override cannot review it; somebody else must")


def _require_reviewer(actor: Actor, found: Override, now: datetime) -> None:
    if not _may_see(actor, found, now):
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    _require_another(actor, found)
    if actor.role is Role.SUPERVISOR and actor.team is not None and actor.team == found.team:
        raise NotAllowed("OWN_TEAM", "a supervisor cannot review an override of their own team; the DPO can")
