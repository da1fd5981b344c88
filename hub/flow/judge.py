"""The part that every deciding journey shares: what the registers say of one ask, then the gate.

The list of facts that a decision draws on is visible in `gather`: landlord, agreements, consents, policy document, now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hub.decision.gate import Terms, Verdict, ask_gate, asked_by
from hub.decision.gather import Standing
from hub.decision.rulebook import Rulebook
from hub.register import agreements, consents, landlords
from hub.register.agencies import Agency
from hub.register.consents import RecordedConsent
from hub.register.landlords import Landlord
from hub.store.unit_of_work import Reading
from protocols.agreement import Agreement
from protocols.coverage import covers
from protocols.record import Ask, Item, Referral, items
from protocols.vocabulary import AgencyKind, Basis, DataCategory

VALID_FOR = timedelta(days=28)
"""How long a decision may stand at the longest before it must be made again."""


@dataclass(frozen=True, slots=True)
class Registers:
    """The standing facts of one landlord at one moment, read once for all asks of a referral."""

    landlord: Landlord
    agreements: tuple[Agreement, ...]
    consents: tuple[RecordedConsent, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the consent it relied on, if it did."""

    verdict: Verdict
    relied_on: str | None


def read_registers(tx: Reading, landlord: str, case_id: str | None) -> Registers:
    """What the registers say now; a case that is not on file yet has no consents."""
    on_file = consents.of_case(tx, case_id) if case_id is not None else ()
    return Registers(landlords.get(tx, landlord), agreements.newest(tx), on_file)


def gather(
    registers: Registers, rulebook: Rulebook, referral: Referral, held: tuple[Item, ...], ask: Ask, agency: Agency, *,
    stage: Literal["decision", "queued"], now: datetime,
) -> tuple[Standing, RecordedConsent | None]:  # fmt: skip
    """What the registers say of one ask, and the consent answer that applies."""
    coverage = covers(
        registers.agreements, landlord=referral.landlord, agency=agency.id, kind=agency.kind, purpose=ask.purpose,
        categories=asked_by(rulebook, referral, held, agency.kind, ask, now), on=now.date(),
    )  # fmt: skip
    answer = consents.in_force(registers.consents, referral.subject, agency.kind, ask.purpose, now)
    contractor: Literal["n_a", "signed", "missing"] = "n_a"
    if agency.kind is AgencyKind.CONTRACTOR:
        contractor = "signed" if coverage.status.value == "in_force" else "missing"
    standing = Standing(
        landlord=referral.landlord, jurisdiction=registers.landlord.jurisdiction,
        public_authority=registers.landlord.public_authority,
        has_policy_document=registers.landlord.has_policy_document(now),
        recipient=agency.kind, coverage=coverage, consent=answer.fact if answer else None,
        contractor_agreement=contractor, stage=stage, now=now,
    )  # fmt: skip
    return standing, answer


def judge(
    registers: Registers, rulebook: Rulebook, referral: Referral, ask: Ask, agency: Agency, *,
    disclosure_id: str, decision_id: str, reference: str, now: datetime,
    at_most: frozenset[DataCategory] | None = None,
) -> Judged:  # fmt: skip
    """Decide one ask on the facts of this moment; never beyond `at_most`.

    `at_most` is what the first decision about this disclosure kept; None when this is the first.
    """
    held = items(referral)
    stage: Literal["decision", "queued"] = "decision" if at_most is None else "queued"
    standing, answer = gather(registers, rulebook, referral, held, ask, agency, stage=stage, now=now)
    ends = [now + VALID_FOR]
    if answer is not None and answer.fact.expires_at is not None:
        ends.append(answer.fact.expires_at)
    terms = Terms(
        disclosure_id=disclosure_id, decision_id=decision_id, reference=reference, controller=registers.landlord.name,
        agency=agency.id, recipient=agency.kind, purpose=ask.purpose,
        urgent=referral.record.risk.level == "immediate_danger", agreement=standing.coverage.agreement,
        reply_to=referral.reply_to, decided_at=now, valid_until=min(ends),
    )  # fmt: skip
    verdict = ask_gate(rulebook, referral, held, ask, standing, terms, at_most=at_most)
    consented = {Basis.A6_CONSENT, Basis.A9_EXPLICIT_CONSENT, Basis.CONF_PERMISSION, Basis.A10_P29}
    rests = answer is not None and answer.fact.answer in consents.GIVES and consented & set(verdict.decision.basis)
    relied = answer.id if answer is not None and rests else None
    return Judged(verdict, relied)
