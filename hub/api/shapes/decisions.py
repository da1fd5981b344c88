"""A decision as it is told: reasons, what stays behind."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from hub.decision.gate import Decision, Withheld
from hub.decision.kept import KeptDecision


class ReasonOut(BaseModel):
    """One finding of a decision."""

    code: str
    category: str | None
    cites: list[str]
    says: str
    determining: bool


class WithheldOut(BaseModel):
    """One item that did not go, and why."""

    path: str
    title: str
    of: str
    category: str | None
    code: str
    cites: list[str]
    says: str


class DecisionOut(BaseModel):
    """A decision with its reasons."""

    outcome: Literal["permit", "permit_redacted", "needs_authoriser", "deny"]
    remove: list[str]
    basis: list[str]
    obligations: list[str]
    gaps: list[str]
    reasons: list[ReasonOut]
    remedy: list[str]
    authoriser: str | None
    withheld: list[WithheldOut]
    rules: str


class Explanation(BaseModel):
    """A decision in plain words."""

    disclosure: str
    voice: Literal["officer", "dpo", "subject"]
    text: str


def decision_out(kept: KeptDecision) -> DecisionOut:
    """A kept decision as the API tells it."""
    return decision_told(kept.decision, kept.withheld)


def decision_told(decision: Decision, withheld: Sequence[Withheld]) -> DecisionOut:
    """A decision and what it keeps back, in the words of the answer."""
    return DecisionOut(
        outcome=decision.outcome.value,
        remove=[category.value for category in decision.remove],
        basis=[ground.value for ground in decision.basis],
        obligations=[duty.value for duty in decision.obligations],
        gaps=list(decision.gaps),
        reasons=[
            ReasonOut(
                code=reason.code, category=reason.category.value if reason.category else None,
                cites=list(reason.cites), says=reason.says, determining=reason.determining,
            )
            for reason in decision.reasons
        ],
        remedy=list(decision.remedy),
        authoriser=decision.authoriser,
        withheld=[
            WithheldOut(
                path=entry.path, title=entry.title, of=entry.of, code=entry.code, cites=list(entry.cites),
                category=entry.category.value if entry.category else None, says=entry.says,
            )
            for entry in withheld
        ],
        rules=decision.rules,
    )  # fmt: skip
