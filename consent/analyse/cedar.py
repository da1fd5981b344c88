"""The rules as Cedar policies, for a partner who runs Cedar and wants to check a disclosure against them.

One request asks about one kind of data: the principal is the recipient, the resource the kind of data, the context
everything else that is known. Action "release": it leaves with nobody asked. Action "consider": it is not refused, so
it leaves or waits for a person. Each basis rule is a permit policy; each rule that refuses, strips or holds, and each
that demands a condition, is a forbid policy under the rule's own id. Findings and conditions have no counterpart in
Cedar and are written out wherever they are used. Grounds, duties, remedies and most reasons are left behind: Cedar
answers yes or no.

**Cedar has no "not known".** A forbid policy that meets a missing fact errs and is skipped, and the permit wins, where
the engine would hold. The export answers as the engine does where every fact is known, and only there. Give Cedar the
schema as well: it makes Cedar turn away a request in which a fact is missing or has a value that no rule knows.

A pack of several kinds of data is asked about kind by kind. A refusal or a hold for one kind stops the whole pack; what
a strip or a missing condition forbids only stays behind. The annotation `effect` of the deciding policy tells which.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from consent.analyse.terms import CATEGORY, UNKNOWN, asked_terms
from consent.facts import FACTS, ITEM_TERMS, Facts
from consent.rules import Rule, RuleSet
from protocols.vocabulary import DataCategory

RELEASE, CONSIDER = "release", "consider"

EFFECTS = ("basis", "deny", "hold", "strip", "require")
"""The effects of rules that become policies of their own."""

_RECIPIENT = "recipient"
_VARIABLES = {_RECIPIENT: "principal", CATEGORY: "resource"}
_TRUE, _FALSE = "true", "false"
_SET_ASIDE = "consent_covers_special"

_HEADER = """\
// Concordat's rules as Cedar policies, as the law stands on {as_at}.
// Rule set: {digest}
//
// Cedar has no "not known": these policies answer as Concordat does only where EVERY fact is known. A forbid policy
// that meets a missing fact is skipped, and a permit then wins. Always check with the schema that belongs to this text.
//
// Findings are written out wherever a policy rests on one. Of several values found, the first in the list counts:"""


def to_cedar(rules: RuleSet, as_at: date) -> str:
    """The policies of `rules` in force on `as_at`: one for each rule whose effect is in `EFFECTS`, `@id` its id.

    For fully known facts about one kind of data Cedar allows "release" exactly where `consent.decide.decide` lets it
    leave, and "consider" exactly where the outcome is not deny. The same rules and date give the same text.
    """
    writer = _Writer(rules, as_at)
    parts = [_HEADER.format(as_at=as_at.isoformat(), digest=rules.digest), *writer.legend()]
    parts += [f"\n{writer.policy(rule)}" for effect in EFFECTS for rule in writer.having(effect)]
    return "\n".join(parts) + "\n"


def to_cedar_schema(rules: RuleSet) -> str:
    """The Cedar schema of every question that `rules` can be asked: closed lists of values, every fact required.

    Cedar turns a request away whose facts are incomplete or have other values: an error, where it would fail open.
    """
    terms = _terms(rules)
    lines = [
        f"entity {_type(name)} enum [{', '.join(_quoted(value) for value in values)}];"
        for name, values in terms.items()
        if not _is_yes_no(name)
    ]
    context = "\n".join(
        f"    {name}: {'Bool' if _is_yes_no(name) else _type(name)}," for name in terms if name not in _VARIABLES
    )
    lines.append(
        f"action {RELEASE}, {CONSIDER} appliesTo {{\n  principal: {_type(_RECIPIENT)},\n"
        f"  resource: {_type(CATEGORY)},\n  context: {{\n{context}\n  }},\n}};"
    )
    return "\n".join(lines) + "\n"


def to_request(rules: RuleSet, facts: Facts, category: DataCategory, action: str) -> dict[str, object]:
    """The Cedar request that asks whether `category` may go on these facts; `action` is `RELEASE` or `CONSIDER`.

    `consent_covers_special` is given as false where a list of what the consent names has set it aside: no rule then
    looks at it. Raises ValueError naming the facts that are not known: a request with a gap must not be put to Cedar.
    """
    known: dict[str, str | bool | int] = {}
    for name in _terms(rules):
        value = facts.item_term(name, category) if name in ITEM_TERMS else facts.term(name)
        if name == CATEGORY:
            value = category.value
        if value is None and name == _SET_ASIDE and facts.consent_categories is not None:
            value = False
        if value is not None:
            known[name] = value
    unknown = sorted(set(_terms(rules)) - set(known))
    if unknown:
        raise ValueError(f"not known, so not to be asked of Cedar: {', '.join(unknown)}")
    return {
        "principal": _entity(_RECIPIENT, known[_RECIPIENT]),
        "action": {"type": "Action", "id": action},
        "resource": _entity(CATEGORY, known[CATEGORY]),
        "context": {
            name: value if isinstance(value, bool) else {"__entity": _entity(name, value)}
            for name, value in known.items()
            if name not in _VARIABLES
        },
    }


def _entity(name: str, value: str | bool | int) -> dict[str, str]:
    return {"type": _type(name), "id": str(value)}


@lru_cache(maxsize=8)
def _terms(rules: RuleSet) -> Mapping[str, tuple[str, ...]]:
    """Every term that a request must give, with the values that can be known of it."""
    used = {_RECIPIENT, CATEGORY}.union(*(rule.when for rule in rules.rules))
    asked = {name: values for name, values in asked_terms().items() if name in used}
    return {name: tuple(value for value in values if value != UNKNOWN) for name, values in asked.items()}


class _Writer:
    """Rules as Cedar expressions. Findings are expanded, each worked out once."""

    def __init__(self, rules: RuleSet, as_at: date) -> None:
        self._rules = tuple(rule for rule in rules.rules if rule.is_in_force(as_at))
        self._findings = rules.findings
        self._terms = _terms(rules)
        self._found: dict[tuple[str, str], str] = {}
        for name, values in rules.findings.items():  # in the order in which they are made
            for value in values[:-1]:
                self._found[name, value] = _any(self._where(rule) for rule in self._finders(name, value))

    def having(self, effect: str) -> tuple[Rule, ...]:
        """The rules in force with that effect."""
        return tuple(rule for rule in self._rules if rule.effect == effect)

    def legend(self) -> list[str]:
        """The findings as comments, rule by rule."""
        lines: list[str] = []
        for name, values in self._findings.items():
            lines.append(f"//   {name}: {', '.join(values)} (where nothing is found: {values[-1]})")
            for value in values[:-1]:
                lines += [f"//     {value}, by {r.id}: {self._where(r)}" for r in self._finders(name, value)]
        return lines

    def policy(self, rule: Rule) -> str:
        """The policy of one rule."""
        notes = {"id": rule.id, "effect": rule.effect, "stage": rule.stage,
                 "cites": "; ".join(rule.cites), "says": rule.says}  # fmt: skip
        annotations = "\n".join(f"@{key}({_quoted(value)})" for key, value in notes.items())
        permits = rule.effect == "basis"
        action = f'action == Action::"{RELEASE}"' if rule.effect == "hold" else "action"
        tests = self._tests(rule, listing=permits)
        when = " &&\n".join(f"{note}  {test}" for note, test in tests) if tests else f"  {_TRUE}"
        unless = self._unless_conditioned(rule.gives) if rule.effect == "require" else ""
        head = f"{'permit' if permits else 'forbid'} (principal, {action}, resource)"
        return f"{annotations}\n{head}\nwhen {{\n{when}\n}}{unless};"

    def _unless_conditioned(self, article: str) -> str:
        """What meets the demand for a condition of that article: any rule that gives one, each under its id."""
        giving = [rule for rule in self.having("condition") if rule.gives.partition("_")[0] == article]
        told = " ||\n".join(f"  // {rule.id}\n  ({self._where(rule, listing=True)})" for rule in giving)
        return f"\nunless {{\n{told}\n}}" if giving else ""

    def _finders(self, name: str, value: str) -> list[Rule]:
        return [rule for rule in self._rules if (rule.finding, rule.gives) == (name, value)]

    def _where(self, rule: Rule, *, listing: bool = False) -> str:
        return _all(test for _, test in self._tests(rule, listing=listing))

    def _tests(self, rule: Rule, *, listing: bool) -> list[tuple[str, str]]:
        """What the rule asks, each with a comment where it is a finding: facts first, the shortest first.

        With `listing` every allowed value is listed, so that a value nobody knows allows nothing even without a schema.
        """
        facts: list[tuple[str, str]] = []
        found: list[tuple[str, str]] = []
        for name, values in rule.when.items():
            if name in self._findings:
                found.append((f"  // {name}: {', '.join(values)}\n", self._finding(name, values)))
            else:
                facts.append(("", self._fact(name, values, listing=listing)))
        ordered = [part for parts in (facts, found) for part in sorted(parts, key=lambda part: len(part[1]))]
        return [part for part in ordered if part[1] != _TRUE]

    def _finding(self, name: str, wanted: tuple[str, ...]) -> str:
        """Where the finding is one of `wanted`: the strongest value found counts, the last where nothing is."""
        values = self._findings[name]
        answer = _TRUE if values[-1] in wanted else _FALSE
        for value in reversed(values[:-1]):
            found = self._found[name, value]
            answer = _any([found, answer]) if value in wanted else _all([_not(found), answer])
        return answer

    def _fact(self, name: str, values: tuple[str, ...], *, listing: bool) -> str:
        variable = _VARIABLES.get(name, f"context.{name}")
        chosen = tuple(value for value in self._terms[name] if value in values)
        others = tuple(value for value in self._terms[name] if value not in values)
        if not chosen or not others:
            return _TRUE if chosen else _FALSE
        if _is_yes_no(name):
            return variable if chosen == ("true",) else f"!{variable}"
        if len(chosen) <= len(others) or listing:
            return _among(name, variable, chosen)
        return _not(_among(name, variable, others))


# ---- expressions: "a || b" always stands in brackets, "a && b" never


def _any(parts: Iterable[str]) -> str:
    listed = [part for part in parts if part != _FALSE]
    if _TRUE in listed:
        return _TRUE
    if len(listed) < 2:
        return listed[0] if listed else _FALSE
    return f"({' || '.join(listed)})"


def _all(parts: Iterable[str]) -> str:
    listed = [part for part in parts if part != _TRUE]
    if _FALSE in listed:
        return _FALSE
    return " && ".join(listed) if listed else _TRUE


def _not(part: str) -> str:
    if part in {_TRUE, _FALSE}:
        return _FALSE if part == _TRUE else _TRUE
    return f"!({part})"


def _among(name: str, variable: str, values: tuple[str, ...]) -> str:
    listed = [f"{_type(name)}::{_quoted(value)}" for value in values]
    return f"{variable} == {listed[0]}" if len(listed) == 1 else f"[{', '.join(listed)}].contains({variable})"


def _is_yes_no(name: str) -> bool:
    return name in FACTS and FACTS[name].kind == "yes_no"


def _type(name: str) -> str:
    """The Cedar entity type that lists the values of a term: `capacity` has `Capacity::"doubted"`."""
    return "".join(word.capitalize() for word in name.split("_"))


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
