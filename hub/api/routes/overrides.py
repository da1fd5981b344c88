"""Safeguarding overrides: declare one, see what was declared, review it, give a right back."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field, StringConstraints

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, RawJson, ReferralId, takes
from hub.decision.overriding import Danger
from hub.flow.override import declare, list_overrides, read_override, restore_right, review_override
from hub.intake.strict_json import read_model
from hub.register.overrides import Override
from protocols.record import Strict

router = APIRouter(prefix="/v1", tags=["overrides"])

OverrideId = Annotated[str, Path(pattern=r"^ovr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=2000)]


class NewOverride(Strict):
    """What danger there is, and why nobody can be waited for. The reason is sealed; the reviewer reads it."""

    category: Danger = Field(strict=False)
    reason: Reason


class OverrideReview(Strict):
    """Whether an override was justified, and why."""

    justified: bool
    reason: Reason


class OverrideOut(BaseModel):
    """An override as it is listed: a reference, and no personal data."""

    override: str
    reference: str
    category: Danger
    declared_at: datetime
    ends_at: datetime
    review_due: datetime
    over_quota: bool
    state: Literal["waiting", "overdue", "justified", "unjustified"]


class OverrideList(BaseModel):
    """What was declared; what waits for review first, by when it is due."""

    overrides: list[OverrideOut]


class OverrideDeclared(BaseModel):
    """An override in force, the disclosures now on their way, and those of the case that still wait.

    `telephone` are agencies to tell by telephone: nothing goes to them before people have looked at their door or key,
    or they do not answer at the moment, or nothing leaves.
    """

    override: str
    ends_at: datetime
    review_due: datetime
    over_quota: bool
    released: list[str]
    held: list[str]
    telephone: list[str]


class OverriddenOut(BaseModel):
    """A disclosure whose latest decision stands on an override."""

    disclosure: str
    agency: str
    purpose: str
    state: str


class OverrideDetail(OverrideOut):
    """An override as its reviewer reads it. A text is null where it is not written yet, or was erased."""

    referral: str
    declared_by: str
    reason: str | None
    verdict: str | None
    disclosures: list[OverriddenOut]


@router.post("/referrals/{referral}/overrides", status_code=201, operation_id="declare_override",
             openapi_extra=takes(NewOverride))  # fmt: skip
def declare_override(
    actor: Annotated[Actor, Depends(May(Act.DECLARE_OVERRIDE))], door: Door, referral: ReferralId, raw: RawJson
) -> OverrideDeclared:
    """Declare an override for the case of a referral: in force at once, for 60 minutes, and reviewed afterwards."""
    asked = read_model(raw, NewOverride)
    done = declare(door.house, actor, referral, asked.category, asked.reason)
    door.wake(done.released)
    return OverrideDeclared(
        override=done.override.id, ends_at=done.override.ends_at, review_due=done.override.review_due,
        over_quota=done.override.over_quota, released=list(done.released), held=list(done.held),
        telephone=list(done.telephone),
    )  # fmt: skip


@router.get("/overrides", operation_id="list_overrides")
def overrides(actor: Annotated[Actor, Depends(May(Act.REVIEW_OVERRIDE))], door: Door) -> OverrideList:
    """The overrides of your landlord, from the moment of each. An authoriser sees those not reviewed in time."""
    now = door.house.clock.now()
    return OverrideList(
        overrides=[_listed(entry, reference, now) for entry, reference in list_overrides(door.house, actor)]
    )


@router.get("/overrides/{override}", operation_id="read_override")
def one_override(
    actor: Annotated[Actor, Depends(May(Act.REVIEW_OVERRIDE))], door: Door, override: OverrideId
) -> OverrideDetail:
    """One override with its reason and what stands on it. Reading is logged."""
    view = read_override(door.house, actor, override)
    return OverrideDetail(
        **_listed(view.override, view.reference, door.house.clock.now()).model_dump(),
        referral=view.override.referral_id, declared_by=view.override.person, reason=view.reason, verdict=view.verdict,
        disclosures=[
            OverriddenOut(disclosure=row.id, agency=row.agency, purpose=row.purpose, state=row.state.value)
            for row in view.disclosures
        ],
    )  # fmt: skip


@router.post("/overrides/{override}/review", operation_id="review_override", openapi_extra=takes(OverrideReview))
def review_one(
    actor: Annotated[Actor, Depends(May(Act.REVIEW_OVERRIDE))], door: Door, override: OverrideId, raw: RawJson
) -> OverrideOut:
    """Record whether an override was justified; never one's own. If not, its declarer may declare no other."""
    asked = read_model(raw, OverrideReview)
    reviewed, reference = review_override(door.house, actor, override, asked.reason, justified=asked.justified)
    return _listed(reviewed, reference, door.house.clock.now())


@router.post("/overrides/{override}/restoration", status_code=204, operation_id="restore_override_right")
def restore(actor: Annotated[Actor, Depends(May(Act.RESTORE_OVERRIDE))], door: Door, override: OverrideId) -> Response:
    """Give back the right to declare overrides that an unjustified one took."""
    restore_right(door.house, actor, override)
    return Response(status_code=204)


def _listed(entry: Override, reference: str, now: datetime) -> OverrideOut:
    return OverrideOut(
        override=entry.id, reference=reference, category=Danger(entry.category), declared_at=entry.at,
        ends_at=entry.ends_at, review_due=entry.review_due, over_quota=entry.over_quota, state=_state(entry, now),
    )  # fmt: skip


def _state(entry: Override, now: datetime) -> Literal["waiting", "overdue", "justified", "unjustified"]:
    if entry.justified is not None:
        return "justified" if entry.justified else "unjustified"
    return "overdue" if entry.is_overdue(now) else "waiting"
