"""Texts of rules in, a checked rule set out: nothing that a decision rests on is taken on trust."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from types import MappingProxyType

from consent.facts import DERIVED, FACTS, ITEM_TERMS
from consent.rules import CLOCKS, DEFAULT_OUTCOMES, DEFAULT_PATHS, EFFECTS, STAGES, Rule, RuleError, RuleSet
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

_GIVES_BASIS = frozenset({"condition", "basis", "gateway", "confidence"})
_BLOCKS = frozenset({"deny", "hold", "strip"})
_FINDS_ONE = frozenset({"find", "require"})
_OF_THE_WHOLE = frozenset({"find", "basis"})
_KEYS = frozenset({
    "id", "stage", "effect", "when", "unless", "gives", "code", "cites", "says", "checked", "from", "to", "oblige",
    "remedy", "asks", "authoriser", "within", "yields",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Words:
    """The words that rules may use: sets by name, findings and facts with their values."""

    sets: Mapping[str, tuple[str, ...]]
    findings: Mapping[str, tuple[str, ...]]
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load(files: Mapping[str, str]) -> RuleSet:
    """The rule set of these TOML texts, keyed by names such as "law/care_act_2014.toml".

    Raises `RuleError` for a text that is no TOML, an unknown fact, value, set, stage, effect or token, a missing
    citation or sentence, a finding used before it is made, or an id used twice.
    """
    parsed = {name: _parsed(name, text) for name, text in sorted(files.items())}
    words = _words(parsed)
    rules = [rule for name, content in parsed.items() for rule in _file_rules(name, content, words)]
    twins = [twin for rule in rules if rule.yields for twin in _divergences(rule, words)]
    rules = [_yielding(rule, words) if rule.yields else rule for rule in rules] + twins
    rules.sort(key=lambda rule: rule.id)
    for earlier, later in pairwise(rules):
        if earlier.id == later.id:
            raise RuleError(later.file, later.id, "id", f"is also used in {earlier.file}")
    return RuleSet(tuple(rules), MappingProxyType(dict(words.findings)), _digest(rules, words))


def _parsed(name: str, text: str) -> Mapping[str, object]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(name, "-", "file", f"is not TOML: {error}") from error
    for key in content:
        if key not in {"about", "parameters", "sets", "finding", "rule"}:
            raise RuleError(name, "-", key, "is not a part of a rule file")
    return content


def _words(parsed: Mapping[str, Mapping[str, object]]) -> _Words:
    sets: dict[str, tuple[str, ...]] = {}
    findings: dict[str, tuple[str, ...]] = {}
    for name, content in parsed.items():
        for key, values in _table(name, "sets", content.get("sets", {})).items():
            if key in sets:
                raise RuleError(name, "-", f"sets.{key}", "is defined twice")
            sets[key] = _texts(name, "-", f"sets.{key}", values)
        for entry in _tables(name, "finding", content.get("finding", [])):
            label = _text(name, "-", "finding.name", entry.get("name"))
            if label in findings or label in FACTS or label in DERIVED:
                raise RuleError(name, "-", f"finding {label}", "is defined twice")
            findings[label] = _texts(name, "-", f"finding {label}", entry.get("values"))
    terms = {spec.name: spec.allowed for spec in FACTS.values() if spec.kind in {"choice", "yes_no"}}
    terms |= dict(DERIVED) | dict(ITEM_TERMS) | findings
    terms |= {"category": tuple(str(c) for c in DataCategory), "outcome": tuple(str(o) for o in Outcome)}
    return _Words(sets, findings, terms)


def _file_rules(name: str, content: Mapping[str, object], words: _Words) -> list[Rule]:
    return [_rule(name, entry, words) for entry in _tables(name, "rule", content.get("rule", []))]


def _rule(file: str, entry: Mapping[str, object], words: _Words) -> Rule:
    rule_id = _text(file, "-", "id", entry.get("id"))
    for key in entry:
        if key not in _KEYS:
            raise RuleError(file, rule_id, key, "is not a field of a rule")
    stage = _one_of(file, rule_id, "stage", entry.get("stage"), STAGES)
    effect = _one_of(file, rule_id, "effect", entry.get("effect"), EFFECTS)
    finding, gives = _given(file, rule_id, effect, entry.get("gives", ""), words)
    rule = Rule(
        id=rule_id, file=file, stage=stage, effect=effect, gives=gives, finding=finding,
        when=_when(file, rule_id, effect, entry, words),
        cites=_texts(file, rule_id, "cites", entry.get("cites")),
        says=_text(file, rule_id, "says", entry.get("says")),
        checked=_one_of(file, rule_id, "checked", entry.get("checked"), ("V", "T", "S", "M")),
        code=_text(file, rule_id, "code", entry.get("code", _code(rule_id))),
        oblige=_obligations(file, rule_id, entry.get("oblige", [])),
        remedy=str(entry.get("remedy", "")), asks=_asks(file, rule_id, entry),
        authoriser=str(entry.get("authoriser", "")),
        within=_one_of(file, rule_id, "within", entry.get("within", ""), ("", *CLOCKS)),
        yields=entry.get("yields", file.startswith("policies/") and effect in _BLOCKS) is True,
        in_force_from=_day(file, rule_id, "from", entry.get("from")),
        in_force_to=_day(file, rule_id, "to", entry.get("to")),
    )  # fmt: skip
    _check_order(rule, words)
    _check_reach(rule)
    if rule.effect == "oblige" and not rule.oblige:
        raise RuleError(file, rule_id, "oblige", "names no duty")
    return rule


def _asks(file: str, rule_id: str, entry: Mapping[str, object]) -> bool:
    """A remedy that speaks of consent must say whether it puts a question to the person."""
    asks = entry.get("asks")
    if asks is None and "consent" in str(entry.get("remedy", "")):
        raise RuleError(file, rule_id, "asks", "must be true or false: the remedy speaks of consent")
    return asks is True


def _code(rule_id: str) -> str:
    return rule_id.upper().replace(".", "_").replace("-", "_")


def _given(file: str, rule_id: str, effect: str, gives: object, words: _Words) -> tuple[str, str]:
    """The finding a rule sets (or "") and what it gives, checked against the vocabulary."""
    given = _text(file, rule_id, "gives", gives) if gives else ""
    if effect == "find":
        finding, _, value = given.partition("=")
        if value not in words.findings.get(finding, ()):
            raise RuleError(file, rule_id, "gives", "is no value of a finding (write finding=value)")
        return finding, value
    if effect in _GIVES_BASIS and given not in {str(token) for token in Basis}:
        raise RuleError(file, rule_id, "gives", "is not a token of the vocabulary")
    if effect == "require" and given not in {"a9", "a10"}:
        raise RuleError(file, rule_id, "gives", "must be a9 or a10")
    if given and effect not in _GIVES_BASIS | _FINDS_ONE:
        raise RuleError(file, rule_id, "gives", f"means nothing for effect {effect}")
    return "", given


def _when(
    file: str, rule_id: str, effect: str, entry: Mapping[str, object], words: _Words
) -> Mapping[str, tuple[str, ...]]:
    """`when` and `unless` as one conjunction: an `unless` line allows every value but those it lists."""
    when = {
        name: _values(file, rule_id, f"when.{name}", name, given, words)
        for name, given in _table(file, "when", entry.get("when", {})).items()
    }
    for name, given in _table(file, "unless", entry.get("unless", {})).items():
        barred = _values(file, rule_id, f"unless.{name}", name, given, words)
        when[name] = tuple(value for value in when.get(name, words.terms[name]) if value not in barred)
        if not when[name]:
            raise RuleError(file, rule_id, f"unless.{name}", "leaves no value, so the rule could never apply")
    if effect in DEFAULT_PATHS and "path" in words.findings:
        when.setdefault("path", DEFAULT_PATHS[effect])
    if effect == "oblige":
        when.setdefault("outcome", tuple(str(outcome) for outcome in DEFAULT_OUTCOMES))
    elif "outcome" in when:
        raise RuleError(file, rule_id, "when.outcome", "may only be asked by a duty")
    return MappingProxyType(dict(sorted(when.items())))


def _values(file: str, rule_id: str, where: str, name: str, given: object, words: _Words) -> tuple[str, ...]:
    if name not in words.terms:
        raise RuleError(file, rule_id, where, "is no fact and no finding")
    listed = given if isinstance(given, list) else [given]
    flat: list[str] = []
    for value in listed:
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        if plain.startswith("@") and plain[1:] not in words.sets:
            raise RuleError(file, rule_id, where, f"names the unknown set {plain}")
        flat += words.sets[plain[1:]] if plain.startswith("@") else [plain]
    for plain in flat:
        if plain not in words.terms[name]:
            raise RuleError(file, rule_id, where, f"has a value that {name} cannot have: {plain}")
    return tuple(sorted(set(flat)))


def _check_order(rule: Rule, words: _Words) -> None:
    """A finding may rest only on findings made before it, so that one pass makes them all."""
    if rule.effect != "find":
        return
    order = list(words.findings)
    for name in rule.when:
        if name in words.findings and order.index(name) >= order.index(rule.finding):
            raise RuleError(rule.file, rule.id, f"when.{name}", f"is found after {rule.finding}")


def _check_reach(rule: Rule) -> None:
    """A finding or a basis holds for the whole pack: it may not turn on one item, so that company never widens."""
    for name in ("category", *ITEM_TERMS):
        if rule.effect in _OF_THE_WHOLE and name in rule.when:
            raise RuleError(rule.file, rule.id, f"when.{name}", f"may not be asked by a {rule.effect}")


def _yielding(rule: Rule, words: _Words) -> Rule:
    """The rule where nothing overtakes it: law.md 4.2, policy never blocks what protects a child or adult at risk."""
    narrowed = {"path": ("ordinary",), "safeguarding": ("none",)}
    known = {name: values for name, values in narrowed.items() if name in words.terms}
    return replace(rule, when=MappingProxyType(dict(sorted((dict(rule.when) | known).items()))))


def _divergences(rule: Rule, words: _Words) -> list[Rule]:
    """What a yielding rule says where it must give way: nothing is blocked, the divergence is logged."""
    safeguarded = {"safeguarding": ("adult", "child"), "path": ("ordinary",)}
    overtaken = {"path": ("compulsion", "danger")}
    says = f"This rule would have stopped it; the law comes first here, and the divergence is logged. {rule.says}"
    return [
        replace(
            rule, id=f"{rule.id}.{suffix}", twin_of=rule.id, effect="diverge", yields=False, remedy="",
            authoriser="", within="", says=says,
            when=MappingProxyType(dict(sorted((dict(rule.when) | change).items()))),
            oblige=(Obligation.POLICY_DIVERGENCE_LOG,),
        )
        for suffix, change in (("safeguarded", safeguarded), ("overtaken", overtaken))
        if set(change) <= set(words.terms)
    ]  # fmt: skip


def _digest(rules: list[Rule], words: _Words) -> str:
    """SHA-256 over the canonical form: sorted rules with sets written out, so layout and file order do not matter."""
    form = {
        "findings": {name: list(values) for name, values in words.findings.items()},
        "order": list(words.findings),
        "rules": [
            [r.id, r.file, r.stage, r.effect, r.finding, r.gives, {k: list(v) for k, v in r.when.items()},
             list(r.cites), r.says, r.code, list(r.oblige), r.remedy, r.asks, r.authoriser, r.within, r.yields,
             str(r.in_force_from), str(r.in_force_to)]
            for r in rules
        ],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(form, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _obligations(file: str, rule_id: str, given: object) -> tuple[Obligation, ...]:
    names = _texts(file, rule_id, "oblige", given) if given else ()
    known = {str(obligation) for obligation in Obligation}
    for name in names:
        if name not in known:
            raise RuleError(file, rule_id, "oblige", f"is not a duty of the vocabulary: {name}")
    return tuple(Obligation(name) for name in names)


def _text(file: str, rule_id: str, where: str, given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise RuleError(file, rule_id, where, "must be a text")
    return given.strip()


def _texts(file: str, rule_id: str, where: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(entry, str) and entry for entry in given):
        raise RuleError(file, rule_id, where, "must be a list of texts, at least one")
    return tuple(str(entry) for entry in given)


def _one_of(file: str, rule_id: str, where: str, given: object, allowed: tuple[str, ...]) -> str:
    if given not in allowed:
        raise RuleError(file, rule_id, where, f"must be one of {', '.join(allowed)}")
    return str(given)


def _day(file: str, rule_id: str, where: str, given: object) -> date | None:
    if given is not None and type(given) is not date:
        raise RuleError(file, rule_id, where, "must be a date such as 2026-02-05")
    return given


def _table(file: str, where: str, given: object) -> Mapping[str, object]:
    if not isinstance(given, dict):
        raise RuleError(file, "-", where, "must be a table")
    return given


def _tables(file: str, where: str, given: object) -> list[Mapping[str, object]]:
    if not isinstance(given, list):
        raise RuleError(file, "-", where, "must be an array of tables")
    return [_table(file, where, entry) for entry in given]
