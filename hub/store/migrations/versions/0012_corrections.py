"""Corrected records, what past recipients are told, and grounds that run out."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table("correction",
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
    sa.Column("id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("case_id", sa.String(length=30), nullable=False),
    sa.Column("referral_id", sa.String(length=30), nullable=False),
    sa.Column("number", sa.Integer(), nullable=False, comment="1 is the first correction; the highest is in force"),
    sa.Column("reason", sa.String(length=60), nullable=False),
    sa.Column("author", sa.String(length=30), nullable=False, comment="person, not account"),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_correction_case_id")),
    sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_correction_referral_id")),
    sa.PrimaryKeyConstraint("seq", name=op.f("pk_correction")),
    sa.UniqueConstraint("id", name=op.f("uq_correction_id")),
    sa.UniqueConstraint("referral_id", "number", name=op.f("uq_correction_referral_id_number")),
    )  # fmt: skip
    op.create_index(op.f("ix_correction_case_id"), "correction", ["case_id"])
    op.create_table("follow_up",
    sa.Column("disclosure_id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("agency", sa.String(length=64), nullable=False),
    sa.Column("about", sa.String(length=30), nullable=False, comment="the earlier disclosure, which this agency has or may have"),
    sa.Column("notice", sa.String(length=60), nullable=False, comment="withdrawn or corrected"),
    sa.Column("bare", sa.Boolean(), nullable=False, comment="says what to do with the earlier one and nothing about anybody"),
    sa.Column("look_at", sa.BigInteger(), nullable=True, comment="when to look whether the earlier one arrived; none: it is known"),
    sa.CheckConstraint("notice IN ('withdrawn', 'corrected')", name=op.f("ck_follow_up_notice")),
    sa.ForeignKeyConstraint(["about"], ["disclosure.id"], name=op.f("fk_follow_up_about")),
    sa.ForeignKeyConstraint(["disclosure_id"], ["disclosure.id"], name=op.f("fk_follow_up_disclosure_id")),
    sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_follow_up")),
    )  # fmt: skip
    op.create_index(op.f("ix_follow_up_about"), "follow_up", ["about"])
    op.create_index(op.f("ix_follow_up_look_at"), "follow_up", ["look_at"])
    op.create_table("lapse",
    sa.Column("disclosure_id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False, comment="when something that the latest decision rests on runs out, and it is made again if it still waits"),
    sa.ForeignKeyConstraint(["disclosure_id"], ["disclosure.id"], name=op.f("fk_lapse_disclosure_id")),
    sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_lapse")),
    )  # fmt: skip
    op.create_index(op.f("ix_lapse_at"), "lapse", ["at"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("lapse")
    op.drop_table("follow_up")
    op.drop_table("correction")
