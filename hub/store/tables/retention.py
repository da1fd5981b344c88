"""How long what is kept is kept: schedules, legal holds, and who was erased when."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from hub.store.columns import RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

retention_schedule = Table(
    "retention_schedule", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("landlord", CODE, ForeignKey("landlord.code"), nullable=False, index=True),
    Column("data_class", String(8), nullable=False),
    Column("days", Integer, nullable=False, comment="after the last activity of the case; the newest row counts"),
    Column("set_by", ID, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
)  # fmt: skip

legal_hold = Table(
    "legal_hold", metadata,
    Column("id", ID, primary_key=True),
    Column("landlord", CODE, nullable=False, index=True),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("subject", String(8), comment="one person of the case; none: everybody of it"),
    Column("ground", CODE, nullable=False),
    Column("set_by", ID, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    Column("review_by", UtcDateTime, nullable=False),
    Column("lifted_by", ID),
    Column("lifted_at", UtcDateTime),
)  # fmt: skip

erasure = Table(
    "erasure", metadata,
    # No key to the case: rows of this table are put into older copies of the database, which may lack the case.
    Column("id", ID, primary_key=True, comment="the only name under which the log knows who was erased"),
    Column("landlord", CODE, nullable=False, index=True),
    Column("case_id", ID, nullable=False, index=True),
    Column("subject", String(8), comment="none: everybody of the case"),
    Column("data_class", String(8), comment="none: every class"),
    Column("ground", CODE, nullable=False),
    Column("erased_by", ID, nullable=False),
    Column("erased_at", UtcDateTime, nullable=False),
)  # fmt: skip
