"""A partner's feed, and what it says back."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.delivery.follow_ups import FollowUp
from protocols.record import Strict

SafeReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,59}$")]


class Acknowledgement(Strict):
    """What the recipient says: perhaps its own reference. No personal data belongs here."""

    partner_reference: SafeReference | None = None
    checkpoint: Annotated[str, Field(max_length=16_384)] | None = None
    """The last checkpoint of our log that you verified, as it stood at /log/checkpoint."""


class ReceiptMade(BaseModel):
    """The receipt that was recorded."""

    receipt: str


class AboutOut(BaseModel):
    """An earlier disclosure to you and what has become of it: do not use it any more, or not as it was."""

    disclosure: str
    notice: Literal["withdrawn", "corrected"]
    replaced: bool
    """Whether this one takes its place. If not, this one says only what to do with it."""


class FeedEventOut(BaseModel):
    """One step of one disclosure to this partner."""

    position: int
    disclosure: str
    reference: str
    purpose: str
    step: str
    state: str
    at: datetime
    about: AboutOut | None


class FeedWaiting(BaseModel):
    """A disclosure that waits to be fetched."""

    disclosure: str
    reference: str
    purpose: str
    about: AboutOut | None


class FeedOut(BaseModel):
    """A page of a partner's feed; ask again after `cursor`."""

    events: list[FeedEventOut]
    waiting: list[FeedWaiting]
    cursor: int


def about_out(told: FollowUp | None) -> AboutOut | None:
    """What a disclosure follows up, as the feed tells it."""
    if told is None:
        return None
    return AboutOut(disclosure=told.about, notice=told.notice, replaced=not told.bare)
