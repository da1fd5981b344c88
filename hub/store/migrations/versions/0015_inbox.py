"""Where entries of the log wait for their number on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table("audit_inbox",
    sa.Column("seq", _NUMBER, autoincrement=True, nullable=False),
    sa.Column("kind", sa.String(length=60), nullable=False),
    sa.Column("about", sa.String(length=30), nullable=True),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Column("leaf", sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_inbox")),
    comment="PostgreSQL: entries that are durable and wait for their number",
    )  # fmt: skip


def downgrade() -> None:
    """Go down. Start the hub of this version once more before, and stop it: what has no number is not taken along."""
    op.drop_table("audit_inbox")
