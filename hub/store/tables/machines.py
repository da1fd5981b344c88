"""Machines, what they may show, and what they showed once already."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from hub.store.columns import UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

machine = Table(
    "machine", metadata,
    Column("id", ID, primary_key=True),
    Column("name", CODE, nullable=False, comment="as administrators call it; a code, never a person's name"),
    Column("scope", CODE, nullable=False),
    Column("person", ID, nullable=False, comment="as whom the log knows it"),
    Column("landlord", CODE),
    Column("agency", String(64)),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("made_by", ID, comment="the administrator who did over HTTP; null at the command line"),
    Column("confirmed_by", ID, comment="the other person who vouched for it"),
    Column("confirmed_at", UtcDateTime, comment="null: it does not work yet"),
    Column("revoked_at", UtcDateTime),
)  # fmt: skip

machine_key = Table(
    "machine_key", metadata,
    Column("id", ID, primary_key=True),
    Column("machine_id", ID, ForeignKey("machine.id"), nullable=False, index=True),
    Column("kind", CODE, nullable=False),
    Column("fingerprint", String(64), nullable=False, unique=True,
           comment="SHA-256 of a token, of a public key (RFC 7638) or of a certificate"),
    Column("jwk", Text, comment="a public key; nothing secret"),
    Column("got_with", ID, comment="for an access token, the key that it was got with"),
    Column("added_at", UtcDateTime, nullable=False),
    Column("made_by", ID, comment="the administrator who did over HTTP; null at the command line"),
    Column("confirmed_by", ID, comment="the other person who vouched for it"),
    Column("confirmed_at", UtcDateTime, comment="null: it does not work yet"),
    Column("not_before", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, index=True),
)  # fmt: skip

machine_nonce = Table(
    "machine_nonce", metadata,
    Column("digest", String(64), primary_key=True, comment="of machine and nonce"),
    Column("until", UtcDateTime, nullable=False, index=True),
)  # fmt: skip
"""What counts once, for as long as it could be repeated."""
