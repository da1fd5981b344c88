"""What must be on record before routine work goes on: assessments in date, and the way of sending that was agreed.

A step after the decision that only narrows: what would go waits for the data protection officer instead. It holds back
nothing in immediate danger, under valid compulsion, or that protects a child or an adult at risk; nor what is sent for
safeguarding while nobody knows yet whether they are (docs/law.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum, unique

from consent.compile import compiled
from consent.decision import Decision, Reason
from consent.facts import Facts
from consent.rules import RuleSet
from consent.walk import make_findings, start
from protocols.vocabulary import Basis, Obligation, Outcome

AUTHORISER = "data protection officer"
WITHIN = "same day"
CODES = frozenset({"INTERESTS_NOT_ASSESSED", "IMPACT_NOT_ASSESSED", "TRANSPORT_NOT_AGREED"})
"""The codes of the reasons that this step gives."""

_NO_PAPER = frozenset({"emergency", "rectification_notice", "misdirected", "subject_access"})
"""Purposes that wait for no paper: a rescue; and the duty to put right or answer for what was shared before."""

_SAFEGUARDS = frozenset({"safeguarding_child", "safeguarding_adult"})


@unique
class Record(StrEnum):
    """What the landlord has of a document."""

    IN_DATE = "in_date"
    OUT_OF_DATE = "out_of_date"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Assurances:
    """What the registers say besides the facts.

    `interests` is the legitimate interests assessment for this purpose, `impact` the data protection impact assessment
    of this routine, `transport_agreed` whether the agreement that covers the ask allows the way it would be sent (True
    where no agreement covers it).
    """

    interests: Record
    impact: Record
    transport_agreed: bool


COMPLETE = Assurances(Record.IN_DATE, Record.IN_DATE, transport_agreed=True)
"""Everything on record and in date."""


def assured(decision: Decision, facts: Facts, rules: RuleSet, as_at: date, on_record: Assurances) -> Decision:
    """The decision, or a stricter one. `decision` is what the engine gave on these facts, rules and date. Pure."""
    lacks = () if decision.outcome is Outcome.DENY else tuple(_lacking(decision, facts, on_record))
    if not lacks or not _waits(facts, rules, as_at):
        return decision
    held = decision.outcome is Outcome.NEEDS_AUTHORISER
    ours = tuple(reason for reason, _ in lacks)
    # What was told of a ground decides no more where something else holds it.
    reasons = (*decision.reasons, *ours) if held else (*ours, *map(_told_only, decision.reasons))
    duties = frozenset(decision.obligations) | {Obligation.REFER_DPO}
    authorisers = dict.fromkeys([*(decision.authoriser or AUTHORISER).split("; "), AUTHORISER])
    return replace(
        decision, outcome=Outcome.NEEDS_AUTHORISER, reasons=reasons, authoriser="; ".join(authorisers),
        remedy=(*decision.remedy, *(remedy for _, remedy in lacks)), within=decision.within or WITHIN,
        obligations=tuple(duty for duty in Obligation if duty in duties),
    )  # fmt: skip


def _waits(facts: Facts, rules: RuleSet, as_at: date) -> bool:
    """Whether this may wait for paper, by the findings of the decision itself."""
    if facts.get("risk") == "immediate_danger" or facts.get("purpose") in _NO_PAPER:
        return False
    law = compiled(rules)
    walk = start(law, facts, law.in_force[as_at])
    make_findings(walk)
    if facts.get("purpose") in _SAFEGUARDS and walk.found["safeguarding"] != frozenset({"none"}):
        return False  # to find out whether somebody is at risk is what it is for
    return walk.details_wait and walk.found["path"] != frozenset({"not_personal"})


def _lacking(decision: Decision, facts: Facts, on_record: Assurances) -> Iterator[tuple[Reason, str]]:
    """A reason and its remedy for each thing that is missing."""
    if Basis.A6_LEGIT_INTERESTS in decision.basis and on_record.interests is not Record.IN_DATE:
        cites = ("UK GDPR Art 6(1)(f)", "UK GDPR Art 5(2)")
        says = f"It rests on legitimate interests, and their assessment for this purpose is {_IS[on_record.interests]}."
        yield Reason("INTERESTS_NOT_ASSESSED", None, cites, says), "a legitimate interests assessment for this purpose"
    if facts.get("routine") is True and on_record.impact is not Record.IN_DATE:
        cites = ("UK GDPR Art 35(1)", "UK GDPR Art 35(11)")
        says = f"The data protection impact assessment of this routine sharing is {_IS[on_record.impact]}."
        yield Reason("IMPACT_NOT_ASSESSED", None, cites, says), "a data protection impact assessment of this sharing"
    if not on_record.transport_agreed:
        cites = ("UK GDPR Art 5(1)(f)", "UK GDPR Art 32")
        says = "The agreement with this body does not allow the way in which it would be sent."
        remedy = "send it in a way that the agreement allows, or have the agreement allow this one"
        yield Reason("TRANSPORT_NOT_AGREED", None, cites, says), remedy


_IS = {Record.NONE: "not on record", Record.OUT_OF_DATE: "out of date"}


def _told_only(reason: Reason) -> Reason:
    return replace(reason, determining=False) if reason.category is None else reason
