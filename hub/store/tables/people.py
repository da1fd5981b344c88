"""People, how they sign in, and their sessions. What says who somebody is stands sealed, or as a keyed digest."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table

from hub.store.columns import CanonicalJson, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

person = Table(
    "person", metadata,
    Column("id", ID, primary_key=True),
    Column("landlord", CODE),
    Column("role", CODE, nullable=False),
    Column("kinds", CanonicalJson, nullable=False, comment="what an authoriser may decide"),
    Column("team", CODE),
    Column("state", CODE, nullable=False, comment="invited, waiting, active, disabled"),
    Column("made_by", ID, nullable=False),
    Column("confirmed_by", ID),
    Column("confirmed_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("code_hash", String(64), unique=True, comment="of the invitation, until it is used"),
    Column("code_ends_at", UtcDateTime),
    Column("name_index", String(64), unique=True, comment="keyed digest of the sign-in name"),
    Column("oidc_index", String(64), unique=True, comment="keyed digest of issuer and subject"),
    Column("name", LargeBinary, comment="sealed"),
    Column("password", LargeBinary, comment="sealed: Argon2id in PHC form"),
    Column("totp", LargeBinary, comment="sealed: the key of the one-time codes"),
    Column("totp_step", BigInteger, comment="step of the last one-time code taken; none before it is taken again"),
    CheckConstraint("state IN ('invited', 'waiting', 'active', 'disabled')", name="state"),
)  # fmt: skip

passkey = Table(
    "passkey", metadata,
    Column("id", String(64), primary_key=True, comment="SHA-256 of the authenticator's own id"),
    Column("person", ID, ForeignKey("person.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False, comment="COSE"),
    Column("sign_count", BigInteger, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
)  # fmt: skip

session = Table(
    "session", metadata,
    Column("id", ID, primary_key=True),
    Column("person", ID, ForeignKey("person.id"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("strength", CODE, nullable=False),
    Column("address", String(64), nullable=False, comment="keyed digest of where it was begun from"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("proved_at", UtcDateTime, nullable=False, comment="when its holder last proved who they are"),
    Column("seen_at", UtcDateTime, nullable=False, comment="last use, to the minute"),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)  # fmt: skip

guess = Table(
    "guess", metadata,
    Column("lane", String(64), primary_key=True, comment="keyed digest of an account, an address, a known place"),
    Column("tries", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("next_at", UtcDateTime, nullable=False, comment="nothing is tried before"),
)  # fmt: skip

spent = Table(
    "spent", metadata,
    Column("ticket", String(64), primary_key=True, comment="keyed digest of a ticket that was used"),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
)  # fmt: skip
