"""The audit log: entries, tree, checkpoints, and what others say of them."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

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

audit_inbox = Table(
    "audit_inbox", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("kind", CODE, nullable=False),
    Column("about", ID),
    Column("at", UtcDateTime, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    comment="PostgreSQL: entries that are durable and wait for their number",
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

audit_cosignature = Table(
    "audit_cosignature", metadata,
    Column("size", RowNumber, primary_key=True, autoincrement=False),
    Column("cosigner", Text, primary_key=True, comment="name and key id, as in the line"),
    Column("line", Text, nullable=False, comment="under the checkpoint of that size (C2SP signed-note)"),
    Column("cosigned_at", UtcDateTime, nullable=False, comment="by the witness's own clock"),
    Column("heard_at", UtcDateTime, nullable=False, comment="by ours"),
)  # fmt: skip

audit_witnessed = Table(
    "audit_witnessed", metadata,
    Column("size", RowNumber, primary_key=True, autoincrement=False, comment="of a checkpoint that a quorum cosigned"),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

audit_dispute = Table(
    "audit_dispute", metadata,
    Column("party", Text, primary_key=True, comment="the witness, or the agency, that holds another history"),
    Column("origin", Text, nullable=False),
    Column("reason", CODE, nullable=False),
    Column("size", RowNumber, nullable=False, comment="of what they hold"),
    Column("root", LargeBinary, comment="of what they hold, where they showed it signed by our own key"),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

audit_mailed = Table(
    "audit_mailed", metadata,
    Column("recipient", String(64), primary_key=True, comment="SHA-256 of the address"),
    Column("tried_at", UtcDateTime, nullable=False),
    Column("mailed_at", UtcDateTime),
)  # fmt: skip
