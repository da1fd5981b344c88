"""The part that every deciding journey shares: what the registers say of one ask, then the gate.

The list of facts that a decision draws on is visible in `gather`: landlord, agreements, documents, consents, now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from hub.decision.gate import AtMost, Terms, Verdict, ask_gate, asked_by
from hub.decision.gather import Assurances, Record, Standing
from hub.decision.overriding import Danger, reaches
from hub.decision.rulebook import Rulebook
from hub.register import consents, contacts, documents, overrides
from hub.register.agencies import Agency
from hub.register.consents import RecordedConsent
from hub.register.contacts import Unsafe
from hub.register.documents import Document, Kind
from hub.register.landlords import Landlord
from hub.register.overrides import Override
from hub.register.relied_on import relied_on
from hub.store.unit_of_work import Reading
from protocols.agreement import Agreement, ProtocolFact
from protocols.coverage import Coverage, covers
from protocols.disclosure import Earlier
from protocols.record import Ask, Item, Referral, items
from protocols.vocabulary import AgencyKind, Basis

VALID_FOR = timedelta(days=28)
"""How long a decision may stand at the longest before it must be made again."""


@dataclass(frozen=True, slots=True)
class Registers:
    """The standing facts of one landlord at one moment, read once for all asks of a referral."""

    landlord: Landlord
    agreements: tuple[Agreement, ...]
    documents: tuple[Document, ...]
    consents: tuple[RecordedConsent, ...]
    unsafe: Unsafe
    overrides: tuple[Override, ...] = ()
    referral: Referral | None = None
    held: tuple[Item, ...] = ()
    """The items of that very referral, made once for all its asks."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, the consent it relied on, and the override it stands on, if it did."""

    verdict: Verdict
    relied_on: str | None
    override: str | None = None


def read_registers(
    tx: Reading, referral: Referral, case_id: str | None, now: datetime, *,
    answers: tuple[RecordedConsent, ...] | None = None,
) -> Registers:  # fmt: skip
    """What the registers say now; a case that is not on file yet has no consents and no overrides.

    `answers` are the consents of the case, for whoever read them in this transaction.
    """
    landlord, unsafe = referral.landlord, contacts.unsafe_in(tx, case_id, referral.record)
    on_file = answers if answers is not None else consents.of_case(tx, case_id) if case_id is not None else ()
    declared = overrides.in_force(tx, case_id, now) if case_id is not None and case_id not in tx.opened else ()
    known = relied_on(tx, landlord)
    return Registers(known.landlord, known.agreements, known.documents, on_file, unsafe, declared, referral,
                     items(referral))  # fmt: skip


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
    agreed = _agreed(registers, coverage)
    apd = documents.in_date(registers.documents, Kind.APPROPRIATE_POLICY_DOCUMENT, None, now)
    standing = Standing(
        landlord=referral.landlord, jurisdiction=registers.landlord.jurisdiction,
        public_authority=registers.landlord.public_authority, has_policy_document=apd is True,
        recipient=agency.kind, coverage=coverage, consent=answer.fact if answer else None,
        contractor_agreement=_contractor(registers.documents, coverage, agency, now), stage=stage, now=now,
        assurances=_assurances(registers, ask, agency, agreed, now), unsafe=registers.unsafe,
    )  # fmt: skip
    return standing, answer


def _agreed(registers: Registers, coverage: Coverage) -> Agreement | None:
    """The agreement in force that covers the ask: its security, retention and onward rule bind what goes."""
    if coverage.status is not ProtocolFact.IN_FORCE:
        return None
    return next(entry for entry in registers.agreements if entry.reference == coverage.agreement)


def _contractor(
    on_record: Sequence[Document], coverage: Coverage, agency: Agency, now: datetime
) -> Literal["n_a", "signed", "missing"]:  # fmt: skip
    """An agreement in force; and the confidentiality agreement, where one was recorded, is in date (Art 28(3)(b))."""
    if agency.kind is not AgencyKind.CONTRACTOR:
        return "n_a"
    lapsed = documents.in_date(on_record, Kind.CONFIDENTIALITY_AGREEMENT, agency.id, now) is False
    return "signed" if coverage.status is ProtocolFact.IN_FORCE and not lapsed else "missing"


def _assurances(
    registers: Registers, ask: Ask, agency: Agency, agreed: Agreement | None, now: datetime
) -> Assurances:  # fmt: skip
    def record(kind: Kind, *abouts: str | None) -> Record:
        """What there is about the first of these that there is one about."""
        found = (documents.in_date(registers.documents, kind, about, now) for about in abouts)
        in_date = next((state for state in found if state is not None), None)
        return Record.NONE if in_date is None else Record.IN_DATE if in_date else Record.OUT_OF_DATE

    return Assurances(
        interests=record(Kind.LEGITIMATE_INTERESTS_ASSESSMENT, ask.purpose.value),
        impact=record(Kind.DATA_PROTECTION_IMPACT_ASSESSMENT, ask.purpose.value, None),
        transport_agreed=agreed is None or agency.door.rpartition(".")[2] in agreed.security.transports,
    )  # fmt: skip


def judge(  # noqa: PLR0913 - one ask, what is known of it, and the names that its answer goes under
    registers: Registers, rulebook: Rulebook, referral: Referral, ask: Ask, agency: Agency, *,
    disclosure_id: str, decision_id: str, reference: str, now: datetime,
    at_most: AtMost | None = None, replaces: Earlier | None = None,
) -> Judged:  # fmt: skip
    """Decide one ask on the facts of this moment; never beyond `at_most`.

    `at_most` is what the first decision about this disclosure kept; None when this is the first. `replaces` is an
    earlier disclosure to this agency, in which something was wrong.
    """
    held = registers.held if registers.referral is referral else items(referral)
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
        agreed=_agreed(registers, standing.coverage), notice="corrected" if replaces else "none", about=replaces,
    )  # fmt: skip
    verdict = ask_gate(rulebook, referral, held, ask, standing, terms, at_most=at_most)
    override = None
    for declared in _to_try(registers.overrides) if not verdict.goes and reaches(agency.kind, verdict.facts) else ():
        under = replace(standing, declared=frozenset({Danger(declared.category)}))
        hurried = replace(terms, urgent=True, valid_until=min(terms.valid_until, declared.ends_at))
        tried = ask_gate(rulebook, referral, held, ask, under, hurried, at_most=at_most)
        if tried.goes:
            verdict, override = tried, declared
            break
    consented = {Basis.A6_CONSENT, Basis.A9_EXPLICIT_CONSENT, Basis.CONF_PERMISSION, Basis.A10_P29}
    rests = answer is not None and answer.fact.answer in consents.GIVES and consented & set(verdict.decision.basis)
    relied = answer.id if answer is not None and rests else None
    verdict = replace(verdict, lapses_at=_lapses_at(registers, standing, terms))
    return Judged(verdict, relied, override.id if override else None)


def _lapses_at(registers: Registers, standing: Standing, terms: Terms) -> datetime:
    """When the first of consent, agreement and documents runs out or begins, or the decision must be made again.

    Of documents all count, and not only those that this decision drew on: to decide once too often harms nobody.
    """
    dates = [document.review_by for document in registers.documents]
    dates += [
        datetime.combine(entry.in_force_to + timedelta(days=1), time.min, UTC)
        for entry in registers.agreements
        if entry.reference == standing.coverage.agreement and entry.in_force_to < date.max  # which has no day after it
    ]  # fmt: skip
    # A version that begins ends the one before it.
    dates += [datetime.combine(entry.in_force_from, time.min, UTC) for entry in registers.agreements]
    if standing.consent is not None and standing.consent.expires_at is not None:
        dates.append(standing.consent.expires_at)
    dates.append(terms.decided_at + VALID_FOR)
    return min(one for one in dates if one > terms.decided_at)


def _to_try(declared: Sequence[Override]) -> tuple[Override, ...]:
    """The latest of each category, danger first. Never two together: what stands on one ends with that one."""
    latest = {Danger(entry.category): entry for entry in declared}
    return tuple(latest[category] for category in Danger if category in latest)
