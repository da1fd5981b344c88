"""The same rules as a programmer would write them by hand: nested findings and plain `if` tests, first match wins.

Generated once as Python source. It answers with the outcome and one rule, explains nothing, and knows only questions
about one kind of data in which every fact is known: no more than is needed to be compared with.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from consent.analyse.terms import CATEGORY, values_of
from consent.compile import compiled
from consent.facts import DERIVED, FACTS, ITEM_TERMS
from consent.rules import STAGES, Rule, RuleSet

Answer = tuple[str, str]
"""The outcome, and the first rule in the order of the steps that leads to it."""

Chain = Callable[[Mapping[str, object]], Answer]

_FIRST = ("recipient", "purpose", CATEGORY, "landlord")
"""Asked first of a rule: what rules out most."""

_READING = """\
def decide(q):
    {facts}
    category = q["categories"][0]
    pack = "depersonalised" if category == "depersonalised" else "personal"
    age_band = "child" if q["subject_age"] < 18 else "adult"
    if gillick in ("n_a", "unknown") and jurisdiction == "scotland" and 12 <= q["subject_age"] < 18:
        gillick = "competent"
    listed = q.get("consent_categories")
    consent_covers_item = "unstated" if listed is None else "yes" if category in listed else "no"
    listed = q.get("protocol_uncovered")
    agreement_covers_item = "unstated" if listed is None else "no" if category in listed else "yes"
"""


def if_chain(rules: RuleSet, as_at: date) -> Chain:
    """The rules in force on `as_at` as one function of a question's raw facts."""
    made: dict[str, Chain] = {}
    exec(source(rules, as_at), made)  # noqa: S102 - our own source, made from our own rules
    return made["decide"]


def source(rules: RuleSet, as_at: date) -> str:
    """The text of that function."""
    used = {"jurisdiction", "gillick"}.union(*(rule.when for rule in rules.rules))
    raw = [name for name in FACTS if name in used]
    facts = "\n    ".join(f'{name} = q["{name}"]' for name in raw)
    in_force = [rule for rule in rules.rules if rule.is_in_force(as_at)]
    by_effect: dict[str, list[Rule]] = {}
    for rule in sorted(in_force, key=lambda rule: STAGES.index(rule.stage)):
        by_effect.setdefault(rule.effect, []).append(rule)
    lines = [*_findings(rules, in_force), *_returns(by_effect["deny"], "deny"), *_returns(by_effect["strip"], "deny")]
    for rule in by_effect["require"]:
        given = [r for r in by_effect["condition"] if r.gives.startswith(f"{rule.gives}_")]
        lines.append(f"if ({_when(rule)}) and not ({_any(given)}):\n    return 'deny', {rule.id!r}")
    lines += _basis(rules, by_effect["basis"])
    lines += _returns(by_effect["hold"], "needs_authoriser")
    lines.append("return 'permit', basis")
    body = "\n".join("    " + part for line in lines for part in line.split("\n"))
    return _READING.format(facts=facts) + body + "\n"


def _findings(rules: RuleSet, in_force: list[Rule]) -> Iterable[str]:
    for name, values in rules.findings.items():
        word = "if"
        for value in values[:-1]:
            finders = [rule for rule in in_force if (rule.finding, rule.gives) == (name, value)]
            if finders:
                yield f"{word} {_any(finders)}:\n    {name} = {value!r}"
                word = "elif"
        yield f"else:\n    {name} = {values[-1]!r}" if word == "elif" else f"{name} = {values[-1]!r}"


def _basis(rules: RuleSet, giving: list[Rule]) -> Iterable[str]:
    word = "if"
    for token, _ in compiled(rules).gives["basis"]:
        for rule in (rule for rule in giving if rule.gives == token.value):
            yield f"{word} {_when(rule)}:\n    basis = {rule.id!r}"
            word = "elif"
    yield "else:\n    return 'deny', ''"


def _returns(rules: Iterable[Rule], outcome: str) -> Iterable[str]:
    return (f"if {_when(rule)}:\n    return {outcome!r}, {rule.id!r}" for rule in rules)


def _any(rules: Iterable[Rule]) -> str:
    return " or ".join(f"({_when(rule)})" for rule in rules) or "False"


def _when(rule: Rule) -> str:
    order = sorted(rule.when, key=lambda name: (name not in _FIRST, _FIRST.index(name) if name in _FIRST else 0))
    return " and ".join(test for name in order if (test := _test(name, rule.when[name]))) or "True"


def _test(name: str, values: tuple[str, ...]) -> str:
    if name in FACTS and FACTS[name].kind == "yes_no":
        return "" if len(values) == 2 else name if values == ("true",) else f"not {name}"
    others = tuple(value for value in _every(name) if value not in values)
    if len(others) < len(values) and _every(name):
        return f"{name} not in {_set(others)}" if others else ""
    return f"{name} == {values[0]!r}" if len(values) == 1 else f"{name} in {_set(values)}"


def _every(name: str) -> tuple[str, ...]:
    """All values of a fact; of a finding only what a rule lists is asked, which is how one would write it."""
    return values_of(name) if name in FACTS or name in DERIVED or name in ITEM_TERMS or name == CATEGORY else ()


def _set(values: tuple[str, ...]) -> str:
    return "{" + ", ".join(repr(value) for value in values) + "}"
