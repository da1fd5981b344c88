"""A counterexample put to the engine: terms turned into facts, and the claim of the property tried on the decision."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from consent.analyse.diagram import Region
from consent.analyse.model import Model
from consent.analyse.properties import EACH, Property, load_properties
from consent.analyse.space import Space
from consent.analyse.terms import UNKNOWN, values_of
from consent.decide import decide
from consent.facts import FACTS, Facts, parse_facts
from consent.rules import RuleSet
from protocols.vocabulary import DataCategory, Obligation, Outcome
from tests.consent.rulebook import CONSENT, TODAY, case

Question = Mapping[str, object]

BLOCKING = frozenset({"deny", "hold", "strip"})
AGES: Mapping[str, int | None] = {"child": 10, "adult": 40, UNKNOWN: None}
TRUTH = {"true": True, "false": False, UNKNOWN: None}
COMPANION = "incident_narrative"

HERE = ("recipient", "purpose", "category", "pack", "landlord", "jurisdiction", "demand", "subject_role", "consent")
"""Terms in which the neighbours of a counterexample agree with it."""


@cache
def properties() -> tuple[Property, ...]:
    """The properties as shipped."""
    files = sorted((CONSENT / "properties").glob("*.toml"))
    return load_properties({f"properties/{file.name}": file.read_text(encoding="utf-8") for file in files})


def usual() -> dict[str, str]:
    """The ordinary case in the words of rules."""
    plain = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in case().items()}
    items = {"consent_covers_item": "unstated", "agreement_covers_item": "unstated"}
    return plain | items | {"age_band": "adult", "pack": "personal", "category": "identity"}


def recorded_of(terms: Mapping[str, str]) -> dict[str, object]:
    """Facts of which rules see `terms`; what these do not name is as in the ordinary case."""
    seen = usual() | dict(terms)
    category = seen["category"]
    company = [COMPANION] if category == "depersonalised" and seen["pack"] == "personal" else []
    question = case(
        categories=[category, *company],
        subject_age=AGES[seen["age_band"]],
        consent_categories={"yes": [category], "no": [], "unstated": None}[seen["consent_covers_item"]],
        protocol_uncovered={"yes": [], "no": [category], "unstated": None}[seen["agreement_covers_item"]],
    )
    for name, spec in FACTS.items():
        if name in seen and spec.kind == "choice":
            question[name] = None if seen[name] == UNKNOWN else seen[name]
        elif name in seen and spec.kind == "yes_no":
            question[name] = TRUTH[seen[name]]
    return question


def category_of(question: Question) -> DataCategory:
    """The kind of data that the question is about; what keeps it company comes after it."""
    listed = question["categories"]
    assert isinstance(listed, list)
    return DataCategory(listed[0])


def seen_of(facts: Facts, category: DataCategory, name: str) -> str:
    """A term as rules see it, "not known" where it is."""
    if name == "category":
        return category.value
    if name.endswith("_covers_item"):
        return facts.item_term(name, category)
    term = facts.term(name)
    return UNKNOWN if term is None else str(term).lower() if isinstance(term, bool) else term


def around(space: Space, question: Question) -> Region:
    """All questions that agree with this one in the terms of `HERE`: few enough to be worked out in no time."""
    facts, item = parse_facts(question), category_of(question)
    return space.all_of(space.exactly(name, [seen_of(facts, item, name)]) for name in HERE)


def to_be_seen(one: Property, model: Model[Region], breaking: Region) -> Region:
    """The part of `breaking` that shows in decisions: a widening may still wait for a doubt about a duty."""
    return model.leaving(breaking) if one.claim == "never_widens" else breaking


def is_asked(one: Property, question: Question) -> bool:
    """Whether the property is about this question."""
    facts, category = parse_facts(question), category_of(question)

    def spares(name: str, values: Iterable[str]) -> bool:
        seen, listed = seen_of(facts, category, name), set(values)
        unknown_spares = one.claim != "never_leaves" or listed >= set(values_of(name))
        return seen in listed or (seen == UNKNOWN and unknown_spares)

    return all(seen_of(facts, category, name) in values for name, values in one.where.items()) and not any(
        all(spares(name, values) for name, values in line.items()) for line in one.unless
    )


def breaks(one: Property, question: Question, rules: RuleSet) -> bool:
    """Whether the engine, asked this one question, decides against the property."""
    category = category_of(question)
    decision = decide(parse_facts(question), rules, TODAY)
    goes = category in decision.keep
    duties, owing = set(decision.obligations), {Obligation(duty) for duty in one.of if one.claim.find("owes") >= 0}
    ends = decision.releases or (one.even_held and decision.outcome is Outcome.NEEDS_AUTHORISER)
    claims: Mapping[str, Callable[[], bool]] = {
        "never_leaves": lambda: decision.releases and goes,
        "never_goes": lambda: goes,
        "always_leaves": lambda: not (decision.releases and goes),
        "never_refused": lambda: not goes,
        "never_stopped_by": lambda: _is_stopped(one, question, rules),
        "has": lambda: decision.releases and not any(token.startswith(one.of) for token in decision.basis),
        "owes": lambda: ends and not owing <= duties,
        "never_owes": lambda: ends and bool(owing & duties),
        "never_owes_both": lambda: ends and owing <= duties,
        "never_widens": lambda: decision.releases and goes and _was_not_leaving(one, question, rules),
    }
    return is_asked(one, question) and claims[one.claim]()


def leaves(question: Question, rules: RuleSet) -> bool:
    """Whether the engine lets the item leave with nobody asked."""
    decision = decide(parse_facts(question), rules, TODAY)
    return decision.releases and category_of(question) in decision.keep


def _is_stopped(one: Property, question: Question, rules: RuleSet) -> bool:
    """Whether the blocking rules of those files stop it where no other does, and anything else would be let go."""
    findings = [rule for rule in rules.rules if rule.effect == "find"]
    theirs = [rule for rule in rules.rules if rule.effect in BLOCKING and rule.file.startswith(one.of)]
    ground = next(rule for rule in rules.rules if rule.effect == "basis")
    always = replace(ground, when=MappingProxyType({}), in_force_from=None, in_force_to=None)
    alone = RuleSet((*findings, *theirs, always), rules.findings, f"{rules.digest}, only what blocks of {one.of}")
    return decide(parse_facts(question), alone, TODAY).outcome is not Outcome.PERMIT


def _was_not_leaving(one: Property, question: Question, rules: RuleSet) -> bool:
    """Whether it stayed in with another value of the one fact that the claim is about."""
    changes = [(one.fact, before) for before in one.from_]
    if one.fact == EACH:
        lost = (spec for spec in FACTS.values() if spec.kind in {"choice", "yes_no"} and question[spec.name] is None)
        changes = [(spec.name, value) for spec in lost for value in spec.allowed]
        changes += [("subject_age", age) for age in AGES if question["subject_age"] is None]
    return any(not leaves({**question, name: _held(name, before)}, rules) for name, before in changes)


def _held(name: str, value: str) -> object:
    if name == "subject_age":
        return AGES[value]
    return TRUTH[value] if FACTS[name].kind == "yes_no" else value
