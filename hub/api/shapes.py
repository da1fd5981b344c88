"""The shapes of requests and answers, beside the referral itself (`protocols.record`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from hub.access.roles import Role
from hub.decision.gate import Decision, Withheld
from hub.decision.kept import KeptDecision
from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow
from hub.flow.consult import DisclosureView, ReferralView
from hub.flow.refer import Previewed
from protocols.record import Strict

SafeReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,59}$")]


class SignInRequest(Strict):
    """A one-time code."""

    code: Annotated[str, StringConstraints(min_length=20, max_length=100)]


class SignedIn(BaseModel):
    """A credential for a while. The token is told once."""

    token: str
    role: Role
    expires_at: datetime


class NewCredential(Strict):
    """Whom to enrol. Officers, authorisers and DPOs belong to a landlord, partners to an agency."""

    role: Role = Field(strict=False)
    landlord: Literal["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"] | None = None
    agency: Annotated[str, StringConstraints(pattern=r"^agy_[a-z0-9_]{2,60}$")] | None = None
    person: Annotated[str, StringConstraints(pattern=r"^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")] | None = None


class CredentialMade(BaseModel):
    """A credential, and whose it is. The token is told once. Give `person` again to make the same person another."""

    id: str
    person: str
    token: str


class PolicyDocument(Strict):
    """Until when a landlord's appropriate policy document is in date; null: there is none."""

    review_by: AwareDatetime | None = Field(strict=False)


class Acknowledgement(Strict):
    """What the recipient says: perhaps its own reference. No personal data belongs here."""

    partner_reference: SafeReference | None = None


class ReviewRequest(Strict):
    """Whether a held disclosure may go."""

    authorise: bool


class NewState(BaseModel):
    """Where a disclosure stands now."""

    disclosure: str
    state: str


class ReceiptMade(BaseModel):
    """The receipt that was recorded."""

    receipt: str


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
    receipts: list[ReceiptOut]


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


class ReferralAccepted(BaseModel):
    """Accepted: stored, decided, queued and logged. Read its course for how each disclosure fares."""

    referral: str
    state: Literal["accepted"] = "accepted"


class ItemOut(BaseModel):
    """One item as it would go."""

    path: str
    title: str
    of: str
    value: str


class PreviewOut(BaseModel):
    """What would be decided now for one agency, and what it would get."""

    agency: str
    agency_name: str
    purpose: str
    decision: DecisionOut
    items: list[ItemOut]


class PreviewsOut(BaseModel):
    """What would be decided now; nothing was kept."""

    previews: list[PreviewOut]


class WithdrawnOut(BaseModel):
    """What a withdrawal did. `leaving` had begun before; `told_before` should be asked to stop using what they have."""

    consent: str
    cancelled: list[str]
    held: list[str]
    unchanged: list[str]
    leaving: list[str]
    told_before: list[str]


class Explanation(BaseModel):
    """A decision in plain words."""

    disclosure: str
    voice: Literal["officer", "dpo", "subject"]
    text: str


class HeldOut(BaseModel):
    """A disclosure that waits for a person: for an authoriser, or for somebody to look at why it was parked."""

    disclosure: str
    referral: str
    agency: str
    purpose: str
    authoriser: str | None
    cause: str | None
    since: datetime


class ParkedList(BaseModel):
    """What stopped being tried, oldest first."""

    parked: list[HeldOut]


class HeldList(BaseModel):
    """What waits for authorisers, oldest first."""

    held: list[HeldOut]


class AgencyOut(BaseModel):
    """An agency that a referral may name."""

    id: str
    kind: str
    name: str
    suspended: bool


class AgencyList(BaseModel):
    """The agencies on the register."""

    agencies: list[AgencyOut]


class FeedEventOut(BaseModel):
    """One step of one disclosure to this partner."""

    position: int
    disclosure: str
    reference: str
    purpose: str
    step: str
    state: str
    at: datetime


class FeedWaiting(BaseModel):
    """A disclosure that waits to be fetched."""

    disclosure: str
    reference: str
    purpose: str


class FeedOut(BaseModel):
    """A page of a partner's feed; ask again after `cursor`."""

    events: list[FeedEventOut]
    waiting: list[FeedWaiting]
    cursor: int


class ProofOut(BaseModel):
    """An entry (base64), and its proof file (C2SP tlog-proof)."""

    number: int
    entry: str
    proof: str


class ConsistencyOut(BaseModel):
    """Hashes, in hexadecimal, that prove one log to be the beginning of another."""

    old: int
    new: int
    proof: list[str]


class Health(BaseModel):
    """Whether the hub lives, or is ready to take referrals."""

    status: Literal["live", "ready"]
    release: str


def decision_out(kept: KeptDecision) -> DecisionOut:
    """A kept decision as the API tells it."""
    return _decision(kept.decision, kept.withheld)


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
    )  # fmt: skip


def preview_out(entry: Previewed) -> PreviewOut:
    """A preview as the API tells it."""
    verdict = entry.judged.verdict
    going = verdict.disclosure.items if verdict.disclosure else ()
    return PreviewOut(
        agency=entry.agency.id, agency_name=entry.agency.name, purpose=entry.ask.purpose.value,
        decision=_decision(verdict.decision, verdict.withheld),
        items=[ItemOut(path=item.path, title=item.title, of=item.of, value=item.value) for item in going],
    )  # fmt: skip


def held_out(row: DisclosureRow) -> HeldOut:
    """A held disclosure as the API tells it."""
    return HeldOut(
        disclosure=row.id, referral=row.referral_id, agency=row.agency, purpose=row.purpose,
        authoriser=row.authoriser, cause=row.cause, since=row.created_at,
    )  # fmt: skip


def _disclosure(entry: DisclosureView) -> DisclosureOut:
    row = entry.row
    return DisclosureOut(
        id=row.id, reference=row.reference, agency=row.agency, agency_name=entry.agency.name,
        recipient=entry.agency.kind.value, purpose=row.purpose, state=row.state.value, cause=row.cause,
        rung=Rung(row.rung).name.lower(), decision=decision_out(entry.decision),
        sent_paths=list(entry.decision.sent_paths),
        receipts=[
            ReceiptOut(rung=given.rung.name.lower(), at=given.at, evidence=given.evidence,
                       partner_reference=given.partner_reference)
            for given in entry.receipts
        ],
    )  # fmt: skip


def _decision(decision: Decision, withheld: Sequence[Withheld]) -> DecisionOut:
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
