"""Retention schedules, legal holds, erasures."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table("retention_schedule",
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("data_class", sa.String(length=8), nullable=False),
    sa.Column("days", sa.Integer(), nullable=False, comment="after the last activity of the case; the newest row counts"),
    sa.Column("set_by", sa.String(length=30), nullable=False),
    sa.Column("set_at", sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(["landlord"], ["landlord.code"], name=op.f("fk_retention_schedule_landlord")),
    sa.PrimaryKeyConstraint("seq", name=op.f("pk_retention_schedule")),
    )  # fmt: skip
    op.create_index(op.f("ix_retention_schedule_landlord"), "retention_schedule", ["landlord"])
    op.create_table("legal_hold",
    sa.Column("id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("case_id", sa.String(length=30), nullable=False),
    sa.Column("subject", sa.String(length=8), nullable=True, comment="one person of the case; none: everybody of it"),
    sa.Column("ground", sa.String(length=60), nullable=False),
    sa.Column("set_by", sa.String(length=30), nullable=False),
    sa.Column("set_at", sa.BigInteger(), nullable=False),
    sa.Column("review_by", sa.BigInteger(), nullable=False),
    sa.Column("lifted_by", sa.String(length=30), nullable=True),
    sa.Column("lifted_at", sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_legal_hold_case_id")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )  # fmt: skip
    op.create_index(op.f("ix_legal_hold_landlord"), "legal_hold", ["landlord"])
    op.create_index(op.f("ix_legal_hold_case_id"), "legal_hold", ["case_id"])
    op.create_table("erasure",
    sa.Column("id", sa.String(length=30), nullable=False, comment="the only name under which the log knows who was erased"),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("case_id", sa.String(length=30), nullable=False),
    sa.Column("subject", sa.String(length=8), nullable=True, comment="none: everybody of the case"),
    sa.Column("data_class", sa.String(length=8), nullable=True, comment="none: every class"),
    sa.Column("ground", sa.String(length=60), nullable=False),
    sa.Column("erased_by", sa.String(length=30), nullable=False),
    sa.Column("erased_at", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )  # fmt: skip
    op.create_index(op.f("ix_erasure_landlord"), "erasure", ["landlord"])
    op.create_index(op.f("ix_erasure_case_id"), "erasure", ["case_id"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("erasure")
    op.drop_table("legal_hold")
    op.drop_table("retention_schedule")
