"""Agencies' keys and changes confirmed by two, and contacts that are unsafe.

The doors on file were set up by the operator and count on, as those of a first registration do.
"""

import time

import sqlalchemy as sa
from alembic import op

import hub.store.columns
from hub.ids import Prefix, new_id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_agency = sa.table("agency", sa.column("id"), sa.column("door_digest"))
_pin = sa.table(
    "agency_pin",
    *(
        sa.column(name)
        for name in (
            "id",
            "agency",
            "what",
            "value",
            "fingerprint",
            "proposed_by",
            "proposed_at",
            "usable_from",
            "first_by",
            "confirmed_by",
            "confirmed_at",
        )
    ),
)


def upgrade() -> None:
    """Go up."""
    op.add_column("agency", sa.Column("capacities", sa.Text(), nullable=True, comment="statutory capacities: codes"))
    op.add_column("agency", sa.Column("suspended_by", sa.String(length=30), nullable=True))
    op.add_column(
        "agency", sa.Column("suspended_why", sa.String(length=60), nullable=True, comment="code of the reason")
    )
    op.add_column(
        "agency",
        sa.Column(
            "resume_asked_by",
            sa.String(length=30),
            nullable=True,
            comment="the first of the two persons who end a suspension",
        ),
    )
    op.execute("UPDATE agency SET capacities = '[]'")
    with op.batch_alter_table("agency") as batch:
        batch.alter_column(
            "capacities", existing_type=sa.Text(), existing_comment="statutory capacities: codes", nullable=False
        )
    op.create_table(
        "agency_pin",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False, comment="door, sign, seal or acknowledge"),
        sa.Column("value", sa.Text(), nullable=False, comment="digest of a door's settings, or a public key"),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="what two persons compare with the agency"
        ),
        sa.Column("proposed_by", sa.String(length=30), nullable=False),
        sa.Column("proposed_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("usable_from", hub.store.columns.UtcDateTime(), nullable=False, comment="end of its cooling-off"),
        sa.Column(
            "first_by", sa.String(length=30), nullable=True, comment="the first person who compared the fingerprint"
        ),
        sa.Column(
            "confirmed_by",
            sa.String(length=30),
            nullable=True,
            comment="the second one, or the operator at the first registration",
        ),
        sa.Column("confirmed_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.Column("retired_by", sa.String(length=30), nullable=True),
        sa.Column("retired_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_agency_pin_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_pin")),
    )
    op.create_index(op.f("ix_agency_pin_agency"), "agency_pin", ["agency"])
    op.create_table(
        "unsafe_contact",
        sa.Column("id", sa.String(length=30), nullable=False, comment="of one mark; a home has several spellings"),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column(
            "spelling", sa.String(length=64), nullable=False, comment="keyed digest of the contact in one spelling"
        ),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column(
            "person", sa.String(length=8), nullable=False, comment="the alleged perpetrator whom it is linked to"
        ),
        sa.Column(
            "name_index",
            sa.String(length=64),
            nullable=True,
            comment="keyed digest of that person's name: nobody is cut off from their own",
        ),
        sa.Column("birth_index", sa.String(length=64), nullable=True, comment="keyed digest of name and date of birth"),
        sa.Column("recorded_by", sa.String(length=30), nullable=False),
        sa.Column("recorded_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("lifted_by", sa.String(length=30), nullable=True),
        sa.Column("lifted_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_unsafe_contact_case_id")),
        sa.PrimaryKeyConstraint("id", "kind", "spelling", name=op.f("pk_unsafe_contact")),
    )
    op.create_index(op.f("ix_unsafe_contact_landlord_spelling"), "unsafe_contact", ["landlord", "spelling"])
    op.create_index(op.f("ix_unsafe_contact_case_id_person"), "unsafe_contact", ["case_id", "person"])
    _carry_over()


def _carry_over() -> None:
    connection, now = op.get_bind(), time.time_ns() // 1000
    for row in connection.execute(sa.select(_agency)).all():
        connection.execute(
            _pin.insert().values(
                id=new_id(Prefix.PIN),
                agency=row.id,
                what="door",
                value=row.door_digest,
                fingerprint=row.door_digest,
                proposed_by="operator",
                proposed_at=now,
                usable_from=now,
                first_by="operator",
                confirmed_by="operator",
                confirmed_at=now,
            )
        )


def downgrade() -> None:
    """Go down."""
    op.drop_table("unsafe_contact")
    op.drop_table("agency_pin")
    with op.batch_alter_table("agency") as batch:
        for name in ("resume_asked_by", "suspended_why", "suspended_by", "capacities"):
            batch.drop_column(name)
