"""Attachments, sealed in chunks."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from hub.store.columns import RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

attachment = Table(
    "attachment", metadata,
    Column("id", ID, primary_key=True),
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("referral_id", ID, ForeignKey("referral.id"), nullable=False, index=True),
    Column("subject", String(8), nullable=False, comment="under whose key it is sealed"),
    Column("data_class", String(8), nullable=False),
    Column("media_type", CODE, comment="what its content is; of a whole one only"),
    Column("size", RowNumber, comment="in bytes, before sealing; of a whole one only"),
    Column("author", ID, nullable=False, comment="person, not account"),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("complete_at", UtcDateTime, comment="none: not whole, and so there for nobody"),
)  # fmt: skip

attachment_chunk = Table(
    "attachment_chunk", metadata,
    Column("attachment_id", ID, ForeignKey("attachment.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("landlord", CODE, nullable=False),
    Column("content", LargeBinary, nullable=False),
)  # fmt: skip
