"""Two routes to one answer: the engine on its rules, and the oracle on the law, asked the same made-up questions.

`python -m tests.consent.test_oracle 300000 [SEED]` asks more of them and prints one line, or what differs. In the suite
`CONCORDAT_ORACLE_QUESTIONS` says how many (20,000 where it is not set).
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, islice
from random import Random

import pytest
import yaml

from consent.decide import decide
from consent.decision import Decision
from consent.facts import parse_facts
from consent.parse import load
from consent.rules import RuleSet
from protocols.vocabulary import Outcome
from tests.consent import questions
from tests.consent.oracle import Case, oracle
from tests.consent.questions import Question
from tests.consent.rulebook import DATA, TODAY, case, rules, texts

HOW_MANY = int(os.environ.get("CONCORDAT_ORACLE_QUESTIONS", "20000"))
SCENARIOS = yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))["scenarios"]
WRITTEN = [
    written
    for name in ("cases.yaml", "policy_cases.yaml")
    for written in yaml.safe_load((DATA / name).read_text(encoding="utf-8"))["cases"]
]


# --- asking both ---


GROUNDS = ("a6_", "not_personal_data", "outside_gdpr_deceased")


def answer_of(decision: Decision) -> tuple[str, frozenset[str], str]:
    """Outcome, removals and the ground it rests on; a refusal keeps and removes nothing and rests on nothing."""
    if decision.outcome is Outcome.DENY:
        return decision.outcome.value, frozenset(), "none"
    grounds = [token.value for token in decision.basis if token.value.startswith(GROUNDS)]
    return decision.outcome.value, frozenset(category.value for category in decision.remove), " ".join(grounds)


def asked(question: Mapping[str, object], rule_set: RuleSet) -> Decision:
    return decide(parse_facts(question), rule_set, TODAY)


def agree(question: Mapping[str, object], rule_set: RuleSet) -> bool:
    answer = oracle(question)
    return answer_of(asked(question, rule_set)) == (answer.outcome, answer.remove, answer.a6)


def is_fully_known(question: Mapping[str, object]) -> bool:
    complete = questions.completions(question, most=6)
    return complete is not None and complete == [question]


def told(question: Mapping[str, object], rule_set: RuleSet) -> str:
    """The question as it differs from the ordinary case, both answers, and what decided, in plain words."""
    usual = case()
    facts = ", ".join(f"{name}={value}" for name, value in question.items() if usual.get(name) != value is not None)
    decision, answer = asked(question, rule_set), oracle(question)
    outcome, removed, ground = answer_of(decision)
    return "\n".join([
        f"question: the ordinary case with {facts or 'nothing changed'}",
        f"engine:   {outcome} on {ground}; out: {_listed(removed)}; gaps: {_listed(decision.gaps)}",
        *(f"          {reason.code} [{reason.rule or 'engine'}] {reason.category or ''} {reason.says}"
          for reason in decision.reasons if reason.determining),
        f"oracle:   {answer.outcome} on {answer.a6}; out: {_listed(answer.remove)}",
        *(f"          {why}" for why in answer.why),
    ])  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def differing(asked_of: Iterator[Question], rule_set: RuleSet) -> Iterator[Question]:
    return (question for question in asked_of if not agree(question, rule_set))


# --- making questions ---


@cache
def starts() -> tuple[Question, ...]:
    """The ordinary case, the worked examples, and the cases written from law and policies."""
    return (case(), *(case(**written["facts"]) for written in [*SCENARIOS, *WRITTEN]))


def near(rng: Random) -> Question:
    return questions.changed(rng, starts())


MAKERS: Mapping[str, Callable[[Random], Question]] = {"near a worked example": near, "anything": questions.anything}


def made(maker: Callable[[Random], Question], seed: int, how_many: int) -> Iterator[Question]:
    rng = Random(seed)  # noqa: S311 - reproducible questions, no secret
    return islice(filter(is_fully_known, iter(lambda: maker(rng), None)), how_many)


# --- the oracle itself is anchored ---


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["id"])
def test_the_oracle_answers_a_worked_example_as_published(scenario: dict[str, dict[str, object]]) -> None:
    answer, expected = oracle(case(**scenario["facts"])), scenario["expected"]
    assert answer.outcome == expected["outcome"], answer.why
    assert answer.remove == frozenset(expected["remove"]), answer.why  # type: ignore[call-overload]


def test_the_oracle_answers_as_readers_of_law_and_policy_expect() -> None:
    known = [written for written in WRITTEN if "as_at" not in written and is_fully_known(case(**written["facts"]))]
    wrong = {
        written["id"]: answer
        for written in known
        if (answer := oracle(case(**written["facts"]))).outcome != written["outcome"]
        or answer.remove != frozenset(written.get("remove", ()))
    }
    assert len(known) > len(WRITTEN) * 0.9
    assert not wrong


# --- the comparison ---


def differences(asked_of: Iterator[Question], at_most: int = 3) -> str:
    """The first few disagreements in plain words; empty where there is none."""
    return "\n\n".join(told(question, rules()) for question in islice(differing(asked_of, rules()), at_most))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("maker", MAKERS)
def test_the_engine_answers_a_made_up_question_as_the_oracle_does(maker: str, seed: int) -> None:
    report = differences(made(MAKERS[maker], seed, HOW_MANY // (4 * len(MAKERS))))
    assert not report, report


def test_the_engine_answers_every_pair_of_values_as_the_oracle_does() -> None:
    report = differences(filter(is_fully_known, islice(questions.pairs(case()), 0, None, 3)))
    assert not report, report


def test_the_comparison_notices_a_rule_that_is_taken_out() -> None:
    watched = ("confidence.refused", "minimise.safe_address.perpetrator", "gra04.trans_status", "pcsc22.s44A.not_met",
               "dpa18.sch1.p18.a9", "demand.unverified", "ohg.7.consent", "uk_gdpr.5b.immigration")  # fmt: skip
    for rule in watched:
        fewer = load({name: _without(text, rule) for name, text in texts().items()})
        assert len(fewer.rules) < len(rules().rules), rule
        assert any(differing(made(near, 7, 20_000), fewer)), rule


def _without(text: str, rule: str) -> str:
    head, *written = text.split("[[rule]]\n")
    return "[[rule]]\n".join([head, *(one for one in written if f'id = "{rule}"' not in one)])


# --- facts that nobody knows ---


def with_unknown_facts(seed: int, how_many: int) -> Iterator[tuple[Question, list[Question]]]:
    """Questions with unknown facts, each with every way in which those may turn out."""
    rng = Random(seed)  # noqa: S311 - reproducible questions, no secret
    for _ in range(how_many):
        question, _ = questions.with_gaps(rng, questions.changed(rng, starts(), most=5))
        ways = questions.completions(question, most=400)
        if ways is not None:
            yield question, ways


def is_urgent(question: Question) -> bool:
    """Immediate danger and valid compulsion do not wait for what is unknown (law.md 4.1)."""
    q = Case(question)
    return bool(q.compelled or q.danger)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_goes_that_one_answer_to_an_unknown_fact_would_keep_back(seed: int) -> None:
    released = 0
    for question, ways in with_unknown_facts(seed, HOW_MANY // 16):
        decision = asked(question, rules())
        if not decision.releases:
            continue
        released += 1
        answers, kept = [oracle(way) for way in ways], {category.value for category in decision.keep}
        if all(map(is_urgent, ways)):
            answers = [answer for answer in answers if answer.outcome != "deny"]
        else:
            assert {answer.outcome for answer in answers} <= {"permit", "permit_redacted"}, told(ways[0], rules())
        assert all(kept <= answer.keep for answer in answers), told(ways[0], rules())
    assert released > HOW_MANY // 100


@pytest.mark.parametrize("seed", range(2, 4))
def test_what_goes_however_an_unknown_fact_turns_out_is_never_refused(seed: int) -> None:
    for question, ways in with_unknown_facts(seed, HOW_MANY // 16):
        decision, answers = asked(question, rules()), [oracle(way) for way in ways]
        if all(answer.outcome in {"permit", "permit_redacted"} for answer in answers):
            assert decision.outcome is not Outcome.DENY, told(ways[0], rules())
            assert decision.releases or decision.gaps, told(ways[0], rules())
        if all(answer.outcome == "deny" for answer in answers):
            assert not decision.releases, told(ways[0], rules())


@pytest.mark.parametrize("unknown", ["subject_living", "demand"])
@pytest.mark.parametrize("recipient", ["police", "ambulance"])
def test_immediate_danger_does_not_wait_for_what_changes_nothing(recipient: str, unknown: str) -> None:
    question = case(
        recipient=recipient, purpose="emergency", risk="immediate_danger", categories=["identity", "contact"]
    )
    del question[unknown]
    answers = [oracle(way) for way in questions.completions(question) or []]
    assert {(answer.outcome, answer.keep) for answer in answers} == {("permit", frozenset({"identity", "contact"}))}
    assert asked(question, rules()).outcome is Outcome.PERMIT


def main(how_many: int, seed: int) -> int:
    """Ask `how_many` questions with nothing unknown; print what differs, then one line. 1 where anything does."""
    asked_of = chain.from_iterable(made(maker, seed, how_many // len(MAKERS)) for maker in MAKERS.values())
    wrong = list(differing(asked_of, rules()))
    for question in wrong[:20]:
        sys.stdout.write(told(question, rules()) + "\n\n")
    sys.stdout.write(
        f"{how_many} questions asked of engine and oracle, seed {seed}, rules {rules().digest[:12]}: "
        f"{len(wrong)} differ\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
