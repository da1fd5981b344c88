"""How each partner's door stands, whom a landlord has written to before, and when an answer is late."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table("door_state",
    sa.Column("agency", sa.String(length=64), nullable=False),
    sa.Column("state", sa.String(length=60), nullable=False, comment="closed: all may go; open: the partner does not answer; half_open"),
    sa.Column("failures", sa.Integer(), nullable=False, comment="attempts in a row that the partner did not answer"),
    sa.Column("opened_at", sa.BigInteger(), nullable=True, comment="when the partner was found not to answer; none while closed"),
    sa.Column("probe_at", sa.BigInteger(), nullable=True, comment="when one attempt may find out whether it answers again"),
    sa.Column("paced_until", sa.BigInteger(), nullable=True, comment="nothing but danger goes before, as the partner asked or its rate says"),
    sa.CheckConstraint("state IN ('closed', 'open', 'half_open')", name=op.f("ck_door_state_state")),
    sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_door_state_agency")),
    sa.PrimaryKeyConstraint("agency", name=op.f("pk_door_state")),
    )  # fmt: skip
    op.create_table("introduction",
    sa.Column("landlord", sa.String(length=60), nullable=False),
    sa.Column("agency", sa.String(length=64), nullable=False),
    sa.Column("by", sa.String(length=30), nullable=False, comment="the second person, or the hub for who was sent to before"),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_introduction_agency")),
    sa.PrimaryKeyConstraint("landlord", "agency", name=op.f("pk_introduction")),
    )  # fmt: skip
    op.execute(
        "INSERT INTO introduction (landlord, agency, by, at) SELECT landlord, agency, 'hub', min(released_at) "
        "FROM disclosure WHERE released_at IS NOT NULL GROUP BY landlord, agency"
    )
    op.add_column(
        "disclosure",
        sa.Column(
            "answer_due_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the partner's next answer is late; none where none is awaited",
        ),
    )
    op.add_column(
        "disclosure",
        sa.Column("answer_late_at", sa.BigInteger(), nullable=True, comment="when it was raised that no answer came"),
    )
    op.create_index(op.f("ix_disclosure_answer_due_at"), "disclosure", ["answer_due_at"])
    op.create_index(op.f("ix_disclosure_state_agency"), "disclosure", ["state", "agency"])
    op.add_column("outbox", sa.Column("case_id", sa.String(length=30), nullable=True))
    op.execute(
        "UPDATE outbox SET case_id = (SELECT disclosure.case_id FROM disclosure WHERE disclosure.id = outbox.disclosure_id)"
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("case_id", existing_type=sa.String(length=30), nullable=False)
        batch_op.drop_index("ix_outbox_ready_lane_due_at_seq")
        batch_op.create_index("ix_outbox_ready_agency_lane_due_at_seq", ["ready", "agency", "lane", "due_at", "seq"])
        batch_op.create_index("ix_outbox_case_id_agency_seq", ["case_id", "agency", "seq"])
        batch_op.create_index("ix_outbox_lease_until", ["lease_until"])


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_lease_until")
        batch_op.drop_index("ix_outbox_case_id_agency_seq")
        batch_op.drop_index("ix_outbox_ready_agency_lane_due_at_seq")
        batch_op.create_index("ix_outbox_ready_lane_due_at_seq", ["ready", "lane", "due_at", "seq"])
        batch_op.drop_column("case_id")
    op.drop_index(op.f("ix_disclosure_state_agency"), "disclosure")
    op.drop_index(op.f("ix_disclosure_answer_due_at"), "disclosure")
    op.drop_column("disclosure", "answer_late_at")
    op.drop_column("disclosure", "answer_due_at")
    op.drop_table("introduction")
    op.drop_table("door_state")
