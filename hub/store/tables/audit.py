"""The audit log: entries, tree, checkpoints."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from hub.store.columns import CanonicalJson, RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

audit_entry = Table(
    "audit_entry", metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=False),
    Column("kind", CODE, nullable=False),
    Column("about", ID, index=True, comment="the referral, disclosure, consent, ... the entry is about"),
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
