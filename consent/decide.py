"""Facts and rules in, a decision out: the gate (law.md section 4.1). No I/O and no clock; the date is a parameter.

The walk: make the findings (which way through, the person's position, ...); judge each category of data; look for a
lawful basis; then refuse, hold or let go. Refusal beats holding, holding beats release, and nothing is released unless
a rule gives a basis. What is unknown holds the decision and is named as a gap, except that immediate danger and valid
compulsion do not wait for it: there an item in doubt stays behind and the rest goes.
"""

from collections.abc import Hashable
from datetime import date

from consent.answer import refusal, release
from consent.compile import compiled
from consent.decision import Decision
from consent.facts import Facts
from consent.items import judge_items
from consent.rules import RuleSet
from consent.walk import Walk, make_findings, start
from protocols.vocabulary import Basis, Outcome

__all__ = ["decide"]


def decide(facts: Facts, rules: RuleSet, as_at: date) -> Decision:
    """The answer for one pack, recipient and purpose under the law in force on `as_at`.

    Always returns a decision: what no rule allows is refused, what is not known is held. Same facts, rules and date
    give the same decision.
    """
    law = compiled(rules)
    walk = start(law, facts, law.in_force[as_at])
    make_findings(walk)
    key = _settled(walk, as_at)
    known = law.answers.get(key) if key is not None else None
    if known is None:
        known = _worked_out(walk, as_at)
        if key is not None:
            law.remember(key, known)
    return known


def _settled(walk: Walk, as_at: date) -> Hashable:
    """All that the answer can still turn on, where no missing fact matters to any rule; else None."""
    facts, law = walk.facts, walk.law
    if walk.yes != walk.may or not facts.categories:
        return None
    about = 0
    for category in facts.categories:
        about |= law.about(category, facts)
    rules = walk.yes & about & ~law.finding
    if rules & law.effect("deny"):
        return as_at, rules & law.refusing, facts.may_be_asked
    return as_at, rules, facts.may_be_asked, facts.categories, facts.consent_categories, facts.protocol_uncovered


def _worked_out(walk: Walk, as_at: date) -> Decision:
    kept, removed = judge_items(walk)
    basis = _find_basis(walk)
    _apply_gates(walk)
    nothing_left = not kept and bool(walk.facts.categories)
    outcome = _outcome(walk, has_basis=basis is not None, nothing_left=nothing_left, removed=bool(removed))
    if outcome is Outcome.DENY:
        return refusal(walk, has_basis=basis is not None, nothing_left=nothing_left, as_at=as_at)
    return release(walk, outcome, basis, (kept, removed), as_at)


def _find_basis(walk: Walk) -> Basis | None:
    """The first lawful basis that fits (law.md 4.4); a basis that only may fit is a gap."""
    for token, givers in walk.law.gives["basis"]:
        if walk.yes & givers:
            return token
    walk.waits_for(walk.may & walk.law.effect("basis"))
    return None


def _apply_gates(walk: Walk) -> None:
    law = walk.law
    deny, hold = law.effect("deny"), law.effect("hold")
    walk.denials = walk.yes & deny
    walk.holds = walk.yes & hold
    in_doubt = walk.may & ~walk.yes
    if walk.waits:
        walk.waits_for(in_doubt & (deny | hold))
    if walk.details_wait:
        # Doubt about a duty of something refused holds nothing: only those of what is held or let go are looked at.
        walk.waits_for(in_doubt & (law.releasing | law.effect("diverge")))


def _outcome(walk: Walk, *, has_basis: bool, nothing_left: bool, removed: bool) -> Outcome:
    if walk.denials or nothing_left or not (has_basis or walk.may & walk.law.effect("basis")):
        return Outcome.DENY
    if walk.holds or not has_basis or walk.gaps:
        return Outcome.NEEDS_AUTHORISER
    return Outcome.PERMIT_REDACTED if removed else Outcome.PERMIT
