"""Rule sets with one rule edited: left out, turned round, or with one line of its `when` read otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from consent.analyse.terms import values_of
from consent.rules import Rule, RuleSet
from protocols.vocabulary import Basis

OUTCOMES = frozenset({"outcome"})
TURNED = MappingProxyType({
    "deny": "hold", "hold": "deny", "strip": "hold", "require": "lacks", "gateway": "confidence", "oblige": "lacks",
})  # fmt: skip
"""What an effect is mistaken for. A basis or a condition turned into nothing is the same as one left out."""


@dataclass(frozen=True)
class Edit:
    """One rule edited: `was` as shipped, `now` as it became under an id of its own, None where it was left out."""

    was: Rule
    now: Rule | None
    what: str

    @property
    def id(self) -> str:
        """What was done to which rule."""
        return f"{self.was.id}#{self.what}"

    def of(self, rules: RuleSet) -> RuleSet:
        """`rules` with this edit made."""
        edited = (replace(self.now, id=self.was.id),) if self.now else ()
        kept: list[Rule] = []
        for rule in rules.rules:
            kept += edited if rule.id == self.was.id else (rule,)
        return RuleSet(tuple(kept), rules.findings, f"{rules.digest}, {self.id}")


@dataclass(frozen=True)
class Edits:
    """The edits of the rules of `rules`, by kind."""

    rules: RuleSet

    def left_out(self) -> Iterator[Edit]:
        """Each rule left out."""
        for rule in self.rules.rules:
            yield Edit(rule, None, "left out")

    def turned(self) -> Iterator[Edit]:
        """Each rule with its effect mistaken for another."""
        for rule in self.rules.rules:
            if rule.effect in TURNED:
                yield self._edit(rule, f"as {TURNED[rule.effect]}", effect=TURNED[rule.effect], gives="")

    def misgiven(self) -> Iterator[Edit]:
        """Each rule that gives a lawful basis, giving the one beside it in the vocabulary."""
        bases = [str(token) for token in Basis if token.startswith("a6_")]
        for rule in self.rules.rules:
            if rule.effect == "basis" and rule.gives in bases:
                other = bases[(bases.index(rule.gives) + 1) % len(bases)]
                yield self._edit(rule, f"giving {other}", gives=other)

    def without_a_line(self) -> Iterator[Edit]:
        """Each rule without one line of its `when`."""
        for rule in self.rules.rules:
            for term in (name for name in rule.when if name not in OUTCOMES):
                rest = {name: values for name, values in rule.when.items() if name != term}
                yield self._edit(rule, f"whatever {term}", when=MappingProxyType(rest))

    def the_other_way_round(self) -> Iterator[Edit]:
        """Each rule with one line of its `when` asking for all other values than it does."""
        for rule in self.rules.rules:
            for term, values in rule.when.items():
                rest = tuple(v for v in self._values[term] if v not in values) if term not in OUTCOMES else ()
                if rest:
                    yield self._line(rule, term, rest, f"{term} the other way round")

    def without_a_value(self) -> Iterator[Edit]:
        """Each rule with one value taken from one line that holds several."""
        for rule in self.rules.rules:
            for term, values in rule.when.items():
                for value in values if len(values) > 1 and term not in OUTCOMES else ():
                    yield self._line(rule, term, tuple(v for v in values if v != value), f"{term} not {value}")

    def with_a_value(self) -> Iterator[Edit]:
        """Each rule with one value added to one line."""
        for rule in self.rules.rules:
            for term, values in rule.when.items():
                for value in self._values[term] if term not in OUTCOMES else ():
                    if value not in values:
                        yield self._line(rule, term, tuple(sorted((*values, value))), f"{term} also {value}")

    @cached_property
    def _values(self) -> Mapping[str, tuple[str, ...]]:
        used = {term for rule in self.rules.rules for term in rule.when} - OUTCOMES
        return {term: self.rules.findings.get(term) or values_of(term) for term in used}

    def _line(self, rule: Rule, term: str, values: tuple[str, ...], what: str) -> Edit:
        return self._edit(rule, what, when=MappingProxyType(dict(rule.when) | {term: values}))

    def _edit(self, rule: Rule, what: str, **changes: object) -> Edit:
        return Edit(rule, replace(rule, id=f"{rule.id}#{what}", **changes), what)  # type: ignore[arg-type]
