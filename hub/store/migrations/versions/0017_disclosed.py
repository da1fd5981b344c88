"""When something was disclosed, beside when it was first tried; names are folded in another way."""

import sqlalchemy as sa
from alembic import op

import hub.store.columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. Persons are entered anew by the hub itself: a digest does not tell the name that it was made of."""
    op.add_column("disclosure", sa.Column(
        "disclosed_at", hub.store.columns.UtcDateTime(),
        comment="when the first attempt began by which its recipient has it, or may",
    ))  # fmt: skip
    op.add_column("attempt", sa.Column(
        "reached", sa.Boolean(), comment="true: the partner had the bytes and refused them",
    ))  # fmt: skip
    op.execute("""
        UPDATE disclosure SET disclosed_at = (
            SELECT min(started_at) FROM attempt WHERE attempt.disclosure_id = disclosure.id
            AND (outcome IS NULL OR outcome IN ('done', 'unsure', 'unknown', 'gone')))
    """)
    op.execute("UPDATE disclosure SET disclosed_at = released_at WHERE disclosed_at IS NULL AND rung >= 1")
    op.drop_index("ix_disclosure_released_at", "disclosure")
    op.create_index("ix_disclosure_disclosed_at", "disclosure", ["disclosed_at", "seq"])
    op.drop_index("ix_disclosure_agency", "disclosure")
    op.create_index("ix_disclosure_agency", "disclosure", ["agency", "disclosed_at", "seq"])
    op.execute("INSERT INTO person_index_due (case_id, landlord) SELECT id, landlord FROM case_file "
               "WHERE id NOT IN (SELECT case_id FROM person_index_due)")  # fmt: skip


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_disclosure_agency", "disclosure")
    op.create_index("ix_disclosure_agency", "disclosure", ["agency", "released_at", "seq"])
    op.drop_index("ix_disclosure_disclosed_at", "disclosure")
    op.create_index("ix_disclosure_released_at", "disclosure", ["released_at", "seq"])
    op.drop_column("attempt", "reached")
    op.drop_column("disclosure", "disclosed_at")
