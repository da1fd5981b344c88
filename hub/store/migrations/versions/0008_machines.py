"""Machines: keys, scopes and rotation."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import hub.store.columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _vouched() -> list[sa.Column[Any]]:
    """What two persons are asked for."""
    return [
        sa.Column("made_by", sa.String(30), comment="the administrator who did over HTTP; null at the command line"),
        sa.Column("confirmed_by", sa.String(30), comment="the other person who vouched for it"),
        sa.Column("confirmed_at", hub.store.columns.UtcDateTime(), comment="null: it does not work yet"),
    ]


def upgrade() -> None:
    """Go up. What worked before goes on working, as confirmed when it was issued."""
    for column in _vouched():
        op.add_column("credential", column)
    op.execute("UPDATE credential SET confirmed_at = issued_at")
    op.create_table(
        "machine",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column(
            "name",
            sa.String(length=60),
            nullable=False,
            comment="as administrators call it; a code, never a person's name",
        ),
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("person", sa.String(length=30), nullable=False, comment="as whom the log knows it"),
        sa.Column("landlord", sa.String(length=60), nullable=True),
        sa.Column("agency", sa.String(length=64), nullable=True),
        sa.Column("registered_at", hub.store.columns.UtcDateTime(), nullable=False),
        *_vouched(),
        sa.Column("revoked_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine")),
    )
    op.create_table(
        "machine_key",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("machine_id", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column(
            "fingerprint",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of a token, of a public key (RFC 7638) or of a certificate",
        ),
        sa.Column("jwk", sa.Text(), nullable=True, comment="a public key; nothing secret"),
        sa.Column(
            "got_with", sa.String(length=30), nullable=True, comment="for an access token, the key that it was got with"
        ),
        sa.Column("added_at", hub.store.columns.UtcDateTime(), nullable=False),
        *_vouched(),
        sa.Column("not_before", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("ends_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name=op.f("fk_machine_key_machine_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_key")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_machine_key_fingerprint")),
    )
    op.create_index(op.f("ix_machine_key_machine_id"), "machine_key", ["machine_id"])
    op.create_index(op.f("ix_machine_key_ends_at"), "machine_key", ["ends_at"])
    op.create_table(
        "machine_nonce",
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of machine and nonce"),
        sa.Column("until", hub.store.columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_machine_nonce")),
    )
    op.create_index(op.f("ix_machine_nonce_until"), "machine_nonce", ["until"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("machine_nonce")
    op.drop_table("machine_key")
    op.drop_table("machine")
    with op.batch_alter_table("credential") as batch:
        for column in _vouched():
            batch.drop_column(column.name)
