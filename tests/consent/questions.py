"""Questions made up for comparing routes: seeded, plain, each a dict of facts as `parse_facts` takes it.

A worked example with some facts changed tries what is nearly lawful; wholly random facts try what nobody thought of;
each pair of values of two facts is tried once against the ordinary case.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import prod
from random import Random

from consent.facts import FACTS, FactSpec

Question = dict[str, object]

AGES = (0, 7, 12, 15, 17, 18, 19, 35, 80, 130)
REFINEMENTS = ("consent_categories", "protocol_uncovered")
"""Lists that may be null without being unknown: then the fact they refine speaks alone."""


def changed(rng: Random, starts: Sequence[Mapping[str, object]], most: int = 12) -> Question:
    """One of `starts` with one to `most` facts drawn anew."""
    question = dict(rng.choice(starts))
    for name in rng.sample(sorted(FACTS), rng.randint(1, most)):
        question[name] = _drawn(rng, FACTS[name], question)
    return question


def anything(rng: Random) -> Question:
    """Every fact drawn anew, all values alike."""
    question: Question = {}
    for spec in FACTS.values():
        question[spec.name] = _drawn(rng, spec, question)
    return question


def with_gaps(rng: Random, question: Mapping[str, object], most: int = 3) -> tuple[Question, list[str]]:
    """`question` with one to `most` facts unknown, and which."""
    hidden = rng.sample(sorted(set(FACTS) - {"categories", *REFINEMENTS}), rng.randint(1, most))
    return {name: value for name, value in question.items() if name not in hidden}, hidden


def pairs(start: Mapping[str, object]) -> Iterator[Question]:
    """`start` with each pair of values of each two facts; of the lists, each single category."""
    for one, other in combinations(FACTS.values(), 2):
        for first in values(one):
            for second in values(other):
                yield {**start, one.name: first, other.name: second}


def values(spec: FactSpec) -> tuple[object, ...]:
    """Every value of a fact; for the age, both sides of each limit; for a list, each single entry."""
    match spec.kind:
        case "yes_no":
            return (True, False)
        case "whole_number":
            return AGES
        case "categories":
            return tuple([category] for category in spec.allowed)
        case _:
            return spec.allowed


def _drawn(rng: Random, spec: FactSpec, question: Mapping[str, object]) -> object:
    if spec.kind != "categories":
        return rng.choice(values(spec))
    if spec.name in REFINEMENTS:
        if rng.random() < 0.5:
            return None
        held = question.get("categories")
        pool = held if isinstance(held, list) and rng.random() < 0.5 else spec.allowed
        return [category for category in pool if rng.random() < 0.5]
    size = rng.choice((1, 2, 3, 4, 6, 10, len(spec.allowed)))
    return sorted(rng.sample(spec.allowed, size))


def completions(question: Mapping[str, object], most: int = 2000) -> list[Question] | None:
    """Every way in which the unknown facts of `question` may turn out; `None` where there are more than `most`.

    A child's competence given as unknown, or as not applicable, is unknown, save where Scots law presumes it at 12.
    """
    hidden = [spec for spec in FACTS.values() if spec.name not in REFINEMENTS and question.get(spec.name) is None]
    ways = prod(len(values(spec)) for spec in hidden if spec.name not in {"subject_age", "gillick"})
    if ways * 6 > most:
        return None
    filled = [dict(question)]
    for spec in hidden:
        outcomes = _outcomes(spec)
        filled = [{**one, spec.name: value} for one in filled for value in outcomes]
    return [complete for one in filled for complete in _with_competence(one)]


def _outcomes(spec: FactSpec) -> tuple[object, ...]:
    if spec.name == "subject_age":
        return (7, 15, 35)
    return ("competent", "not_competent") if spec.name == "gillick" else values(spec)


def _with_competence(question: Question) -> list[Question]:
    age = question["subject_age"]
    years = age if isinstance(age, int) else 0
    child = years < 18 or question["subject_role"] == "child"
    presumed = question["jurisdiction"] == "scotland" and 12 <= years < 18
    answers = {"competent", "not_competent"} if child else {"competent", "not_competent", "n_a"}
    if question["gillick"] in answers or presumed:
        return [question]
    return [{**question, "gillick": answer} for answer in ("competent", "not_competent")]
