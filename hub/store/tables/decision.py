"""Decisions on file."""

from sqlalchemy import Boolean, Column, String, Table

from hub.store.columns import RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

decision = Table(
    "decision", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("landlord", CODE, nullable=False),
    Column("referral_id", ID, nullable=False, index=True),
    Column("disclosure_id", ID, nullable=False, index=True),
    Column("at_the_door", Boolean, nullable=False),
    Column("outcome", CODE, nullable=False),
    Column("rules", String(64), nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
)  # fmt: skip
