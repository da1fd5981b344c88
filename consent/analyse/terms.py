"""Everything that can be asked of a rule set: the terms that rules see, each with its values and with "not known"."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from consent.facts import DERIVED, FACTS, ITEM_TERMS
from protocols.vocabulary import DataCategory

UNKNOWN = "not known"
"""The value of a fact that nobody recorded."""

CATEGORY = "category"
PACK = "pack"

_FIRST = (
    "recipient", "purpose", CATEGORY, PACK, "landlord", "jurisdiction", "demand", "requester_verified", "risk",
    "subject_living", "subject_role", "age_band", "gillick", "consent", "victim_wishes", "consent_covers_this",
    "consent_freely_given", "coercion_suspected", "capacity", "child_at_risk", "adult_at_risk", "others_at_risk",
    "serious_crime", "asking_would_prejudice",
)  # fmt: skip
"""Asked first in a diagram: what most rules look at, and what findings are made of, side by side."""

_NEVER_UNKNOWN = frozenset({CATEGORY, PACK, *ITEM_TERMS})
_NOT_A_TERM = frozenset({"categories", "whole_number"})
_NO_ANSWER = MappingProxyType({"gillick": "unknown"})
"""Values that the facts treat as not known (`consent.facts`)."""


@cache
def values_of(name: str) -> tuple[str, ...]:
    """The values of a term as rules write them, without "not known"."""
    if name == CATEGORY:
        return tuple(str(category) for category in DataCategory)
    if name in DERIVED:
        return DERIVED[name]
    return ITEM_TERMS[name] if name in ITEM_TERMS else FACTS[name].allowed


def asked_terms() -> Mapping[str, tuple[str, ...]]:
    """Every term that a rule may look at, in the order of diagrams, with all that it can be."""
    facts = (name for name, spec in FACTS.items() if spec.kind not in _NOT_A_TERM)
    every = (CATEGORY, *facts, *DERIVED, *ITEM_TERMS)
    return {name: _possible(name) for name in (*_FIRST, *(name for name in every if name not in _FIRST))}


def _possible(name: str) -> tuple[str, ...]:
    values = tuple(value for value in values_of(name) if value != _NO_ANSWER.get(name))
    return values if name in _NEVER_UNKNOWN else (*values, UNKNOWN)
