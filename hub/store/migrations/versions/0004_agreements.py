"""Agreements through their life, and the documents that a landlord must keep.

What was on file counted without anybody's approval: each of its landlords carries it over. The review date of an
appropriate policy document becomes a document of its own.
"""

import tomllib

import sqlalchemy as sa
from alembic import op

import hub.store.columns
from hub.ids import Prefix, new_id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_APD = "appropriate_policy_document"
_landlord = sa.table("landlord", sa.column("code"), sa.column("apd_review_by"))
_agreement = sa.table(
    "agreement",
    sa.column("seq"),
    sa.column("id"),
    sa.column("version"),
    sa.column("document"),
    sa.column("registered_at"),
)
_standing = sa.table(
    "agreement_standing",
    sa.column("landlord"),
    sa.column("agreement"),
    sa.column("version"),
    sa.column("step"),
    sa.column("person"),
    sa.column("recorded_at"),
)
_document = sa.table(
    "governance_document",
    sa.column("id"),
    sa.column("landlord"),
    sa.column("kind"),
    sa.column("version"),
    sa.column("in_force_from"),
    sa.column("review_by"),
    sa.column("recorded_by"),
    sa.column("recorded_at"),
    sa.column("withdrawn_at"),
)


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "agreement_standing",
        sa.Column("seq", _SEQ, autoincrement=True, nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("agreement", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "step",
            sa.String(length=60),
            nullable=False,
            comment="approved, suspended, resumed, withdrawn, carried_over",
        ),
        sa.Column("person", sa.String(length=30), nullable=False),
        sa.Column(
            "evidence", sa.String(length=64), nullable=True, comment="digest of what shows it, such as a signed minute"
        ),
        sa.Column("recorded_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_agreement_standing")),
    )
    op.create_index(
        op.f("ix_agreement_standing_landlord_agreement_version"),
        "agreement_standing",
        ["landlord", "agreement", "version"],
    )
    op.create_table(
        "governance_document",
        sa.Column("seq", _SEQ, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column(
            "about", sa.String(length=64), nullable=True, comment="purpose or agency; none where it is about everything"
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "digest", sa.String(length=64), nullable=True, comment="of the document itself, which is kept elsewhere"
        ),
        sa.Column("in_force_from", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column(
            "review_by", hub.store.columns.UtcDateTime(), nullable=False, comment="from this moment it is out of date"
        ),
        sa.Column("recorded_by", sa.String(length=30), nullable=False),
        sa.Column("recorded_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_governance_document")),
        sa.UniqueConstraint("id", name=op.f("uq_governance_document_id")),
    )
    op.create_index(op.f("ix_governance_document_landlord_kind"), "governance_document", ["landlord", "kind"])
    op.add_column(
        "agreement",
        sa.Column(
            "added_by",
            sa.String(length=30),
            nullable=True,
            comment="who drafted it and never approves it: a person, or the hub itself",
        ),
    )
    op.execute("UPDATE agreement SET added_by = 'hub'")
    with op.batch_alter_table("agreement") as batch:
        batch.alter_column(
            "added_by",
            existing_type=sa.String(length=30),
            existing_comment="who drafted it and never approves it: a person, or the hub itself",
            nullable=False,
        )
    _carry_over(op.get_bind())
    op.drop_column("landlord", "apd_review_by")


def _carry_over(connection: sa.Connection) -> None:
    """What counted goes on counting, said to be carried over and not to have been approved."""
    moments = [0]
    for row in connection.execute(sa.select(_agreement).order_by(_agreement.c.seq)).all():
        moments.append(row.registered_at)
        for party in tomllib.loads(row.document).get("controllers", []):
            connection.execute(
                _standing.insert().values(
                    landlord=party["landlord"],
                    agreement=row.id,
                    version=row.version,
                    step="carried_over",
                    person="hub",
                    recorded_at=row.registered_at,
                )
            )
    for row in connection.execute(sa.select(_landlord).where(_landlord.c.apd_review_by.is_not(None))).all():
        connection.execute(
            _document.insert().values(
                id=new_id(Prefix.DOCUMENT),
                landlord=row.code,
                kind=_APD,
                version=1,
                in_force_from=0,
                review_by=row.apd_review_by,
                recorded_by="hub",
                recorded_at=max(moments),
            )
        )


def downgrade() -> None:
    """Go down. Approvals are forgotten: the version before counts whatever is on file."""
    connection = op.get_bind()
    op.add_column(
        "landlord",
        sa.Column(
            "apd_review_by",
            hub.store.columns.UtcDateTime(),
            nullable=True,
            comment="appropriate policy document in date until (DPA 2018 Sch 1 para 39)",
        ),
    )
    kept = (
        sa.select(_document)
        .where(_document.c.kind == _APD, _document.c.withdrawn_at.is_(None))
        .order_by(_document.c.version)
    )
    for row in connection.execute(kept).all():
        connection.execute(
            _landlord.update().where(_landlord.c.code == row.landlord).values(apd_review_by=row.review_by)
        )
    with op.batch_alter_table("agreement") as batch:
        batch.drop_column("added_by")
    op.drop_table("governance_document")
    op.drop_table("agreement_standing")
