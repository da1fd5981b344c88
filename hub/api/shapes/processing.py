"""The record of processing (UK GDPR Art 30(1)) as it is told, point by point."""

from collections.abc import Iterator

from pydantic import BaseModel

from hub.api.shapes.sheets import Cell
from hub.flow.processing_record import SECURITY, TRANSFERS, ProcessingRecord
from protocols.record import PersonRole

COLUMNS = ("point of Art 30(1)", "about", "what")


class MailboxOut(BaseModel):
    """Where a role of the landlord is reached."""

    role: str
    mailbox: str


class ControllerOut(BaseModel):
    """(a) The controller, joint controllers, and where roles of the landlord are reached."""

    landlord: str
    name: str
    joint_controllers: list[str]
    contacts: list[MailboxOut]


class ActivityOut(BaseModel):
    """(b) to (d) One purpose for which one recipient is told, and how often it was: a number, or fewer than five."""

    purpose: str
    agency: str
    recipient: str
    recipient_kind: str
    agreements: list[str]
    data_categories: list[str]
    recipient_deletes_after_days: list[int]
    disclosures: int | str


class ProcessingRecordOut(BaseModel):
    """The record of the landlord as controller, as far as the hub knows it; `retention_days` by class of data."""

    controller: ControllerOut
    data_subjects: list[str]
    activities: list[ActivityOut]
    disclosures: int | str
    transfers: str
    retention_days: dict[str, int]
    security: str


def processing_out(record: ProcessingRecord) -> ProcessingRecordOut:
    """The record as the API tells it."""
    landlord = record.landlord
    return ProcessingRecordOut(
        controller=ControllerOut(
            landlord=landlord.code, name=landlord.name, joint_controllers=list(record.joint),
            contacts=[MailboxOut(role=role, mailbox=mailbox) for role, mailbox in record.mailboxes],
        ),
        data_subjects=[role.value for role in PersonRole],
        activities=[
            ActivityOut(
                purpose=one.purpose, agency=one.agency.id, recipient=one.agency.name,
                recipient_kind=one.agency.kind.value, agreements=list(one.agreements),
                data_categories=list(one.categories), disclosures=one.disclosures,
                recipient_deletes_after_days=list(one.deleted_after_days),
            )
            for one in record.activities
        ],
        disclosures=record.disclosures, transfers=TRANSFERS, retention_days=dict(record.retention_days),
        security=SECURITY,
    )  # fmt: skip


def processing_rows(record: ProcessingRecord) -> Iterator[list[Cell]]:
    """The record as rows of `COLUMNS`."""
    yield ["(a)", "controller", record.landlord.name]
    for name in record.joint:
        yield ["(a)", "joint controller", name]
    for role, mailbox in record.mailboxes:
        yield ["(a)", role, mailbox]
    yield ["(c)", "data subjects", "; ".join(role.value for role in PersonRole)]
    for one in record.activities:
        about = f"{one.purpose} to {one.agency.name} ({one.agency.kind.value})"
        yield ["(b)", about, one.purpose]
        yield ["(c)", about, "; ".join(one.categories)]
        yield ["(d)", about, f"under {'; '.join(one.agreements) or 'no agreement'}"]
        yield ["(d)", f"{about}: disclosures", one.disclosures]
        for days in one.deleted_after_days:
            yield ["(f)", f"{about}: the recipient deletes after", f"{days} days"]
    yield ["(d)", "disclosures in all", record.disclosures]
    yield ["(e)", "transfers", TRANSFERS]
    for kind, days in record.retention_days.items():
        yield ["(f)", f"kept here: {kind}", f"{days} days after the last activity of the case"]
    yield ["(g)", "security", SECURITY]
