"""Overrides, kinds of authorisers and their clocks.

Whoever could authorise before could authorise anything: authorisers, and what they authorised, keep every kind. What is
held already is held without a clock.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

import hub.store.columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EVERY_KIND = '["HR lead","data protection officer","director","safeguarding lead","service manager"]'
_AUTHORISER = (
    "kind of authoriser a held one waits for",
    "kinds of authorisers that a held one waits for, parted by semicolons",
)
_TIME = hub.store.columns.UtcDateTime()
_WAITING: dict[str, tuple[Any, str]] = {
    "within": (sa.String(length=60), "the clock that a held one waits under"),
    "review_due_at": (_TIME, "when that clock runs out; none where no hour ends it"),
    "review_overdue_at": (_TIME, "when it was raised that nobody had answered"),
    "override_id": (sa.String(length=30), "the override that the latest decision stands on"),
}


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "override",
        sa.Column("seq", _SEQ, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column("referral_id", sa.String(length=30), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("person", sa.String(length=30), nullable=False, comment="who declared it, and never reviews it"),
        sa.Column("team", sa.String(length=60), comment="the team that person was in"),
        sa.Column("over_quota", sa.Boolean(), nullable=False, comment="declared with too many of the same person's unreviewed"),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, comment="when what had not left under it was stopped"),
        sa.Column("review_due", _TIME, nullable=False),
        sa.Column("overdue_at", _TIME, comment="when it was raised that nobody had reviewed it"),
        sa.Column("reviewed_by", sa.String(length=30)),
        sa.Column("reviewed_at", _TIME),
        sa.Column("justified", sa.Boolean()),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_override_case_id")),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_override_referral_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_override")),
        sa.UniqueConstraint("id", name=op.f("uq_override_id")),
    )  # fmt: skip
    for column in ("case_id", "person", "closed_at"):
        op.create_index(op.f(f"ix_override_{column}"), "override", [column])
    op.create_table(
        "override_right",
        sa.Column("seq", _SEQ, autoincrement=True, nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("person", sa.String(length=30), nullable=False, comment="who may not declare overrides until this is restored"),
        sa.Column("override_id", sa.String(length=30), nullable=False),
        sa.Column("suspended_at", _TIME, nullable=False),
        sa.Column("restored_by", sa.String(length=30)),
        sa.Column("restored_at", _TIME),
        sa.ForeignKeyConstraint(["override_id"], ["override.id"], name=op.f("fk_override_right_override_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_override_right")),
        sa.UniqueConstraint("override_id", name=op.f("uq_override_right_override_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_override_right_person"), "override_right", ["person"])
    with op.batch_alter_table("disclosure") as batch:
        batch.alter_column("authoriser", existing_type=sa.String(length=60), type_=sa.String(length=200),
                           existing_comment=_AUTHORISER[0], comment=_AUTHORISER[1])  # fmt: skip
        for name, (kind, comment) in _WAITING.items():
            batch.add_column(sa.Column(name, kind, comment=comment))
    for column in ("review_due_at", "override_id"):
        op.create_index(op.f(f"ix_disclosure_{column}"), "disclosure", [column])
    kinds = "what kinds of authoriser this person was then"
    op.add_column("review", sa.Column("kinds", sa.Text(), comment=kinds))
    op.add_column("review", sa.Column("lapsed_at", _TIME,
                                      comment="when a later decision held it again, and this counted no more"))  # fmt: skip
    op.execute(f"UPDATE review SET kinds = '{_EVERY_KIND}'")  # noqa: S608  # nosec B608 - words of our own
    with op.batch_alter_table("review") as batch:
        batch.alter_column("kinds", existing_type=sa.Text(), nullable=False, existing_comment=kinds)
    op.add_column("credential", sa.Column("kinds", sa.Text(), comment="what an authoriser may decide"))
    op.execute(f"UPDATE credential SET kinds = '{_EVERY_KIND}' WHERE role = 'authoriser'")  # noqa: S608  # nosec B608 - words of our own


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("credential") as batch:
        batch.drop_column("kinds")
    with op.batch_alter_table("review") as batch:
        batch.drop_column("lapsed_at")
        batch.drop_column("kinds")
    for column in ("override_id", "review_due_at"):
        op.drop_index(op.f(f"ix_disclosure_{column}"), "disclosure")
    with op.batch_alter_table("disclosure") as batch:
        for name in reversed(_WAITING):
            batch.drop_column(name)
        batch.alter_column("authoriser", existing_type=sa.String(length=200), type_=sa.String(length=60),
                           existing_comment=_AUTHORISER[1], comment=_AUTHORISER[0])  # fmt: skip
    op.drop_table("override_right")
    op.drop_table("override")
