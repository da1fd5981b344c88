"""Rules are proved before they decide: every safety property, over every combination of facts, in every period.

A proof takes seconds and holds for ever for the same rules and properties, so what was proved is recorded by digest
beside them; a rule set that is not the recorded one is proved when it is read, and refused if a property fails.
"""

import gc
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from consent.analyse.cedar import to_cedar, to_cedar_schema
from consent.analyse.impact import Impact, impact
from consent.analyse.properties import Property, digest_of
from consent.analyse.prove import Proof, Verdict, periods, prove
from consent.analyse.usual import USUAL, in_words
from consent.rules import RuleSet

__all__ = [
    "Impact",
    "Report",
    "Unproved",
    "Verdict",
    "assure",
    "check",
    "compare",
    "export_cedar",
    "in_words",
    "record",
]


FEWEST = 40
"""Safety properties without which nothing is called proved."""


class Unproved(ValueError):
    """The rules break a safety property, or hold a rule that can never apply. The message names one, with a case."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the rules: each property in each period of the law, and rules that can never apply."""

    rules: RuleSet
    properties: tuple[Property, ...]
    proof: Proof

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """The verdicts of properties that do not hold."""
        return tuple(verdict for verdict in self.proof.verdicts if not verdict.holds)

    @property
    def holds(self) -> bool:
        """Whether the rules may decide."""
        return not self.broken and not self.proof.idle

    @property
    def first_fault(self) -> str:
        """One sentence about the first thing that is wrong; empty where nothing is."""
        for verdict in self.broken:
            return f"{verdict.about.id}: {verdict.about.says} Not so: {in_words(verdict.breaks or {})}."
        return f"{self.proof.idle[0]}: this rule can never apply" if self.proof.idle else ""


def check(
    rules: RuleSet, properties: tuple[Property, ...], since: date | None = None, as_at: date | None = None
) -> Report:
    """Prove every property: on one date, in every period of the law from `since` on, or in every period there is."""
    with _uncollected():
        days = (as_at,) if as_at else periods(rules, since)
        return Report(rules, properties, prove(rules, properties, days, USUAL))


def assure(rules: RuleSet, properties: tuple[Property, ...], recorded: str) -> None:
    """Do nothing where `recorded` (see `record`) is of just these rules and properties; else prove them now.

    Raises `Unproved` where a property fails.
    """
    if len(properties) < FEWEST:
        raise Unproved(f"there are only {len(properties)} safety properties to prove, where {FEWEST} are the least")
    if tomllib.loads(recorded) == _named(rules, properties):
        return
    report = check(rules, properties)
    if not report.holds:
        raise Unproved(report.first_fault)


def record(report: Report) -> str:
    """The text that says that these rules and properties were proved: their digests, in TOML."""
    named = _named(report.rules, report.properties)
    return _HEAD + "".join(f'{name} = "{digest}"\n' for name, digest in named.items())


def compare(old: RuleSet, new: RuleSet, as_at: date) -> Impact:
    """What `new` answers otherwise than `old` on that date."""
    with _uncollected():
        return impact(old, new, as_at, USUAL)


def export_cedar(rules: RuleSet, as_at: date) -> str:
    """The rules in force on that date as Cedar policies."""
    return to_cedar(rules, as_at)


def export_cedar_schema(rules: RuleSet) -> str:
    """The schema that belongs to the export: with it Cedar refuses what is missing or unknown."""
    return to_cedar_schema(rules)


def _named(rules: RuleSet, properties: tuple[Property, ...]) -> Mapping[str, str]:
    return {"rules": rules.digest, "properties": digest_of(properties)}


_HEAD = "# Proved over every combination of facts. Written by `concordat rules check --record`.\n"


@contextmanager
def _uncollected() -> Iterator[None]:
    """A proof makes a million small objects and drops none: looking for garbage among them takes most of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
