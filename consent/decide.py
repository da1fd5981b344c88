"""Facts and rules in, a decision out: the gate (law.md section 4.1). No I/O and no clock; the date is a parameter.

The walk: make the findings (which way through, the person's position, ...); judge each category of data; look for a
lawful basis; then refuse, hold or let go. Refusal beats holding, holding beats release, and nothing is released unless
a rule gives a basis. What is unknown holds the decision and is named as a gap, except that immediate danger and valid
compulsion do not wait for it: there an item in doubt stays behind and the rest goes.
"""

from datetime import date

from consent.answer import refusal, release
from consent.compile import bits, compiled
from consent.decision import Decision
from consent.facts import Facts
from consent.items import judge_items
from consent.rules import STAGES, Rule, RuleSet
from consent.walk import Walk, make_findings, start
from protocols.vocabulary import Basis, Outcome

__all__ = ["decide"]

_STAGE_ORDER = {stage: position for position, stage in enumerate(STAGES)}


def decide(facts: Facts, rules: RuleSet, as_at: date) -> Decision:
    """The answer for one pack, recipient and purpose under the law in force on `as_at`.

    Always returns a decision: what no rule allows is refused, what is not known is held. Same facts, rules and date
    give the same decision.
    """
    law = compiled(rules)
    walk = start(law, facts, law.in_force(as_at))
    make_findings(walk)
    kept, removed = judge_items(walk)
    basis = _find_basis(walk)
    _apply_gates(walk)
    nothing_left = not kept and bool(facts.categories)
    outcome = _outcome(walk, has_basis=basis is not None, nothing_left=nothing_left, removed=bool(removed))
    if outcome is Outcome.DENY:
        return refusal(walk, has_basis=basis is not None, nothing_left=nothing_left, as_at=as_at)
    return release(walk, outcome, basis, (kept, removed), as_at)


def _find_basis(walk: Walk) -> Basis | None:
    """The first lawful basis that fits (law.md 4.4); a basis that only may fit is a gap."""
    for token, givers in walk.law.gives["basis"]:
        if walk.yes & givers:
            return token
    walk.waits_for(walk.may & walk.law.effects["basis"])
    return None


def _apply_gates(walk: Walk) -> None:
    deny, hold = walk.law.effects.get("deny", 0), walk.law.effects.get("hold", 0)
    walk.denials = _told_in_order(walk, walk.yes & deny)
    walk.holds = _told_in_order(walk, walk.yes & hold)
    in_doubt = walk.may & ~walk.yes
    if walk.waits:
        walk.waits_for(in_doubt & (deny | hold))
    if walk.details_wait:
        walk.waits_for(in_doubt & (_duties_on_release(walk) | walk.law.effects.get("diverge", 0)))


def _duties_on_release(walk: Walk) -> int:
    """The duties that something held or let go may carry; doubt about those of a refusal holds nothing."""
    releasing = 0
    for outcome in (Outcome.PERMIT, Outcome.PERMIT_REDACTED, Outcome.NEEDS_AUTHORISER):
        releasing |= walk.law.outcome.masks[outcome]
    return walk.law.effects.get("oblige", 0) & releasing


def _told_in_order(walk: Walk, mask: int) -> list[Rule]:
    """The rules of `mask` in the order of the steps they belong to."""
    return sorted((walk.law.rules[index] for index in bits(mask)), key=lambda rule: _STAGE_ORDER[rule.stage])


def _outcome(walk: Walk, *, has_basis: bool, nothing_left: bool, removed: bool) -> Outcome:
    if walk.denials or nothing_left or not (has_basis or walk.may & walk.law.effects["basis"]):
        return Outcome.DENY
    if walk.holds or not has_basis or walk.gaps:
        return Outcome.NEEDS_AUTHORISER
    return Outcome.PERMIT_REDACTED if removed else Outcome.PERMIT
