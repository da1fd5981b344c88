"""The key tree: keys of landlords, and data keys by class.

What version 0001 sealed stays as it is. Its key file becomes version 0 of each landlord's wrapping key, and the
landlord's index key, so that everything is opened and found as before; the first new root key wraps them like any other.
"""

import sqlalchemy as sa
from alembic import op

import hub.store.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CLASS = "normal, special or sealed"
_EARLIER = """
INSERT INTO landlord_key (owner, purpose, version, root, wrapped, made_at, retired_at)
SELECT landlord, '{purpose}', {version}, '', NULL, min(opened_at), {retired} FROM case_file GROUP BY landlord
"""


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "landlord_key",
        sa.Column("owner", sa.String(60), nullable=False,
                  comment="a landlord, or 'hub'; useless to whoever lacks the root key"),
        sa.Column("purpose", sa.String(8), nullable=False,
                  comment="wrap: opens data keys; index: digests to find rows by"),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False,
                  comment="0: the root key of version 0001 itself"),
        sa.Column("root", sa.String(60), nullable=False, comment="the root key that it is wrapped under"),
        sa.Column("wrapped", sa.LargeBinary(), comment="none once destroyed, when nothing needed it any more"),
        sa.Column("made_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("retired_at", hub.store.columns.UtcDateTime(), comment="since when nothing new is put under it"),
        sa.PrimaryKeyConstraint("owner", "purpose", "version", name=op.f("pk_landlord_key")),
    )  # fmt: skip
    op.execute(_EARLIER.format(purpose="wrap", version=0, retired="min(opened_at)"))
    op.execute(_EARLIER.format(purpose="index", version=1, retired="NULL"))
    for table, added in (("data_key", ("data_class", "version", "key_version")), ("sealed", ("data_class",))):
        for name in added:
            kind, default = (sa.String(8), "normal") if name == "data_class" else (sa.Integer(), "0")
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table("data_key") as batch:
        batch.alter_column("data_class", existing_type=sa.String(8), server_default=None, comment=_CLASS)
        batch.alter_column(
            "version", existing_type=sa.Integer(), server_default=None, comment="named by the values under it"
        )
        batch.alter_column(
            "key_version",
            existing_type=sa.Integer(),
            server_default=None,
            comment="of the landlord's key that wraps it",
        )
        batch.drop_constraint("pk_data_key", type_="primary")
        batch.create_primary_key("pk_data_key", ["case_id", "subject", "data_class"])
        batch.create_index("ix_data_key_landlord_key_version", ["landlord", "key_version"])
    with op.batch_alter_table("sealed") as batch:
        batch.alter_column("data_class", existing_type=sa.String(8), server_default=None, comment=_CLASS)
        batch.drop_constraint("pk_sealed", type_="primary")
        batch.create_primary_key("pk_sealed", ["owner", "part", "subject", "data_class"])


def downgrade() -> None:
    """Go down; what was kept meanwhile in several classes, or under a landlord's key, cannot be opened below."""
    for table, key in (("sealed", ["owner", "part", "subject"]), ("data_key", ["case_id", "subject"])):
        op.execute(f"DELETE FROM {table} WHERE data_class <> 'normal'")  # noqa: S608  # nosec B608 - names of our own
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(f"pk_{table}", type_="primary")
            batch.create_primary_key(f"pk_{table}", key)
            if table == "data_key":
                batch.drop_index("ix_data_key_landlord_key_version")
            for name in ("data_class",) if table == "sealed" else ("data_class", "version", "key_version"):
                batch.drop_column(name)
    op.drop_table("landlord_key")
