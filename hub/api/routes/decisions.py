"""Questions put without a case: facts in, decisions out. Nothing is looked up, kept or sent, and nobody is named."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, BeforeValidator, WithJsonSchema

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, RawJson, takes
from hub.decision.question import EARLIEST, LATEST, BadFacts, Voice, answer, error_of, facts_schema, is_answerable
from hub.decision.rulebook import Rulebook
from hub.errors import BadInput
from hub.intake.strict_json import read_model
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["decisions"])

MOST_QUESTIONS = 1_000
"""How many questions one request may hold; what the hub takes in bytes may be less."""


def _one_or_many(given: object) -> object:
    if isinstance(given, dict) or (isinstance(given, list) and len(given) <= MOST_QUESTIONS):
        return given
    raise ValueError(f"must be one object of facts, or a list of at most {MOST_QUESTIONS}")


def _within_the_rules(day: date) -> date:
    if not is_answerable(day):
        raise ValueError(f"must lie from {EARLIEST} to {LATEST}")
    return day


_Facts = Annotated[dict[str, object], WithJsonSchema(facts_schema())]
_Questions = Annotated[list[object], WithJsonSchema(
    {"type": "array", "items": facts_schema(), "maxItems": MOST_QUESTIONS}
)]  # fmt: skip


class Question(Strict):
    """One question, or many under the same law: facts, the day whose law counts, and for whom to explain."""

    facts: Annotated[_Facts | _Questions, BeforeValidator(_one_or_many)]
    as_at: Annotated[date, AfterValidator(_within_the_rules)] | None = None
    explain: Literal["officer", "dpo", "subject"] | None = None


class FindingOut(BaseModel):
    """One finding that shaped an answer."""

    code: str
    category: str | None
    cites: list[str]
    says: str


class OutcomeOfAnswer(BaseModel):
    """What would follow if a missing fact turned out so."""

    answer: str
    outcome: str


class ChangeOut(BaseModel):
    """One lawful change that would help: who acts, the facts that would differ, and where it leads."""

    says: str
    by: list[str]
    facts: dict[str, bool | int | str | list[str] | None]
    leads_to: str | None
    restores: list[str]
    asks: str
    answers: list[OutcomeOfAnswer]


class AnswerOut(BaseModel):
    """What would be decided on these facts. `explanation` and `changes` stand there where one was asked for."""

    outcome: Literal["permit", "permit_redacted", "needs_authoriser", "deny"]
    remove: list[str]
    basis: list[str]
    obligations: list[str]
    gaps: list[str]
    reasons: list[FindingOut]
    remedy: list[str]
    rules: str
    keep: list[str]
    authoriser: str | None
    within: str | None
    exemptions: list[str]
    review_by: date | None
    divergences: list[str]
    determining: list[str]
    as_at: date
    valid_until: datetime | None
    changes: list[ChangeOut] | None = None
    explanation: str | None = None


class WrongQuestion(BaseModel):
    """What is wrong with one question; never its value."""

    code: str
    field: str
    reason: str
    allowed: list[str]
    remedy: str


class NotAnswered(BaseModel):
    """In the place of an answer: this question could not be decided, and the others were."""

    error: WrongQuestion


class AnswersOut(BaseModel):
    """An answer to each question, in their order, and the digest of the rules they were decided by."""

    rules: str
    as_at: date
    answers: list[AnswerOut | NotAnswered]


@router.post("/questions", operation_id="decide_facts", openapi_extra=takes(Question),
             response_model_exclude_unset=True)  # fmt: skip
def decide_facts(
    _actor: Annotated[Actor, Depends(May(Act.QUESTION))], door: Door, raw: RawJson
) -> AnswerOut | AnswersOut:
    """What would be decided on these facts, for one object of facts or a list. Nothing is kept and nothing is sent."""
    asked = read_model(raw, Question)
    rulebook = door.house.rulebook
    on = asked.as_at or door.house.clock.now().date()
    voice = Voice(asked.explain) if asked.explain else None
    if isinstance(asked.facts, list):
        answers = [_answered(rulebook, facts, on, voice) for facts in asked.facts]
        return AnswersOut(rules=rulebook.rules.digest, as_at=on, answers=answers)
    try:
        return AnswerOut.model_validate(answer(rulebook, asked.facts, on, voice))
    except BadFacts as problem:
        remedy = f"{problem.remedy}; allowed: {', '.join(problem.allowed)}" if problem.allowed else problem.remedy
        raise BadInput(problem.code, problem.field, problem.reason, remedy) from None


def _answered(rulebook: Rulebook, given: object, as_at: date, voice: Voice | None) -> AnswerOut | NotAnswered:
    try:
        return AnswerOut.model_validate(answer(rulebook, given, as_at, voice))
    except BadFacts as problem:
        return NotAnswered(error=WrongQuestion.model_validate(error_of(problem)))
