"""The tables. Ids, codes, times and digests stand in the clear; whatever a person said or is, is sealed.

`seq` columns give an order that both databases keep; ids are random and say nothing. A table with a column `landlord`
belongs to landlords: each transaction sees the rows of its own scope alone (`hub.store.scope`).
"""

from hub.store.tables.access import credential
from hub.store.tables.attachments import attachment, attachment_chunk
from hub.store.tables.audit import (
    audit_checkpoint,
    audit_cosignature,
    audit_dispute,
    audit_entry,
    audit_head,
    audit_inbox,
    audit_mailed,
    audit_node,
    audit_witnessed,
)
from hub.store.tables.content import data_key, landlord_key, sealed
from hub.store.tables.corrections import correction, follow_up, lapse
from hub.store.tables.decision import decision
from hub.store.tables.delivery import attempt, disclosure, door_state, introduction, outbox, receipt, review
from hub.store.tables.intake import case_file, idempotency, referral
from hub.store.tables.machines import machine, machine_key, machine_nonce
from hub.store.tables.metadata import metadata
from hub.store.tables.people import guess, passkey, person, session, spent
from hub.store.tables.person_index import person_index, person_index_due
from hub.store.tables.register import (
    agency,
    agency_pin,
    agreement,
    agreement_standing,
    consent,
    governance_document,
    landlord,
    override,
    override_right,
    unsafe_contact,
)
from hub.store.tables.retention import erasure, legal_hold, retention_schedule

__all__ = [
    "agency",
    "agency_pin",
    "agreement",
    "agreement_standing",
    "attachment",
    "attachment_chunk",
    "attempt",
    "audit_checkpoint",
    "audit_cosignature",
    "audit_dispute",
    "audit_entry",
    "audit_head",
    "audit_inbox",
    "audit_mailed",
    "audit_node",
    "audit_witnessed",
    "case_file",
    "consent",
    "correction",
    "credential",
    "data_key",
    "decision",
    "disclosure",
    "door_state",
    "erasure",
    "follow_up",
    "governance_document",
    "guess",
    "idempotency",
    "introduction",
    "landlord",
    "landlord_key",
    "lapse",
    "legal_hold",
    "machine",
    "machine_key",
    "machine_nonce",
    "metadata",
    "outbox",
    "override",
    "override_right",
    "passkey",
    "person",
    "person_index",
    "person_index_due",
    "receipt",
    "referral",
    "retention_schedule",
    "review",
    "sealed",
    "session",
    "spent",
    "unsafe_contact",
]
