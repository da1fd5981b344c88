"""To whom the checkpoint of the log was mailed, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table("audit_mailed",
    sa.Column("recipient", sa.String(length=64), nullable=False, comment="SHA-256 of the address"),
    sa.Column("tried_at", sa.BigInteger(), nullable=False),
    sa.Column("mailed_at", sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint("recipient", name=op.f("pk_audit_mailed")),
    )  # fmt: skip


def downgrade() -> None:
    """Go down."""
    op.drop_table("audit_mailed")
