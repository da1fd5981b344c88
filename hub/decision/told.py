"""A decision on file told again, to whoever asks: in one of three voices."""

from datetime import date

from consent.change import what_would_change
from consent.explain import Voice, explain
from consent.facts import parse_facts
from hub.decision.kept import KeptDecision
from hub.decision.rulebook import Rulebook
from protocols.vocabulary import AgencyKind, Purpose

__all__ = ["Voice", "explain_kept"]


def explain_kept(
    rulebook: Rulebook, decided: KeptDecision, voice: Voice, recipient: AgencyKind, purpose: Purpose, on: date
) -> str:
    """A decision on file in one of three voices; with what would lawfully change it where these rules made it."""
    facts = parse_facts(decided.facts)
    decision, rules = decided.decision, rulebook.rules
    ours = voice is not Voice.SUBJECT and decision.rules == rules.digest
    return explain(
        decision, voice, recipient=recipient, purpose=purpose, withheld=decided.withheld,
        changes=what_would_change(facts, rules, on, decision) if ours else (),
        child=facts.is_about_a_child,
    )  # fmt: skip
