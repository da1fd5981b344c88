"""How fast the engine decides, beside Cedar, beside plain `if` tests, and beside itself asked for more.

Unless "asked again" stands beside a figure, every question is asked once: each round has its own, made up from a seed,
so that nothing remembered flatters anybody. Whoever is asked the same gives the same answer, or nothing is measured.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from random import Random
from types import MappingProxyType

import cedarpy
import yaml

from bench.ifchain import if_chain
from bench.pairing import Pair, measure
from consent.analyse.cedar import RELEASE, to_cedar, to_cedar_schema, to_request
from consent.analyse.properties import load_properties
from consent.analyse.replay import History, replay
from consent.change import what_would_change
from consent.compile import compiled
from consent.decide import decide
from consent.decision import Decision
from consent.explain import Voice, explain
from consent.facts import FACTS, Facts, parse_facts
from consent.rules import Rule, RuleSet
from hub.decision.proving import check
from protocols.vocabulary import AgencyKind, Purpose
from tests.consent.questions import Question, anything, changed
from tests.consent.rulebook import CONSENT, DATA, TODAY, case
from tests.consent.rulebook import rules as shipped_rules

AS_AT = TODAY
LIMIT_OF_PROOFS = 10.0
"""Seconds that the whole property suite may take (issue 3)."""

_NOBODY = cedarpy.Entities.from_json_str("[]")
_RECIPIENTS = {"police": "crime_investigation", "social_care_adults": "safeguarding_adult",
               "stop_hate_uk": "victim_support", "jag": "crime_prevention"}  # fmt: skip
_PEOPLE = ("victim", "witness", "alleged_perpetrator")
_CATEGORIES = (
    "identity", "contact", "incident_narrative", "hate_strand", "disability", "health", "criminal_allegation",
    "risk_marker", "safe_address", "witness_identity", "mental_health", "victim_identity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: what stands against what, and the aim, as a ratio of speeds that is to be reached."""

    about: str
    pair: Pair
    at_least: float | None = None


def run(rounds: int, each: int) -> Iterator[Figure]:
    """Every pair in turn, with `each` questions a round."""
    rules = shipped_rules()
    asked = _Asked(rules, (rounds + 1) * each)
    agreed = _Checked(rules, asked)

    def pair(ours: Callable[[], object], other: Callable[[], object], of: int = each) -> Pair:
        compiled(rules).answers.clear()  # the entries put the same questions: none may profit from one before it
        return measure(ours, other, rounds=rounds, each=of)

    deciding, cedar, chain = asked.deciding(rules), agreed.cedar, agreed.chain
    yield Figure("one item, all reasons : cedarpy with the schema", pair(deciding(), cedar()), 100)
    yield Figure("one item, all reasons : cedarpy at its fastest", pair(deciding(), cedar(strict=False)), 100)
    yield Figure("facts read, one item : cedarpy with the schema", pair(asked.reading(rules), cedar()))
    yield Figure("one item, all reasons : plain ifs", pair(deciding(), chain()), 1 / 3)
    yield Figure("facts read, one item : plain ifs", pair(asked.reading(rules), chain()))
    yield Figure("one item, asked again : cedarpy with the schema", pair(deciding(of=each), cedar(of=each)), 100)
    yield Figure("one item, asked again : plain ifs", pair(deciding(of=each), chain(of=each)), 1 / 3)
    yield Figure("1,000 rules : the real rules", pair(deciding(padded(rules, 1_000)), deciding()), 1 / 2)
    few = max(each // 24, 5)
    referrals = _Referrals(rules, (rounds + 1) * few)
    told = referrals.decided
    yield Figure("a whole referral, explained : its 144 items alone", pair(told(), referrals.item_by_item(), few))
    yield Figure("a whole referral, explained : decided only", pair(told(), told(explained=False), few))
    yield Figure("a whole referral, explained : and what would change it", pair(told(), referrals.changeable(), few))
    past = _Past(rules, list(islice(asked.facts(), 4 * each)), rounds)
    yield Figure("history over columns : one by one", pair(past.replayed, past.one_by_one(), 1), 10)
    yield Figure("history read and over columns : one by one", pair(past.read_and_replayed(), past.one_by_one(), 1))


def size() -> int:
    """How many rules the figures are of."""
    return len(shipped_rules().rules)


def proofs() -> tuple[int, int, float]:
    """How many properties were tried, how many hold, and the seconds for one day and every later period of the law."""
    rules = shipped_rules()
    files = (CONSENT / "properties").glob("*.toml")
    listed = load_properties({f"properties/{file.name}": file.read_text(encoding="utf-8") for file in files})
    began = time.perf_counter()
    report = check(rules, listed, since=AS_AT)
    broken = {verdict.about.id for verdict in report.broken}
    return len(listed), len(listed) - len(broken), time.perf_counter() - began


def padded(rules: RuleSet, count: int) -> RuleSet:
    """`rules` and narrowed copies of the landlords' rules, as if more landlords had written theirs, `count` in all.

    A copy applies only where the rule itself does, so that the outcome of every question stays as it was.
    """
    of_policies = [rule for rule in rules.rules if rule.file.startswith("policies/")]
    strands = [value for value in FACTS["strand_value"].allowed if value != "unspecified"]
    copies: list[Rule] = []
    while len(rules.rules) + len(copies) < count:
        number, start = divmod(len(copies), len(of_policies))
        rule = of_policies[start]
        when = MappingProxyType({**rule.when, "strand_value": (strands[number],)})
        copies.append(replace(rule, id=f"{rule.id}.copy{number}", when=when))
    every = tuple(sorted([*rules.rules, *copies], key=lambda rule: rule.id))
    return RuleSet(every, rules.findings, f"{rules.digest} and {len(copies)} copies")


class _Asked:
    """Questions about one kind of data in which every fact is known, near the worked examples and anywhere."""

    def __init__(self, rules: RuleSet, count: int) -> None:
        rng = Random(20261120)
        starts = _worked_examples()
        self.questions: list[Question] = []
        while len(self.questions) < count:
            question = anything(rng) if rng.random() < 0.25 else changed(rng, starts)
            question["categories"] = [rng.choice(FACTS["categories"].allowed)]
            if _is_fully_known(rules, parse_facts(question)):
                self.questions.append(question)

    def facts(self, of: int | None = None) -> Iterator[Facts]:
        """Every question read anew, so that nothing is worked out on it yet; of the first `of` only, over and over."""
        for place in range(len(self.questions)):
            yield parse_facts(self.questions[place % of if of else place])

    def deciding(self, real: RuleSet) -> Callable[..., Callable[[], object]]:
        """A maker of our side: facts that are read already, decided with all reasons."""

        def made(rules: RuleSet = real, of: int | None = None) -> Callable[[], object]:
            turns = iter(list(self.facts(of)))
            return lambda: decide(next(turns), rules, AS_AT)

        return made

    def reading(self, rules: RuleSet) -> Callable[[], object]:
        """Our side with the reading of the facts."""
        turns = iter(self.questions)
        return lambda: decide(parse_facts(next(turns)), rules, AS_AT)


class _Checked:
    """The others, each asked first whether it gives our answers to a thousand of the questions."""

    def __init__(self, rules: RuleSet, asked: _Asked) -> None:
        self._asked = asked
        self._chain = if_chain(rules, AS_AT)
        text = to_cedar(rules, AS_AT)
        self._policies = cedarpy.PolicySet.from_str(text)
        self._loose = cedarpy.PolicySet.from_str(_with_plain_strings(text))
        self._schema = cedarpy.Schema.from_str(to_cedar_schema(rules))
        self._requests = [to_request(rules, facts, facts.categories[0], RELEASE) for facts in asked.facts()]
        self._loose_requests = [_with_plain_values(request) for request in self._requests]
        more = padded(rules, 1_000)
        for place, facts in enumerate(islice(asked.facts(), 1_000)):
            ours = decide(facts, rules, AS_AT)
            assert self._chain(asked.questions[place])[0] == ours.outcome
            assert self._ask(self._requests[place], strict=True).allowed == ours.releases
            assert self._ask(self._loose_requests[place], strict=False).allowed == ours.releases
            assert decide(facts, more, AS_AT).outcome is ours.outcome

    def cedar(self, *, strict: bool = True, of: int | None = None) -> Callable[[], object]:
        """Cedar: policies and schema parsed once, requests made beforehand; without the schema at its fastest."""
        turns = cycle((self._requests if strict else self._loose_requests)[:of])
        return lambda: self._ask(next(turns), strict=strict)

    def chain(self, of: int | None = None) -> Callable[[], object]:
        """Plain `if` tests on the raw facts: outcome and one rule, nothing explained."""
        turns, chain = cycle(self._asked.questions[:of]), self._chain
        return lambda: chain(next(turns))

    def _ask(self, request: dict[str, object], *, strict: bool) -> cedarpy.AuthzResult:
        if strict:
            return cedarpy.is_authorized(request, self._policies, _NOBODY, schema=self._schema)
        return cedarpy.is_authorized(request, self._loose, _NOBODY)


class _Past:
    """A history of questions decided again: all at once, or each by itself."""

    def __init__(self, rules: RuleSet, questions: list[Facts], rounds: int) -> None:
        self._rules = rules
        self._questions = questions
        self._rounds = rounds
        self._history = History(questions)
        alone = tuple(decide(facts, rules, AS_AT).outcome for facts in questions)
        assert replay(self._history, rules, AS_AT).outcomes == alone

    def replayed(self) -> object:
        """Over columns that were made before, as when several drafts of the rules are tried on one history."""
        return replay(self._history, self._rules, AS_AT)

    def read_and_replayed(self) -> Callable[[], object]:
        """With the making of the columns."""
        turns = self._turns()
        return lambda: replay(History(next(turns)), self._rules, AS_AT)

    def one_by_one(self) -> Callable[[], object]:
        """Each question decided, with all its reasons, by rules that decided nothing before, as a draft has not."""
        turns = self._turns()

        def act() -> list[Decision]:
            compiled(self._rules).answers.clear()
            return [decide(facts, self._rules, AS_AT) for facts in next(turns)]

        return act

    def _turns(self) -> Iterator[list[Facts]]:
        """The history for each round and the one before the first, nothing worked out on it yet."""
        return iter([[replace(facts) for facts in self._questions] for _ in range(self._rounds + 1)])


class _Referrals:
    """Referrals about three people to four recipients, twelve kinds of data each; facts change from one to the next."""

    def __init__(self, rules: RuleSet, count: int) -> None:
        rng = Random(20261121)
        self._rules = rules
        self._referrals = [self._packs(changed(rng, [case()], most=6)) for _ in range(count)]

    def decided(self, *, explained: bool = True) -> Callable[[], object]:
        """Each pack of a referral decided with its duties and told to the officer; only decided unless `explained`."""
        turns = self._turns()

        def act() -> None:
            for facts in next(turns):
                decision = decide(facts, self._rules, AS_AT)
                if explained:
                    _told(facts, decision)

        return act

    def item_by_item(self) -> Callable[[], object]:
        """The same, each kind of data by itself, not explained."""
        singles = iter([
            [parse_facts({**pack, "categories": [kind]}) for pack in packs for kind in _CATEGORIES]
            for packs in self._referrals
        ])  # fmt: skip
        return lambda: [decide(facts, self._rules, AS_AT) for facts in next(singles)]

    def changeable(self) -> Callable[[], object]:
        """Each pack with what would lawfully change its answer."""
        turns = self._turns()

        def act() -> None:
            for facts in next(turns):
                decision = decide(facts, self._rules, AS_AT)
                what_would_change(facts, self._rules, AS_AT, decision)
                _told(facts, decision)

        return act

    def _turns(self) -> Iterator[list[Facts]]:
        return iter([[parse_facts(pack) for pack in packs] for packs in self._referrals])

    def _packs(self, shared: Question) -> list[Question]:
        return [
            {**shared, "subject_role": person, "recipient": recipient, "purpose": purpose,
             "categories": list(_CATEGORIES)}
            for person in _PEOPLE
            for recipient, purpose in _RECIPIENTS.items()
        ]  # fmt: skip


def _told(facts: Facts, decision: Decision) -> str:
    recipient, purpose = AgencyKind(str(facts.get("recipient"))), Purpose(str(facts.get("purpose")))
    return explain(decision, Voice.OFFICER, recipient=recipient, purpose=purpose)


def _worked_examples() -> list[Question]:
    told = yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))["scenarios"]
    return [case(**scenario["facts"]) for scenario in told]


def _is_fully_known(rules: RuleSet, facts: Facts) -> bool:
    try:
        to_request(rules, facts, facts.categories[0], RELEASE)
    except ValueError:
        return False
    return True


def _with_plain_strings(text: str) -> str:
    """The export with choices as strings instead of closed lists of values: faster to hand over, and never checked."""
    return re.sub(r'\b(?!Recipient\b|Category\b|Action\b)[A-Z]\w*::("[^"]*")', r"\1", text)


def _with_plain_values(request: dict[str, object]) -> dict[str, object]:
    context = request["context"]
    assert isinstance(context, dict)
    plain = {name: value if isinstance(value, bool) else value["__entity"]["id"] for name, value in context.items()}
    return {**request, "context": plain}
