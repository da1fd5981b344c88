"""The tables. Ids, codes, times and digests stand in the clear; whatever a person said or is, is sealed.

`seq` columns give an order that both databases keep; ids are random and say nothing.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.columns import CanonicalJson, RowNumber, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(30)
_CODE = String(60)

# -- access ----------------------------------------------------------------------------------------------------------

credential = Table(
    "credential", metadata,
    Column("id", _ID, primary_key=True),
    Column("person", _ID, nullable=False, comment="who uses it; two credentials may be one person"),
    Column("role", _CODE, nullable=False),
    Column("landlord", _CODE),
    Column("agency", String(64)),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("single_use", Boolean, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)  # fmt: skip

# -- register --------------------------------------------------------------------------------------------------------

landlord = Table(
    "landlord", metadata,
    Column("code", _CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("jurisdiction", _CODE, nullable=False),
    Column("public_authority", Boolean, nullable=False),
    Column("apd_review_by", UtcDateTime, comment="appropriate policy document in date until (DPA 2018 Sch 1 para 39)"),
)  # fmt: skip

agency = Table(
    "agency", metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", _CODE, nullable=False),
    Column("name", Text, nullable=False),
    Column("door", _CODE, nullable=False, comment="connector that serves it"),
    Column("door_digest", String(64), nullable=False, comment="of the door's settings, so that a change is logged"),
    Column("suspended_at", UtcDateTime),
)  # fmt: skip

agreement = Table(
    "agreement", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False, comment="the agreement as recorded, TOML; holds no personal data"),
    Column("registered_at", UtcDateTime, nullable=False),
    UniqueConstraint("id", "version"),
)  # fmt: skip

consent = Table(
    "consent", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", _ID, nullable=False, unique=True),
    Column("case_id", _ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("subject", String(8), nullable=False),
    Column("withdraws", _ID, comment="the consent that this fact withdraws"),
    Column("recorded_by", _ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)  # fmt: skip

# -- intake ----------------------------------------------------------------------------------------------------------

case_file = Table(
    "case_file", metadata,
    Column("id", _ID, primary_key=True),
    Column("landlord", _CODE, ForeignKey("landlord.code"), nullable=False),
    Column("reference_index", String(64), nullable=False, comment="keyed digest of the landlord's own case number"),
    Column("opened_at", UtcDateTime, nullable=False),
    UniqueConstraint("landlord", "reference_index"),
)  # fmt: skip

referral = Table(
    "referral", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", _ID, nullable=False, unique=True),
    Column("case_id", _ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("landlord", _CODE, nullable=False, index=True),
    Column("reference", String(16), nullable=False, unique=True),
    Column("subject", String(8), nullable=False),
    Column("author", _ID, nullable=False, comment="person, not account"),
    Column("accepted_at", UtcDateTime, nullable=False),
)  # fmt: skip

idempotency = Table(
    "idempotency", metadata,
    Column("person", _ID, primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("request_digest", String(64), nullable=False),
    Column("referral_id", _ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)  # fmt: skip

# -- sealed content --------------------------------------------------------------------------------------------------

data_key = Table(
    "data_key", metadata,
    Column("case_id", _ID, ForeignKey("case_file.id"), primary_key=True),
    Column("subject", String(8), primary_key=True, comment="a person of the case, or 'case' for what is about several"),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)  # fmt: skip

sealed = Table(
    "sealed", metadata,
    Column("owner", _ID, primary_key=True, comment="the referral, decision, attempt, ... whose content this is"),
    Column("part", String(24), primary_key=True),
    Column("subject", String(8), primary_key=True),
    Column("case_id", _ID, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)  # fmt: skip

# -- decision --------------------------------------------------------------------------------------------------------

decision = Table(
    "decision", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", _ID, nullable=False, unique=True),
    Column("referral_id", _ID, nullable=False, index=True),
    Column("disclosure_id", _ID, nullable=False, index=True),
    Column("at_the_door", Boolean, nullable=False),
    Column("outcome", _CODE, nullable=False),
    Column("rules", String(64), nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
)  # fmt: skip

# -- delivery --------------------------------------------------------------------------------------------------------

disclosure = Table(
    "disclosure", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", _ID, nullable=False, unique=True),
    Column("referral_id", _ID, ForeignKey("referral.id"), nullable=False, index=True),
    Column("case_id", _ID, nullable=False, index=True),
    Column("landlord", _CODE, nullable=False),
    Column("agency", String(64), ForeignKey("agency.id"), nullable=False, index=True),
    Column("purpose", _CODE, nullable=False),
    Column("routine", Boolean, nullable=False),
    Column("reference", String(16), nullable=False, unique=True, comment="this recipient's own name for the case"),
    Column("state", _CODE, nullable=False),
    Column("cause", _CODE, comment="stable code of why it is held, parked, cancelled or denied"),
    Column("authoriser", _CODE, comment="kind of authoriser a held one waits for"),
    Column("decision_id", _ID, nullable=False, comment="the latest decision"),
    Column("consent_id", _ID, comment="the consent fact the latest decision relied on"),
    Column("rung", Integer, nullable=False, comment="how far it has provably come (connectors.contract.Rung)"),
    Column("released_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(
        "state IN ('denied', 'held', 'queued', 'leaving', 'prepared', 'sent', 'receipted', 'parked', 'cancelled', "
        "'refused')",
        name="state",
    ),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("disclosure_id", _ID, ForeignKey("disclosure.id"), nullable=False, unique=True),
    Column("agency", String(64), nullable=False),
    Column("lane", Integer, nullable=False, comment="0 danger, 1 priority, 2 routine"),
    Column("ready", Boolean, nullable=False, comment="false: held, parked, settled, or waiting to be collected"),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", UtcDateTime),
    Column("lease_owner", String(80)),
    Column("lease_until", UtcDateTime),
    Column("recall", String(8), index=True, comment="due, taken or missing: a pack to be taken out of its folder"),
    Column("fence", Integer, nullable=False, comment="grows with every claim; an older one settles nothing"),
    Index("ix_outbox_ready_lane_due_at_seq", "ready", "lane", "due_at", "seq"),
)  # fmt: skip

attempt = Table(
    "attempt", metadata,
    Column("id", _ID, primary_key=True),
    Column("disclosure_id", _ID, ForeignKey("disclosure.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("decision_id", _ID, nullable=False),
    Column("commitment", String(64), nullable=False, comment="of the exact bytes, logged before they left"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", _CODE, comment="none while under way, or when the worker died"),
    UniqueConstraint("disclosure_id", "number"),
)  # fmt: skip

receipt = Table(
    "receipt", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", _ID, nullable=False, unique=True),
    Column("disclosure_id", _ID, ForeignKey("disclosure.id"), nullable=False, index=True),
    Column("agency", String(64), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

review = Table(
    "review", metadata,
    Column("id", _ID, primary_key=True),
    Column("disclosure_id", _ID, ForeignKey("disclosure.id"), nullable=False, index=True),
    Column("decision_id", _ID, nullable=False, comment="what the authoriser saw; holds only for these findings"),
    Column("authoriser", _ID, nullable=False),
    Column("authorised", Boolean, nullable=False),
    Column("findings", CanonicalJson, nullable=False, comment="codes of the findings that were authorised"),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

# -- audit -----------------------------------------------------------------------------------------------------------

audit_entry = Table(
    "audit_entry", metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=False),
    Column("kind", _CODE, nullable=False),
    Column("about", _ID, index=True, comment="the referral, disclosure, consent, ... the entry is about"),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
)  # fmt: skip

audit_node = Table(
    "audit_node", metadata,
    Column("level", Integer, primary_key=True),
    Column("number", RowNumber, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)  # fmt: skip

audit_head = Table(
    "audit_head", metadata,
    Column("id", Integer, primary_key=True),
    Column("size", RowNumber, nullable=False),
    Column("frontier", CanonicalJson, nullable=False),
)  # fmt: skip

audit_checkpoint = Table(
    "audit_checkpoint", metadata,
    Column("size", RowNumber, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
)  # fmt: skip
