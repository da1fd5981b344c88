"""One question to the engine, at intake and again at the door: the same call, on the facts of the moment."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from consent.assurance import assured
from consent.decide import decide
from consent.decision import Decision, Reason
from consent.facts import Facts, parse_facts
from consent.minimise import NOT_WIDENED, Terms, asked_categories, minimise
from consent.needed import Profile
from consent.withheld import Withheld
from hub.decision.gather import Standing, facts_of
from hub.decision.overriding import declared_facts, stood_in_for
from hub.decision.rulebook import Rulebook
from hub.store.classes import DataClass, class_of
from protocols.disclosure import Disclosure
from protocols.record import Ask, Item, Referral
from protocols.vocabulary import AgencyKind, DataCategory, Outcome

__all__ = ["AtMost", "Decision", "Terms", "Verdict", "Withheld", "ask_gate", "asked_by", "facts_bytes"]


@dataclass(frozen=True, slots=True)
class AtMost:
    """What an earlier decision about the same disclosure kept, by kind of data and by item (path, which one).

    Nobody was shown a wider pack, so nothing beyond it goes, whatever the facts of a later moment would let go.
    """

    categories: frozenset[DataCategory]
    items: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer with all that led to it. `disclosure` is what may go now, or once authorised; None when denied.

    `is_notice` where it was never to tell of anybody (`hub.decision.notices`). `lapses_at`: when the first of what it
    drew on runs out by its date, or it must be made again at the latest; None where nobody said.
    """

    decision: Decision
    facts: Facts
    disclosure: Disclosure | None
    withheld: tuple[Withheld, ...]
    is_notice: bool = False
    lapses_at: datetime | None = None

    @property
    def says_something(self) -> bool:
        """Whether anything at all is left to tell: of somebody, or of what to do with an earlier disclosure."""
        return self.disclosure is not None and (bool(self.disclosure.items) or self.is_notice)

    @property
    def goes(self) -> bool:
        """Whether it may go now, on nobody's word."""
        return self.decision.releases and self.says_something

    @property
    def data_class(self) -> DataClass:
        """The class of what goes: that of its most guarded item."""
        items = self.disclosure.items if self.disclosure else ()
        return class_of(category for item in items for category in item.categories)


def ask_gate(
    rulebook: Rulebook, referral: Referral, items: tuple[Item, ...], ask: Ask, standing: Standing, terms: Terms,
    *, at_most: AtMost | None = None,
) -> Verdict:  # fmt: skip
    """Decide one ask on these facts, and cut the disclosure to the decision. Pure: same input, same verdict."""
    given = facts_of(referral, ask, standing, categories_of(items))
    facts = parse_facts({**given, **declared_facts(standing.declared)})
    on = standing.now.date()
    decision = assured(decide(facts, rulebook.rules, on), facts, rulebook.rules, on, standing.assurances)
    decision = _narrowed(decision, at_most.categories) if at_most is not None else decision
    if standing.declared:
        decision = stood_in_for(decision, facts)
    if decision.outcome is Outcome.DENY:
        return Verdict(decision, facts, None, ())
    profile = profile_of(rulebook, ask, standing.recipient, standing.now)
    cut = minimise(referral=referral, items=items, decision=decision, profile=profile, terms=terms,
                   unsafe=standing.unsafe, at_most=at_most.items if at_most is not None else None)  # fmt: skip
    return Verdict(decision, facts, cut.disclosure, cut.withheld)


def _narrowed(decision: Decision, at_most: frozenset[DataCategory]) -> Decision:
    wider = frozenset(decision.keep) - at_most
    if not wider:
        return decision
    code, says, cited = NOT_WIDENED
    reasons = tuple(Reason(code, category, (cited,), says) for category in sorted(wider))
    outcome = Outcome.PERMIT_REDACTED if decision.outcome is Outcome.PERMIT else decision.outcome
    return replace(
        decision, outcome=outcome, keep=tuple(sorted(frozenset(decision.keep) - wider)),
        remove=tuple(sorted(frozenset(decision.remove) | wider)), reasons=(*decision.reasons, *reasons),
    )  # fmt: skip


def asked_by(
    rulebook: Rulebook, referral: Referral, items: tuple[Item, ...], kind: AgencyKind, ask: Ask, now: datetime
) -> frozenset[DataCategory]:
    """The kinds of data that this recipient needs for this purpose, of those the record holds."""
    profile = profile_of(rulebook, ask, kind, now)
    return frozenset(asked_categories(referral=referral, items=items, profile=profile, recipient=kind))


def profile_of(rulebook: Rulebook, ask: Ask, kind: AgencyKind, now: datetime) -> Profile:
    """What this recipient needs for this purpose today."""
    return rulebook.profiles.for_recipient(kind, ask.purpose, now.date())


def categories_of(items: Sequence[Item]) -> tuple[DataCategory, ...]:
    """Every kind of data in the record: asked about in full, so that each that stays behind has its reason in law."""
    found = {category for item in items for category in item.categories}
    found |= {category for item in items for span in item.spans for category in span.categories}
    return tuple(sorted(found))


def facts_bytes(verdict: Verdict) -> bytes:
    """The facts as decided on, in one canonical form, to be bound to the log."""
    return json.dumps(verdict.facts.as_dict(), sort_keys=True, separators=(",", ":")).encode()
