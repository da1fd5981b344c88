"""Persons found again by keyed digests, and disclosures by when they were released."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. What is on file cannot be opened here: every case waits to be entered by the hub itself."""
    op.create_table("person_index",
    sa.Column("digest", sa.String(length=64), nullable=False, comment="keyed digest of a name, name and birth date, or contact"),
    sa.Column("case_id", sa.String(length=30), nullable=False),
    sa.Column("subject", sa.String(length=8), nullable=False, comment="the person's number in that case"),
    sa.Column("owner", sa.String(length=30), nullable=False, comment="the referral or correction that says so"),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("kind", sa.String(length=60), nullable=False, comment="name, born or contact"),
    sa.Column("data_class", sa.String(length=8), nullable=False, comment="goes with what of that person is kept in this class"),
    sa.PrimaryKeyConstraint("digest", "case_id", "subject", "owner", name=op.f("pk_person_index")),
    )  # fmt: skip
    op.create_index(op.f("ix_person_index_case_id_subject"), "person_index", ["case_id", "subject"])
    op.create_table("person_index_due",
    sa.Column("case_id", sa.String(length=30), nullable=False),
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_person_index_due_case_id")),
    sa.PrimaryKeyConstraint("case_id", name=op.f("pk_person_index_due")),
    )  # fmt: skip
    op.create_index(op.f("ix_person_index_due_landlord"), "person_index_due", ["landlord"])
    op.execute("INSERT INTO person_index_due (case_id, landlord) SELECT id, landlord FROM case_file")
    # None begins with the landlord, and the one that did goes: SQLite, without statistics, took it for as telling as a
    # case, and looked through all of the landlord's referrals for those of one.
    op.drop_index("ix_referral_landlord", "referral")
    op.create_index("ix_disclosure_released_at", "disclosure", ["released_at", "seq"])
    op.drop_index("ix_disclosure_agency", "disclosure")
    op.create_index("ix_disclosure_agency", "disclosure", ["agency", "released_at", "seq"])
    op.create_index("ix_referral_author", "referral", ["author"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_referral_author", "referral")
    op.create_index("ix_referral_landlord", "referral", ["landlord"])
    op.drop_index("ix_disclosure_agency", "disclosure")
    op.create_index("ix_disclosure_agency", "disclosure", ["agency"])
    op.drop_index("ix_disclosure_released_at", "disclosure")
    op.drop_table("person_index_due")
    op.drop_table("person_index")
