"""Attachments, sealed in chunks."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table("attachment",
    sa.Column("id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("case_id", sa.String(length=30), nullable=False),
    sa.Column("referral_id", sa.String(length=30), nullable=False),
    sa.Column("subject", sa.String(length=8), nullable=False, comment="under whose key it is sealed"),
    sa.Column("data_class", sa.String(length=8), nullable=False),
    sa.Column("media_type", sa.String(length=60), nullable=True, comment="what its content is; of a whole one only"),
    sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="in bytes, before sealing; of a whole one only"),
    sa.Column("author", sa.String(length=30), nullable=False, comment="person, not account"),
    sa.Column("begun_at", sa.BigInteger(), nullable=False),
    sa.Column("complete_at", sa.BigInteger(), nullable=True, comment="none: not whole, and so there for nobody"),
    sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_attachment_case_id")),
    sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_attachment_referral_id")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )  # fmt: skip
    op.create_index(op.f("ix_attachment_case_id"), "attachment", ["case_id"])
    op.create_index(op.f("ix_attachment_referral_id"), "attachment", ["referral_id"])
    op.create_table("attachment_chunk",
    sa.Column("attachment_id", sa.String(length=30), nullable=False),
    sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("content", sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_attachment_chunk_attachment_id")),
    sa.PrimaryKeyConstraint("attachment_id", "number", name=op.f("pk_attachment_chunk")),
    )  # fmt: skip


def downgrade() -> None:
    """Go down."""
    op.drop_table("attachment_chunk")
    op.drop_table("attachment")
