"""Sealed content and the keys that open it."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from hub.store.columns import UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

landlord_key = Table(
    "landlord_key", metadata,
    Column("owner", CODE, primary_key=True, comment="a landlord, or 'hub'; useless to whoever lacks the root key"),
    Column("purpose", String(8), primary_key=True, comment="wrap: opens data keys; index: digests to find rows by"),
    Column("version", Integer, primary_key=True, autoincrement=False, comment="0: the root key of version 0001 itself"),
    Column("root", String(60), nullable=False, comment="the root key that it is wrapped under"),
    Column("wrapped", LargeBinary, comment="none once destroyed, when nothing needed it any more"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime, comment="since when nothing new is put under it"),
)  # fmt: skip

data_key = Table(
    "data_key", metadata,
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, ForeignKey("case_file.id"), primary_key=True),
    Column("subject", String(8), primary_key=True, comment="a person of the case, or 'case' for what is about several"),
    Column("data_class", String(8), primary_key=True, comment="normal, special or sealed"),
    Column("version", Integer, nullable=False, comment="named by the values under it"),
    Column("key_version", Integer, nullable=False, comment="of the landlord's key that wraps it"),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_data_key_landlord_key_version", "landlord", "key_version"),
)  # fmt: skip

sealed = Table(
    "sealed", metadata,
    Column("owner", ID, primary_key=True, comment="the referral, decision, attempt, ... whose content this is"),
    Column("part", String(24), primary_key=True),
    Column("subject", String(8), primary_key=True),
    Column("data_class", String(8), primary_key=True, comment="normal, special or sealed"),
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)  # fmt: skip
