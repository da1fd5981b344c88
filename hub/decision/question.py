"""A question put without a case: one flat object of facts in, the engine's answer out. Nothing is looked up or kept.

The names of facts and the tokens of answers are the public interface of the engine (`consent.facts`).
"""

import re
from collections.abc import Mapping
from datetime import date

from consent.change import Change, what_would_change
from consent.compile import compiled
from consent.decide import decide
from consent.decision import Decision, Reason
from consent.explain import Voice, explain
from consent.facts import FACTS, FactError, Facts, FactSpec, parse_facts
from hub.decision.rulebook import Rulebook
from hub.errors import BadInput
from protocols.vocabulary import AgencyKind, Purpose

__all__ = ["EARLIEST", "LATEST", "BadFacts", "Voice", "answer", "error_of", "facts_schema", "is_answerable"]

EARLIEST, LATEST = date(2018, 5, 25), date(2100, 12, 31)
"""The days that can be asked about: from the commencement of most of the Data Protection Act 2018."""

_OF_THE_VOCABULARY = re.compile(r"[a-z_]{1,40}")
"""What a name of a fact looks like. Any other key may be content, such as a person's name, and is not repeated."""


class BadFacts(BadInput):
    """What was given is no object of facts. `allowed` lists what would be: values, or the names of all facts."""

    def __init__(self, code: str, field: str, reason: str, allowed: tuple[str, ...], remedy: str) -> None:
        """Keep the parts, as `BadInput` does."""
        super().__init__(code, field, reason, remedy)
        self.allowed = allowed


def answer(rulebook: Rulebook, given: object, as_at: date, voice: Voice | None = None) -> dict[str, object]:
    """The decision on `given` under the law of `as_at`, ready for JSON; with its explanation where a voice is named.

    Pure: same rules, facts and day give the same answer, its keys in the same order. A fact that is missing or null
    is unknown and never filled in. Raises BadFacts for anything else than facts of the vocabulary; `as_at` lies within
    what `is_answerable` allows.
    """
    facts = _facts(given)
    decision = decide(facts, rulebook.rules, as_at)
    told = _told(decision, as_at)
    if voice is not None:
        # The person is told what was decided, not what somebody might do to have it decided otherwise.
        helps = voice is not Voice.SUBJECT
        changes = what_would_change(facts, rulebook.rules, as_at, decision) if helps else ()
        told["changes"] = [_change(change) for change in changes]
        told["explanation"] = _explained(rulebook, decision, facts, as_at, voice, changes)
    return told


def error_of(problem: BadInput) -> dict[str, object]:
    """What is wrong with one question, ready for JSON: code, field, reason, allowed, remedy; never the value."""
    allowed = problem.allowed if isinstance(problem, BadFacts) else ()
    return {"code": problem.code, "field": problem.field, "reason": problem.reason, "allowed": list(allowed),
            "remedy": problem.remedy}  # fmt: skip


def is_answerable(as_at: date) -> bool:
    """Whether the rules can say anything of the law of that day."""
    return EARLIEST <= as_at <= LATEST


def facts_schema() -> dict[str, object]:
    """The JSON Schema of an object of facts: every name, what it means and what it allows."""
    return {
        "type": "object",
        "description": "Facts of the vocabulary. One that is missing or null is unknown, and is never filled in.",
        "properties": {spec.name: _schema_of(spec) for spec in FACTS.values()},
        "additionalProperties": False,
    }


def _schema_of(spec: FactSpec) -> dict[str, object]:
    kinds: dict[str, dict[str, object]] = {
        "yes_no": {"type": ["boolean", "null"]},
        "choice": {"type": ["string", "null"], "enum": [*spec.allowed, None]},
        "whole_number": {"type": ["integer", "null"]},
        "categories": {"type": ["array", "null"], "items": {"type": "string", "enum": list(spec.allowed)}},
    }
    return {"description": spec.means, **kinds[spec.kind]}


def _facts(given: object) -> Facts:
    if not isinstance(given, Mapping):
        raise _bad("FACTS_NOT_OBJECT", "", "is not an object of facts", (), "send one flat object of facts")
    try:
        return parse_facts(given)
    except FactError as problem:
        if problem.field in FACTS:
            remedy = "send an allowed value, or leave the fact out"
            raise _bad("FACT_WRONG", problem.field, problem.reason, problem.allowed, remedy) from None
    unknown = min(name for name in given if name not in FACTS)
    named = unknown if _OF_THE_VOCABULARY.fullmatch(unknown) else ""
    reason = "is not a fact of the vocabulary" if named else "holds a name that no fact of the vocabulary has"
    raise _bad("FACT_UNKNOWN", named, reason, tuple(FACTS), "use a name of the vocabulary, or leave it out")


def _bad(code: str, field: str, reason: str, allowed: tuple[str, ...], remedy: str) -> BadFacts:
    return BadFacts(code, field, reason, allowed, remedy)


def _told(decision: Decision, as_at: date) -> dict[str, object]:
    until, review_by = decision.valid_until, decision.review_by
    return {
        "outcome": decision.outcome.value,
        "remove": [category.value for category in decision.remove],
        "basis": [ground.value for ground in decision.basis],
        "obligations": [duty.value for duty in decision.obligations],
        "gaps": list(decision.gaps),
        "reasons": [_reason(reason) for reason in decision.reasons],
        "remedy": list(decision.remedy),
        "rules": decision.rules,
        "keep": [category.value for category in decision.keep],
        "authoriser": decision.authoriser,
        "within": decision.within,
        "exemptions": list(decision.exemptions),
        "review_by": review_by.isoformat() if review_by else None,
        "divergences": list(dict.fromkeys(reason.code for reason in decision.divergences)),
        "determining": list(decision.determining),
        "as_at": as_at.isoformat(),
        "valid_until": until.isoformat().replace("+00:00", "Z") if until else None,
    }


def _reason(reason: Reason) -> dict[str, object]:
    category = reason.category.value if reason.category else None
    return {"code": reason.code, "category": category, "cites": list(reason.cites), "says": reason.says}


def _change(change: Change) -> dict[str, object]:
    return {
        "says": change.says,
        "by": [actor.value for actor in change.by],
        "facts": {name: list(value) if isinstance(value, tuple) else value for name, value in change.facts.items()},
        "leads_to": change.leads_to.value if change.leads_to else None,
        "restores": [category.value for category in change.restores],
        "asks": change.asks,
        "answers": [{"answer": given, "outcome": outcome.value} for given, outcome in change.answers],
    }


def _explained(
    rulebook: Rulebook, decision: Decision, facts: Facts, as_at: date, voice: Voice, changes: tuple[Change, ...]
) -> str:
    recipient, purpose = facts.get("recipient"), facts.get("purpose")
    law = compiled(rulebook.rules)
    return explain(
        decision, voice,
        recipient=AgencyKind(recipient) if isinstance(recipient, str) else None,
        purpose=Purpose(purpose) if isinstance(purpose, str) else None,
        child=facts.is_about_a_child,
        changes=changes,
        rules_tried=(len(law.rules), law.in_force[as_at].bit_count()),
    )  # fmt: skip
