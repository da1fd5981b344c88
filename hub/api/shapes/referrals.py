"""A referral and its disclosures as those who work on the case see them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from hub.api.shapes.decisions import DecisionOut, decision_out
from hub.delivery.doors import Rung
from hub.flow.consult import DisclosureView, ReferralView


class ReceiptOut(BaseModel):
    """Evidence of one step."""

    rung: str
    at: datetime
    evidence: str | None
    partner_reference: str | None


class DisclosureOut(BaseModel):
    """One disclosure's course."""

    id: str
    reference: str
    agency: str
    agency_name: str
    recipient: str
    purpose: str
    state: str
    cause: str | None
    rung: str
    decision: DecisionOut
    sent_paths: list[str]
    replaces: str | None
    receipts: list[ReceiptOut]


class NoticeOut(BaseModel):
    """A bare notice to an agency: not to use an earlier disclosure any more, or not to rely on it."""

    id: str
    reference: str
    agency: str
    notice: Literal["withdrawn", "corrected"]
    about: str
    state: str
    cause: str | None
    rung: str


class ConsentOut(BaseModel):
    """A consent fact on file."""

    id: str
    subject: str
    recipient: str
    purpose: str
    answer: str
    recorded_at: datetime
    withdraws: str | None


class ReferralOut(BaseModel):
    """A referral's course."""

    id: str
    reference: str
    landlord: str
    accepted_at: datetime
    consents: list[ConsentOut]
    disclosures: list[DisclosureOut]
    notices: list[NoticeOut]


class ReferralAccepted(BaseModel):
    """Accepted: stored, decided, queued and logged. Read its course for how each disclosure fares."""

    referral: str
    state: Literal["accepted"] = "accepted"
    telephone: list[str] = []
    """Agencies to tell by telephone: nothing can go to them before people have looked at their door or key."""
    leaves_at: datetime | None = None
    """When what is routine of it goes, and until when it can be abandoned; null where nothing of it waits."""


class WithdrawnOut(BaseModel):
    """What a withdrawal did. `leaving` had begun before; `told_before` have something of it.

    `notices` are the messages to stop using it that are on their way to those, or go once it shows that they have it.
    """

    consent: str
    cancelled: list[str]
    held: list[str]
    unchanged: list[str]
    leaving: list[str]
    told_before: list[str]
    notices: list[str]


class NewState(BaseModel):
    """Where a disclosure stands now."""

    disclosure: str
    state: str


def referral_out(view: ReferralView) -> ReferralOut:
    """A referral's course as the API tells it."""
    return ReferralOut(
        id=view.id, reference=view.reference, landlord=view.landlord, accepted_at=view.accepted_at,
        consents=[
            ConsentOut(
                id=given.id, subject=given.fact.subject, recipient=given.fact.recipient.value,
                purpose=given.fact.purpose.value, answer=given.fact.answer, recorded_at=given.recorded_at,
                withdraws=given.withdraws,
            )
            for given in view.consents
        ],
        disclosures=[_disclosure(entry) for entry in view.disclosures],
        notices=[
            NoticeOut(id=row.id, reference=row.reference, agency=row.agency, notice=told.notice, about=told.about,
                      state=row.state.value, cause=row.cause, rung=Rung(row.rung).name.lower())
            for row, told in view.notices
        ],
    )  # fmt: skip


def _disclosure(entry: DisclosureView) -> DisclosureOut:
    row = entry.row
    return DisclosureOut(
        id=row.id, reference=row.reference, agency=row.agency, agency_name=entry.agency.name,
        recipient=entry.agency.kind.value, purpose=row.purpose, state=row.state.value, cause=row.cause,
        rung=Rung(row.rung).name.lower(), decision=decision_out(entry.decision),
        sent_paths=list(entry.decision.sent_paths), replaces=entry.replaces,
        receipts=[
            ReceiptOut(rung=given.rung.name.lower(), at=given.at, evidence=given.evidence,
                       partner_reference=given.partner_reference)
            for given in entry.receipts
        ],
    )  # fmt: skip
