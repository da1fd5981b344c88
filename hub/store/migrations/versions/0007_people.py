"""People, how they sign in, and their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PERSON = (
    sa.Column("id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60)),
    sa.Column("role", sa.String(length=60), nullable=False),
    sa.Column("kinds", sa.Text(), nullable=False, comment="what an authoriser may decide"),
    sa.Column("team", sa.String(length=60)),
    sa.Column("state", sa.String(length=60), nullable=False, comment="invited, waiting, active, disabled"),
    sa.Column("made_by", sa.String(length=30), nullable=False),
    sa.Column("confirmed_by", sa.String(length=30)),
    sa.Column("confirmed_at", sa.BigInteger()),
    sa.Column("created_at", sa.BigInteger(), nullable=False),
    sa.Column("disabled_at", sa.BigInteger()),
    sa.Column("code_hash", sa.String(length=64), comment="of the invitation, until it is used"),
    sa.Column("code_ends_at", sa.BigInteger()),
    sa.Column("name_index", sa.String(length=64), comment="keyed digest of the sign-in name"),
    sa.Column("oidc_index", sa.String(length=64), comment="keyed digest of issuer and subject"),
    sa.Column("name", sa.LargeBinary(), comment="sealed"),
    sa.Column("password", sa.LargeBinary(), comment="sealed: Argon2id in PHC form"),
    sa.Column("totp", sa.LargeBinary(), comment="sealed: the key of the one-time codes"),
    sa.Column("totp_step", sa.BigInteger(), comment="step of the last one-time code taken; none before it is taken again"),
)  # fmt: skip
_PASSKEY = (
    sa.Column("id", sa.String(length=64), nullable=False, comment="SHA-256 of the authenticator's own id"),
    sa.Column("person", sa.String(length=30), nullable=False),
    sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="COSE"),
    sa.Column("sign_count", sa.BigInteger(), nullable=False),
    sa.Column("registered_at", sa.BigInteger(), nullable=False),
)  # fmt: skip
_SESSION = (
    sa.Column("id", sa.String(length=30), nullable=False),
    sa.Column("person", sa.String(length=30), nullable=False),
    sa.Column("token_hash", sa.String(length=64), nullable=False),
    sa.Column("strength", sa.String(length=60), nullable=False),
    sa.Column("address", sa.String(length=64), nullable=False, comment="keyed digest of where it was begun from"),
    sa.Column("started_at", sa.BigInteger(), nullable=False),
    sa.Column("proved_at", sa.BigInteger(), nullable=False, comment="when its holder last proved who they are"),
    sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="last use, to the minute"),
    sa.Column("ends_at", sa.BigInteger(), nullable=False),
    sa.Column("revoked_at", sa.BigInteger()),
)  # fmt: skip


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "person", *_PERSON,
        sa.CheckConstraint("state IN ('invited', 'waiting', 'active', 'disabled')", name=op.f("ck_person_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        *(sa.UniqueConstraint(column, name=op.f(f"uq_person_{column}"))
          for column in ("code_hash", "name_index", "oidc_index")),
    )  # fmt: skip
    op.create_table(
        "passkey", *_PASSKEY,
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_passkey_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
    )  # fmt: skip
    op.create_index(op.f("ix_passkey_person"), "passkey", ["person"])
    op.create_table(
        "session", *_SESSION,
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_session_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )  # fmt: skip
    op.create_index(op.f("ix_session_person"), "session", ["person"])
    op.create_table(
        "guess",
        sa.Column("lane", sa.String(length=64), nullable=False, comment="keyed digest of an account, an address, a known place"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False, comment="nothing is tried before"),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_guess")),
    )  # fmt: skip
    op.create_index(op.f("ix_guess_last_at"), "guess", ["last_at"])
    op.create_table(
        "spent",
        sa.Column("ticket", sa.String(length=64), nullable=False, comment="keyed digest of a ticket that was used"),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_spent")),
    )  # fmt: skip
    op.create_index(op.f("ix_spent_ends_at"), "spent", ["ends_at"])
    op.add_column("case_file", sa.Column(
        "team", sa.String(length=60), comment="whose officers see it; none: every officer of the landlord",
    ))  # fmt: skip


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("case_file") as batch:
        batch.drop_column("team")
    for table in ("spent", "guess", "session", "passkey", "person"):
        op.drop_table(table)
