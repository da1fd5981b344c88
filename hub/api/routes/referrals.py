"""Referrals: send, preview, follow; consents: withdraw; disclosures: explain, authorise, hand over."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor
from hub.api.doorway import ConsentId, DisclosureId, Door, May, RawJson, ReferralId, id_of, takes
from hub.api.shapes.decisions import Explanation
from hub.api.shapes.feed import Acknowledgement, ReceiptMade
from hub.api.shapes.previews import PreviewsOut, preview_out
from hub.api.shapes.referrals import NewState, ReferralAccepted, ReferralOut, WithdrawnOut, referral_out
from hub.decision.told import Voice
from hub.flow.acknowledge import hand_over
from hub.flow.consult import explain_decision, read_referral
from hub.flow.refer import preview, refer
from hub.flow.resume import resume
from hub.flow.withdraw import withdraw
from hub.ids import Prefix
from hub.intake.strict_json import read_model
from protocols.record import Referral

router = APIRouter(prefix="/v1", tags=["referrals"])

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=200,
        description="A value of your own for this referral; the same key and body again change nothing.",
    ),
]  # fmt: skip


ReadingPurpose = Annotated[
    ReadFor | None, Query(description="what you read the case for; the first purpose of your role unless given")
]


@router.post("/referrals", status_code=201, operation_id="send_referral", openapi_extra=takes(Referral))
def send_referral(
    actor: Annotated[Actor, Depends(May(Act.REFER))], door: Door, raw: RawJson, key: IdempotencyKey, response: Response
) -> ReferralAccepted:
    """Send a referral. The answer means: stored, decided for each recipient, queued where allowed, and logged."""
    accepted = refer(door.house, actor, raw, key)
    door.wake(accepted.ready)
    response.headers["Location"] = f"/v1/referrals/{accepted.referral_id}"
    response.status_code = 201 if accepted.is_new else 200
    return ReferralAccepted(
        referral=accepted.referral_id, telephone=list(accepted.telephone), leaves_at=accepted.leaves_at
    )


@router.post("/previews", operation_id="preview_referral", openapi_extra=takes(Referral))
def preview_referral(actor: Annotated[Actor, Depends(May(Act.PREVIEW))], door: Door, raw: RawJson) -> PreviewsOut:
    """What would be decided if this referral were sent now, and what each recipient would get. Nothing is kept."""
    _, previews = preview(door.house, actor, raw)
    return PreviewsOut(previews=[preview_out(entry) for entry in previews])


@router.get("/referrals/{referral}", operation_id="read_referral")
def follow_referral(
    actor: Annotated[Actor, Depends(May(Act.READ_REFERRAL))], door: Door, referral: ReferralId,
    purpose: ReadingPurpose = None,
) -> ReferralOut:  # fmt: skip
    """A referral's course: decisions with reasons, what went, what was withheld, receipts. Reading is logged."""
    return referral_out(read_referral(door.house, actor, referral, purpose))


@router.post("/consents/{consent}/withdrawal", operation_id="withdraw_consent")
def withdraw_consent(
    actor: Annotated[Actor, Depends(May(Act.WITHDRAW_CONSENT))], door: Door, consent: ConsentId
) -> WithdrawnOut:
    """Withdraw a consent. After this answer no release that relied on it is begun."""
    done = withdraw(door.house, actor, consent)
    door.wake(done.notices)
    return WithdrawnOut(
        consent=done.consent_id, cancelled=list(done.cancelled), held=list(done.held), unchanged=list(done.unchanged),
        leaving=list(done.leaving), told_before=list(done.told_before), notices=list(done.notices),
    )  # fmt: skip


@router.get("/disclosures/{disclosure}/explanation", operation_id="explain_decision")
def explain(
    actor: Annotated[Actor, Depends(May(Act.EXPLAIN))], door: Door, disclosure: DisclosureId,
    voice: Annotated[Literal["officer", "dpo", "subject"], Query()] = "officer", purpose: ReadingPurpose = None,
    decision: Annotated[str | None, Query(pattern=id_of(Prefix.DECISION))] = None,
) -> Explanation:  # fmt: skip
    """The latest decision about a disclosure, or that one, in plain words: for officer, DPO, or whom it is about."""
    told = explain_decision(door.house, actor, disclosure, Voice(voice), purpose, decision_id=decision)
    return Explanation(disclosure=disclosure, voice=voice, text=told)


@router.post("/disclosures/{disclosure}/resumption", operation_id="resume_disclosure")
def resume_disclosure(
    actor: Annotated[Actor, Depends(May(Act.RESUME))], door: Door, disclosure: DisclosureId
) -> NewState:
    """Have a parked disclosure tried again, once you have looked at its cause. It is decided once more at the door."""
    state = resume(door.house, actor, disclosure)
    door.wake([disclosure])
    return NewState(disclosure=disclosure, state=state.value)


@router.post("/disclosures/{disclosure}/handover", operation_id="record_handover", openapi_extra=takes(Acknowledgement))
def record_handover(
    actor: Annotated[Actor, Depends(May(Act.SETTLE_CARRIED))], door: Door, disclosure: DisclosureId, raw: RawJson
) -> ReceiptMade:
    """Record that a prepared pack was handed over by a person, and the reference that came back."""
    told = read_model(raw, Acknowledgement)
    return ReceiptMade(receipt=hand_over(door.house, actor, disclosure, told.partner_reference))
