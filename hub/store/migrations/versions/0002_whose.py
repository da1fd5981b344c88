"""Every row of a case says whose it is, so that a transaction can be kept to one landlord."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BY_CASE = "SELECT c.landlord FROM case_file c WHERE c.id = {table}.case_id"
_BY_REFERRAL = "SELECT r.landlord FROM referral r WHERE r.id = {table}.referral_id"
_BY_DISCLOSURE = "SELECT d.landlord FROM disclosure d WHERE d.id = {table}.disclosure_id"
_WHOSE = {
    "consent": _BY_CASE, "data_key": _BY_CASE, "sealed": _BY_CASE, "decision": _BY_REFERRAL, "idempotency": _BY_REFERRAL,
    "outbox": _BY_DISCLOSURE, "attempt": _BY_DISCLOSURE, "receipt": _BY_DISCLOSURE, "review": _BY_DISCLOSURE,
}  # fmt: skip


def upgrade() -> None:
    """Go up."""
    for table, whose in _WHOSE.items():
        op.add_column(table, sa.Column("landlord", sa.String(length=60), nullable=True))
        op.execute(f"UPDATE {table} SET landlord = ({whose.format(table=table)})")  # noqa: S608  # nosec B608 - names of our own
        with op.batch_alter_table(table) as batch:
            batch.alter_column("landlord", existing_type=sa.String(length=60), nullable=False)


def downgrade() -> None:
    """Go down."""
    for table in _WHOSE:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("landlord")
