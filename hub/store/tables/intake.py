"""What came in: cases, referrals, and what was sent under which key."""

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint

from hub.store.columns import RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

case_file = Table(
    "case_file", metadata,
    Column("id", ID, primary_key=True),
    Column("landlord", CODE, ForeignKey("landlord.code"), nullable=False),
    Column("reference_index", String(64), nullable=False, comment="keyed digest of the landlord's own case number"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("team", CODE, comment="whose officers see it; none: every officer of the landlord"),
    UniqueConstraint("landlord", "reference_index"),
)  # fmt: skip

referral = Table(
    "referral", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("landlord", CODE, nullable=False),
    Column("reference", String(16), nullable=False, unique=True),
    Column("subject", String(8), nullable=False),
    Column("author", ID, nullable=False, index=True, comment="person, not account"),
    Column("accepted_at", UtcDateTime, nullable=False),
)  # fmt: skip

idempotency = Table(
    "idempotency", metadata,
    Column("person", ID, primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("landlord", CODE, nullable=False),
    Column("request_digest", String(64), nullable=False),
    Column("referral_id", ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)  # fmt: skip
