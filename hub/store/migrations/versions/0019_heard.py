"""When we heard of a cosignature, by our own clock, beside the time that the witness signed by its own."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import hub.store.columns

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_SAYS = "by ours"
_TIME = hub.store.columns.UtcDateTime()
_AS_THEY_SAY = sa.text(
    "UPDATE audit_cosignature SET heard_at = CASE WHEN cosigned_at > :now THEN :now ELSE cosigned_at END"
)


def upgrade() -> None:
    """Go up. Those of before were heard when they say, unless that is still to come."""
    op.add_column("audit_cosignature", sa.Column("heard_at", _TIME, comment=_SAYS))
    op.execute(_AS_THEY_SAY.bindparams(sa.bindparam("now", datetime.now(UTC), _TIME)))
    with op.batch_alter_table("audit_cosignature") as batch:
        batch.alter_column("heard_at", existing_type=_TIME, existing_comment=_SAYS, nullable=False)


def downgrade() -> None:
    """Go down."""
    op.drop_column("audit_cosignature", "heard_at")
