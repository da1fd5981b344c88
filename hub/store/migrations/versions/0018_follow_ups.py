"""Room in a reference for more than one sign after its stroke: nothing is followed up too often."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SAYS = "this recipient's own name for the case"
_NARROW, _WIDE = sa.String(length=16), sa.String(length=24)


def upgrade() -> None:
    """Go up."""
    with op.batch_alter_table("disclosure") as batch:
        batch.alter_column("reference", existing_type=_NARROW, type_=_WIDE, existing_nullable=False,
                           existing_comment=_SAYS)  # fmt: skip


def downgrade() -> None:
    """Go down; refused by the database where there are longer ones by then."""
    with op.batch_alter_table("disclosure") as batch:
        batch.alter_column("reference", existing_type=_WIDE, type_=_NARROW, existing_nullable=False,
                           existing_comment=_SAYS)  # fmt: skip
