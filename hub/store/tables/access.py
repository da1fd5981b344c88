"""Who may come in: people, how they sign in, sessions, machines."""

from sqlalchemy import Boolean, Column, String, Table

from hub.store.columns import CanonicalJson, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

credential = Table(
    "credential", metadata,
    Column("id", ID, primary_key=True),
    Column("person", ID, nullable=False, comment="who uses it; two credentials may be one person"),
    Column("role", CODE, nullable=False),
    Column("kinds", CanonicalJson, comment="what an authoriser may decide"),
    Column("landlord", CODE),
    Column("agency", String(64)),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("single_use", Boolean, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("made_by", ID, comment="the administrator who did over HTTP; null at the command line"),
    Column("confirmed_by", ID, comment="the other person who vouched for it"),
    Column("confirmed_at", UtcDateTime, comment="null: it does not work yet"),
)  # fmt: skip
