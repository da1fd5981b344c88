"""What became wrong after it was accepted: corrected records, what past recipients are told, grounds that run out."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from hub.store.columns import RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

correction = Table(
    "correction", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("referral_id", ID, ForeignKey("referral.id"), nullable=False),
    Column("number", Integer, nullable=False, comment="1 is the first correction; the highest is in force"),
    Column("reason", CODE, nullable=False),
    Column("author", ID, nullable=False, comment="person, not account"),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("referral_id", "number"),
)  # fmt: skip

follow_up = Table(
    "follow_up", metadata,
    Column("disclosure_id", ID, ForeignKey("disclosure.id"), primary_key=True),
    Column("landlord", CODE, nullable=False),
    Column("agency", String(64), nullable=False),
    Column("about", ID, ForeignKey("disclosure.id"), nullable=False, index=True,
           comment="the earlier disclosure, which this agency has or may have"),
    Column("notice", CODE, nullable=False, comment="withdrawn or corrected"),
    Column("bare", Boolean, nullable=False, comment="says what to do with the earlier one and nothing about anybody"),
    Column("look_at", UtcDateTime, index=True,
           comment="when to look whether the earlier one arrived; none: it is known"),
    CheckConstraint("notice IN ('withdrawn', 'corrected')", name="notice"),
)  # fmt: skip

lapse = Table(
    "lapse", metadata,
    Column("disclosure_id", ID, ForeignKey("disclosure.id"), primary_key=True),
    Column("landlord", CODE, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True,
           comment="when something that the latest decision rests on runs out, and it is made again if it still waits"),
)  # fmt: skip
