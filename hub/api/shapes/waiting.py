"""What waits for a person."""

from datetime import datetime

from pydantic import BaseModel

from hub.delivery.doors import Rung
from hub.delivery.outbox import DisclosureRow
from hub.flow.parked import Parked


class HeldOut(BaseModel):
    """A disclosure that waits for somebody to look."""

    disclosure: str
    referral: str
    agency: str
    purpose: str
    authoriser: str | None
    cause: str | None
    since: datetime


class AttemptOut(BaseModel):
    """One try: `outcome` is null while it is under way, and `unknown` where nobody knows how it ended.

    `taken_back`: its pack was taken out of its folder before anybody carried it; `gone`: it was not there any more.
    """

    number: int
    started: datetime
    ended: datetime | None
    outcome: str | None


class StepOut(BaseModel):
    """How far it had provably come, and when."""

    rung: str
    at: datetime


class ParkedOut(HeldOut):
    """A disclosure that stopped being tried: why, in plain words, what happened so far, and what a replay would do."""

    says: str
    attempts: list[AttemptOut]
    receipts: list[StepOut]
    on_replay: str


class ParkedList(BaseModel):
    """What stopped being tried: most urgent first, then oldest."""

    parked: list[ParkedOut]


class LateOut(BaseModel):
    """A disclosure whose agency owes an answer: how far it provably came, and when more was due."""

    disclosure: str
    referral: str
    agency: str
    rung: str
    due: datetime | None
    raised: datetime | None


class LateList(BaseModel):
    """What agencies have not answered in time: most urgent first, then longest due."""

    late: list[LateOut]


class NewRecipientOut(HeldOut):
    """A disclosure to an agency that nobody has confirmed: `went` without it in danger, or held until somebody does."""

    went: bool


class NewRecipients(BaseModel):
    """What waits for a second person to confirm whom it goes to: most urgent first, then oldest."""

    recipients: list[NewRecipientOut]


def parked_out(entry: Parked) -> ParkedOut:
    """What is parked, as the API tells it."""
    row = entry.row
    return ParkedOut(
        disclosure=row.id, referral=row.referral_id, agency=row.agency, purpose=row.purpose,
        authoriser=row.authoriser, cause=row.cause, since=row.created_at, says=entry.says, on_replay=entry.on_replay,
        attempts=[AttemptOut(number=one.number, started=one.started_at, ended=one.ended_at, outcome=one.outcome)
                  for one in entry.history.attempts],
        receipts=[StepOut(rung=one.rung.name.lower(), at=one.at) for one in entry.history.steps],
    )  # fmt: skip


def late_out(row: DisclosureRow) -> LateOut:
    """What is unanswered, as the API tells it."""
    return LateOut(disclosure=row.id, referral=row.referral_id, agency=row.agency, rung=Rung(row.rung).name.lower(),
                   due=row.answer_due_at, raised=row.answer_late_at)  # fmt: skip


def new_recipient_out(row: DisclosureRow) -> NewRecipientOut:
    """A recipient that nobody has confirmed, as the API tells it."""
    return NewRecipientOut(
        disclosure=row.id, referral=row.referral_id, agency=row.agency, purpose=row.purpose,
        authoriser=row.authoriser, cause=row.cause, since=row.created_at, went=row.released_at is not None,
    )  # fmt: skip
