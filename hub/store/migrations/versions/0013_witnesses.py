"""What witnesses say of our checkpoints, and who holds another history than ours."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table("audit_cosignature",
    sa.Column("size", _NUMBER, autoincrement=False, nullable=False),
    sa.Column("cosigner", sa.Text(), nullable=False, comment="name and key id, as in the line"),
    sa.Column("line", sa.Text(), nullable=False, comment="under the checkpoint of that size (C2SP signed-note)"),
    sa.Column("cosigned_at", sa.BigInteger(), nullable=False, comment="by the witness's own clock"),
    sa.PrimaryKeyConstraint("size", "cosigner", name=op.f("pk_audit_cosignature")),
    )  # fmt: skip
    op.create_table("audit_witnessed",
    sa.Column("size", _NUMBER, autoincrement=False, nullable=False, comment="of a checkpoint that a quorum cosigned"),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_witnessed")),
    )  # fmt: skip
    op.create_table("audit_dispute",
    sa.Column("party", sa.Text(), nullable=False, comment="the witness, or the agency, that holds another history"),
    sa.Column("origin", sa.Text(), nullable=False),
    sa.Column("reason", sa.String(length=60), nullable=False),
    sa.Column("size", _NUMBER, nullable=False, comment="of what they hold"),
    sa.Column("root", sa.LargeBinary(), nullable=True, comment="of what they hold, where they showed it signed by our own key"),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("party", name=op.f("pk_audit_dispute")),
    )  # fmt: skip


def downgrade() -> None:
    """Go down."""
    op.drop_table("audit_dispute")
    op.drop_table("audit_witnessed")
    op.drop_table("audit_cosignature")
